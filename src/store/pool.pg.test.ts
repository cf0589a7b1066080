/** The pool when things go wrong: whoever waits gets an answer, and the next request finds a connection that works. */
import { connect as connectSocket, createServer, type Server, type Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, afterEach, beforeAll, expect, test } from "vitest"
import { createDatabase, runSql } from "../../test/support/backend.ts"
import { startEmbedded } from "./embedded.ts"
import type { StatementRequest } from "./pool.ts"
import { type FlightPool, openPool, type PoolOptions } from "./pool.ts"

let url: string
let drop: () => Promise<void>
const open: { close(): unknown }[] = []

beforeAll(async () => {
  const database = await createDatabase()
  ;({ url, drop } = database)
  await runSql(
    url,
    `
    create schema undercroft;
    create table notes (id int primary key, word text);
    create function undercroft.enter(claims text, expires bigint, seal text) returns void language plpgsql as
      $$begin if claims = 'unknown' then raise exception using errcode = '28000', message = 'unknown'; end if; end$$;
  `,
  )
})
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})
afterAll(() => drop?.())

function openTestPool(options: Partial<PoolOptions> = {}): FlightPool {
  const pool = openPool({ url, ...options })
  open.push(pool)
  return pool
}

let counter = 0
function ask(
  text: string,
  values: readonly string[] = [],
  claims: string | null = null,
  name = `s${++counter}`,
): StatementRequest {
  return { name, text, values, caller: claims === null ? null : { claims, expires: 1, seal: "" } }
}
const one = ask("select $1::text", ["1"], null, "one")
const unavailable = expect.objectContaining({ code: "UC691", status: 503 })

test("200 requests at once each get their own answer", async () => {
  const pool = openTestPool()
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, at) => pool.send(ask("select $1::text", [String(at)], "me", "same"))),
  )
  expect(answers.map((row) => row?.[0])).toEqual(Array.from({ length: 200 }, (_, at) => String(at)))
})

test("a caller who is refused writes nothing, and the connection goes on", async () => {
  const pool = openTestPool({ connections: 1 })
  const write = ask("insert into notes values (1, 'by nobody') returning id", [], "unknown")
  await expect(pool.send(write)).rejects.toMatchObject({ code: "28000" })
  await expect(pool.send(write)).rejects.toMatchObject({ code: "28000" })
  expect(await pool.send(ask("select count(*) from notes", [], "me"))).toEqual(["0"])
})

test("a statement that can't be parsed fails alike each time, and its name can be used", async () => {
  const pool = openTestPool({ connections: 1 })
  for (let round = 0; round < 3; round++) {
    await expect(pool.send(ask("selekt", [], "me", "bad"))).rejects.toMatchObject({ code: "42601" })
  }
  expect(await pool.send(ask("select 'good'", [], "me", "bad"))).toEqual(["good"])
})

test("a statement that fails when it runs is known afterwards", async () => {
  const pool = openTestPool({ connections: 1 })
  for (const [value, fails] of [
    ["x", true],
    ["1", false],
    ["y", true],
    ["2", false],
  ] as const) {
    const answer = pool.send(ask("select $1::text::int", [value], "me", "cast"))
    await (fails
      ? expect(answer).rejects.toMatchObject({ code: "22P02" })
      : expect(answer).resolves.toEqual([value]))
  }
})

test("statements that had to go are prepared again, also after a flight that failed while they went", async () => {
  const pool = openTestPool({ connections: 1 })
  const nth = (at: number, claims: string): StatementRequest => ask(`select ${at}`, [], claims, `n${at}`)
  for (let at = 0; at < 700; at++) {
    const refused = at % 7 === 0
    const answer = pool.send(nth(at, refused ? "unknown" : "me"))
    await (refused
      ? expect(answer).rejects.toMatchObject({ code: "28000" })
      : expect(answer).resolves.toEqual([String(at)]))
  }
  for (let at = 0; at < 700; at++) expect(await pool.send(nth(at, "me"))).toEqual([String(at)])
  const [row] = (await pool.send(ask("select count(*) from pg_prepared_statements"))) ?? []
  expect(Number(row)).toBeLessThanOrEqual(500)
})

test("large statements are not kept", async () => {
  const pool = openTestPool({ connections: 1 })
  const large = ask(`select 'large' /* ${"x".repeat(60_000)} */`, [], "me", "large")
  for (let round = 0; round < 2; round++) expect(await pool.send(large)).toEqual(["large"])
  expect(await pool.send(ask("select count(*) from pg_prepared_statements where name = 'large'"))).toEqual([
    "0",
  ])
  for (let at = 0; at < 100; at++) await pool.send(ask(`select ${at} /* ${"x".repeat(40_000)} */`))
  const [row] = (await pool.send(ask("select sum(length(statement)) from pg_prepared_statements"))) ?? []
  expect(Number(row)).toBeLessThan(550_000)
})

test("tables and functions may change under prepared statements", async () => {
  const pool = openTestPool({ connections: 2 })
  await runSql(
    url,
    "create table shapes (a int); insert into shapes values (1); create function f() returns int language sql as 'select 1'",
  )
  const read = ask("select * from shapes", [], "me", "shapes")
  const call = ask("select f()::text", [], "me", "call")
  expect(await pool.send(read)).toEqual(["1"])
  expect(await pool.send(call)).toEqual(["1"])
  await runSql(
    url,
    "alter table shapes alter a type text using 'now text'; drop function f(); create function f() returns text language sql as $$select 'new'$$",
  )
  expect(await pool.send(read)).toEqual(["now text"])
  expect(await pool.send(call)).toEqual(["new"])
  await runSql(url, "drop table shapes")
  await expect(pool.send(read)).rejects.toMatchObject({ code: "42P01" })
})

