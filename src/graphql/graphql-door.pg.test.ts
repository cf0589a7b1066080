/** Reading through the door: connections, cursors, filters, nesting and aggregates, as several callers. */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { ask } from "../../test/support/graphql.ts"
import { ids, studioBackend } from "../../test/support/studio.ts"

const ada = { id: "ada" }
const bo = { id: "bo" }

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(studioBackend)
}, 60_000)
afterAll(() => backend?.stop())

const titles = (connection: any): readonly string[] => connection.edges.map((edge: any) => edge.node.title)

test("each caller reads their own rows", async () => {
  const query = "{ filmCollection(orderBy: [{title: AscNullsLast}]) { edges { node { title } } totalCount } }"
  const seen = async (caller: { id: string } | null): Promise<unknown> => {
    const { data } = await ask(backend, caller, query)
    return [titles(data.filmCollection), data.filmCollection.totalCount]
  }
  expect(await seen(null)).toEqual([["Alpha"], 1])
  expect(await seen(ada)).toEqual([["Alpha", "Beta"], 2])
  expect(await seen(bo)).toEqual([["Alpha", "Gamma"], 2])
})

test("rows nest to any depth, with aliases, fragments, conditions and type names", async () => {
  const query = `query ($with: Boolean!, $without: Boolean!) {
    __typename
    studios: studioCollection(filter: {code: {eq: "amber"}}) {
      edges { node { ...S n: name __typename code @skip(if: $without) } }
    }
    none: studioCollection(first: 0) { pageInfo { hasNextPage startCursor } edges { cursor } }
  }
  fragment S on Studio {
    films(orderBy: [{title: DescNullsLast}]) {
      edges { node {
        title
        ... on Film { director { fullName mentor { first } pupils { edges { node { first } } } } }
        actors { edges { node { name person { first } } } }
        views @include(if: $with)
      } }
    }
  }`
  const { data } = await ask(backend, ada, query, { with: true, without: true })
  const film = (title: string, director: unknown, actors: unknown): unknown => ({
    node: { title, director, actors: { edges: actors }, views: "0" },
  })
  const pupils = (...names: string[]): unknown => ({ edges: names.map((first) => ({ node: { first } })) })
  expect(data).toEqual({
    __typename: "Query",
    studios: {
      edges: [
        {
          node: {
            films: {
              edges: [
                film("Beta", { fullName: "Bo Birch", mentor: { first: "Ada" }, pupils: pupils() }, [
                  { node: { name: "Cameo", person: { first: "Ada" } } },
                ]),
                film("Alpha", { fullName: "Ada Ash", mentor: null, pupils: pupils("Bo", "Cy") }, [
                  { node: { name: "Hero", person: { first: "Cy" } } },
                ]),
              ],
            },
            n: "Amber",
            __typename: "Studio",
          },
        },
      ],
    },
    none: { pageInfo: { hasNextPage: true, startCursor: null }, edges: [] },
  })
  expect(Object.keys(data)).toEqual(["__typename", "studios", "none"])
})

test("a row is found by its nodeId, by those who may see it", async () => {
  const found = await ask(
    backend,
    ada,
    '{ filmCollection(filter: {title: {eq: "Beta"}}) { edges { node { nodeId } } } }',
  )
  const nodeId = found.data.filmCollection.edges[0].node.nodeId
  const query =
    "query ($nodeId: ID!) { node(nodeId: $nodeId) { nodeId __typename ... on Film { title director { first } } ... on Studio { code } } }"
  const film = { nodeId, __typename: "Film", title: "Beta", director: { first: "Bo" } }
  expect(await ask(backend, ada, query, { nodeId })).toEqual({ data: { node: film } })
  for (const other of [nodeId.slice(4), "", "%%", btoa('["Nothing","1"]'), btoa("{}"), btoa('["Film"]')])
    expect(await ask(backend, ada, query, { nodeId: other })).toEqual({ data: { node: null } })
  expect(await ask(backend, bo, query, { nodeId })).toEqual({ data: { node: null } })
})

