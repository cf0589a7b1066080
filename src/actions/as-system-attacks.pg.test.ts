/** Steps beyond the caller's rights can't be had by SQL that was sent, nor by a seal that was not made for them. */
import { createHash } from "node:crypto"
import { sql } from "kysely"
import pg from "pg"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import {
  startTestBackend,
  type TestAnswer,
  type TestBackend,
  type TestCaller,
} from "../../test/support/backend.ts"
import { desk, deskBackend } from "../../test/support/desk-backend.ts"
import { loginUrl } from "../store/api-login.ts"

let backend: TestBackend
const ann: TestCaller = { id: "ann" }

beforeAll(async () => {
  backend = await startTestBackend(deskBackend)
})
afterAll(() => backend?.stop())
beforeEach(async () => {
  desk.run = null
  await backend.sql("delete from app.tickets")
  await backend.sql("insert into app.tickets (holder, title) values ('ann', 'first'), ('bob', 'second')")
})

async function send(text: string): Promise<TestAnswer> {
  return backend.request(ann, "POST", "/rest/rpc/raw", { body: { text } })
}

const codeOf = ({ status, json }: TestAnswer): string => `${status} ${json?.code ?? ""}`.trim()

describe("SQL that was sent reaches no more than before", () => {
  test.each([
    ["the record", "select * from undercroft_state.system_steps"],
    ["the record's removal", "delete from undercroft_state.system_steps"],
    ["another role", 'do $$ begin end $$; set role "x_system"'],
    ["the check", "select undercroft.check_step('run', '{}', 'x')"],
    ["a test of rules", "select undercroft_rules.in_step('tickets')"],
    ["a step without a seal", "select undercroft.run_as_system('{}', null)"],
    ["a step with a false seal", `select undercroft.run_as_system('{"do":"run"}', repeat('0', 64))`],
    ["a record with a false seal", `select undercroft.record_steps('{"do":"record"}', repeat('0', 64))`],
    ["what a step has found", "fetch all from undercroft_step_1"],
  ])("%s", async (_, text) => {
    const { status, json } = await send(text)
    expect([status >= 400, json.code]).toEqual([true, expect.stringMatching(/^(UC690|42501)$/)])
  })

  test("another role", async () => {
    const [{ name }] = await backend.sql("select current_database() as name")
    for (const text of [
      `set role "${name}_system"`,
      `set local role "${name}_system"`,
      `set session authorization "${name}_system"`,
    ])
      expect(codeOf(await send(text))).toMatch(/^(500 UC690|403 42501)$/)
  })

  test("others' rows, with a step's mark in the session", async () => {
    expect(
      (await send("select holder from fields.tickets, (select current_setting('undercroft.step')) x")).json,
    ).toEqual([{ holder: "ann" }])
    expect(codeOf(await send("select holder from app.tickets"))).toBe("403 42501")
  })

  test("and takes back no step's mark: it can't be made", async () => {
    desk.run = async ({ db, asSystem }) => {
      await sql`select set_config('undercroft.step', repeat('0', 64) || 'step 0 ["tickets"]', true)`.execute(
        db,
      )
      return asSystem("look", (system: any) => system.selectFrom("tickets").selectAll().execute())
    }
    const answer = await backend.request(ann, "POST", "/rest/rpc/free", { body: {} })
    expect(codeOf(answer)).toBe("500 UC690")
  })
})

