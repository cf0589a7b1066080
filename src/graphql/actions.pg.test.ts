/** Actions through GraphQL: as fields of the schema, in one transaction with other writes, and once under a key. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import {
  startTestBackend,
  type TestAnswer,
  type TestBackend,
  type TestCaller,
} from "../../test/support/backend.ts"
import { ask, type GraphqlAnswer } from "../../test/support/graphql.ts"
import { ledgerBackend, probe } from "../../test/support/ledger-backend.ts"

let backend: TestBackend
const ann: TestCaller = { id: "ann" }
const bob: TestCaller = { id: "bob" }
const account = "00000000-0000-7000-8000-00000000000a"

beforeAll(async () => {
  backend = await startTestBackend(ledgerBackend)
})
afterAll(() => backend?.stop())
beforeEach(async () => {
  probe.runs = 0
  probe.meet = null
  await backend.sql("delete from app.entries")
  await backend.sql("delete from app.accounts")
  await backend.sql("delete from undercroft_state.once")
  await backend.sql(
    `insert into app.accounts (id, holder, first_name, pin_code, balance) values
       ('${account}', 'ann', 'A', '1111', 5), ('00000000-0000-7000-8000-00000000000b', 'bob', 'B', '2222', 7)`,
  )
})

const code = ({ errors }: GraphqlAnswer): string | undefined => errors?.[0]?.extensions.code
const stored = async (): Promise<string[]> =>
  (await backend.sql("select first_name from app.accounts order by first_name")).map((row) => row.first_name)
const balance = async (): Promise<number> =>
  (await backend.sql("select balance from app.accounts where id = $1", [account]))[0].balance

describe("a field for each action", () => {
  test("that writes: with aliases, fragments, variables and __typename", async () => {
    const query = `mutation ($name: String!) {
      __typename
      first: open(firstName: $name) { ...on OpenResult { name: firstName } ...All again: firstName }
      second: open(firstName: "Two") { id @skip(if: true) __typename }
    } fragment All on OpenResult { id }`
    const { data, errors } = await ask(backend, ann, query, { name: "One" })
    expect(errors).toBeUndefined()
    expect(data).toEqual({
      __typename: "Mutation",
      first: { name: "One", id: expect.stringMatching(/^[0-9a-f-]{36}$/), again: "One" },
      second: { __typename: "OpenResult" },
    })
    expect(Object.keys(data.first)).toEqual(["name", "id", "again"])
    expect(await stored()).toEqual(["A", "B", "One", "Two"])
  })

  test("that reads: beside collections, each by itself", async () => {
    const query = `{ bad: everything(atLeast: null) everything(atLeast: 5) none: everything(atLeast: 6) accountCollection { totalCount } }`
    const { data, errors } = await ask(backend, ann, query)
    expect(data).toMatchObject({
      bad: null,
      everything: [{ firstName: "A", pinCode: null }],
      none: [],
      accountCollection: { totalCount: 1 },
    })
    expect(errors?.map((one) => [one.path, one.extensions.code])).toEqual([[["bad"], "UC701"]])
    const boss = await ask(backend, { ...ann, roles: ["boss"] }, "mutation { leads { me at } }")
    expect(boss.data.leads).toEqual({ me: "ann", at: expect.any(String) })
  })

  test("by GET where it reads, and not where it writes", async () => {
    const get = async (query: string): Promise<TestAnswer> =>
      backend.request(ann, "GET", `/graphql?query=${encodeURIComponent(query)}`)
    expect((await get("{ everything(atLeast: 6) }")).json).toEqual({ data: { everything: [] } })
    expect((await get('mutation { open(firstName: "x") { id } }')).status).toBe(405)
    expect(code(await ask(backend, ann, '{ open(firstName: "x") { id } }'))).toBe("UC341")
    expect(await stored()).toEqual(["A", "B"])
  })

  test("that the caller could call; for others it does not exist", async () => {
    const names = async (caller: TestCaller | null, type: string): Promise<string[]> => {
      const { data } = await ask(backend, caller, `{ type: __type(name: "${type}") { fields { name } } }`)
      return (data.type?.fields ?? []).map((one: any) => one.name)
    }
    expect(await names(ann, "Mutation")).toEqual(
      expect.arrayContaining(["open", "add", "insertIntoAccountCollection"]),
    )
    expect(await names(ann, "OpenResult")).toEqual(["id", "firstName"])
    expect(await names(null, "Mutation")).not.toContain("open")
    expect(await names(null, "Query")).toContain("joined")
    expect(await names(null, "Query")).not.toContain("everything")
    expect(await names(null, "OpenResult")).toEqual([])
    const [hidden, absent] = await Promise.all(
      ["open", "opem"].map((name) => ask(backend, null, `mutation { ${name}(firstName: "x") { id } }`)),
    )
    expect(JSON.stringify(hidden).replaceAll("open", "NAME")).toBe(
      JSON.stringify(absent).replaceAll("opem", "NAME"),
    )
  })

  test("counts as a statement", async () => {
    const many = (count: number): string =>
      Array.from({ length: count }, (_, at) => `a${at}: everything`).join(" ")
    expect((await ask(backend, ann, `{ ${many(20)} }`)).errors).toBeUndefined()
    expect(code(await ask(backend, ann, `{ ${many(21)} }`))).toBe("UC342")
  })
})

describe("an input", () => {
  test.each([
    ["add(amount: 1.5) { balance }", "UC701"],
    ['open(firstName: "x", pinCode: null) { id }', "UC701"],
    ['add(amount: "1") { balance }', "UC341"],
    ["add { balance }", "UC341"],
    ["halfway(how: nothing) { done }", "UC341"],
    ['open(firstName: "x", holder: "bob") { id }', "UC341"],
  ])("that does not fit: %s", async (field, told) => {
    const answer = await ask(
      backend,
      ann,
      `mutation { b: insertIntoEntryCollection(objects: [{accountId: "${account}", amount: 1}]) { affectedCount } a: ${field} }`,
    )
    expect(code(answer)).toBe(told)
    if (told === "UC701") {
      expect(answer).toMatchObject({
        data: null,
        errors: [{ path: ["a"], message: expect.stringMatching(/^input\.(amount|pinCode) /) }],
      })
    } else expect("data" in answer).toBe(false)
    expect(probe.runs).toBe(0)
    expect(await backend.sql("select 1 from app.entries")).toEqual([])
  })
})

describe("writes of rows and actions together", () => {
  const insert = (name: string): string =>
    `insertIntoAccountCollection(objects: [{holder: "ann", firstName: "${name}"}]) { affectedCount records { firstName } }`
  const update = (from: string, to: string): string =>
    `updateAccountCollection(set: {firstName: "${to}"}, filter: {firstName: {eq: "${from}"}}) { affectedCount }`

  test("are done in their order, each seeing what came before", async () => {
    const query = `mutation {
      a: ${insert("One")}
      b: open(firstName: "Two") { firstName }
      c: ${update("Two", "Three")}
      d: add(amount: 1) { balance }
      e: ${update("One", "Four")}
    }`
    // The account that "add" takes is the only one, or any.
    const { data, errors } = await ask(backend, ann, query)
    expect(errors).toBeUndefined()
    expect(data).toEqual({
      a: { affectedCount: 1, records: [{ firstName: "One" }] },
      b: { firstName: "Two" },
      c: { affectedCount: 1 },
      d: { balance: expect.any(Number) },
      e: { affectedCount: 1 },
    })
    expect(await stored()).toEqual(["A", "B", "Four", "Three"])
  })

  test.each([
    ["an action that refuses", "halfway(how: fail) { done }", "UC702"],
    ["a statement of an action", "halfway(how: database) { done }", "UC312"],
    ["a row that is there already", insert("A"), "23505"],
    [
      "more rows than allowed",
      "updateAccountCollection(set: {balance: 1}, atMost: 0) { affectedCount }",
      "PGRST124",
    ],
    [
      "another's row",
      'insertIntoAccountCollection(objects: [{holder: "bob", firstName: "Z"}]) { affectedCount }',
      "42501",
    ],
    ["a caller who may not", "leads { me }", "42501"],
  ])("leave nothing when one fails: %s", async (_, bad, told) => {
    for (const fields of [
      [insert("One"), bad, 'open(firstName: "Two") { id }'],
      ['open(firstName: "Two") { id }', insert("One"), bad],
      [bad, insert("One"), 'open(firstName: "Two") { id }'],
    ]) {
      const answer = await ask(
        backend,
        ann,
        `mutation { ${fields.map((one, at) => `f${at}: ${one}`).join(" ")} }`,
      )
      expect(code(answer)).toBe(told)
      expect(answer).toMatchObject({ data: null, errors: [{ path: [`f${fields.indexOf(bad)}`] }] })
      expect(await stored()).toEqual(["A", "B"])
    }
  })

  test("are run again together when another transaction came in between", async () => {
    let waiting: (() => void)[] = []
    probe.meet = () =>
      new Promise((resolve) => {
        if (probe.runs > 2) return resolve()
        waiting.push(resolve)
        if (waiting.length === 2) for (const go of waiting.splice(0)) go()
      })
    const query = (amount: number): string =>
      `mutation { a: insertIntoEntryCollection(objects: [{accountId: "${account}", amount: 0}]) { affectedCount } b: add(amount: ${amount}) { balance } }`
    const both = await Promise.all([ask(backend, ann, query(10)), ask(backend, ann, query(100))])
    waiting = []
    expect(both.map((one) => one.errors)).toEqual([undefined, undefined])
    expect(probe.runs).toBe(3)
    expect(await balance()).toBe(115)
    expect(await backend.sql("select 1 from app.entries where amount = 0")).toHaveLength(2)
  })

  test("are stopped at the deadline of one action, with nothing left", async () => {
    const answer = await ask(backend, ann, `mutation { a: ${insert("One")} b: slow(how: code) }`)
    expect(answer).toMatchObject({ data: null, errors: [{ path: ["b"], extensions: { code: "UC705" } }] })
    expect(await stored()).toEqual(["A", "B"])
  })

  test("what an action sets does not reach the statements after it", async () => {
    const query = `mutation ($text: String!) { a: raw(text: $text) b: ${insert("One")} c: raw(text: "show search_path") }`
    const { data, errors } = await ask(backend, ann, query, { text: "set local search_path = undercroft" })
    expect(errors).toBeUndefined()
    expect(data.b.affectedCount).toBe(1)
    expect(data.c).toEqual([{ search_path: "fields,app,pg_catalog" }])
  })
})

describe("Idempotency-Key", () => {
  const send = (
    caller: TestCaller | null,
    query: string,
    variables: object = {},
    key = "once",
  ): Promise<TestAnswer> =>
    backend.request(caller, "POST", "/graphql", {
      body: { query, variables },
      headers: { "idempotency-key": key },
    })
  const replayed = ({ headers }: TestAnswer): string | null => headers.get("idempotency-replayed")
  const add = "mutation ($n: Float!) { add(amount: $n) { balance } }"

  test.each([
    ["an action", 'mutation { __typename open(firstName: "One") { id } }'],
    [
      "rows",
      'mutation { insertIntoAccountCollection(objects: [{holder: "ann", firstName: "One"}]) { records { id } } }',
    ],
    [
      "both",
      'mutation { open(firstName: "One") { id } updateAccountCollection(set: {balance: 9}, filter: {firstName: {eq: "One"}}) { affectedCount } }',
    ],
  ])("does it once, and gives the same answer: %s", async (_, query) => {
    const first = await send(ann, query)
    const second = await send(ann, query)
    expect([first.status, first.json.errors, replayed(first)]).toEqual([200, undefined, null])
    expect([second.status, second.text, replayed(second)]).toEqual([200, first.text, "true"])
    expect(await stored()).toEqual(["A", "B", "One"])
  })

  test("is refused for another request, and belongs to its caller", async () => {
    expect((await send(ann, add, { n: 1 })).json).toEqual({ data: { add: { balance: 6 } } })
    for (const other of [send(ann, add, { n: 2 }), send(ann, `${add} `, { n: 1 })]) {
      const { status, json } = await other
      expect([status, json.errors[0].extensions.code]).toEqual([422, "UC309"])
    }
    expect((await send(bob, add, { n: 1 })).json).toEqual({ data: { add: { balance: 8 } } })
    const nobody = await send(null, "mutation { __typename }")
    expect([nobody.status, nobody.json.errors[0].extensions.code]).toEqual([200, "UC341"])
    expect((await send(ann, "{ everything(atLeast: 6) }", {}, "a bad key")).status).toBe(200)
    const bad = await send(ann, add, { n: 1 }, "a bad key")
    expect([bad.status, bad.json.errors[0].extensions.code]).toEqual([400, "UC310"])
    expect(await balance()).toBe(6)
  })

  test("of many at once, one is done; what failed is not kept", async () => {
    const failed = await send(ann, "mutation { halfway(how: fail) { done } }")
    expect(failed.json.errors[0].extensions.code).toBe("UC702")
    const all = await Promise.all(Array.from({ length: 8 }, () => send(ann, add, { n: 1 })))
    expect(all.map(({ text }) => text)).toEqual(all.map(() => '{"data":{"add":{"balance":6}}}'))
    expect(await balance()).toBe(6)
  })
})
