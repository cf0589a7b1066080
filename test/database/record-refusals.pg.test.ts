/** What is refused, and what fails in the database, is on record, whichever check refuses it; a flood is counted. */
import { connect } from "node:net"
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest"
import { startTestBackend, type TestBackend, type TestCaller } from "../support/backend.ts"
import { ward, wardBackend } from "../support/ward-backend.ts"

let backend: TestBackend
const ann: TestCaller = { id: "ann" }
const eve = "00000000-0000-7000-8000-00000000000e"
const nobody = "00000000-0000-7000-8000-0000000000ff"

beforeAll(async () => {
  backend = await startTestBackend(wardBackend)
  await backend.sql(
    `insert into app.people (id, name) values ('${eve}', 'Eve'); insert into app.stays (id, person) values ('${eve}', '${eve}')`,
  )
})
afterAll(() => backend?.stop())
beforeEach(async () => {
  ward.run = null
  await backend.sql("truncate audit.pending")
})

const entries = (): Promise<any[]> =>
  backend.sql("select * from audit.pending where kind in ('denied', 'failed') order by at")

test.each<
  readonly [name: string, ask: () => Promise<{ readonly status: number }>, status: number, entry: object]
>([
  [
    "a token that is none",
    () => backend.request(null, "GET", "/rest/sheets", { headers: { authorization: "Bearer a.b.c" } }),
    401,
    { kind: "denied", result: "PGRST301", actor: "anonymous", door: "rest", entity: null },
  ],
  [
    "a write that is not allowed",
    () => backend.request(null, "POST", "/rest/notes", { body: { stay: eve, words: "x" } }),
    401,
    { kind: "denied", result: "42501", actor: "anonymous", entity: "Note", detail: { verb: "insert" } },
  ],
  [
    "a write by key that is refused, with the row and the person that it names",
    () => backend.request(ann, "PATCH", `/rest/people?id=eq.${eve}`, { body: { nothing: "x" } }),
    400,
    { kind: "denied", entity: "Person", rows: [eve], subjects: [`Person:${eve}`] },
  ],
  [
    "an insert for whom there is not, with the person whose it would be",
    () => backend.request(ann, "POST", "/rest/stays", { body: { person: nobody } }),
    409,
    { kind: "failed", entity: "Stay", rows: null, subjects: [`Person:${nobody}`] },
  ],
  [
    "a read by key that is refused, and by what is no key",
    () => backend.request(ann, "GET", `/rest/people?select=secret&id=in.(${eve},Eve)`),
    400,
    { kind: "denied", entity: "Person", rows: [eve], subjects: [`Person:${eve}`] },
  ],
  [
    "a field that is not known, of an entity whose reads are on record",
    () => backend.request(ann, "GET", "/rest/people?select=secret"),
    400,
    { kind: "denied", result: "42703", actor: "user:ann", entity: "Person", detail: { verb: "read" } },
  ],
  [
    "a purpose that is missing",
    () => backend.request(ann, "GET", "/rest/researches"),
    403,
    { kind: "denied", result: "UC620", actor: "user:ann", entity: "Research" },
  ],
  [
    "a filter that fails on a row: it may have told something",
    () => backend.request(ann, "GET", "/rest/people?select=name::int"),
    400,
    { kind: "failed", actor: "user:ann", entity: "Person", detail: { verb: "read" } },
  ],
  [
    "an action that may not be called",
    () => backend.request(null, "POST", "/rest/rpc/beyond", { body: {} }),
    401,
    { kind: "denied", result: "42501", actor: "anonymous", door: "rpc", detail: { action: "beyond" } },
  ],
  [
    "a mutation",
    () =>
      backend.request({ id: "eve" }, "POST", "/graphql", {
        body: {
          query: `mutation { insertIntoStayCollection(objects: [{personId: "${crypto.randomUUID()}"}]) { affectedCount } }`,
        },
      }),
    200,
    { kind: "failed", result: "23503", actor: "user:eve", door: "graphql", entity: "Stay" },
  ],
])("HIPAA 164.312(b): %s", async (_, ask, status, entry) => {
  expect((await ask()).status).toBe(status)
  expect(await entries()).toMatchObject([entry])
})

test("what is no refusal leaves nothing: nothing there, and what can't be read", async () => {
  await backend.request(ann, "GET", "/rest/nothing")
  await backend.request(ann, "GET", "/rest/sheets?limit=x")
  await backend.request(ann, "GET", "/rest/sheets?select=nothing")
  expect(await entries()).toEqual([])
})

test("a flood is counted, and nothing of it is lost", async () => {
  const headers = { authorization: "Bearer d.e.f", "x-purpose": "treatment" }
  const flood = Array.from({ length: 60 }, () => backend.request(null, "GET", "/rest/stays", { headers }))
  expect((await Promise.all(flood)).every((one) => one.status === 401)).toBe(true)
  const counted = async (): Promise<number> =>
    (await entries()).reduce((sum, one) => sum + (one.detail?.count ?? 1), 0)
  await vi.waitUntil(async () => (await counted()) === 60, { timeout: 5000, interval: 100 })
  expect((await entries()).length).toBeLessThan(30)
})

test("TR-03161-3 Ntwk_8: a connection that ends before it was a request is on record, with where it came from", async () => {
  const { hostname, port } = new URL(backend.url)
  const send = (bytes: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let answer = ""
      const socket = connect(Number(port), hostname, () => socket.write(bytes))
      socket.on("data", (data) => (answer += data))
      socket.on("close", () => resolve(answer)).on("error", reject)
    })
  expect(await send("this is no HTTP\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /)
  // A refusal is answered before it is on record.
  await vi.waitFor(async () => expect(await entries()).toHaveLength(1))
  expect(await send(`GET / HTTP/1.1\r\nx: ${"y".repeat(90_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /)
  await vi.waitFor(async () => expect(await entries()).toHaveLength(2))
  expect(await entries()).toMatchObject([
    { kind: "denied", result: "UC323", door: "http", actor: "anonymous", address: "127.0.0.1" },
    { kind: "denied", result: "UC324", door: "http", actor: "anonymous", address: "127.0.0.1" },
  ])
})
