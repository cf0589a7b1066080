/** Reads that are on record: one entry for each question and entity, with the very rows that were given, or no answer. */
import { sql } from "kysely"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { sealOf } from "../../src/sql/caller.ts"
import { startTestBackend, type TestBackend, type TestCaller } from "../support/backend.ts"
import { ward, wardBackend } from "../support/ward-backend.ts"

let backend: TestBackend
const ann: TestCaller = { id: "ann", roles: ["nurse"] }
const id = (letter: string, n: number): string => `00000000-0000-7000-8000-0000000000${letter}${n}`
const [eve, max] = [id("a", 1), id("a", 2)]
const [stay1, stay2] = [id("b", 1), id("b", 2)]
const [note1, note2, note3] = [id("c", 1), id("c", 2), id("c", 3)]

beforeAll(async () => {
  backend = await startTestBackend(wardBackend)
  await backend.sql(
    `insert into app.people (id, name, born, size) values ('${eve}', 'Eve', '1990-01-02', 1), ('${max}', 'Max', null, 0);
    insert into app.stays (id, person) values ('${stay1}', '${eve}'), ('${stay2}', '${max}');
    insert into app.notes (id, stay, words) values ('${note1}', '${stay1}', 'one'), ('${note2}', '${stay1}', 'two'), ('${note3}', '${stay2}', 'three')`,
  )
})
afterAll(() => backend?.stop())
beforeEach(async () => {
  ward.run = null
  await backend.sql("truncate audit.pending")
})

const entries = (): Promise<any[]> => backend.sql("select * from audit.pending order by at, entity")
const reads = async (): Promise<readonly (readonly [string, string])[]> =>
  (await entries()).map((one) => [`${one.kind} ${one.entity}`, (one.rows ?? []).toSorted().join("+")])
/** Refusals of a test before may be counted, and written down, a second later. */
const onlyReads = async (): ReturnType<typeof reads> =>
  (await reads()).filter(([what]) => what.startsWith("read"))
const get = (path: string, headers: Record<string, string> = {}): ReturnType<TestBackend["request"]> =>
  backend.request(ann, "GET", `/rest/${path}`, { headers })

