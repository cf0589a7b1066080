/** Actions against a started backend: what holds in them, what comes of those that fail, and what nobody gets to see. */
import { PostgrestClient } from "@supabase/postgrest-js"
import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, test } from "vitest"
import {
  startTestBackend,
  type TestAnswer,
  type TestBackend,
  type TestCaller,
} from "../../test/support/backend.ts"
import { ledgerBackend, probe } from "../../test/support/ledger-backend.ts"
import { attempt, type Client, createClient } from "../client/client.ts"

let backend: TestBackend
const causes: string[] = []
const ann: TestCaller = { id: "ann" }
const bob: TestCaller = { id: "bob" }

beforeAll(async () => {
  backend = await startTestBackend(ledgerBackend, {
    onError: ({ cause }) => void causes.push(String((cause as Error | undefined)?.message)),
  })
})
afterAll(() => backend?.stop())
beforeEach(async () => {
  causes.length = 0
  probe.runs = 0
  probe.meet = null
  await backend.sql("delete from app.entries")
  await backend.sql("delete from app.accounts")
  await backend.sql("delete from undercroft_state.once")
  await backend.sql(
    `insert into app.accounts (id, holder, first_name, pin_code, balance) values
       ('00000000-0000-7000-8000-00000000000a', 'ann', 'A', '1111', 5), ('00000000-0000-7000-8000-00000000000b', 'bob', 'B', '2222', 7)`,
  )
  await backend.sql("insert into app.entries (account, amount) select id, balance from app.accounts")
})

async function call(
  caller: TestCaller | null,
  name: string,
  body: unknown = {},
  headers: Record<string, string> = {},
): Promise<TestAnswer> {
  return backend.request(caller, "POST", `/rest/rpc/${name}`, { body, headers })
}

async function answer(...of: Parameters<typeof call>): Promise<string> {
  const { status, json } = await call(...of)
  return `${status} ${json?.code ?? ""}`.trim()
}

const names = (rows: readonly any[]): string[] => rows.map((row) => row.firstName ?? row.first_name)
const stored = async (): Promise<string[]> =>
  names(await backend.sql("select first_name from app.accounts order by first_name"))

