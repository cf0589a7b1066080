/** Every write leaves one entry in its own transaction, whichever way it comes. */
import { sql } from "kysely"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { startTestBackend, type TestBackend, type TestCaller } from "../support/backend.ts"
import { ward, wardBackend } from "../support/ward-backend.ts"

let backend: TestBackend
let model: any[]
const ann: TestCaller = { id: "ann", roles: ["nurse"] }
const [eve, max] = ["00000000-0000-7000-8000-00000000000e", "00000000-0000-7000-8000-00000000000f"]

beforeAll(async () => {
  backend = await startTestBackend(wardBackend)
  model = await backend.sql("select kind, actor, detail from audit.pending")
})
afterAll(() => backend?.stop())
beforeEach(async () => {
  ward.run = null
  await backend.sql("truncate app.people, app.stays, app.notes, app.sheets, app.researches")
  await backend.sql(
    `insert into app.people (id, name, born, pin) values ('${eve}', 'Eve', '1990-01-02', '4711'), ('${max}', 'Max', null, null)`,
  )
  await backend.sql("truncate audit.pending")
})

const entries = (): Promise<any[]> => backend.sql("select * from audit.pending order by at")
const told = async (): Promise<string[]> =>
  (await entries()).map((one) =>
    [one.kind, one.entity, one.actor, one.door, (one.rows ?? []).join("+")].join(" "),
  )
const stay = (n: number): string => `00000000-0000-7000-8000-0000000000a${n}`

describe("HIPAA 164.312(b), TR-03161-3 Arch_11: each write is on record, with who, from where and what", () => {
  test("an insert, an update and a delete through REST", async () => {
    const made = await backend.request(ann, "POST", "/rest/people", {
      body: { name: "Joy", ward: "B" },
      headers: { prefer: "return=headers-only", "x-request-id": "request-1" },
    })
    expect([made.status, made.headers.get("x-request-id")]).toEqual([201, "request-1"])
    const key = made.headers.get("location")!.split("eq.")[1]!
    const changed = await backend.request(ann, "PATCH", `/rest/people?id=eq.${key}`, {
      body: { name: "Joy B.", ward: "C", pin: "0815" },
    })
    expect(changed.status).toBe(204)
    expect((await backend.request(ann, "DELETE", `/rest/people?id=eq.${key}`)).status).toBe(204)
    const [create, update, remove, ...rest] = await entries()
    expect(rest).toEqual([])
    expect(create).toMatchObject({
      kind: "create",
      actor: "user:ann",
      on_behalf: null,
      roles: ["nurse"],
      door: "rest",
      credential: "token:unknown",
      request: "request-1",
      address: "127.0.0.1",
      entity: "Person",
      rows: [key],
      subjects: [`Person:${key}`],
      result: "done",
      detail: { after: { id: key, ward: "B", size: 1 } },
      personal: { after: { name: "Joy", born: null } },
    })
    expect(update).toMatchObject({
      kind: "update",
      rows: [key],
      detail: { before: { ward: "B", version: 1 }, after: { ward: "C", version: 2 }, secret: ["pin"] },
      personal: { before: { name: "Joy" }, after: { name: "Joy B." } },
    })
    expect(remove).toMatchObject({ kind: "delete", personal: { before: { name: "Joy B." } } })
    expect(JSON.stringify([create.detail, update.detail, remove.detail])).not.toMatch(/Joy|0815/)
    expect(JSON.stringify(update)).not.toContain("0815")
  })

  test("many at once, and an upsert: an entry a row", async () => {
    const body = [
      { id: eve, name: "Eve II" },
      { id: stay(1), name: "New" },
    ]
    const done = await backend.request(ann, "POST", "/rest/people?columns=id,name", {
      body,
      headers: { prefer: "resolution=merge-duplicates" },
    })
    expect(done.status).toBe(201)
    expect((await told()).toSorted()).toEqual([
      `create Person user:ann rest ${stay(1)}`,
      `update Person user:ann rest ${eve}`,
    ])
  })

  test("an update that changes nothing but its version", async () => {
    await backend.request(ann, "PATCH", `/rest/people?id=eq.${eve}`, { body: { ward: "A" } })
    expect(await entries()).toMatchObject([
      { kind: "update", detail: { before: { version: 1 } }, personal: null },
    ])
  })

  test("nobody signed in", async () => {
    expect((await backend.request(null, "POST", "/rest/people", { body: { name: "X" } })).status).toBe(201)
    expect(await entries()).toMatchObject([
      { kind: "create", actor: "anonymous", credential: null, roles: [] },
    ])
  })

  test("GraphQL, alone and several in one transaction", async () => {
    const query = `mutation {
      a: insertIntoSheetCollection(objects: [{title: "a"}]) { affectedCount }
      b: insertIntoPersonCollection(objects: [{name: "b"}]) { records { name } }
    }`
    const { json } = await backend.request(ann, "POST", "/graphql", { body: { query } })
    expect(json.errors).toBeUndefined()
    expect((await told()).map((one) => one.split(" ").slice(0, 4).join(" "))).toEqual([
      "create Sheet user:ann graphql",
      "create Person user:ann graphql",
    ])
  })

  test("an action, by Kysely and by its own SQL, tells which", async () => {
    ward.run = async ({ db }) => {
      await db.insertInto("people").values({ name: "one" }).execute()
      await sql`insert into app.people (name) values ('two')`.execute(db)
    }
    expect((await backend.request(ann, "POST", "/rest/rpc/free", { body: {} })).status).toBe(200)
    expect(await entries()).toMatchObject([
      { kind: "create", actor: "user:ann", door: "rpc", detail: { action: "free" } },
      { kind: "create", actor: "user:ann", door: "rpc", detail: { action: "free" } },
      { kind: "action", actor: "user:ann", door: "rpc", detail: { action: "free" }, result: "done" },
    ])
  })

  test("a write that a hook was shown", async () => {
    expect((await backend.request(ann, "POST", "/rest/sheets", { body: { title: "x" } })).status).toBe(201)
    expect(await told()).toMatchObject([expect.stringMatching(/^create Sheet user:ann rest /)])
  })

  test("a step beyond the caller's rights: the row, and the step with its reason", async () => {
    ward.run = async ({ asSystem }) => {
      await asSystem("to correct it", (system: any) =>
        system.insertInto("people").values({ name: "by system" }).execute(),
      )
    }
    expect((await backend.request(ann, "POST", "/rest/rpc/beyond", { body: {} })).status).toBe(200)
    const all = await entries()
    expect(all.filter((one) => one.kind === "create")).toMatchObject([{ actor: "user:ann", door: "rpc" }])
    expect(all.filter((one) => one.kind === "system")).toMatchObject([
      { actor: "user:ann", detail: { action: "beyond", reason: "to correct it" } },
    ])
  })

  test("SQL of a superuser, triggers switched to replica, and a truncate", async () => {
    await backend.sql(
      `set session_replication_role = replica; update app.people set ward = 'Z' where id = '${eve}'; reset session_replication_role; truncate app.sheets`,
    )
    expect(await entries()).toMatchObject([
      {
        kind: "update",
        actor: "database:postgres",
        door: "database",
        rows: [eve],
        detail: { after: { ward: "Z" } },
      },
      { kind: "truncate", entity: "Sheet", actor: "database:postgres" },
    ])
  })

  test("what is deleted along: an entry each, by whoever deleted the first", async () => {
    await backend.sql(
      `insert into app.stays (id, person) values ('${stay(1)}', '${eve}'), ('${stay(2)}', '${eve}')`,
    )
    await backend.sql("truncate audit.pending")
    expect((await backend.request(ann, "DELETE", `/rest/people?id=eq.${eve}`)).status).toBe(204)
    expect((await told()).toSorted()).toEqual([
      `delete Person user:ann rest ${eve}`,
      `delete Stay user:ann rest ${stay(1)}`,
      `delete Stay user:ann rest ${stay(2)}`,
    ])
    expect((await entries()).map((one) => one.subjects)).toEqual([1, 2, 3].map(() => [`Person:${eve}`]))
  })
})

