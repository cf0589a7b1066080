/** Apollo's client as it is published, over HTTP: reads, pages that its cache joins, writes, errors, and registered documents. */
import { createHash } from "node:crypto"
import {
  ApolloClient,
  CombinedGraphQLErrors,
  gql,
  HttpLink,
  InMemoryCache,
  ServerError,
} from "@apollo/client"
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries"
import { print, relayStylePagination } from "@apollo/client/utilities"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { documentIdOf } from "../../src/graphql/registered-documents.ts"
import { startTestBackend, type TestBackend, type TestCaller } from "../support/backend.ts"
import { ids, studioBackend } from "../support/studio.ts"

const ada = { id: "ada" }
const paged = gql`
  query Films($first: Int!, $after: Cursor, $filter: FilmFilter) {
    filmCollection(first: $first, after: $after, filter: $filter, orderBy: [{ title: AscNullsLast }]) {
      edges { cursor node { nodeId id title director { nodeId fullName } } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`
const rename = gql`
  mutation Rename($id: UUID!, $title: String!) {
    updateFilmCollection(filter: { id: { eq: $id } }, set: { title: $title }) {
      affectedCount
      records { nodeId title }
    }
  }
`
const registered = gql`query Studios { studioCollection { totalCount } }`
/** As the client sends it: with type names. */
const sent = print(new InMemoryCache().transformDocument(registered))

let backend: TestBackend
let requests: { readonly method: string; readonly body: string }[]
beforeAll(async () => {
  backend = await startTestBackend({
    ...studioBackend,
    graphql: { documents: { [documentIdOf(sent)]: sent } },
  })
}, 60_000)
afterAll(() => backend?.stop())
beforeEach(() => {
  requests = []
})

function cache(): InMemoryCache {
  return new InMemoryCache({
    dataIdFromObject: ({ nodeId }) => (typeof nodeId === "string" ? nodeId : undefined),
    typePolicies: { Query: { fields: { filmCollection: relayStylePagination(["filter", "orderBy"]) } } },
  })
}

async function link(caller: TestCaller | null): Promise<HttpLink> {
  const headers: Record<string, string> = caller
    ? { authorization: `Bearer ${await backend.tokenOf(caller)}` }
    : {}
  return new HttpLink({
    uri: `${backend.url}/graphql`,
    headers,
    fetch: (url, init) => {
      requests.push({ method: init?.method ?? "GET", body: String(init?.body ?? "") })
      return fetch(url, init)
    },
  })
}

async function connect(caller: TestCaller | null): Promise<ApolloClient> {
  return new ApolloClient({ cache: cache(), link: await link(caller) })
}

const titles = (data: any): readonly string[] => data.filmCollection.edges.map((edge: any) => edge.node.title)

test("reads with variables, as the caller, and again from its cache by nodeId", async () => {
  const client = await connect(ada)
  const variables = { first: 10, filter: { director: { first: { eq: "Bo" } } } }
  const { data } = await client.query<any>({ query: paged, variables })
  expect(titles(data)).toEqual(["Beta"])
  expect(data.filmCollection.edges[0].node).toMatchObject({
    __typename: "Film",
    director: { __typename: "Person", fullName: "Bo Birch" },
  })
  await client.query({ query: paged, variables })
  expect(requests).toHaveLength(1)
  const anonymous = await (await connect(null)).query<any>({ query: paged, variables: { first: 10 } })
  expect(titles(anonymous.data)).toEqual(["Alpha"])
})

test("joins pages with relayStylePagination", async () => {
  const client = await connect(ada)
  const query = client.watchQuery<any>({ query: paged, variables: { first: 1 } })
  const first = await query.refetch()
  expect(titles(first.data)).toEqual(["Alpha"])
  const { endCursor, hasNextPage } = (first.data as any).filmCollection.pageInfo
  expect(hasNextPage).toBe(true)
  await query.fetchMore({ variables: { after: endCursor } })
  const { data } = query.getCurrentResult()
  expect(titles(data)).toEqual(["Alpha", "Beta"])
  expect((data as any).filmCollection.pageInfo.hasNextPage).toBe(false)
  query.stop()
})

test("a mutation's records change the rows of its cache", async () => {
  const client = await connect(ada)
  const read = { query: paged, variables: { first: 10 } }
  await client.query(read)
  const { data } = await client.mutate<any>({
    mutation: rename,
    variables: { id: ids.beta, title: "Beta II" },
  })
  expect(data.updateFilmCollection.affectedCount).toBe(1)
  expect(titles(client.readQuery(read))).toEqual(["Alpha", "Beta II"])
  await client.mutate({ mutation: rename, variables: { id: ids.beta, title: "Beta" } })
  expect(requests).toHaveLength(3)
})

describe("errors", () => {
  test("of a document come with their codes", async () => {
    const client = await connect(null)
    const query = gql`{ filmCollection { edges { node { salary } } } }`
    const error = await client.query({ query }).catch((cause: unknown) => cause)
    expect(CombinedGraphQLErrors.is(error)).toBe(true)
    expect((error as CombinedGraphQLErrors).errors).toMatchObject([
      { message: expect.stringContaining("salary"), extensions: { code: "UC341" } },
    ])
  })

  test("of a write come with the field and the catalogue's code", async () => {
    const client = await connect(ada)
    const variables = { id: ids.beta, title: "Alpha" }
    const error = await client.mutate({ mutation: rename, variables }).catch((cause: unknown) => cause)
    expect((error as CombinedGraphQLErrors).errors).toMatchObject([
      { path: ["updateFilmCollection"], extensions: { code: "23505" } },
    ])
  })

  test("beside data leave what else was asked for", async () => {
    const client = await connect(ada)
    const query = gql`{
      good: studioCollection(first: 1) { totalCount }
      bad: publicFilmCollection(filter: { title: { regex: "(" } }) { totalCount }
    }`
    const { data, error } = await client.query<any>({ query, errorPolicy: "all" })
    expect(data).toMatchObject({ good: { totalCount: 2 }, bad: null })
    expect((error as CombinedGraphQLErrors).errors[0]).toMatchObject({ path: ["bad"] })
  })

  test("of a token are the server's", async () => {
    const bad = new HttpLink({ uri: `${backend.url}/graphql`, headers: { authorization: "Bearer none" } })
    const client = new ApolloClient({ cache: cache(), link: bad })
    const error = await client.query({ query: registered }).catch((cause: unknown) => cause)
    expect(ServerError.is(error) && error.statusCode).toBe(401)
  })
})

describe("with its link for persisted queries", () => {
  const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex")

  test("a registered document is asked for by GET, and its text is never sent", async () => {
    const persisted = new PersistedQueryLink({ sha256, useGETForHashedQueries: true })
    const client = new ApolloClient({ cache: cache(), link: persisted.concat(await link(null)) })
    const { data } = await client.query<any>({ query: registered })
    expect(data.studioCollection.totalCount).toBe(2)
    expect(requests).toEqual([{ method: "GET", body: "" }])
  })

  test("another is sent whole after its hash was not found", async () => {
    const persisted = new PersistedQueryLink({ sha256 })
    const client = new ApolloClient({ cache: cache(), link: persisted.concat(await link(null)) })
    const { data } = await client.query<any>({ query: paged, variables: { first: 1 } })
    expect(titles(data)).toEqual(["Alpha"])
    expect(requests.map(({ body }) => Object.hasOwn(JSON.parse(body), "query"))).toEqual([false, true])
  })
})
