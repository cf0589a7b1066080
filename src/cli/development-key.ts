/** The key that signs the tokens of ready callers in development: random, in the project's own folder, for its owner alone. */
import { randomBytes } from "node:crypto"
import { chmod, chown, link, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import type { JwtIssuer } from "../auth/jwt.ts"
import { UndercroftError } from "../base/errors.ts"
import { shortPath } from "./short-path.ts"

export const developmentIssuer = "undercroft-development"

/** Who issues development tokens, for the server that accepts them. */
export function issuerOf(key: string): JwtIssuer {
  return { issuer: developmentIssuer, secret: key }
}

/** The key of a project's directory, made at first need. Throws UC907. */
export function readDevelopmentKey(directory: string): Promise<string> {
  return readSecretFile(directory, "development-key")
}

/** 32 random bytes in base64url, in a file that its owner alone can read, made at first need. Throws UC907. */
export async function readSecretFile(directory: string, name: string): Promise<string> {
  const path = join(directory, name)
  try {
    return checkKey(await readFile(path, "utf8"), path)
  } catch (cause) {
    if (cause instanceof UndercroftError) throw cause
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw unusable(path, cause)
  }
  try {
    await makeKey(directory, path)
    return checkKey(await readFile(path, "utf8"), path)
  } catch (cause) {
    throw cause instanceof UndercroftError ? cause : unusable(path, cause)
  }
}

/** Whole or not at all, and the same for two processes that make it at once. */
async function makeKey(directory: string, path: string): Promise<void> {
  const isRoot = process.geteuid?.() === 0
  // As the embedded database makes it: others may pass through, not look.
  const made = await mkdir(directory, { recursive: true, mode: isRoot ? 0o711 : 0o700 })
  const owner = isRoot ? await stat(dirname(directory)) : null
  if (made !== undefined && owner && owner.uid !== 0) await chown(directory, owner.uid, owner.gid)
  await writeFile(join(directory, ".gitignore"), "*\n", { flag: "wx" }).catch(() => undefined)
  const draft = `${path}.${randomBytes(6).toString("hex")}`
  await writeFile(draft, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600, flag: "wx" })
  try {
    if (owner) await chown(draft, owner.uid, owner.gid)
    await link(draft, path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== "EEXIST") throw cause
    })
  } finally {
    await rm(draft, { force: true })
  }
  await chmod(path, 0o600).catch(() => undefined)
}

function checkKey(text: string, path: string): string {
  const key = text.trim()
  if (Buffer.byteLength(key) >= 32) return key
  throw new UndercroftError("UC907", {
    path: shortPath(path),
    why: "it is shorter than 32 bytes",
    mend: "Delete the file; a new key will be made.",
  })
}

function unusable(path: string, cause: unknown): UndercroftError {
  return new UndercroftError(
    "UC907",
    {
      path: shortPath(path),
      why: (cause as Error).message,
      mend: "Give this user the right to read and write it.",
    },
    { cause },
  )
}