describe("TR-03161-3 Ntwk_7: nothing is done that is not on record", () => {
  test("what is rolled back leaves no entry", async () => {
    const done = await backend.request(ann, "POST", "/rest/stays", {
      body: { person: eve },
      headers: { prefer: "tx=rollback" },
    })
    expect(done.status).toBe(201)
    ward.run = async ({ db }) => {
      await db.insertInto("people").values({ name: "one" }).execute()
      throw new Error("no")
    }
    expect((await backend.request(ann, "POST", "/rest/rpc/free", { body: {} })).status).toBe(500)
    expect((await entries()).filter((one) => one.kind === "create")).toEqual([])
  })

  test("no entry, no write and no read: the request fails", async () => {
    await backend.sql("alter table audit.pending rename to elsewhere")
    try {
      const made = await backend.request(ann, "POST", "/rest/sheets", { body: { title: "x" } })
      const person = await backend.request(ann, "POST", "/rest/people", { body: { name: "x" } })
      const read = await backend.request(ann, "GET", "/rest/people?select=name")
      expect([made.status, person.status, read.status]).toEqual([500, 500, 500])
      expect(read.text).not.toContain("Eve")
    } finally {
      await backend.sql("alter table audit.elsewhere rename to pending")
    }
    expect(await backend.sql("select count(*)::int as n from app.people")).toEqual([{ n: 2 }])
  })

  test.each([
    ["taken away", "select set_config('undercroft.caller', '', true)"],
    ["written by hand", `select set_config('undercroft.caller', repeat('0', 64) || '{"id":"bob"}', true)`],
    ["asked again with a seal that is none", `select undercroft.ask('{"door":"cli"}', repeat('0', 64))`],
    [
      "told as an entry with a seal that is none",
      `select undercroft.record('{"kind":"read"}', repeat('0', 64))`,
    ],
    [
      "written into the record",
      "insert into audit.pending (kind, actor, door) values ('read', 'user:bob', 'rest')",
    ],
    ["read from the record", "select * from audit.pending"],
    ["as who asks", "select undercroft.who(false)"],
  ])("circumstances %s are refused", async (_, forged) => {
    ward.run = async ({ db }) => {
      await sql.raw(forged).execute(db)
      await db.insertInto("people").values({ name: "forged" }).execute()
    }
    expect(
      (await backend.request(ann, "POST", "/rest/rpc/free", { body: {} })).status,
    ).toBeGreaterThanOrEqual(400)
    expect(await backend.sql("select count(*)::int as n from app.people")).toEqual([{ n: 2 }])
  })

  test("what only reads writes nothing, though it may record", async () => {
    ward.run = async ({ db }) => db.insertInto("people").values({ name: "x" }).execute()
    expect(
      (await backend.request(ann, "POST", "/rest/rpc/look", { body: {} })).status,
    ).toBeGreaterThanOrEqual(400)
    expect(await backend.sql("select count(*)::int as n from app.people")).toEqual([{ n: 2 }])
  })
})

test("a model that is applied is on record, with its hash", async () => {
  const [{ hash }] = await backend.sql("select hash from undercroft_state.schema")
  expect(model).toEqual([{ kind: "model", actor: "database:postgres", detail: { hash } }])
})
