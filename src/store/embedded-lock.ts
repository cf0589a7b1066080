/**
 * The lock of an embedded server: one live process a data directory, however the one before it ended.
 *
 * A lock file with one name can't be taken from the dead safely: of two who find it, the slower removes the
 * faster one's. So every contender has a file of its own, `postgres.lock.<token>`, shown before it looks for
 * the others': of two contenders at least one sees the other. Removing a dead one's file harms nobody.
 */
import { randomBytes } from "node:crypto"
import { existsSync, rmSync } from "node:fs"
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { UndercroftError } from "../base/errors.ts"
import { processSpace, processStart } from "./embedded-process.ts"

/** What a contender's file says. */
interface Contender {
  readonly token: string
  readonly path: string
  readonly pid: number
  readonly started: string
  readonly space: string
  readonly socket: string
  /** Whether it has won: until then it may give way. */
  readonly held: boolean
}

/** A held lock. `deadSockets` are the socket directories of predecessors that did not release theirs. */
export interface Lock {
  readonly deadSockets: readonly string[]
  release(): void
}

const beatMs = 1_000
const lookMs = 10

/** Takes the lock `<prefix>.<token>`, also after a dead holder. Throws UC506 if another holder lives. */
export async function acquireLock(prefix: string, socket: string, directory: string): Promise<Lock> {
  const token = randomBytes(12).toString("hex")
  const path = `${prefix}.${token}`
  const started = processStart(process.pid) ?? ""
  const mine = { token, path, pid: process.pid, started, space: processSpace(), socket, held: false }
  const deadSockets: string[] = []
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), beatMs).unref()
  const release = (): void => {
    clearInterval(beat)
    rmSync(path, { force: true })
  }
  try {
    for (let shown = false; ; ) {
      const rivals = await findRivals(prefix, token, deadSockets)
      const holder = rivals.find(({ held }) => held)
      if (holder) throw new UndercroftError("UC506", { directory, pid: holder.pid, path: holder.path })
      if (shown && rivals.length === 0) break
      // The smallest token wins; the others hide until it has won, and are refused.
      const yields = rivals.some((rival) => rival.token < token)
      if (yields) await rm(path, { force: true })
      else if (!shown) await show(mine)
      if (shown || yields) await sleep(lookMs)
      shown = !yields
    }
    await show({ ...mine, held: true })
    return { deadSockets, release }
  } catch (error) {
    release()
    throw error
  }
}

/** Writes a contender's file at once: nobody finds a half one. */
async function show(contender: Contender): Promise<void> {
  const draft = join(dirname(contender.path), `.${basename(contender.path)}.draft`)
  await writeFile(draft, `${JSON.stringify(contender)}\n`)
  await rename(draft, contender.path)
}

/** The other contenders that live; the files of the dead are removed. */
async function findRivals(prefix: string, token: string, deadSockets: string[]): Promise<Contender[]> {
  const rivals: Contender[] = []
  for (const name of await readdir(dirname(prefix))) {
    if (!name.startsWith(`${basename(prefix)}.`) || name.endsWith(token)) continue
    const path = join(dirname(prefix), name)
    const text = await readFile(path, "utf8").catch(() => undefined)
    if (text === undefined) continue // released since
    const rival = parseContender(text)
    if (rival && (await isAlive(path, rival))) {
      rivals.push(rival)
    } else {
      if (rival) deadSockets.push(rival.socket)
      await rm(path, { force: true })
    }
  }
  return rivals
}

/**
 * A process id says who lives only among the processes that we see: a rival in another container, or before a
 * restart of the machine, is known by its beat. Process ids are reused, so the start time counts too.
 */
async function isAlive(path: string, rival: Contender): Promise<boolean> {
  if (rival.path !== path && existsSync(rival.path)) return false // the directory was copied with its lock
  if (rival.space === processSpace()) return processStart(rival.pid) === rival.started
  const beatenAt = () =>
    stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    )
  const before = await beatenAt()
  if (Date.now() - before > 60 * beatMs) return false
  for (const end = Date.now() + 5 * beatMs; Date.now() < end; await sleep(beatMs / 4)) {
    if ((await beatenAt()) !== before) return existsSync(path)
  }
  return false
}

/** A file that a power cut left empty tells of nobody. */
function parseContender(text: string): Contender | undefined {
  try {
    return JSON.parse(text) as Contender
  } catch {
    return undefined
  }
}
