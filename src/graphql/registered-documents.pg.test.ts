/** Registered documents: named as the appendix of GraphQL over HTTP and as Apollo's clients do, and where nothing else is answered. */
import { createHash } from "node:crypto"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startTestBackend, type TestAnswer, type TestBackend } from "../../test/support/backend.ts"
import { studioBackend } from "../../test/support/studio.ts"
import { documentIdOf, loadDocuments } from "./registered-documents.ts"

const titles =
  "query Titles($state: FilmStateChoice) { filmCollection(filter: {state: {eq: $state}}, orderBy: [{title: AscNullsLast}]) { edges { node { title } } } }"
const two = "query One { a: __typename }\nquery Two { b: __typename }"
const write = 'mutation { deleteFromFilmCollection(filter: {title: {eq: "Alpha"}}) { affectedCount } }'
const documents = {
  [documentIdOf(titles)]: titles,
  [documentIdOf(two)]: two,
  [documentIdOf(write)]: write,
  "4fe3c1a9c4e1a3bb0ab7a0a1a8a5c9d1": "{ relay: __typename }",
}
const hash = (text: string): string => createHash("sha256").update(text).digest("hex")
const apollo = (text: string): object => ({ persistedQuery: { version: 1, sha256Hash: hash(text) } })

let backend: TestBackend
let closed: TestBackend
beforeAll(async () => {
  backend = await startTestBackend({ ...studioBackend, graphql: { documents } })
  closed = await startTestBackend({ ...studioBackend, graphql: { documents, only: "persisted" } })
}, 60_000)
afterAll(async () => {
  await backend?.stop()
  await closed?.stop()
})

const post = (body: unknown, to: TestBackend = backend): Promise<TestAnswer> =>
  to.request(null, "POST", "/graphql", { body })
const get = (query: Readonly<Record<string, string>>, to: TestBackend = backend): Promise<TestAnswer> =>
  to.request(null, "GET", `/graphql?${new URLSearchParams(query)}`)
const alpha = { filmCollection: { edges: [{ node: { title: "Alpha" } }] } }
const codes = ({ json }: TestAnswer): unknown => json.errors.map((one: any) => one.extensions.code)

describe.each([
  ["beside others", () => backend],
  ["alone", () => closed],
])("registered documents %s", (_, to) => {
  test("are named by documentId, in the body and in the address", async () => {
    const documentId = documentIdOf(titles)
    expect((await post({ documentId }, to())).json).toEqual({ data: alpha })
    const none = { data: { filmCollection: { edges: [] } } }
    const variables = { state: "final" }
    expect((await post({ documentId, variables }, to())).json).toEqual(none)
    expect((await get({ documentId, variables: JSON.stringify(variables) }, to())).json).toEqual(none)
    const relay = { documentId: "4fe3c1a9c4e1a3bb0ab7a0a1a8a5c9d1" }
    expect((await post(relay, to())).json).toEqual({ data: { relay: "Query" } })
  })

  test("are named by Apollo's hash", async () => {
    expect((await post({ extensions: apollo(titles) }, to())).json).toEqual({ data: alpha })
    expect((await get({ extensions: JSON.stringify(apollo(titles)) }, to())).json).toEqual({ data: alpha })
    expect((await post({ query: titles, extensions: apollo(titles) }, to())).json).toEqual({ data: alpha })
  })

  test("have operations to choose from", async () => {
    const documentId = documentIdOf(two)
    expect((await post({ documentId, operationName: "Two" }, to())).json).toEqual({ data: { b: "Query" } })
    expect(codes(await post({ documentId }, to()))).toEqual(["UC343"])
  })

  test("are held to what their method allows", async () => {
    const path = `/graphql?${new URLSearchParams({ documentId: documentIdOf(write) })}`
    const answer = await to().request({ id: "bo" }, "GET", path)
    expect([answer.status, answer.headers.get("allow"), codes(answer)]).toEqual([405, "POST", ["UC345"]])
  })

  test("are asked for in vain where they were not registered", async () => {
    const unknown = "{ filmCollection { totalCount } }"
    for (const body of [
      { documentId: documentIdOf(unknown) },
      { extensions: apollo(unknown) },
      { documentId: "x-own:1" },
    ]) {
      const { status, json } = await post(body, to())
      expect([status, json.errors.length, json.errors[0].message, codes({ json } as TestAnswer)]).toEqual([
        200,
        1,
        "PersistedQueryNotFound",
        ["PERSISTED_QUERY_NOT_FOUND"],
      ])
      const accept = "application/graphql-response+json"
      const typed = await to().request(null, "POST", "/graphql", { body, headers: { accept } })
      expect(typed.status).toBe(400)
    }
  })

  test.each([
    { documentId: "sha256:abc" },
    { documentId: "own:1" },
    { documentId: "a b" },
    { documentId: "" },
    { documentId: 7 },
    { documentId: "x".repeat(201) },
    { extensions: { persistedQuery: { version: 2, sha256Hash: hash("") } } },
    { extensions: { persistedQuery: { version: 1 } } },
    { extensions: { persistedQuery: "a" } },
    { query: "{ __typename }", documentId: documentIdOf(titles) },
    { query: 7, documentId: documentIdOf(titles) },
    {},
  ])("are not named by %j", async (body) => {
    const answer = await post(body, to())
    expect([answer.json.data, codes(answer)]).toEqual([undefined, ["UC343"]])
  })
})

test("what is sent is not registered", async () => {
  const query = "{ studioCollection { totalCount } }"
  expect((await post({ query, extensions: apollo(query) })).json.data).toBeDefined()
  expect(codes(await post({ extensions: apollo(query) }))).toEqual(["PERSISTED_QUERY_NOT_FOUND"])
})

test("alone, they keep out every other document, introspection included", async () => {
  const introspection = "{ __schema { queryType { name } } }"
  for (const query of ["{ __typename }", introspection, titles, "{", `${titles} `]) {
    expect(codes(await post({ query }, closed))).toEqual(["UC350"])
    expect(codes(await get({ query }, closed))).toEqual(["UC350"])
  }
  const own = { query: introspection, extensions: apollo(introspection) }
  expect(codes(await post(own, closed))).toEqual(["UC350"])
  expect((await post({ query: introspection })).json.data).toBeDefined()
})

describe("a list", () => {
  test("comes from a file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "undercroft-documents-"))
    try {
      const file = join(folder, "graphql.documents.json")
      await writeFile(file, JSON.stringify(documents))
      expect(Object.fromEntries(loadDocuments(pathToFileURL(file)))).toEqual(documents)
      await writeFile(file, "{")
      expect(() => loadDocuments(pathToFileURL(file))).toThrow(/documents\.json is not JSON/)
      expect(() => loadDocuments(pathToFileURL(join(folder, "none.json")))).toThrow(
        /can't be read \(ENOENT\)/,
      )
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test.each<[unknown, RegExp]>([
    [[titles], /must be one object/],
    [{ abc: 1 }, /"abc" must have a document/],
    [{ "a b": titles }, /"a b" is no identifier/],
    [{ [documentIdOf(two)]: titles }, /is not the hash of its document/],
  ])("%j is refused", (list, why) => {
    expect(() => loadDocuments(list as Record<string, string>)).toThrow(why)
  })
})
