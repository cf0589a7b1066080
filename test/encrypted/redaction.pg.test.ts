/** Personal values in errors, logs and files: planted through each door, provoked, and searched for. */
import { randomBytes } from "node:crypto"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../support/backend.ts"
import { ward } from "./ward-backend.ts"

const doctor = { id: "doc", roles: ["doctor"] }
/** In the clear in a personal field, and in an encrypted one. */
const [clear, hidden] = ["CLEAR", "HIDDEN"].map((word) => `${word}${randomBytes(8).toString("hex")}`) as [
  string,
  string,
]
const number = `Q${String(randomBytes(4).readUInt32BE()).padStart(9, "0").slice(0, 9)}`
const told: string[] = []
let backend: TestBackend
let person: string

beforeAll(async () => {
  backend = await startTestBackend(ward, {
    onError: ({ code, message, details, hint }) =>
      void told.push(JSON.stringify([code, message, details, hint])),
    onLog: (entry) => void told.push(JSON.stringify(entry)),
  })
  const { json } = await backend.request(doctor, "POST", "/rest/people", {
    body: { ward: "a", name: clear, number, history: hidden },
    headers: { prefer: "return=representation" },
  })
  person = json[0].id
}, 60_000)
afterAll(() => backend.stop())

const nobody = "018ce7a8-0f00-7003-8000-0000000000ff"
const graphql = (query: string, variables: object) => ["POST", "/graphql", { query, variables }] as const

describe("an error quotes no value of the request or the row", () => {
  test.each<[string, () => readonly [method: string, path: string, body?: unknown]]>([
    [
      "a value taken twice",
      () => ["POST", "/rest/people", { ward: "a", name: clear, number, history: hidden }],
    ],
    [
      "a value that does not fit",
      () => ["POST", "/rest/people", { ward: "a", name: clear, number: `${hidden}` }],
    ],
    ["a value of another kind", () => ["POST", "/rest/people", { ward: "a", name: clear, visits: hidden }]],
    [
      "a value that is too long",
      () => ["PATCH", `/rest/people?id=eq.${person}`, { history: hidden.repeat(2000) }],
    ],
    ["a reference to no row", () => ["POST", "/rest/notes", { person: nobody, label: clear, body: hidden }]],
    [
      "a reference that is no key",
      () => ["POST", "/rest/notes", { person: clear, label: "x", body: hidden }],
    ],
    ["a required value that is null", () => ["POST", "/rest/notes", { person, label: null, body: hidden }]],
    [
      "a row of several that does not fit",
      () => [
        "POST",
        "/rest/people",
        [
          { ward: "a", name: clear, history: hidden },
          { ward: null, name: clear, history: hidden },
        ],
      ],
    ],
    ["a filter that is refused", () => ["GET", `/rest/people?history=like.${hidden}`]],
    ["a filter by a value that does not fit", () => ["GET", `/rest/people?visits=eq.${hidden}`]],
    ["a body that is no JSON", () => ["POST", "/rest/people", `{"name":"${clear}",,"history":"${hidden}"}`]],
    ["an action's input", () => ["POST", "/rest/rpc/rewrite", { person: hidden, body: { wrong: clear } }]],
    ["an action that fails", () => ["POST", "/rest/rpc/rewrite", { person: nobody, body: hidden }]],
    [
      "a GraphQL variable",
      () =>
        graphql(
          "mutation ($rows: [PersonInsertInput!]!) { insertIntoPersonCollection(objects: $rows) { affectedCount } }",
          { rows: [{ ward: "a", name: clear, number: hidden }] },
        ),
    ],
    [
      "a GraphQL value taken twice",
      () =>
        graphql(
          "mutation ($rows: [PersonInsertInput!]!) { insertIntoPersonCollection(objects: $rows) { affectedCount } }",
          { rows: [{ ward: "a", name: clear, number, history: hidden }] },
        ),
    ],
  ])("%s", async (_, ask) => {
    const [method, path, body] = ask()
    const { status, json, text } = await backend.request(doctor, method, path, { body })
    expect(status >= 400 || json.errors !== undefined, text).toBe(true)
    for (const one of [clear, hidden, number]) expect(text).not.toContain(one)
  })

  test("nor does what the server tells its log", () => {
    for (const one of [clear, hidden, number]) expect(told.join("\n")).not.toContain(one)
  })
})

/** Every file of the cluster that holds some bytes. */
async function filesWith(directory: string, needle: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const one of await readdir(directory, { withFileTypes: true, recursive: true })) {
    const path = join(one.parentPath, one.name)
    if (one.isFile() && (await readFile(path)).includes(needle)) found.push(path)
  }
  return found
}

test("TR-03161-3 Data_1: no file of the database holds an encrypted value: heap, indexes, write-ahead log", async () => {
  await backend.sql("checkpoint")
  const [{ place, oid }] = await backend.sql(
    "select current_setting('data_directory') as place, (select oid from pg_database where datname = current_database()) as oid",
  )
  const places = [join(place, "base", String(oid)), join(place, "pg_wal")]
  // What is not encrypted is found: the search works.
  expect((await Promise.all(places.map((one) => filesWith(one, clear)))).every((one) => one.length > 0)).toBe(
    true,
  )
  for (const one of places) {
    expect(await filesWith(one, hidden)).toEqual([])
    expect(await filesWith(one, number)).toEqual([])
  }
})