describe("the rules hold", () => {
  test("in what is selected, and in what is hidden of it", async () => {
    const { json } = await call(ann, "everything")
    expect(names(json)).toEqual(["A"])
    expect(json[0].pinCode).toBeNull()
    const vault = await call({ ...ann, roles: ["vault"] }, "everything")
    expect(vault.json.map((row: any) => row.pinCode)).toEqual(["1111"])
    expect((await call({ id: "nobody" }, "everything")).json).toEqual([])
  })

  test("in joins and common tables, with the names that were written", async () => {
    expect((await call(ann, "joined")).json).toEqual([{ amount: 5, givenName: "A", howMany: 1 }])
    expect((await call(null, "joined")).json).toEqual([])
  })

  test("in what is written, for the row as it would be", async () => {
    const owner = { ...ann, roles: ["own-pin"] }
    const opened = await call(owner, "open", { firstName: "Second", pinCode: "9999" })
    expect([opened.status, opened.json]).toEqual([200, { id: expect.any(String), firstName: "Second" }])
    const [row] = await backend.sql("select holder, pin_code from app.accounts where first_name = 'Second'")
    expect(row).toEqual({ holder: "ann", pin_code: "9999" })
  })

  test("in a field that not everyone may set", async () => {
    const { status, json } = await call(ann, "open", { firstName: "Third", pinCode: "9999" })
    expect([status, json.code, json.message]).toEqual([
      403,
      "42501",
      "permission denied to set accounts.pinCode",
    ])
    expect(await stored()).toEqual(["A", "B"])
  })

  test.each([
    ["another's rows", "select * from app.entries", [expect.objectContaining({ amount: 5 })]],
    ["a hidden field", "select pin_code from fields.accounts", [{ pin_code: null }]],
    ["a hidden field by its filter", "select first_name from fields.accounts where pin_code = '1111'", []],
  ])("against SQL that was sent: %s", async (_, text, rows) => {
    expect((await call(ann, "raw", { text })).json).toEqual(rows)
  })

  test.each([
    "select pin_code from app.accounts",
    `select "pin_code$write" from fields.accounts`,
    "select * from undercroft_state.keys",
    "select undercroft.bind('{}')",
    'select undercroft.enter(\'{"id":"bob","roles":[]}\', 9999999999, \'x\')',
    "set role postgres",
    "set session authorization postgres",
    "copy (select 1) to program 'true'",
    "alter table app.accounts disable row level security",
    "commit",
    "rollback",
    "commit and chain",
    "begin",
    "select 1; commit; select 2",
    "prepare transaction 'x'",
  ])("refuse %s", async (text) => {
    const { status, json } = await call(ann, "raw", { text })
    expect([text, status >= 400, json.code]).toEqual([
      text,
      true,
      expect.stringMatching(/^(UC690|42501|PGRST303)$/),
    ])
    expect(json.details).toBeNull()
  })

  test("also after SQL that took the caller's claims away, or forged them", async () => {
    const forged = `with forged as (select set_config('undercroft.caller', repeat('0', 64) || '{"id":"bob"}', true))
      select * from forged, lateral (select count(*) from fields.accounts) x`
    expect(await answer(ann, "raw", { text: forged })).toMatch(/^40[13]|^500/)
    const nobody = "select set_config('undercroft.caller', '', true)"
    // Of nobody no call can be on record, and so nothing is done.
    expect((await call(ann, "raw", { text: nobody })).status).toBe(401)
    expect(names((await call(bob, "everything")).json)).toEqual(["B"])
  })

  test("nothing that one action sets for its session is there for the next", async () => {
    for (const text of [
      "set search_path = pg_catalog",
      "set statement_timeout = 0",
      "set timezone = 'Asia/Tokyo'",
    ])
      expect((await call(ann, "raw", { text })).status).toBe(200)
    const shown = await Promise.all(
      Array.from({ length: 12 }, () =>
        call(ann, "raw", {
          text: "select current_setting('search_path') p, current_setting('statement_timeout') t, current_setting('timezone') z",
        }),
      ),
    )
    for (const { json } of shown) expect(json).toEqual([{ p: "fields,app,pg_catalog", t: "1s", z: "UTC" }])
  })
})

describe("values", () => {
  test("are read as the API gives them", async () => {
    const { json } = await call({ ...ann, roles: ["vault"] }, "fill")
    const [same] = (
      await backend.request({ ...ann, roles: ["vault"] }, "GET", "/rest/accounts?firstName=eq.full")
    ).json
    expect(json).toEqual(same)
    expect(json).toMatchObject({
      pinCode: "4711",
      rate: "12.50",
      tags: ["a,b", 'c"d'],
      extra: [1, { two: "x" }],
    })
  })

  test("are checked as the API checks them", async () => {
    const { status, json } = await call(ann, "open", { firstName: "x".repeat(21) })
    expect([status, json.code, json.message]).toEqual([
      400,
      "22001",
      expect.stringContaining("accounts.firstName"),
    ])
  })
})

describe("who may call", () => {
  test("is asked of the caller, and of facts in the database", async () => {
    expect(await answer(null, "leads")).toBe("401 42501")
    expect(await answer(ann, "leads")).toBe("403 42501")
    expect(await answer({ ...ann, roles: ["boss"] }, "leads")).toBe("200")
    await backend.sql("insert into app.teams (name, lead) values ('one', 'ann')")
    const { json } = await call(ann, "leads")
    expect(json.me).toBe("ann")
    expect(Math.abs(Date.parse(json.at) - Date.now())).toBeLessThan(60_000)
    expect(await answer(bob, "leads")).toBe("403 42501")
    await backend.sql("delete from app.teams")
  })

  test("a rule that can't be answered denies", async () => {
    await backend.sql(`alter function undercroft."gate__joined"() rename to other`)
    expect(await answer(ann, "joined")).toMatch(/^(403|500)/)
    await backend.sql(`alter function undercroft.other() rename to "gate__joined"`)
    expect(await answer(ann, "joined")).toBe("200")
  })
})