test("statements that someone else took away are prepared again", async () => {
  const pool = openTestPool({ connections: 1 })
  expect(await pool.send(one)).toEqual(["1"])
  await pool.send(ask("deallocate all"))
  expect(await pool.send(one)).toEqual(["1"])
  await pool.send(ask("deallocate all"))
  expect(await pool.send({ ...one, caller: { claims: "me", expires: 1, seal: "" } })).toEqual(["1"])
})

test("a connection that is ended under a request is a 503, and is replaced", async () => {
  const pool = openTestPool({ connections: 1 })
  const slow = expect(pool.send(ask("select pg_sleep(10)"))).rejects.toMatchObject({ code: "57P01" })
  const next = pool.send(one)
  await sleep(100)
  await runSql(
    url,
    "select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep%' and datname = current_database()",
  )
  await slow
  expect(await next).toEqual(["1"])
})

test("a connection that is ended while idle is replaced", async () => {
  const pool = openTestPool()
  await Promise.all(Array.from({ length: 20 }, () => pool.send(one)))
  await runSql(
    url,
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
  )
  await sleep(50)
  expect(await Promise.all(Array.from({ length: 20 }, () => pool.send(one)))).toEqual(
    Array.from({ length: 20 }, () => ["1"]),
  )
})

test("no login is a 503, not the caller's fault", async () => {
  const wrong = new URL(url)
  wrong.password = "wrong"
  await expect(openTestPool({ url: wrong.href }).send(one)).rejects.toEqual(unavailable)
  wrong.hostname = "127.0.0.1"
  wrong.port = "1"
  await expect(openTestPool({ url: wrong.href }).send(one)).rejects.toEqual(unavailable)
})

test("who waits too long for a connection gets a 503", async () => {
  const pool = openTestPool({ connections: 1, connectTimeoutMs: 100 })
  const slow = pool.send(ask("select pg_sleep(0.5)::text"))
  await expect(pool.send(one)).rejects.toEqual(unavailable)
  expect(await slow).toEqual([""])
  expect(await pool.send(one)).toEqual(["1"])
})

test("a statement that takes too long is stopped by PostgreSQL", async () => {
  const pool = openTestPool({ connections: 1, statementTimeoutMs: 100 })
  await expect(pool.send(ask("select pg_sleep(5)"))).rejects.toMatchObject({ code: "57014" })
  expect(await pool.send(one)).toEqual(["1"])
})

test("a PostgreSQL that falls silent is given up after a while", async () => {
  const proxy = await startProxy(new URL(url))
  open.unshift(proxy)
  const through = new URL(url)
  through.hostname = "127.0.0.1"
  through.port = String(proxy.port)
  const pool = openTestPool({ url: through.href, connections: 1, statementTimeoutMs: 200, graceMs: 200 })
  expect(await pool.send(one)).toEqual(["1"])
  proxy.silent = true
  const started = performance.now()
  await expect(pool.send(one)).rejects.toEqual(unavailable)
  expect(performance.now() - started).toBeLessThan(3000)
  proxy.silent = false
  expect(await pool.send(one)).toEqual(["1"])
})

test("close waits for what is under way, and refuses what comes later", async () => {
  const pool = openPool({ url, connections: 2 })
  const asked = Array.from({ length: 10 }, (_, at) =>
    pool.send(ask("select pg_sleep(0.05)::text || $1", [String(at)], null, "waits")),
  )
  const closed = pool.close()
  await expect(pool.send(one)).rejects.toEqual(unavailable)
  expect((await Promise.all(asked)).map((row) => row?.[0])).toEqual(
    Array.from({ length: 10 }, (_, at) => String(at)),
  )
  await closed
})

test("a request that can't be written down is refused, and the process lives", async () => {
  const pool = openTestPool({ connections: 1 })
  await expect(pool.send(ask("select $1::text", [7 as unknown as string]))).rejects.toEqual(unavailable)
  expect(await pool.send(one)).toEqual(["1"])
})

test("a commit that no replica confirmed is not acknowledged", async () => {
  const server = await startEmbedded({
    directory: "",
    ephemeral: true,
    settings: { synchronous_standby_names: "nobody", synchronous_commit: "off" },
  })
  try {
    await runSql(server.url, "create table t (id int)")
    const pool = openTestPool({ url: server.url, connections: 1 })
    await pool.send(ask("set synchronous_commit = on"))
    const write = expect(pool.send(ask("insert into t values (1) returning 1"))).rejects.toEqual(unavailable)
    await sleep(200)
    await runSql(
      server.url,
      "select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'",
    )
    await write
    await pool.close()
  } finally {
    open.length = 0
    await server.stop()
  }
})

/** A TCP proxy to the server's socket, which can fall silent without closing anything. */
async function startProxy(to: URL): Promise<{ port: number; silent: boolean; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((near) => {
    const far = connectSocket(`${decodeURIComponent(to.hostname)}/.s.PGSQL.${to.port}`)
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on("error", () => undefined)
      from.on("data", (chunk) => void (proxy.silent || into.write(chunk)))
      from.on("close", () => into.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  const proxy = {
    port: typeof address === "object" && address ? address.port : 0,
    silent: false,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}
