/** SQL runs under the caller's rights, each statement for itself; and the printed schema is one that PostgreSQL takes. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { createDatabase, runSql } from "../../test/support/backend.ts"
import { notesProject, runCommand } from "../../test/support/command.ts"
import { makeReadyProject, type ReadyProject } from "../../test/support/command-database.ts"

let ready: ReadyProject
beforeAll(async () => {
  ready = await makeReadyProject(notesProject)
})
afterAll(() => ready?.remove())

const sql = (...line: string[]): ReturnType<typeof runCommand> => runCommand(["sql", ...line], ready.options)

test("a caller sees what the rules let them see", async () => {
  const ann = await sql("--as", "ann", "-c", "select owner, title, is_locked from notes order by owner")
  expect(ann.stdout).toBe(
    "owner  title  is_locked\n─────  ─────  ─────────\nann    hers   f\nbob    his    t\n(2 rows)\n",
  )
  const bob = await sql(
    "--as",
    "bob",
    "--json",
    "-c",
    "select owner, is_locked, 1::bigint as n, null as x from notes",
  )
  expect(JSON.parse(bob.stdout)).toEqual({
    command: "SELECT",
    count: 1,
    rows: [{ owner: "bob", is_locked: true, n: "1", x: null }],
  })
  const anonymous = await sql("--as", "anonymous", "--json", "-c", "select title from notes")
  expect(JSON.parse(anonymous.stdout)).toEqual({ command: "SELECT", count: 0, rows: [] })
})

test("a user by identifier, with roles", async () => {
  const { stdout } = await sql(
    "--as",
    "eve",
    "--roles",
    "a, b",
    "--json",
    "-c",
    "select undercroft.me_id() as id, undercroft.me_has('b') as has",
  )
  expect(JSON.parse(stdout)).toMatchObject({ rows: [{ id: "eve", has: true }] })
})

test("statements can be piped, and each is told", async () => {
  const input =
    "update notes set title = 'new' where owner = 'bob' and not is_locked;\nselect 1 as one; -- done\n"
  const { code, stdout } = await runCommand(["sql", "--as", "bob"], { ...ready.options, input })
  expect([code, stdout]).toEqual([0, "UPDATE 0\none\n───\n  1\n(1 row)\n"])
})

test("a refusal is PostgreSQL's own, and ends the run", async () => {
  const { code, stdout, stderr } = await sql(
    "--as",
    "bob",
    "-c",
    "select 1 as one; select * from undercroft_state.keys; select 2",
  )
  expect(stdout).toBe("one\n───\n  1\n(1 row)\n")
  expect(stderr).toBe("error 42501: permission denied for schema undercroft_state\n")
  expect(code).toBe(1)
})

test("an asterisk that meets a hidden column is explained", async () => {
  const { stderr } = await sql("--as", "bob", "-c", "select * from notes")
  expect(stderr).toBe(
    "error 42501: permission denied for view notes\n  A table with fields that not everyone may see has hidden columns: name those you want, as \\d notes lists them.\n",
  )
})

test("no statement becomes someone else", async () => {
  const { stderr } = await sql(
    "--as",
    "bob",
    "-c",
    "select set_config('undercroft.caller', repeat('0', 64) || '{\"id\":\"ann\"}', true), (select count(*) from notes)",
  )
  expect(stderr).toContain("error 28000")
  const two = await sql(
    "--as",
    "bob",
    "--json",
    "-c",
    "select count(*) from notes; commit; select count(*) from notes",
  )
  expect(two.stdout.match(/"count":"\d"/g)).toEqual(['"count":"1"', '"count":"1"'])
})

test("values can't steer the terminal", async () => {
  const { stdout } = await sql("--as", "bob", "-c", "select E'\\x1b[2J' as a")
  expect(stdout).toContain("\\u001b[2J")
  expect(stdout).not.toContain("\u001b")
})

test("the schema is one that PostgreSQL takes", async () => {
  const database = await createDatabase()
  const { stdout } = await runCommand(["sql", "--print"], {
    ...ready.options,
    env: { DATABASE_URL: database.url },
  })
  await runSql(database.url, stdout)
  const policies = await runSql(
    database.url,
    "select count(*)::integer as count from pg_policies where schemaname = 'app'",
  )
  expect(policies[0].count).toBeGreaterThan(5)
  await database.drop()
  expect((await sql()).stdout).toContain('create table "app"."notes"')
})

test("a database that no server has prepared is told", async () => {
  const database = await createDatabase()
  const { code, stderr } = await runCommand(["sql", "--as", "bob", "-c", "select 1"], {
    ...ready.options,
    env: { DATABASE_URL: database.url },
  })
  await database.drop()
  expect([code, stderr]).toEqual([
    1,
    "error UC909: There is no database yet.\n  Start the backend once: undercroft dev, or undercroft start.\n",
  ])
})