describe("what goes wrong", () => {
  test.each([
    ["fail", "409 UC702"],
    ["throw", "500 UC690"],
    ["database", "400 UC312"],
    ["caught", "400 UC312"],
    ["unawaited", "400 UC312"],
    ["output", "500 UC690"],
  ])("half-way (%s) leaves nothing, and tells nothing", async (how, told) => {
    const { status, json, text } = await call(ann, "halfway", { how })
    expect(`${status} ${json.code}`).toBe(told)
    expect(text).not.toMatch(/secret|TypeError|division|zero|select/i)
    expect(await stored()).toEqual(["A", "B"])
  })

  test("an input that does not fit is named by its field, before anything is done", async () => {
    const { status, json } = await call(ann, "add", { amount: "1" })
    expect([status, json.code, json.message]).toEqual([
      400,
      "UC701",
      expect.stringMatching(/^input\.amount /),
    ])
    expect(probe.runs).toBe(0)
    expect(await answer(ann, "add", "[1]")).toBe("400 PGRST102")
    expect(await answer(ann, "add", "{")).toBe("400 PGRST102")
  })

  test("what a constraint refuses is told in the model's names", async () => {
    const { status, json } = await call(ann, "open", { firstName: "A" })
    expect([status, json.code, json.message]).toEqual([
      409,
      "23505",
      "another row has the same accounts.holder, accounts.firstName",
    ])
  })

  test("an action that only reads can't write", async () => {
    expect(await answer(ann, "writesReading")).toBe("500 UC690")
    expect(await backend.sql("select 1 from app.accounts where balance = 1")).toEqual([])
  })

  test.each(["statement", "code"])("a slow %s is stopped in time, and leaves nothing", async (how) => {
    const before = performance.now()
    expect(await answer(ann, "slow", { how })).toBe("400 UC705")
    expect(performance.now() - before).toBeLessThan(3500)
    expect(await stored()).toEqual(["A", "B"])
    expect(await answer(ann, "everything")).toBe("200")
  })

  test("what met another transaction is run again, until all are done", async () => {
    let waiting: (() => void)[] = []
    probe.meet = () =>
      new Promise((resolve) => {
        // The first two read the same balance before either writes.
        if (probe.runs > 2) return resolve()
        waiting.push(resolve)
        if (waiting.length === 2) for (const go of waiting.splice(0)) go()
      })
    const both = await Promise.all([call(ann, "add", { amount: 10 }), call(ann, "add", { amount: 100 })])
    waiting = []
    expect(both.map(({ status }) => status)).toEqual([200, 200])
    expect(probe.runs).toBe(3)
    expect((await backend.sql("select balance from app.accounts where holder = 'ann'"))[0].balance).toBe(115)
    expect(await backend.sql("select amount from app.entries where amount in (10, 100)")).toHaveLength(2)
  })
})

describe("Idempotency-Key", () => {
  const key = { "idempotency-key": "once" }
  test("does it once, and gives the same answer", async () => {
    const first = await call(ann, "add", { amount: 1 }, key)
    const second = await call(ann, "add", { amount: 1 }, key)
    expect([first.status, first.json, first.headers.get("idempotency-replayed")]).toEqual([
      200,
      { balance: 6 },
      null,
    ])
    expect([second.status, second.json, second.headers.get("idempotency-replayed")]).toEqual([
      200,
      { balance: 6 },
      "true",
    ])
    expect((await backend.sql("select balance from app.accounts where holder = 'ann'"))[0].balance).toBe(6)
    expect(await answer(ann, "add", { amount: 2 }, key)).toBe("422 UC309")
    // Keys belong to callers.
    expect((await call(bob, "add", { amount: 1 }, key)).json).toEqual({ balance: 8 })
    expect(await answer(null, "add", { amount: 1 }, key)).toMatch(/^40/)
  })

  test("of many at once, one is done", async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => call(ann, "add", { amount: 1 }, key)))
    expect(all.map(({ status, text }) => `${status} ${text}`)).toEqual(all.map(() => '200 {"balance":6}'))
    expect((await backend.sql("select balance from app.accounts where holder = 'ann'"))[0].balance).toBe(6)
  })

  test("what failed is not kept", async () => {
    expect(await answer(ann, "halfway", { how: "fail" }, key)).toBe("409 UC702")
    expect(await answer(ann, "add", { amount: 1 }, key)).toBe("200")
  })
})

