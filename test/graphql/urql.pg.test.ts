/** urql's client as it is published, over HTTP: reads, pages, writes that make its cache ask again, errors, and GET. */
import {
  cacheExchange,
  createClient,
  createRequest,
  fetchExchange,
  gql,
  type OperationResult,
} from "@urql/core"
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest"
import { documentIdOf } from "../../src/graphql/registered-documents.ts"
import { startTestBackend, type TestBackend, type TestCaller } from "../support/backend.ts"
import { ids, studioBackend } from "../support/studio.ts"

const ada = { id: "ada" }
const films = gql`
  query Films($first: Int, $after: Cursor) {
    filmCollection(first: $first, after: $after, orderBy: [{ title: AscNullsLast }]) {
      edges { node { nodeId title state actors { edges { node { name } } } } }
      pageInfo { hasNextPage endCursor }
    }
  }
`
const finish = gql`
  mutation Finish($id: UUID!, $state: FilmStateChoice!) {
    updateFilmCollection(filter: { id: { eq: $id } }, set: { state: $state }) { records { nodeId state } }
  }
`
const registered = "query Studios { studioCollection { totalCount } }"

let backend: TestBackend
let methods: string[]
beforeAll(async () => {
  backend = await startTestBackend({
    ...studioBackend,
    graphql: { documents: { [documentIdOf(registered)]: registered } },
  })
}, 60_000)
afterAll(() => backend?.stop())
beforeEach(() => {
  methods = []
})

async function connect(caller: TestCaller | null): Promise<ReturnType<typeof createClient>> {
  const authorization = caller ? `Bearer ${await backend.tokenOf(caller)}` : ""
  return createClient({
    url: `${backend.url}/graphql`,
    exchanges: [cacheExchange, fetchExchange],
    preferGetMethod: true,
    fetchOptions: () => (caller ? { headers: { authorization } } : {}),
    fetch: (url, init) => {
      methods.push(init?.method ?? "GET")
      return fetch(url, init)
    },
  })
}

const titles = (data: any): readonly string[] => data.filmCollection.edges.map((edge: any) => edge.node.title)

test("reads by GET, page after page, and again from its cache", async () => {
  const client = await connect(ada)
  const first = await client.query(films, { first: 1 }).toPromise()
  expect([first.error, titles(first.data)]).toEqual([undefined, ["Alpha"]])
  const after = first.data.filmCollection.pageInfo.endCursor
  const second = await client.query(films, { first: 1, after }).toPromise()
  expect([titles(second.data), second.data.filmCollection.pageInfo.hasNextPage]).toEqual([["Beta"], false])
  await client.query(films, { first: 1 }).toPromise()
  expect(methods).toEqual(["GET", "GET"])
  expect(titles((await (await connect(null)).query(films, {}).toPromise()).data)).toEqual(["Alpha"])
})

test("a mutation is sent by POST, and what shows its type is asked for again", async () => {
  const client = await connect(ada)
  const states = async (): Promise<unknown> =>
    (await client.query(films, {}).toPromise()).data.filmCollection.edges.map((one: any) => one.node.state)
  expect(await states()).toEqual(["draft", "draft"])
  const { data, error } = await client.mutation(finish, { id: ids.alpha, state: "final" }).toPromise()
  expect(error).toBeUndefined()
  expect(data.updateFilmCollection.records).toMatchObject([{ state: "final" }])
  expect(await states()).toEqual(["final", "draft"])
  expect(methods).toEqual(["GET", "POST", "GET"])
})

test("errors come with their codes, those of variables, too", async () => {
  const client = await connect(null)
  const wrong = await client.query("{ filmCollection { salary } }", {}).toPromise()
  expect(wrong.error?.graphQLErrors.map((one) => one.extensions["code"])).toEqual(["UC341"])
  const invalid = await client.query(films, { first: "many" }).toPromise()
  expect(invalid.error?.graphQLErrors[0]?.message).toContain("$first")
  const denied = await client.mutation("mutation { updateFilmCollection { affectedCount } }", {}).toPromise()
  expect(denied.error?.graphQLErrors).toHaveLength(1)
  expect(denied.data).toBeFalsy()
})

test("a registered document is asked for by its hash, without its text", async () => {
  const client = await connect(null)
  const askFor = (text: string): Promise<OperationResult> => {
    const persistedQuery = { version: 1, sha256Hash: documentIdOf(text).slice("sha256:".length) } as const
    return client.executeQuery(createRequest(text, {}, { persistedQuery })).toPromise()
  }
  const { data, error } = await askFor(registered)
  expect([error, data.studioCollection.totalCount]).toEqual([undefined, 2])
  const refused = await askFor("{ filmCollection { totalCount } }")
  expect(refused.error?.graphQLErrors.map((one) => one.message)).toEqual(["PersistedQueryNotFound"])
})