test("a filter by nodeId finds what node does, and nothing by the nodeId of something else", async () => {
  const query = `query ($nodeId: ID!) {
    is: filmCollection(filter: {nodeId: {eq: $nodeId}}) { edges { node { title } } }
    not: filmCollection(filter: {not: {nodeId: {eq: $nodeId}}}) { edges { node { title } } }
  }`
  const beta = btoa(JSON.stringify(["Film", ids.beta]))
  const found = async (caller: { id: string }, nodeId: string): Promise<unknown> => {
    const { data } = await ask(backend, caller, query, { nodeId })
    return [titles(data.is), titles(data.not)]
  }
  expect(await found(ada, beta)).toEqual([["Beta"], ["Alpha"]])
  expect(await found(bo, beta)).toEqual([[], ["Alpha", "Gamma"]])
  for (const other of [
    "",
    "%%",
    btoa(JSON.stringify(["Studio", ids.beta])),
    btoa('["Film"]'),
    btoa('["Film", null]'),
  ])
    expect(await found(ada, other)).toEqual([[], ["Alpha", "Beta"]])
  const wrong = await ask(backend, ada, "{ filmCollection(filter: {nodeId: {eq: null}}) { totalCount } }")
  expect(wrong.errors?.map((one) => one.extensions.code)).toEqual(["UC341"])
})

test("values are sent as their scalars say, and answer what is asked of them", async () => {
  const fields =
    "title released length rating budget views isPublic tags facts place call state studioId directorId"
  const { data } = await ask(
    backend,
    ada,
    `{ filmCollection(filter: {id: {eq: "${ids.alpha}"}}) { edges { node { ${fields} } } } }`,
  )
  expect(data.filmCollection.edges[0].node).toEqual({
    title: "Alpha",
    released: "2020-02-29",
    length: 90,
    rating: "7.5",
    budget: "9007199254740993",
    views: "0",
    isPublic: true,
    tags: ["a", "b c"],
    facts: { camera: { make: "X" } },
    place: { latitude: 52.5, longitude: 13.4 },
    call: null,
    state: "draft",
    studioId: "amber",
    directorId: ids.ada,
  })
})