describe("HIPAA 164.312(b), TR-03161-3 Arch_11: each read that the model marks is on record", () => {
  test("who, from where, which rows, which fields, and what was asked without the values of personal fields", async () => {
    const read = await get("people?select=name,ward&born=lt.2000-01-01&ward=eq.A&order=name", {
      "x-purpose": "treatment",
    })
    expect(read.json).toEqual([{ name: "Eve", ward: "A" }])
    const [entry, ...rest] = await entries()
    expect(rest).toEqual([])
    expect(entry).toMatchObject({
      kind: "read",
      actor: "user:ann",
      roles: ["nurse"],
      door: "rest",
      request: read.headers.get("x-request-id"),
      address: "127.0.0.1",
      purpose: "treatment",
      entity: "Person",
      rows: [eve],
      subjects: [`Person:${eve}`],
      fields: ["born", "name", "ward"],
      question: {
        of: "Person",
        where: [
          { field: "born", operator: "lt", not: false },
          { field: "ward", operator: "eq", not: false, value: "A" },
        ],
        order: ["name"],
      },
      personal: null,
    })
    expect(JSON.stringify(entry)).not.toMatch(/Eve|2000/)
  })

  test.each<readonly [path: string, rows: readonly (readonly [string, string])[]]>([
    ["people?select=name&order=name&limit=1", [["read Person", eve]]],
    ["people?select=name&order=name&limit=1&offset=1", [["read Person", max]]],
    [`people?id=eq.${eve}`, [["read Person", eve]]],
    [`people?id=eq.${stay1}`, [["read Person", ""]]],
    ["people?name=eq.Nobody", [["read Person", ""]]],
    ["people?select=count()", [["read Person", ""]]],
    ["people?select=ward,size.sum()", [["read Person", ""]]],
    ["named?order=called.desc&limit=1", [["read Person", max]]],
    ["stays?select=id,person(name)", [["read Person", `${eve}+${max}`]]],
    [`stays?select=id,person(name)&id=eq.${stay1}`, [["read Person", eve]]],
    ["stays?select=id,...person(name)&order=id&limit=1", [["read Person", eve]]],
    ["stays?select=id,notes(words)&order=id&limit=1", [["read Note", `${note1}+${note2}`]]],
    ["stays?select=id,...notes(words)&order=id&limit=1", [["read Note", `${note1}+${note2}`]]],
    ["stays?select=id,notes(count())", [["read Note", ""]]],
    ["stays?select=id,notes!inner()&notes.words=eq.one", [["read Note", ""]]],
    ["stays?select=id,person()&order=person(born)", [["read Person", ""]]],
    [
      "people?select=name,stays(id,notes(words))&name=eq.Eve",
      [
        ["read Note", `${note1}+${note2}`],
        ["read Person", eve],
      ],
    ],
    [
      "notes?select=words,stay(person(name))&words=eq.three",
      [
        ["read Note", note3],
        ["read Person", max],
      ],
    ],
    ["sheets", []],
  ])("GET %s", async (path, rows) => {
    expect((await get(path)).status).toBe(200)
    expect((await reads()).toSorted()).toEqual(rows)
  })

  test.each([
    ["application/json; nulls=stripped", "application/vnd.pgrst.array+json;nulls=stripped"],
    ["CSV", "text/csv"],
    ["one object", "application/vnd.pgrst.object+json"],
  ])("in the form of %s, and with a count", async (_, accept) => {
    const plain = await backend.request(ann, "HEAD", "/rest/people?name=eq.Eve", {
      headers: { prefer: "count=exact" },
    })
    expect(plain.headers.get("content-range")).toBe("0-0/1")
    const answer = await fetch(`${backend.url}/rest/people?name=eq.Eve&select=name,born`, {
      headers: { accept, authorization: `Bearer ${await backend.tokenOf(ann)}` },
    })
    expect(await answer.text()).toContain("1990-01-02")
    expect(await reads()).toEqual([
      ["read Person", eve],
      ["read Person", eve],
    ])
  })

  test("through GraphQL, with frames, cursors and aggregates", async () => {
    const query = `{ personCollection(first: 1, orderBy: [{name: AscNullsLast}], filter: {name: {eq: "Eve"}}) {
      edges { cursor node { name stays { edges { node { notes { edges { node { words } } } } } } } } pageInfo { hasNextPage endCursor } totalCount } }`
    const { json } = await backend.request(ann, "POST", "/graphql", { body: { query } })
    expect(json.errors).toBeUndefined()
    expect(JSON.stringify(json.data)).toContain('"two"')
    expect((await reads()).toSorted()).toEqual([
      ["read Note", `${note1}+${note2}`],
      ["read Person", eve],
    ])
    expect((await entries()).every((one) => one.door === "graphql")).toBe(true)
    await backend.sql("truncate audit.pending")
    const count = "{ personCollection { aggregate { count } } }"
    expect(
      (await backend.request(ann, "POST", "/graphql", { body: { query: count } })).json.errors,
    ).toBeUndefined()
    expect(await reads()).toEqual([["read Person", ""]])
  })

  test("what a write gives back beside its own rows", async () => {
    const path = `/rest/stays?id=eq.${stay1}&select=id,person(name),notes(words)`
    const done = await backend.request(ann, "PATCH", path, {
      body: { reason: "x" },
      headers: { prefer: "return=representation" },
    })
    expect(done.json[0].person).toEqual({ name: "Eve" })
    expect((await reads()).toSorted()).toEqual([
      ["read Note", `${note1}+${note2}`],
      ["read Person", eve],
      ["update Stay", stay1],
    ])
  })

  test("an answer that is given again", async () => {
    const headers = { prefer: "return=representation", "idempotency-key": "k-1" }
    const body = { stay: stay1, words: "again" }
    const first = await backend.request(ann, "POST", "/rest/notes", { body, headers })
    const second = await backend.request(ann, "POST", "/rest/notes", { body, headers })
    expect([first.status, second.headers.get("idempotency-replayed")]).toEqual([201, "true"])
    expect((await entries()).map((one) => one.kind)).toEqual(["create", "read"])
    await backend.sql("delete from app.notes where words = 'again'")
  })

  test("an action's own SQL and Kysely: a row at a time, also where it only reads", async () => {
    for (const name of ["free", "look"]) {
      await backend.sql("truncate audit.pending")
      ward.run = async ({ db }) => {
        await db.selectFrom("people").select("name").where("id", "=", eve).execute()
        const { rows } = await sql`select name from app.people where id = ${max}`.execute(db)
        return rows
      }
      const answer = await backend.request(ann, "POST", `/rest/rpc/${name}`, { body: {} })
      expect(answer.json).toEqual([{ name: "Max" }])
      expect(await reads()).toEqual([
        ["read Person", eve],
        ["read Person", max],
        ["action null", ""],
      ])
      expect((await entries())[0]).toMatchObject({
        actor: "user:ann",
        door: "rpc",
        detail: { action: name },
        subjects: [`Person:${eve}`],
      })
    }
  })

  test("a query beside an action in one document", async () => {
    ward.run = async ({ db }) =>
      (await db.selectFrom("people").select("id").where("id", "=", max).execute()).length
    const query = `mutation { free updateStayCollection(set: {reason: "y"}, filter: {id: {eq: "${stay1}"}}) { records { person { name } } } }`
    const { json } = await backend.request(ann, "POST", "/graphql", { body: { query } })
    expect(json.errors).toBeUndefined()
    expect((await reads()).toSorted()).toEqual([
      ["action null", ""],
      ["read Person", eve],
      ["read Person", max],
      ["update Stay", stay1],
    ])
  })

  test("a step beyond the caller's rights", async () => {
    ward.run = async ({ asSystem }) =>
      asSystem("to look", (system: any) =>
        system.selectFrom("people").select("name").where("id", "=", eve).execute(),
      )
    expect((await backend.request(ann, "POST", "/rest/rpc/beyond", { body: {} })).status).toBe(200)
    expect(await reads()).toEqual([
      ["read Person", eve],
      ["system null", ""],
      ["action null", ""],
    ])
  })
})

