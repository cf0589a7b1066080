/** Where an embedded server keeps its data and socket, and which unprivileged account it runs as. */
import { createHash, randomBytes } from "node:crypto"
import { existsSync } from "node:fs"
import {
  chmod,
  lchown,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  stat,
  writeFile,
} from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, dirname, join, resolve } from "node:path"
import { UndercroftError } from "../base/errors.ts"
import { type Account, run } from "./embedded-process.ts"

/** The places of one server. `home` holds data, lock and socket; it is `directory` unless that is out of reach. */
export interface Place {
  readonly directory: string
  readonly home: string
  readonly data: string
  readonly lock: string
  readonly socket: string
  readonly log: string
  /** Absent for an ephemeral server, whose password is never written down. */
  readonly passwordFile?: string
  /** Where copies of the programs go, when their own place is out of the account's reach. */
  readonly programs: string
  readonly account?: Account
  /** Who gets the files that root makes: the project's owner, who may start the server later without root. */
  readonly heir?: Account
}

const durableRoot = "/var/lib/undercroft"
const nobody: Account = { uid: 65534, gid: 65534 }
const pointerName = "postgres-where.txt"
const originName = "directory.txt"
// The name of a socket: sun_path is 104 bytes on macOS, 108 on Linux.
const socketName = ".s.PGSQL.5432"
const socketPathBytes = 100

/** Chooses the place of the server of a directory, and makes its directories. Throws UC503, UC504, UC508. */
export async function choosePlace(wanted: string): Promise<Place> {
  const directory = await makeDirectory(wanted)
  const expected = (await followPointer(directory)) ?? directory
  const owner = await dataOwner(expected)
  const account = await chooseAccount(dirname(directory), owner)
  const reachable = await canEnter(account, expected)
  if (!reachable && owner !== undefined)
    throw outOfReach(expected, `the user ${account?.uid}`, "a directory above is closed")
  const home = reachable ? expected : await makeDurableHome(directory)
  const heir = account === undefined ? undefined : await giveDirectory(directory, account)
  return placeIn(directory, home, account, heir)
}

/** A place that is deleted with its server, in the temporary directory. Throws UC503. */
export async function chooseEphemeralPlace(): Promise<Place> {
  const account = await chooseAccount("/", undefined)
  const base = (await canEnter(account, tmpdir())) ? tmpdir() : "/tmp"
  const home = await realpath(await mkdtemp(join(base, "undercroft-")))
  if (account !== undefined) await lchown(home, account.uid, account.gid)
  const { passwordFile: _, ...place } = placeIn(home, home, account)
  return place
}

function placeIn(directory: string, home: string, account?: Account, heir?: Account): Place {
  const socket = join(home, "postgres-socket")
  const fits = Buffer.byteLength(join(socket, socketName)) < socketPathBytes
  return {
    directory,
    home,
    data: join(home, "postgres-data"),
    lock: join(home, "postgres.lock"),
    socket: fits ? socket : `/tmp/undercroft-${randomBytes(8).toString("hex")}`,
    log: join(directory, "postgres.log"),
    passwordFile: join(directory, "postgres.password"),
    programs: account === undefined ? directory : durableRoot,
    ...(account && { account }),
    ...(heir && { heir }),
  }
}

/** Makes the directory if need be. One that we make may be passed through by others, but not listed. */
async function makeDirectory(wanted: string): Promise<string> {
  try {
    const made = await mkdir(wanted, { recursive: true })
    if (made !== undefined) await chmod(wanted, isRoot() ? 0o711 : 0o700)
    return await realpath(wanted)
  } catch (cause) {
    throw outOfReach(resolve(wanted), whoWeAre(), (cause as Error).message, cause)
  }
}

/** Gives the directory to the project's owner, if that is who PostgreSQL runs as. */
async function giveDirectory(directory: string, account: Account): Promise<Account | undefined> {
  const { uid } = await lstat(directory)
  const project = await stat(dirname(directory))
  if (uid === 0 && project.uid === account.uid) await lchown(directory, account.uid, account.gid)
  return uid === account.uid || project.uid === account.uid ? account : undefined
}

