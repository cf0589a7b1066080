/** Server and PostgreSQL are killed in the middle of writes: nothing acknowledged is lost, nothing is half written. */
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, expect, test } from "vitest"
import { runSql } from "../support/backend.ts"
import { type ServerProcess, startServerProcess } from "../support/server-process.ts"
import { Ledger } from "./ledger.ts"

const seed = Number(process.env.CRASH_SEED ?? 20260228)
const writers = 6
const timeout = 60_000

let server: ServerProcess | undefined
let directory = ""
let home = ""

async function start(): Promise<ServerProcess> {
  if (directory === "") directory = await mkdtemp(join(tmpdir(), "undercroft-crash-"))
  server = await startServerProcess(new URL("crash-model.ts", import.meta.url).href, "crashBackend", {
    directory,
  })
  const [row] = await runSql(server.adminUrl, "show data_directory")
  home = dirname(row.data_directory)
  return server
}

afterEach(async () => {
  await server?.stop()
  for (const path of [home, directory]) if (path !== "") await rm(path, { recursive: true, force: true })
  server = undefined
  directory = home = ""
})

/** Numbers below 1, the same for the same seed. */
function seeded(from: number): () => number {
  let state = from >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

async function postmasterPid(): Promise<number> {
  return Number.parseInt(await readFile(join(home, "postgres-data", "postmaster.pid"), "utf8"), 10)
}

async function backendPids(adminUrl: string): Promise<number[]> {
  for (;;) {
    const rows = await runSql(
      adminUrl,
      "select pid from pg_stat_activity where application_name = 'undercroft'",
    )
    if (rows.length > 0) return rows.map((row) => row.pid)
    await sleep(10)
  }
}

/** Writes; once some are acknowledged, `strike` is done, and the writers are answered. */
async function writeAround(ledger: Ledger, strike: () => Promise<void>): Promise<void> {
  let isOver = false
  const before = ledger.size
  const all = Array.from({ length: writers }, () =>
    ledger.write(
      () => server!.url,
      () => isOver,
    ),
  )
  try {
    while (ledger.size < before + 30) await sleep(5)
    await strike()
  } finally {
    isOver = true
    await Promise.all(all)
  }
}

async function untilServed(url: string): Promise<number> {
  const started = performance.now()
  for (;;) {
    const answer = await fetch(`${url}/rest/counters?limit=1`, { signal: AbortSignal.timeout(5000) })
    if (answer.status === 200) return performance.now() - started
    expect(await answer.json()).toMatchObject({ code: "UC691" })
    expect(answer.status).toBe(503)
    expect(performance.now() - started).toBeLessThan(20_000)
    await sleep(20)
  }
}

test("the server is killed: the next start is clean, and all that was acknowledged is there", {
  timeout,
}, async () => {
  const random = seeded(seed)
  const ledger = new Ledger()
  for (let round = 0; round < 3; round++) {
    const running = await start()
    await writeAround(ledger, async () => {
      await sleep(100 + random() * 600)
      await running.kill()
    })
    const next = await start()
    expect(await ledger.check(next.adminUrl)).toEqual([])
    await next.kill()
  }
  expect(ledger.size).toBeGreaterThan(50)
})

test("PostgreSQL is killed: it is started again, and meanwhile the answer is 503", { timeout }, async () => {
  const random = seeded(seed + 1)
  const ledger = new Ledger()
  const running = await start()
  for (let round = 0; round < 3; round++) {
    await writeAround(ledger, async () => {
      await sleep(100 + random() * 400)
      process.kill(await postmasterPid(), "SIGKILL")
      await sleep(100 + random() * 300)
      await untilServed(running.url)
      await sleep(100)
    })
    await untilServed(running.url)
    expect(await ledger.check(running.adminUrl)).toEqual([])
  }
  expect(ledger.size).toBeGreaterThan(50)
  expect((await running.state()).errors).toEqual(expect.arrayContaining([expect.stringMatching(/^UC510/)]))
  await running.stop()
  expect(await ledger.check((await start()).adminUrl)).toEqual([])
})

test("single connections are killed: PostgreSQL recovers, and the server with it", { timeout }, async () => {
  const random = seeded(seed + 2)
  const ledger = new Ledger()
  const running = await start()
  for (let round = 0; round < 3; round++) {
    await writeAround(ledger, async () => {
      await sleep(100 + random() * 300)
      const pids = await backendPids(running.adminUrl)
      // SIGKILL resets all connections; SIGTERM ends one, as an administrator would.
      process.kill(pids[Math.floor(random() * pids.length)]!, round % 2 === 0 ? "SIGKILL" : "SIGTERM")
      await sleep(50 + random() * 200)
      await untilServed(running.url)
      await sleep(100)
    })
    await untilServed(running.url)
    expect(await ledger.check(running.adminUrl)).toEqual([])
  }
  expect(ledger.size).toBeGreaterThan(50)
})

test("both are killed at once, again and again", { timeout }, async () => {
  const random = seeded(seed + 3)
  const ledger = new Ledger()
  for (let round = 0; round < 2; round++) {
    const running = await start()
    await writeAround(ledger, async () => {
      await sleep(100 + random() * 400)
      process.kill(await postmasterPid(), "SIGKILL")
      await sleep(random() * 100)
      await running.kill()
    })
  }
  expect(await ledger.check((await start()).adminUrl)).toEqual([])
  expect(ledger.size).toBeGreaterThan(50)
})

test("stopped in the middle of writes, it answers what is under way and leaves a clean shutdown", {
  timeout,
}, async () => {
  const ledger = new Ledger()
  const running = await start()
  await writeAround(ledger, async () => {
    await sleep(300)
    await running.stop()
  })
  expect(await ledger.check((await start()).adminUrl)).toEqual([])
  expect(ledger.wrongs).toEqual([])
})

test("the ledger notices what is lost, halved or changed", { timeout }, async () => {
  const ledger = new Ledger()
  const running = await start()
  await writeAround(ledger, () => sleep(200))
  expect(await ledger.check(running.adminUrl)).toEqual([])
  await runSql(
    running.adminUrl,
    "delete from app.entries where id = (select id from app.entries where batch in (select batch from app.entries group by batch having count(*) > 1) limit 1)",
  )
  expect(await ledger.check(running.adminUrl)).toEqual([
    "19 of 20 acknowledged rows",
    "half a batch: 19 of 20",
  ])
  await runSql(
    running.adminUrl,
    "alter table app.counters disable trigger all; update app.counters set version = 99 where id = (select id from app.counters limit 1)",
  )
  expect(await ledger.check(running.adminUrl)).toContainEqual(expect.stringMatching(/^version 99 after/))
})