describe("a seal", () => {
  const digest = (...parts: readonly (Buffer | string)[]): Buffer => {
    const hash = createHash("sha256")
    for (const part of parts) hash.update(part)
    return hash.digest()
  }
  const whole = { do: "run", tables: ["tickets"], text: "select holder from tickets order by 1" }

  /** Seals as the process does, and asks as the API role in a transaction of its own. */
  async function attack(
    make: (place: { pid: string; transaction: string }) => object,
    seal: (text: string, key: Buffer) => string = (text, key) =>
      digest(key, digest(key, `step.${text}`)).toString("hex"),
    also: (step: string, seal: string) => readonly [string, readonly string[]][] = () => [],
  ): Promise<string> {
    const [{ process_key: key }] = await backend.sql("select process_key from undercroft_state.keys")
    const client = new pg.Client({ connectionString: apiUrl })
    await client.connect()
    try {
      await client.query("begin")
      const { rows } = await client.query(
        "select pg_backend_pid()::text as pid, pg_current_xact_id()::text as transaction",
      )
      const step = JSON.stringify(make(rows[0]))
      await client.query("select undercroft.run_as_system($1, $2)", [step, seal(step, key)])
      for (const [text, values] of also(step, seal(step, key))) await client.query(text, [...values])
      const found = await client.query("fetch all from undercroft_step_1")
      return found.rows.map((row: { holder: string }) => row.holder).join()
    } catch (cause) {
      return (cause as { code?: string }).code ?? String(cause)
    } finally {
      await client.end()
    }
  }

  let apiUrl = ""
  beforeAll(async () => {
    const [{ name }] = await backend.sql("select current_database() as name")
    apiUrl = loginUrl(backend.adminUrl, name, `${name}_api`)
  })

  test("of this session and transaction is believed", async () => {
    expect(await attack((place) => ({ ...whole, ...place, n: 1 }))).toBe("ann,bob")
  })

  test.each<[string, Parameters<typeof attack>]>([
    [
      "of another transaction",
      [(place) => ({ ...whole, ...place, transaction: String(Number(place.transaction) - 1), n: 1 })],
    ],
    ["of another session", [(place) => ({ ...whole, ...place, pid: "1", n: 1 })]],
    ["of no session", [() => ({ ...whole, n: 1 })]],
    ["without a number", [(place) => ({ ...whole, ...place })]],
    ["for a record", [(place) => ({ ...whole, ...place, do: "record", n: 1 })]],
    [
      "with another key",
      [
        (place) => ({ ...whole, ...place, n: 1 }),
        (text) => digest(Buffer.alloc(32), digest(Buffer.alloc(32), text)).toString("hex"),
      ],
    ],
    [
      "of a caller",
      [
        (place) => ({ ...whole, ...place, n: 1 }),
        (text, key) => digest(key, digest(key, text)).toString("hex"),
      ],
    ],
    [
      "of another text",
      [
        (place) => ({ ...whole, ...place, n: 1 }),
        (text, key) => digest(key, digest(key, `step.${text} `)).toString("hex"),
      ],
    ],
    [
      "used twice",
      [
        (place) => ({ ...whole, ...place, n: 1 }),
        undefined,
        (step, seal) => [["select undercroft.run_as_system($1, $2)", [step, seal]]],
      ],
    ],
  ])("%s is not", async (_, how) => {
    expect(await attack(...how)).toBe("42501")
  })

  test.each([
    ["commit", /^42P11$/],
    ["select 1 as holder; commit", /^42P11$/],
    ["select set_config('x.y', '', true); select 1 as holder", /^42P11$/],
    ["begin", /^42P11$/],
    ["set role postgres", /^42P11$/],
    ["create table x ()", /^42P11$/],
    ["copy tickets to stdout", /^42P11$/],
    ["select word as holder from secrets", /^42501$/],
    ["select process_key::text as holder from undercroft_state.keys", /^42501$/],
  ])("does not make a statement of: %s", async (text, code) => {
    expect(await attack((place) => ({ ...whole, ...place, n: 1, text }))).toMatch(code)
  })

  test("holds for the tables that it names", async () => {
    expect(await attack((place) => ({ ...whole, ...place, n: 1, tables: ["marks"] }))).toBe("")
    const text = "update tickets set seats = 1 returning holder"
    expect(await attack((place) => ({ ...whole, ...place, n: 1, tables: ["marks"], text }))).toBe("")
    const insert = "insert into tickets (holder, title) values ('x', 'y') returning holder"
    expect(await attack((place) => ({ ...whole, ...place, n: 1, tables: ["marks"], text: insert }))).toBe(
      "42501",
    )
  })

  test.each<[string, RegExp, Parameters<typeof attack>]>([
    [
      "the seal is not looked at",
      / or seal <> [\s\S]*? then/,
      [(place) => ({ ...whole, ...place, n: 1 }), () => "0".repeat(64)],
    ],
    [
      "the place is not looked at",
      / or told ->> 'pid' [\s\S]*? then/,
      [() => ({ ...whole, pid: "1", transaction: "1", n: 1 })],
    ],
  ])("would be told from one that is not, were there a hole: %s", async (_, check, how) => {
    const [{ made }] = await backend.sql(
      "select pg_get_functiondef('undercroft.check_step(text, text, text)'::regprocedure) as made",
    )
    await backend.sql(made.replace(check, " then"))
    expect(await attack(...how)).toBe("ann,bob")
    await backend.sql(made)
    expect(await attack(...how)).toBe("42501")
  })

  test("would reach past the tables that it names, were there a hole in their policies", async () => {
    await backend.sql("alter policy system on app.tickets using (true)")
    expect(await attack((place) => ({ ...whole, ...place, n: 1, tables: ["marks"] }))).toBe("ann,bob")
  })
})