describe("the door", () => {
  const ask = async (method: string, path: string): Promise<string> => {
    const { status, text } = await backend.request(ann, method, path)
    return `${status} ${(text === "" ? {} : JSON.parse(text))?.code ?? ""}`.trim()
  }
  test("knows its names and methods", async () => {
    expect(await ask("POST", "/rest/rpc/nothing")).toBe("404 PGRST202")
    expect(await ask("POST", "/rest/rpc/constructor")).toBe("404 PGRST202")
    expect(await ask("PATCH", "/rest/rpc/add")).toBe("405 PGRST101")
    expect(await ask("DELETE", "/rest/rpc/everything")).toBe("405 PGRST101")
    expect(await ask("GET", "/rest/rpc/add?amount=1")).toBe("405 PGRST101")
    expect(await ask("POST", "/rest/rpc/add?select=balance")).toBe("400 PGRST127")
    expect(await ask("HEAD", "/rest/rpc/everything")).toBe("200")
    expect(await ask("GET", "/rest/rpc/everything?atLeast=1&atLeast=2")).toBe("400 PGRST102")
    expect((await backend.request(ann, "GET", "/rest/rpc/everything?atLeast=6")).json).toEqual([])
    expect(await answer(ann, "everything", {}, { accept: "text/csv" })).toBe("406 PGRST107")
    expect(await answer(null, "everything", {}, { authorization: "Bearer nonsense" })).toBe("401 PGRST301")
  })

  test("serves postgrest-js as it is", async () => {
    const headers = { authorization: `Bearer ${await backend.tokenOf(ann)}` }
    const db = new PostgrestClient<any>(`${backend.url}/rest`, { headers })
    expect(await db.rpc("add", { amount: 3 })).toMatchObject({
      status: 200,
      data: { balance: 8 },
      error: null,
    })
    expect(await db.rpc("add", { amount: 3 }).single()).toMatchObject({ data: { balance: 11 }, error: null })
    const read = await db.rpc("everything", { atLeast: 6 }, { get: true })
    expect(names(read.data as any[])).toEqual(["A"])
    expect(await db.rpc("nothing")).toMatchObject({ status: 404, error: { code: "PGRST202" } })
  })

  test("serves the typed client", async () => {
    const client: Client<typeof ledgerBackend> = createClient<typeof ledgerBackend>({
      url: backend.url,
      token: () => backend.tokenOf(ann),
    })
    const done = await client.actions.add({ amount: 4 })
    expectTypeOf(done).toEqualTypeOf<{ balance: number }>()
    expect(done).toEqual({ balance: 9 })
    expectTypeOf<Parameters<typeof client.actions.open>[0]>().toEqualTypeOf<{
      firstName: string
      pinCode?: string | undefined
    }>()
    const came = await attempt(client.actions.halfway({ how: "fail" }))
    expect(came.ok ? null : [came.error.code, came.error.message]).toEqual(["UC702", "not today"])
  })

  test("tells each caller of the actions that could be theirs", async () => {
    const told = async (caller: TestCaller | null): Promise<string[]> => {
      const { json } = await backend.request(caller, "GET", "/openapi.json")
      return Object.keys(json.paths).filter((path) => path.startsWith("/rest/rpc/"))
    }
    expect(await told(null)).toEqual(["/rest/rpc/joined", "/rest/rpc/writesReading"])
    expect(await told(ann)).toHaveLength(10)
    const { paths } = (await backend.request(ann, "GET", "/openapi.json")).json
    expect(paths["/rest/rpc/add"].post.requestBody.content["application/json"].schema).toMatchObject({
      type: "object",
      required: ["amount"],
      properties: { amount: { type: "integer" } },
    })
    expect(Object.keys(paths["/rest/rpc/everything"])).toEqual(["get", "head", "post"])
  })
})
