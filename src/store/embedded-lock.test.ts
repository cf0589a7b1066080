/** The lock file: who holds it, who is dead, and that only one may take it over. */
import { existsSync } from "node:fs"
import { mkdtemp, readdir, rename, rm, utimes, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { acquireLock, type Lock } from "./embedded-lock.ts"
import { processSpace, processStart } from "./embedded-process.ts"

let directory: string
let prefix: string
let path: string
const held: Lock[] = []

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "embedded-test-"))
  prefix = join(directory, "postgres.lock")
  path = `${prefix}.t`
})

afterEach(async () => {
  for (const lock of held.splice(0)) lock.release()
  await rm(directory, { recursive: true, force: true })
})

async function acquire(): Promise<Lock> {
  const lock = await acquireLock(prefix, "/tmp/socket", directory)
  held.push(lock)
  return lock
}

/** A holder that lives, but for what is changed. */
async function writeHolder(change: Readonly<Record<string, unknown>>): Promise<void> {
  const started = processStart(process.pid)
  const holder = {
    token: "t",
    path,
    pid: process.pid,
    started,
    space: processSpace(),
    socket: "/tmp/old",
    held: true,
  }
  await writeFile(`${directory}/draft`, JSON.stringify({ ...holder, ...change }))
  await rename(`${directory}/draft`, path)
}

const refused = { code: "UC506", message: expect.stringContaining(`process ${process.pid}`) }

test("is held until it is released, and leaves no file", async () => {
  const lock = await acquire()
  await expect(acquire()).rejects.toMatchObject(refused)
  lock.release()
  expect(await readdir(directory)).toEqual([])
  expect(await acquire()).toMatchObject({ deadSockets: [] })
})

test("is refused while its holder lives", async () => {
  await writeHolder({})
  await expect(acquire()).rejects.toMatchObject(refused)
})

const dead: readonly [string, Readonly<Record<string, unknown>>][] = [
  ["whose process is gone", { pid: 2 ** 30 }],
  ["whose process id another process has by now", { started: "1" }],
  ["that was copied with its directory", { path: import.meta.filename }],
]

test.each(dead)("is taken from a holder %s", async (_, change) => {
  await writeHolder(change)
  expect(await acquire()).toMatchObject({ deadSockets: ["/tmp/old"] })
  expect(existsSync(path)).toBe(false)
})

test("is taken when it cannot be read", async () => {
  await writeFile(path, "")
  await acquire()
})

test("is taken by one of many, also after a dead holder and a half-taken lock", async () => {
  for (let round = 0; round < 20; round++) {
    await writeHolder({ pid: 2 ** 30, held: round % 2 === 0 })
    const takers = await Promise.allSettled(Array.from({ length: 20 }, acquire))
    expect(takers.filter(({ status }) => status === "fulfilled")).toHaveLength(1)
    expect(await readdir(directory)).toHaveLength(1)
    for (const lock of held.splice(0)) lock.release()
  }
})

test("is never held by two, with contenders coming and going", async () => {
  let holders = 0
  let turns = 0
  const contend = async (): Promise<void> => {
    for (let round = 0; round < 15; round++) {
      const lock = await acquireLock(prefix, "", directory).catch(() => undefined)
      if (!lock) continue
      expect(++holders).toBe(1)
      turns++
      await new Promise(setImmediate)
      holders--
      lock.release()
    }
  }
  await Promise.all(Array.from({ length: 10 }, contend))
  expect(turns).toBeGreaterThan(0)
  expect(await readdir(directory)).toEqual([])
})

test("waits for a contender that has not won, and gives way to a smaller one", async () => {
  await writeHolder({ held: false, token: "zz" })
  const waiting = acquire()
  setTimeout(() => void rm(path), 50)
  await waiting
  held.splice(0)[0]?.release()

  await writeHolder({ held: false, token: "" })
  const yielding = acquire()
  setTimeout(() => void writeHolder({ held: true }), 50)
  await expect(yielding).rejects.toMatchObject(refused)
  expect(await readdir(directory)).toEqual(["postgres.lock.t"])
})

test("is refused while a holder that we cannot see, in another container, beats", async () => {
  await writeHolder({ space: "elsewhere" })
  const beat = setInterval(() => void utimes(path, new Date(), new Date()), 300)
  await expect(acquire().finally(() => clearInterval(beat))).rejects.toMatchObject(refused)
  await acquire()
})

test("is taken at once from one elsewhere that has not beaten for long", async () => {
  await writeHolder({ space: "elsewhere" })
  await utimes(path, new Date(0), new Date(0))
  await acquire()
})
