/** The data of an embedded server: made by initdb as a whole or not at all, and the superuser's password. */
import { randomBytes } from "node:crypto"
import { existsSync } from "node:fs"
import {
  lchown,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from "node:fs/promises"
import { join } from "node:path"
import { UndercroftError } from "../base/errors.ts"
import { syncDirectory } from "../base/sync-directory.ts"
import type { Place } from "./embedded-place.ts"
import { run, spawnGuarded } from "./embedded-process.ts"
import type { Programs } from "./embedded-programs.ts"

export const superuser = "postgres"
const scratchPrefix = "postgres-data.new-"

/** Makes the cluster unless it is there, and gives the password. Throws UC505, UC508. */
export async function prepareCluster(
  place: Place,
  programs: Programs,
  onProgress: (step: string) => void,
): Promise<string> {
  const known = place.passwordFile && (await readPassword(place.passwordFile))
  const password = known ?? randomBytes(24).toString("base64url")
  const exists = existsSync(place.data)
  await removeOldScratches(place.home)
  if (exists) await checkVersion(place.data, programs.version)
  // The password is on disk first: data whose password was never written would be locked.
  if (known === undefined && exists) {
    onProgress("Setting a new password, since the file with the old one is gone")
    await resetPassword(place, programs, password)
  }
  if (known === undefined && place.passwordFile) await writePassword(place, place.passwordFile, password)
  if (!exists) {
    onProgress(`Creating the database cluster (PostgreSQL ${programs.version})`)
    await createCluster(place, programs, password)
  }
  return password
}

/** Runs initdb in a directory beside the data directory and renames, so that a half cluster is never trusted. */
async function createCluster(place: Place, programs: Programs, password: string): Promise<void> {
  const scratch = await mkdtemp(join(place.home, scratchPrefix))
  try {
    const passwordFile = join(scratch, "password")
    await writeFile(passwordFile, password, { mode: 0o600 })
    for (const path of [scratch, passwordFile]) {
      if (place.account) await lchown(path, place.account.uid, place.account.gid)
    }
    await runInitdb(place, programs, scratch, passwordFile)
    await rename(join(scratch, "data"), place.data)
    if (place.passwordFile) await syncDirectory(place.home)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Removes what a predecessor's initdb left: the empty directory after a kill, or all of it after a power cut. */
async function removeOldScratches(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (!name.startsWith(scratchPrefix)) continue
    const scratch = join(home, name)
    await rmdir(scratch).catch(async () => {
      const found = await stat(scratch).catch(() => undefined)
      const itsInitdbMayRun = found === undefined || Date.now() - found.mtimeMs < 600_000
      if (!itsInitdbMayRun) await rm(scratch, { recursive: true, force: true })
    })
  }
}

/**
 * The collation is PostgreSQL's own C.UTF-8, the same on every system. The C library's ctype is still what the
 * full-text parser asks: under `C` it takes “quotation marks” for letters, so a UTF-8 one is tried first.
 * A killed initdb would leave shared memory behind, so that it may finish even if this process is killed.
 */
async function runInitdb(
  place: Place,
  programs: Programs,
  scratch: string,
  passwordFile: string,
): Promise<void> {
  const args = [
    "-D",
    join(scratch, "data"),
    "-U",
    superuser,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
  ]
  args.push("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
  args.push("--no-instructions", ...(place.passwordFile ? [] : ["--no-sync"]))
  const erase = place.passwordFile ? scratch : place.home
  let output = ""
  for (const ctype of ["C.UTF-8", "en_US.UTF-8", "C"]) {
    const log = await open(join(scratch, "initdb.log"), "w+")
    try {
      const guard = { account: place.account, output: log.fd, signal: "0", erase } as const
      const { code, error } = await spawnGuarded(programs.initdb, [...args, `--lc-ctype=${ctype}`], guard)
        .ended
      if (code === 0) return
      output = error?.message ?? (await readFile(join(scratch, "initdb.log"), "utf8"))
    } finally {
      await log.close()
    }
    if (!output.includes("invalid locale name")) break
  }
  const why = output.split("\n").find((line) => /error:|FATAL:|not found|denied/.test(line)) ?? output
  throw new UndercroftError("UC505", { path: place.data, why: why.trim() }, { cause: new Error(output) })
}

/** Sets a password in single-user mode, which asks for none: whoever owns the files owns the server. */
async function resetPassword(place: Place, programs: Programs, password: string): Promise<void> {
  const input = `alter role ${superuser} password '${password}'\n`
  const args = ["--single", "-D", place.data, "-c", "log_min_messages=fatal", "postgres"]
  const { code, error } = await run(programs.postgres, args, { account: place.account, input })
  if (code !== 0) throw new UndercroftError("UC509", { file: String(place.passwordFile) }, { cause: error })
}

async function checkVersion(data: string, version: string): Promise<void> {
  const had = (await readFile(join(data, "PG_VERSION"), "utf8").catch(() => "unknown")).trim()
  const has = version.split(".")[0]
  if (had === has) return
  const why = `it was made by PostgreSQL ${had}, and this is PostgreSQL ${version}`
  const mend = `Dump it with the version that made it and load it into a new directory, or move ${data} away.`
  throw new UndercroftError("UC508", { path: data, why, mend })
}

async function readPassword(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, "utf8")).trim() || undefined
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw new UndercroftError("UC509", { file }, { cause })
  }
}

async function writePassword(place: Place, file: string, password: string): Promise<void> {
  const draft = `${file}.new`
  await rm(draft, { force: true })
  const handle = await open(draft, "wx", 0o600)
  await handle.writeFile(`${password}\n`)
  await handle.sync()
  await handle.close()
  if (place.heir) await lchown(draft, place.heir.uid, place.heir.gid)
  await rename(draft, file)
  await syncDirectory(place.directory)
}
