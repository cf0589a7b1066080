/** The lock file of an embedded server: one live process a data directory, however the one before it ended. */
import { randomBytes } from "node:crypto"
import { existsSync, readFileSync, rmSync } from "node:fs"
import { link, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises"
import { setTimeout as sleep } from "node:timers/promises"
import { UndercroftError } from "../base/errors.ts"
import { processSpace, processStart } from "./embedded-process.ts"

/** What a lock file says about its holder. */
interface LockContent {
  readonly token: string
  readonly path: string
  readonly pid: number
  readonly started: string
  readonly space: string
  readonly socket: string
}

/** A held lock. `deadSocket` is the socket directory of a predecessor that did not release it. */
export interface Lock {
  readonly deadSocket?: string
  release(): void
}

const beatMs = 1_000

/** Takes the lock, also from a holder that is dead. Throws UC506 if the holder lives. */
export async function acquireLock(path: string, socket: string, directory: string): Promise<Lock> {
  const token = randomBytes(12).toString("hex")
  const started = processStart(process.pid) ?? ""
  const content: LockContent = { token, path, pid: process.pid, started, space: processSpace(), socket }
  let deadSocket: string | undefined
  while (!(await createLock(path, content))) {
    const holder = readLock(path)
    if (holder !== undefined && (await isAlive(path, holder))) {
      throw new UndercroftError("UC506", { directory, pid: holder.pid, path })
    }
    if (await setAside(path, holder)) deadSocket = holder?.socket
  }
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), beatMs).unref()
  return {
    ...(deadSocket === undefined ? {} : { deadSocket }),
    release() {
      clearInterval(beat)
      if (readLock(path)?.token === token) rmSync(path, { force: true })
    },
  }
}

/** Creates the file together with its content: a link, since nobody may find it empty. */
async function createLock(path: string, content: LockContent): Promise<boolean> {
  const text = `${JSON.stringify(content)}\n`
  const draft = `${path}.${content.token}`
  await writeFile(draft, text)
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if (existsSync(path)) return false
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false // gone since
    await writeFile(path, text, { flag: "wx" }) // a file system without links
    return true
  } finally {
    await rm(draft, { force: true })
  }
}

/** Moves a dead holder's file away; false if it was another's by then, which is put back. */
async function setAside(path: string, holder: LockContent | undefined): Promise<boolean> {
  const aside = `${path}.${randomBytes(6).toString("hex")}`
  try {
    await rename(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false // another process was faster
    throw error
  }
  const taken = await readFile(aside, "utf8").then(parseLock)
  const same = taken?.token === holder?.token
  if (!same) await link(aside, path).catch(() => {})
  await rm(aside, { force: true })
  return same
}

/**
 * A process id says who lives only among the processes that we see: a holder in another container, or before
 * a restart of the machine, is known by its beat. Process ids are reused, so the start time counts too.
 */
async function isAlive(path: string, holder: LockContent): Promise<boolean> {
  if (holder.path !== path && existsSync(holder.path)) return false // the directory was copied with its lock
  if (holder.space === processSpace()) return processStart(holder.pid) === holder.started
  const beatenAt = () =>
    stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    )
  const before = await beatenAt()
  if (Date.now() - before > 60 * beatMs) return false
  for (const end = Date.now() + 5 * beatMs; Date.now() < end; await sleep(beatMs / 4)) {
    if ((await beatenAt()) !== before) return true
  }
  return false
}

function readLock(path: string): LockContent | undefined {
  try {
    return parseLock(readFileSync(path, "utf8"))
  } catch {
    return undefined
  }
}

function parseLock(text: string): LockContent | undefined {
  try {
    return JSON.parse(text) as LockContent
  } catch {
    return undefined
  }
}
