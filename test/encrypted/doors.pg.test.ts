/** Encrypted fields through every door: written and read as any other, and never in the database as they are. */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../support/backend.ts"
import { ward } from "./ward-backend.ts"

const doctor = { id: "doc", roles: ["doctor"] }
const nurse = { id: "nurse", roles: ["nurse"] }
const canary = "CANARY-7f3a"
let backend: TestBackend
let person: string

/** Everything in all tables, as text: encrypted values in hexadecimal and as their bytes say. */
async function dump(): Promise<string> {
  const tables = await backend.sql(
    "select format('%I.%I', table_schema, table_name) as name from information_schema.tables where table_schema in ('app', 'undercroft_state', 'accounts') and table_type = 'BASE TABLE'",
  )
  const texts = await Promise.all(
    tables.map(async ({ name }) => JSON.stringify(await backend.sql(`select t::text from ${name} t`))),
  )
  return texts.join("\n")
}

async function insertPerson(row: object): Promise<any> {
  const { status, json, text } = await backend.request(doctor, "POST", "/rest/people", {
    body: { ward: "a", name: "Ada", ...row },
    headers: { prefer: "return=representation" },
  })
  expect(status, text).toBe(201)
  return json[0]
}

beforeAll(async () => {
  backend = await startTestBackend(ward)
  person = (await insertPerson({ number: "A123456789", history: `${canary} history "quoted", \\ and\nnew` }))
    .id
}, 60_000)
afterAll(() => backend.stop())

describe("REST", () => {
  const full = {
    number: "B000000001",
    history: `${canary} of all kinds`,
    allergies: [canary, 'x"y'],
    consents: true,
    weight: "70.50",
    visits: 12,
    extra: { deep: [canary, null, 1.5] },
  }

  test("every kind comes back as it was written, from the insert and from a read", async () => {
    const made = await insertPerson(full)
    expect(made).toMatchObject(full)
    const read = await backend.request(doctor, "GET", `/rest/people?id=eq.${made.id}`)
    expect(read.json).toEqual([made])
  })

  test("what is stored says nothing: no table holds the value", async () => {
    const text = await dump()
    expect(text).not.toContain(canary)
    expect(text).not.toContain(Buffer.from(canary).toString("hex"))
    expect(text).not.toContain("A123456789")
  })

  test("bulk inserts, updates and deletes", async () => {
    const rows = ["one", "two", "three"].map((body) => ({ person, label: "bulk", body: `${canary} ${body}` }))
    const made = await backend.request(doctor, "POST", "/rest/notes", {
      body: rows,
      headers: { prefer: "return=representation" },
    })
    expect(made.json.map((one: any) => one.body)).toEqual(rows.map((one) => one.body))
    const changed = await backend.request(doctor, "PATCH", "/rest/notes?label=eq.bulk&select=body", {
      body: { body: `${canary} all` },
      headers: { prefer: "return=representation" },
    })
    expect(changed.json).toEqual([1, 2, 3].map(() => ({ body: `${canary} all` })))
    const stored = await backend.sql("select distinct body from app.notes where label = 'bulk'")
    expect(stored).toHaveLength(3)
    const gone = await backend.request(doctor, "DELETE", "/rest/notes?label=eq.bulk&select=body", {
      headers: { prefer: "return=representation" },
    })
    expect(gone.json).toHaveLength(3)
    expect(gone.json[0].body).toBe(`${canary} all`)
  })

  test("an upsert writes rows that are there, and rows that are not", async () => {
    const [there] = (
      await backend.request(doctor, "POST", "/rest/notes", {
        body: { person, label: "upsert", body: "first" },
        headers: { prefer: "return=representation" },
      })
    ).json
    const other = await insertPerson({ name: "Other" })
    const fresh = "018ce7a8-0f00-7003-8000-00000000aaaa"
    const answer = await backend.request(doctor, "POST", "/rest/notes?select=id,person,body&order=id", {
      // The reference of a row that is there stays, whatever is sent.
      body: [
        { id: there.id, person: other.id, label: "upsert", body: "second" },
        { id: fresh, person, label: "upsert", body: "new" },
      ],
      headers: { prefer: "return=representation,resolution=merge-duplicates" },
    })
    expect(answer.status, answer.text).toBe(201)
    const read = await backend.request(
      doctor,
      "GET",
      "/rest/notes?label=eq.upsert&select=id,person,body&order=id",
    )
    expect(read.json).toEqual(
      [
        { id: there.id, person, body: "second" },
        { id: fresh, person, body: "new" },
      ].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    )
    const put = await backend.request(doctor, "PUT", `/rest/notes?id=eq.${fresh}`, {
      body: { id: fresh, person, label: "upsert", body: "put" },
    })
    expect(put.status, put.text).toBeLessThan(300)
    const after = await backend.request(doctor, "GET", `/rest/notes?id=eq.${fresh}&select=body`)
    expect(after.json).toEqual([{ body: "put" }])
  })

  test("the person may stand two references away, and rows come embedded and spread", async () => {
    const [note] = (
      await backend.request(doctor, "POST", "/rest/notes", {
        body: { person, label: "far", body: `${canary} note` },
        headers: { prefer: "return=representation" },
      })
    ).json
    const remark = await backend.request(doctor, "POST", "/rest/remarks?select=words,note(body)", {
      body: { note: note.id, words: `${canary} remark` },
      headers: { prefer: "return=representation" },
    })
    expect(remark.json).toEqual([{ words: `${canary} remark`, note: { body: `${canary} note` } }])
    const read = await backend.request(
      doctor,
      "GET",
      "/rest/people?select=number,notes(body,remarks(words))&notes.label=eq.far&name=eq.Ada&number=not.is.null&order=name&limit=1&number=eq.A123456789",
    )
    expect(read.json).toEqual([
      { number: "A123456789", notes: [{ body: `${canary} note`, remarks: [{ words: `${canary} remark` }] }] },
    ])
    const spread = await backend.request(doctor, "GET", "/rest/remarks?select=words,...note(text:body)")
    expect(spread.json).toEqual([{ words: `${canary} remark`, text: `${canary} note` }])
    const nowhere = await backend.request(doctor, "POST", "/rest/remarks", {
      body: { note: "018ce7a8-0f00-7003-8000-0000000000ff", words: "x" },
    })
    expect([nowhere.status, nowhere.json.code]).toEqual([409, "23503"])
  })

  test("CSV is written and read", async () => {
    const csv = `person,label,body\n${person},csv,"a ""quoted"", text"\n`
    const made = await backend.request(doctor, "POST", "/rest/notes", {
      body: csv,
      headers: { "content-type": "text/csv" },
    })
    expect(made.status, made.text).toBe(201)
    const url = `${backend.url}/rest/notes?label=eq.csv&select=label,body,person(history)`
    const response = await fetch(url, {
      headers: { accept: "text/csv", authorization: `Bearer ${await backend.tokenOf(doctor)}` },
    })
    const text = await response.text()
    expect(text.split("\n").slice(0, 2).join("\n")).toBe(
      `label,body,person\ncsv,"a ""quoted"", text","{""history"":""${canary} history \\""quoted\\"", \\\\ and\\nnew""}"`,
    )
  })

  test("a request that is repeated under a key is answered the same, and its kept answer is encrypted", async () => {
    const ask = () =>
      backend.request(doctor, "POST", "/rest/notes?select=body", {
        body: { person, label: "once", body: `${canary} once` },
        headers: { prefer: "return=representation", "idempotency-key": "k-1" },
      })
    const [first, second] = [await ask(), await ask()]
    expect(first.json).toEqual([{ body: `${canary} once` }])
    expect(second.json).toEqual(first.json)
    expect(await dump()).not.toContain(canary)
  })

  test("what only doctors see stays so", async () => {
    const read = await backend.request(nurse, "GET", "/rest/people?select=*&name=eq.Ada&number=eq.A123456789")
    expect(read.json[0].number).toBe("A123456789")
    expect(read.json[0]).not.toHaveProperty("history")
  })
})