describe("what a read may not do", () => {
  test("have its record undone", async () => {
    for (const method of ["GET", "PATCH"]) {
      const answer = await backend.request(ann, method, `/rest/people?id=eq.${eve}`, {
        headers: { prefer: "tx=rollback, return=representation" },
        ...(method === "PATCH" ? { body: { ward: "A" } } : {}),
      })
      expect([answer.status, answer.json.code]).toEqual([400, "UC621"])
    }
  })

  test("go without a purpose where one is needed, by whichever way", async () => {
    const refused = [
      await get("researches"),
      await get("researches?select=count()"),
      await backend.request(ann, "POST", "/rest/researches", { body: { topic: "x" } }),
    ]
    expect(refused.map((one) => [one.status, one.json.code])).toEqual(refused.map(() => [403, "UC620"]))
    ward.run = async ({ db }) => {
      await sql`select count(*) from app.researches`.execute(db)
      await sql`insert into app.researches (topic) values ('x')`.execute(db)
    }
    expect(
      (await backend.request(ann, "POST", "/rest/rpc/free", { body: {} })).status,
    ).toBeGreaterThanOrEqual(400)
    const bad = await get("researches", { "x-purpose": "curiosity" })
    expect([bad.status, bad.json.code]).toEqual([400, "UC310"])
    expect((await get("researches", { "x-purpose": "research" })).status).toBe(200)
    expect(await backend.sql("select count(*)::int as n from app.researches")).toEqual([{ n: 0 }])
  })
})