/** The user id that owns existing data. */
async function dataOwner(home: string): Promise<number | undefined> {
  const data = join(home, "postgres-data")
  const us = process.geteuid?.()
  if (us === undefined) return undefined
  const found = await lstat(data).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined
    throw outOfReach(data, whoWeAre(), "it may not be looked at", cause)
  })
  if (found === undefined) return undefined
  const wrong = us === 0 ? found.uid === 0 : found.uid !== us
  if (wrong)
    throw outOfReach(data, us === 0 ? "PostgreSQL" : whoWeAre(), `it belongs to the user ${found.uid}`)
  return found.uid
}

/** PostgreSQL refuses to run as root: existing data's owner, else the project's owner, else `nobody`. */
async function chooseAccount(project: string, owner: number | undefined): Promise<Account | undefined> {
  if (!isRoot()) return undefined
  const { uid, gid } = await stat(project)
  const ofProject = { uid, gid: gid === 0 ? nobody.gid : gid }
  let candidates: Account[] = uid === 0 ? [nobody] : [ofProject, nobody]
  if (owner !== undefined) candidates = [owner === uid ? ofProject : { uid: owner, gid: nobody.gid }]
  let why = ""
  for (const account of candidates) {
    // initdb needs a name for its user: an id without one is passed over.
    const { code, error, output } = await run("/bin/sh", ["-c", "id -un"], { account })
    if (code === 0) return account
    why = error?.message ?? output.trim()
  }
  throw new UndercroftError("UC503", { why })
}

/** Asks the system, not the mode bits, which know nothing of access lists and mounts. */
async function canEnter(account: Account | undefined, directory: string): Promise<boolean> {
  if (account === undefined) return true
  return (await run("/bin/sh", ["-c", 'cd -- "$1"', "sh", directory], { account })).code === 0
}

/** The home of a directory that lies out of reach; a text file in the directory says where it is. */
async function makeDurableHome(directory: string): Promise<string> {
  try {
    await mkdir(durableRoot, { recursive: true })
    await chmod(durableRoot, 0o755)
    let home: string
    let tries = 0
    do {
      const text = directory + "#".repeat(tries++)
      home = join(durableRoot, createHash("sha256").update(text).digest("hex").slice(0, 16))
    } while (![undefined, directory].includes(await readLine(join(home, originName))))
    await mkdir(home, { recursive: true })
    await chmod(home, 0o711)
    await writePointer(directory, home)
    return home
  } catch (cause) {
    throw outOfReach(durableRoot, whoWeAre(), (cause as Error).message, cause)
  }
}

/** Writes both ends: the directory says where its data is, the data says whose it is. */
async function writePointer(directory: string, home: string): Promise<void> {
  await writeFile(join(home, originName), `${directory}\n`)
  const text = `The unprivileged user that runs PostgreSQL cannot enter this directory. Its data is in\n\n${home}\n`
  await writeFile(join(directory, pointerName), text)
}

/** Follows a pointer to a home that says it belongs here; also after the directory was moved, not copied. */
async function followPointer(directory: string): Promise<string | undefined> {
  const home = (await readLine(join(directory, pointerName)))?.trim()
  if (home === undefined || dirname(home) !== durableRoot || !/^[0-9a-f]{16}$/.test(basename(home)))
    return undefined
  const origin = await readLine(join(home, originName))
  if (origin === undefined) {
    // A container made anew without a volume, perhaps. An empty database in its place would hide the loss.
    const mend = `Bring it back, or delete ${join(directory, pointerName)} to begin with an empty database.`
    throw new UndercroftError("UC508", { path: home, why: "it is gone", mend })
  }
  if (origin === directory || !isRoot()) return home
  if (existsSync(join(origin, pointerName))) {
    await rm(join(directory, pointerName)) // copied: the copy begins with data of its own
    return undefined
  }
  await writePointer(directory, home)
  return home
}

/** The last line of a small text file. */
async function readLine(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trimEnd().split("\n").at(-1)
  } catch {
    return undefined
  }
}

function outOfReach(path: string, who: string, why: string, cause?: unknown): UndercroftError {
  return new UndercroftError("UC504", { path, who, why }, { cause })
}

function isRoot(): boolean {
  return process.platform !== "win32" && process.geteuid?.() === 0
}

function whoWeAre(): string {
  return isRoot() ? "root" : `the user ${process.geteuid?.() ?? ""}`.trim()
}