describe("searching", () => {
  const ask = (query: string) => backend.request(doctor, "GET", `/rest/people?select=id&${query}`)

  test("equal values are found, null is, and nothing else", async () => {
    expect((await ask("number=eq.A123456789")).json).toEqual([{ id: person }])
    expect((await ask("number=in.(A123456789,Z999999999)")).json).toEqual([{ id: person }])
    expect((await ask("number=eq.Z999999999")).json).toEqual([])
    expect((await ask("number=neq.A123456789&number=not.is.null")).json.length).toBeGreaterThan(0)
    expect((await ask("number=not.eq.A123456789")).json).not.toContainEqual({ id: person })
  })

  test("a findable field can be unique", async () => {
    const again = await backend.request(doctor, "POST", "/rest/people", {
      body: { ward: "a", name: "Twice", number: "A123456789" },
    })
    expect([again.status, again.json.code]).toEqual([409, "23505"])
    expect(again.text).not.toContain("A123456789")
  })

  test.each([
    ["order=number", "ordered"],
    ["number=gt.A", "gt"],
    ["number=like.A*", "like"],
    ["number=eq(any).{A,B}", "eq"],
    ["history=eq.x", "searched"],
    ["select=number::text", "cast"],
    ["select=number.max()", "aggregated"],
    ["select=number,count()", "grouped"],
    ["select=ward,notes(count())&notes.body=fts.x", "searched"],
    ["select=extra->deep", "taken apart"],
  ])("%s is refused clearly", async (query, word) => {
    const { status, json } = await backend.request(doctor, "GET", `/rest/people?${query}`)
    expect([status, json.code]).toEqual([400, "UC330"])
    expect(json.message).toContain(word)
  })

  test("the index of one field says nothing of another's, nor of another backend's", async () => {
    const found = await backend.sql(
      `select "number$index" as i from app.people where "number$index" is not null`,
    )
    expect(found.every((one) => one.i.length === 16)).toBe(true)
    expect(new Set(found.map((one) => one.i.toString("hex"))).size).toBe(found.length)
  })
})