describe("filters", () => {
  const cases: readonly (readonly [filter: string, titles: readonly string[]])[] = [
    ['{title: {eq: "Alpha"}}', ["Alpha"]],
    ['{title: {neq: "Alpha"}}', ["Beta"]],
    ['{title: {in: ["Beta", "Gamma"]}}', ["Beta"]],
    ['{title: {startsWith: "Al"}}', ["Alpha"]],
    ['{title: {startsWith: "%"}}', []],
    ['{title: {like: "%a"}}', ["Alpha", "Beta"]],
    ['{title: {ilike: "b%"}}', ["Beta"]],
    ['{title: {regex: "^B"}}', ["Beta"]],
    ["{length: {gt: 90}}", ["Beta"]],
    ["{length: {gte: 90, lte: 90}}", ["Alpha"]],
    ["{length: {lt: 90}}", []],
    ["{released: {is: NULL}}", ["Beta"]],
    ["{released: {is: NOT_NULL}}", ["Alpha"]],
    ['{budget: {eq: "9007199254740993"}}', ["Alpha"]],
    ["{budget: {eq: 9007199254740993}}", ["Alpha"]],
    ["{isPublic: {eq: true}}", ["Alpha"]],
    ["{state: {eq: draft}}", ["Alpha", "Beta"]],
    ['{tags: {contains: ["b c"]}}', ["Alpha"]],
    ['{tags: {overlaps: ["a", "z"]}}', ["Alpha"]],
    ['{tags: {eq: ["a", "b c"]}}', ["Alpha"]],
    ['{facts: {contains: {camera: {make: "X"}}}}', ["Alpha"]],
    ["{not: {isPublic: {eq: true}}}", ["Beta"]],
    ['{or: [{title: {eq: "Alpha"}}, {length: {eq: 120}}]}', ["Alpha", "Beta"]],
    ['{and: [{title: {eq: "Alpha"}}, {length: {eq: 120}}]}', []],
    ["{or: []}", []],
    ["{and: []}", ["Alpha", "Beta"]],
    ["{}", ["Alpha", "Beta"]],
    ['{director: {first: {eq: "Bo"}}}', ["Beta"]],
    ['{director: {mentor: {first: {eq: "Ada"}}}}', ["Beta"]],
    ['{actors: {some: {person: {first: {eq: "Cy"}}}}}', ["Alpha"]],
    ['{actors: {none: {person: {first: {eq: "Cy"}}}}}', ["Beta"]],
    ["{actors: {some: {}}}", ["Alpha", "Beta"]],
    ['{not: {director: {first: {eq: "Bo"}}}}', ["Alpha"]],
    ['{studio: {films: {some: {title: {eq: "Alpha"}}}}}', ["Alpha", "Beta"]],
    // Blue's own film: what the caller can't see is not found through a relation either.
    ['{director: {pupils: {some: {first: {eq: "Cy"}}}}}', ["Alpha"]],
  ]
  test.each(cases)("%s", async (filter, expected) => {
    const query = `{ filmCollection(orderBy: [{title: AscNullsLast}], filter: ${filter}) { edges { node { title } } } }`
    const answer = await ask(backend, ada, query)
    expect(answer.errors).toBeUndefined()
    expect(titles(answer.data.filmCollection)).toEqual(expected)
  })

  test("through a relation ask only rows that the caller may see", async () => {
    const query =
      '{ studioCollection(filter: {films: {some: {title: {eq: "Gamma"}}}}) { edges { node { code } } } }'
    expect((await ask(backend, ada, query)).data.studioCollection.edges).toEqual([])
    expect((await ask(backend, bo, query)).data.studioCollection.edges).toEqual([{ node: { code: "blue" } }])
  })

  test("a null is refused, and so is a value that is none", async () => {
    const code = async (filter: unknown): Promise<unknown> => {
      const query = "query ($filter: FilmFilter) { filmCollection(filter: $filter) { totalCount } }"
      return (await ask(backend, ada, query, { filter })).errors?.[0]?.extensions.code
    }
    expect(await code({ title: { eq: null } })).toBe("UC344")
    expect(await code({ director: null })).toBe("UC344")
    expect(await code({ id: { eq: "x" } })).toBe("22P02")
    expect(await code({ released: { gt: "2021-02-30" } })).toBe("22008")
    expect(await code({ length: { eq: "x" } })).toBe("UC341")
  })
})

test("aggregates are of all rows that fit", async () => {
  const query = `{ filmCollection(first: 1, filter: {title: {neq: "x"}}) {
    totalCount
    aggregate { count n: count __typename sum { length budget } avg { length } min { title views } max { released rating } }
  } }`
  const { data } = await ask(backend, ada, query)
  expect(data.filmCollection).toEqual({
    totalCount: 2,
    aggregate: {
      count: 2,
      n: 2,
      __typename: "FilmAggregate",
      sum: { length: "210", budget: "9007199254740993" },
      avg: { length: "105.0000000000000000" },
      min: { title: "Alpha", views: "0" },
      max: { released: "2020-02-29", rating: "7.5" },
    },
  })
})

test("a page has a size within limits", async () => {
  const code = async (args: string): Promise<unknown> =>
    (await ask(backend, ada, `{ filmCollection(${args}) { totalCount } }`)).errors?.[0]?.extensions.code
  expect(await code("first: -1")).toBe("UC344")
  expect(await code("first: 1, last: 1")).toBe("UC344")
  expect(await code("first: 1001")).toBe("UC301")
  expect(await code("offset: -1")).toBe("UC344")
  expect(await code('after: "x"')).toBe("UC340")
  expect(await code(`after: "${btoa('["a","b","c"]')}"`)).toBe("UC340")
  expect(await code("orderBy: [{title: AscNullsLast, length: AscNullsLast}]")).toBe("UC344")
})

test("one field that can't be answered leaves the others", async () => {
  const query = `{ good: filmCollection { totalCount } bad: filmCollection(filter: {title: {regex: "("}}) { totalCount } }`
  const { data, errors } = await ask(backend, ada, query)
  expect(data).toEqual({ good: { totalCount: 2 }, bad: null })
  expect(errors).toMatchObject([{ path: ["bad"], extensions: { code: "2201B" } }])
})