test("the entry can't be skipped: PostgreSQL plans it above all that is read, and never drops what notes the rows", async () => {
  const noted = `case when array_agg(r."$key") is null then true else set_config('undercroft.seen_x', to_json(array_agg(r."$key"))::text, true) is not null end`
  const seen = await backend.sql(
    `explain (verbose, costs off) select q.body from (select coalesce(json_agg(r."$row"), '[]')::text as body, count(*) as n, ${noted} as noted
      from (select x as "$row", r."$key" from (select t1.name, t1.id::text as "$key" from app.people t1 order by t1.id limit 1) r cross join lateral (select r.name) x) r) q
      where case when q.noted then undercroft."recorded_people"(undercroft.noted('undercroft.seen_x', null), '{}', '{}', null, null) end`,
  )
  const plan = seen.map((one) => one["QUERY PLAN"]).join("\n")
  const [filter, note, limit] = [
    "Filter: CASE WHEN q.noted THEN undercroft.recorded",
    "set_config(",
    "Limit",
  ].map((part) => plan.indexOf(part))
  expect(filter).toBeGreaterThanOrEqual(0)
  expect(note).toBeGreaterThan(filter!)
  expect(limit).toBeGreaterThan(note!)
})

describe("TR-03161-3 Ntwk_7: SQL with the API role's login can't pass for a statement of the engine", () => {
  test.each<readonly [string, string]>([
    ["nothing", "''"],
    ["a word", "'on'"],
    ["a seal that is none", "repeat('0', 64)"],
    ["the seal of another connection", sealOf("'lane.' || 1")],
    ["this connection's number under another word", sealOf("'asked.' || pg_backend_pid()")],
  ])("by saying that its connection is one: %s", async (_, lane) => {
    ward.run = async ({ db }) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)
      const text = lane.replace("pg_backend_pid()", String(rows[0]!.pid))
      const [{ seal }] = await backend.sql(`select ${text} as seal from undercroft_state.keys`)
      await sql`select set_config('undercroft.lane', ${seal}, true)`.execute(db)
      return (await sql`select name from app.people where id = ${max}`.execute(db)).rows
    }
    const answer = await backend.request(ann, "POST", "/rest/rpc/free", { body: {} })
    expect(answer.json).toEqual([{ name: "Max" }])
    expect(await onlyReads()).toEqual([["read Person", max]])
  })

  test("by an entry with circumstances of its own, or of nobody", async () => {
    const told = `'{"door":"rest","request":"r","address":"10.0.0.1","purpose":null}'`
    const entry = (context: string, seal: string): string =>
      `select undercroft.recorded_people('{x}', '{}', '{}', ${context}, ${seal})`
    const forged: readonly (readonly string[])[] = [
      [entry(told, "null")],
      [entry(told, "repeat('0', 64)")],
      ["select set_config('undercroft.caller', '', true)", entry("null", "null")],
      ["select set_config('undercroft.caller', '', true)", entry(told, "repeat('0', 64)")],
      [
        `select set_config('undercroft.caller', repeat('0', 64) || '{"id":"bob"}', true)`,
        entry("null", "null"),
      ],
    ]
    for (const texts of forged) {
      const refused: unknown[] = []
      ward.run = async ({ db }) => {
        for (const text of texts)
          await sql
            .raw(text)
            .execute(db)
            .catch((error) => refused.push(error.code))
      }
      await backend.request(ann, "POST", "/rest/rpc/free", { body: {} })
      expect([texts, refused]).toEqual([texts, ["28000"]])
    }
    expect((await entries()).filter((one) => one.kind === "read")).toEqual([])
  })
})

test("what is gathered for one statement does not get into the entry of the next", async () => {
  await get(`stays?select=id,person(name)&id=eq.${stay1}`)
  await get("people?name=eq.Nobody")
  await get(`stays?select=id,person(name)&id=eq.${stay2}`)
  expect(await onlyReads()).toEqual([
    ["read Person", eve],
    ["read Person", ""],
    ["read Person", max],
  ])
})