describe("GraphQL", () => {
  const ask = async (query: string, variables: object = {}) => {
    const { json } = await backend.request(doctor, "POST", "/graphql", { body: { query, variables } })
    return json
  }

  test("reads, filters and writes", async () => {
    const { data, errors } = await ask(
      `{ personCollection(first: 1, filter: {number: {eq: "A123456789"}}) { edges { node { id number allergies notes(first: 1, filter: {label: {eq: "far"}}) { edges { node { body } } } } } } }`,
    )
    expect(errors).toBeUndefined()
    const { node } = Object.values<any>(data)[0].edges[0]
    expect(node).toMatchObject({ number: "A123456789" })
    expect(JSON.stringify(node)).toContain(`${canary} note`)
    const made = await ask(
      `mutation ($rows: [NoteInsertInput!]!) { insertIntoNoteCollection(objects: $rows) { records { id body person { number } } } }`,
      { rows: [{ personId: person, label: "graphql", body: `${canary} graphql` }] },
    )
    expect(JSON.stringify(made), JSON.stringify(made)).toContain(`${canary} graphql`)
  })

  test("offers no more than can be asked", async () => {
    const { data } = await ask(
      `{ people: __type(name: "PersonFilter") { inputFields { name type { name inputFields { name } } } } order: __type(name: "PersonOrderBy") { inputFields { name } } }`,
    )
    const asked = Object.fromEntries(
      data.people.inputFields.map((one: any) => [
        one.name,
        one.type.inputFields?.map((each: any) => each.name),
      ]),
    )
    expect(asked.number).toEqual(["eq", "neq", "in", "is"])
    expect(asked.allergies).toEqual(["is"])
    expect(data.order.inputFields.map((one: any) => one.name)).not.toContain("number")
  })
})

describe("programs", () => {
  test("an action reads, finds and writes encrypted fields by db", async () => {
    const { json, text } = await backend.request(doctor, "POST", "/rest/rpc/rewrite", {
      body: { person, body: `${canary} action` },
      headers: { "idempotency-key": "action-1" },
    })
    expect(json, text).toMatchObject({
      found: [{ id: person, number: "A123456789" }],
      notes: [{ body: `${canary} action, changed` }],
    })
    const again = await backend.request(doctor, "POST", "/rest/rpc/rewrite", {
      body: { person, body: `${canary} action` },
      headers: { "idempotency-key": "action-1" },
    })
    expect(again.json).toEqual(json)
    expect(await dump()).not.toContain(canary)
  })

  test("steps beyond the caller's rights read and find encrypted fields, and write none", async () => {
    const beyond = async (what: string, value: string): Promise<any> =>
      (await backend.request(doctor, "POST", "/rest/rpc/beyond", { body: { do: what, value } })).json
    const [{ number, history }] = await beyond("find", "A123456789")
    expect([number, history]).toEqual(["A123456789", expect.stringContaining(canary)])
    const joined = await beyond("join", person)
    expect(joined).toContainEqual({ body: expect.stringContaining(canary), whose: "A123456789" })
    const changed = await beyond("label", person)
    const seen = await backend.request(
      doctor,
      "GET",
      `/rest/notes?person=eq.${person}&order=id&select=label,body`,
    )
    const byKey = changed.toSorted((one: any, other: any) => (one.id < other.id ? -1 : 1))
    expect(byKey.map(({ label, body }: any) => ({ label, body }))).toEqual(seen.json)
    expect(seen.json).toContainEqual({ label: "seen", body: expect.stringContaining(canary) })
    for (const refused of ["order", "write"])
      expect(await beyond(refused, person)).toMatchObject({ code: "UC702" })
    expect(await beyond("raw", person)).toMatchObject({ code: "UC690" })
    expect(await dump()).not.toContain("in clear")
  })

  test("what the database can't do it is not asked", async () => {
    const { status, json } = await backend.request(doctor, "POST", "/rest/rpc/orderByNote", { body: {} })
    expect([status, json.code]).toEqual([400, "UC330"])
  })

  test("a hook is shown values, and what it completes is encrypted", async () => {
    const made = await backend.request(doctor, "POST", "/rest/diaries", {
      body: { person, entry: `${canary} day` },
      headers: { prefer: "return=representation" },
    })
    expect(made.json?.[0], made.text).toMatchObject({
      summary: `about: ${canary} day`,
      length: canary.length + 4,
    })
    const changed = await backend.request(doctor, "PATCH", `/rest/diaries?id=eq.${made.json[0].id}`, {
      body: { entry: `${canary} night` },
      headers: { prefer: "return=representation" },
    })
    expect(changed.json?.[0], changed.text).toMatchObject({
      entry: `${canary} night`,
      summary: `about: ${canary} night`,
    })
    expect(await dump()).not.toContain(canary)
  })

  test("SQL can't store a value as it is", async () => {
    await expect(backend.sql("update app.notes set body = 'in the clear'")).rejects.toThrow(
      /notes_body_check/,
    )
  })
})
