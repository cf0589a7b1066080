/** Writing through the door: what comes back, how much may be touched, and that all of a document happens or nothing. */
import { afterAll, beforeEach, describe, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { ask } from "../../test/support/graphql.ts"
import { studioBackend } from "../../test/support/studio.ts"

const ada = { id: "ada" }
const agent = { id: "gil", roles: ["agent"] }

let backend: TestBackend | null = null
beforeEach(async () => {
  await backend?.stop()
  backend = await startTestBackend(studioBackend)
}, 60_000)
afterAll(() => backend?.stop())

const films = (): Promise<unknown> => backend!.sql("select title, length from app.films order by title")
const before = [
  { title: "Alpha", length: 90 },
  { title: "Beta", length: 120 },
  { title: "Gamma", length: 90 },
]

test("rows are inserted, and come back in their order with what is related", async () => {
  const query = `mutation ($objects: [FilmInsertInput!]!) {
    insertIntoFilmCollection(objects: $objects) {
      __typename
      count: affectedCount
      records { title length state tags budget studio { name } actors { totalCount } }
      again: records { nodeId t: title }
    }
  }`
  const objects = [
    { studioId: "amber", title: "Zeta", state: "final", budget: "12", tags: ["x"] },
    { studioId: "amber", title: "Eta", length: 5 },
  ]
  const { data, errors } = await ask(backend!, ada, query, { objects })
  expect(errors).toBeUndefined()
  const common = { studio: { name: "Amber" }, actors: { totalCount: 0 } }
  expect(data.insertIntoFilmCollection).toMatchObject({
    __typename: "FilmInsertResponse",
    count: 2,
    records: [
      { title: "Zeta", length: 90, state: "final", tags: ["x"], budget: "12", ...common },
      { title: "Eta", length: 5, state: "draft", tags: [], budget: null, ...common },
    ],
    again: [{ t: "Zeta" }, { t: "Eta" }],
  })
  expect(Object.keys(data.insertIntoFilmCollection)).toEqual(["__typename", "count", "records", "again"])
})

test("rows are updated and deleted, found through relations too", async () => {
  const update = `mutation { updateFilmCollection(set: {length: 7}, filter: {director: {first: {eq: "Bo"}}}) {
    affectedCount records { title length director { first } } } }`
  expect((await ask(backend!, ada, update)).data.updateFilmCollection).toEqual({
    affectedCount: 1,
    records: [{ title: "Beta", length: 7, director: { first: "Bo" } }],
  })
  const remove = `mutation { deleteFromFilmCollection(filter: {title: {eq: "Alpha"}}) { affectedCount records { title } } }`
  expect((await ask(backend!, ada, remove)).data.deleteFromFilmCollection).toEqual({
    affectedCount: 1,
    records: [{ title: "Alpha" }],
  })
  expect(await films()).toEqual([
    { title: "Beta", length: 7 },
    { title: "Gamma", length: 90 },
  ])
})

describe("nothing is changed", () => {
  const refusals: readonly (readonly [
    what: string,
    document: string,
    code: string,
    path: readonly string[],
  ])[] = [
    [
      "more rows than the default of one",
      "updateFilmCollection(set: {length: 7}) { affectedCount }",
      "PGRST124",
      ["updateFilmCollection"],
    ],
    [
      "more rows than asked for",
      'updateFilmCollection(set: {length: 7}, atMost: 0, filter: {title: {eq: "Alpha"}}) { affectedCount }',
      "PGRST124",
      ["updateFilmCollection"],
    ],
    [
      "a second write that fails takes the first with it",
      `a: updateFilmCollection(set: {length: 7}, filter: {title: {eq: "Alpha"}}) { affectedCount }
       b: insertIntoFilmCollection(objects: [{studioId: "blue", title: "Not mine"}]) { affectedCount }`,
      "42501",
      ["b"],
    ],
    [
      "the same row twice",
      `a: insertIntoFilmCollection(objects: [{studioId: "amber", title: "New"}]) { affectedCount }
       b: insertIntoFilmCollection(objects: [{studioId: "amber", title: "New"}]) { affectedCount }`,
      "23505",
      ["b"],
    ],
    [
      "a value of the second that is none",
      `a: updateFilmCollection(set: {length: 7}, filter: {title: {eq: "Alpha"}}) { affectedCount }
       b: updateFilmCollection(set: {length: -7}, filter: {title: {eq: "Beta"}}) { affectedCount }`,
      "23514",
      ["b"],
    ],
  ]
  test.each(refusals)("%s", async (_, document, code, path) => {
    const answer = await ask(backend!, ada, `mutation { ${document} }`)
    expect(answer).toMatchObject({ data: null, errors: [{ path, extensions: { code } }] })
    expect(await films()).toEqual(before)
  })

  test.each([
    ["set: {}", "UC344"],
    ["set: {length: 7}, filter: null", "UC344"],
    ["set: {length: 7}, atMost: -1", "UC344"],
    ["set: {length: 7}, atMost: null", "UC341"],
    ['set: {id: "00000000-0000-7000-8000-000000000012", version: 7}', "UC341"],
  ])("%s", async (args, code) => {
    const answer = await ask(backend!, ada, `mutation { updateFilmCollection(${args}) { affectedCount } }`)
    expect(answer.errors?.[0]?.extensions.code).toBe(code)
    expect("data" in answer).toBe(false)
    expect(await films()).toEqual(before)
  })

  test("by a request that may not change anything", async () => {
    const query = encodeURIComponent(
      'mutation { updateFilmCollection(set: {length: 7}, filter: {title: {eq: "Alpha"}}) { affectedCount } }',
    )
    const { status, headers } = await backend!.request(ada, "GET", `/graphql?query=${query}`)
    expect([status, headers.get("allow")]).toEqual([405, "POST"])
    expect(await films()).toEqual(before)
  })
})

test("several writes are done in their order, and the later sees the earlier", async () => {
  const query = `mutation {
    a: insertIntoFilmCollection(objects: [{studioId: "amber", title: "New"}]) { affectedCount }
    b: updateFilmCollection(set: {length: 7}, filter: {title: {eq: "New"}}) { records { title length } }
    c: insertIntoFilmCollection(objects: [{studioId: "amber", title: "Newer"}]) { affectedCount }
  }`
  expect(await ask(backend!, ada, query)).toEqual({
    data: { a: { affectedCount: 1 }, b: { records: [{ title: "New", length: 7 }] }, c: { affectedCount: 1 } },
  })
})

test("what a caller can never do is not in their schema", async () => {
  const write =
    'mutation { updatePersonCollection(set: {last: "Oak"}, filter: {first: {eq: "Cy"}}) { affectedCount } }'
  expect((await ask(backend!, ada, write)).errors?.[0]).toMatchObject({ extensions: { code: "UC341" } })
  expect(await ask(backend!, agent, write)).toEqual({
    data: { updatePersonCollection: { affectedCount: 1 } },
  })
})

test("a variable that is left out never widens a write", async () => {
  const documents = [
    "mutation ($t: [String!]) { deleteFromFilmCollection(filter: {title: {in: $t}}, atMost: 100) { affectedCount } }",
    "mutation ($t: StringFilter) { deleteFromFilmCollection(filter: {title: $t}, atMost: 100) { affectedCount } }",
    "mutation ($f: FilmFilter) { deleteFromFilmCollection(filter: $f, atMost: 100) { affectedCount } }",
    "mutation ($t: String) { updateFilmCollection(set: {length: 7}, filter: {or: [{title: {eq: $t}}, {length: {eq: 90}}]}, atMost: 100) { affectedCount } }",
    "mutation ($t: String) { updateFilmCollection(set: {length: 7}, filter: {director: {first: {eq: $t}}}, atMost: 100) { affectedCount } }",
    "mutation { deleteFromFilmCollection(filter: {}, atMost: 100) { affectedCount } }",
  ]
  for (const query of documents) {
    const { errors } = await ask(backend!, ada, query, {})
    expect([query, errors?.[0]?.extensions.code]).toEqual([query, expect.stringMatching(/^UC34[14]$/)])
    expect(errors![0]!.message).toMatch(/filter|title|first|variable/i)
  }
  expect(await films()).toEqual(before)
})

test("no value of a request stands in an error", async () => {
  const query =
    "mutation ($o: [FilmInsertInput!]!) { insertIntoFilmCollection(objects: $o) { affectedCount } }"
  const told = [
    await ask(backend!, ada, query, { o: [{ titel: "a secret", studioId: "amber" }] }),
    await ask(backend!, ada, query, { o: "a secret" }),
    await ask(backend!, ada, query, { o: [{ title: { deep: "a secret" }, studioId: "amber" }] }),
    await ask(
      backend!,
      ada,
      'mutation { insertIntoFilmCollection(objects: [{title: "x", length: "a secret"}]) { affectedCount } }',
    ),
    await ask(backend!, ada, "query ($n: Int) { filmCollection(first: $n) { totalCount } }", {
      n: "a secret",
    }),
    await ask(
      backend!,
      ada,
      "query ($n: Date) { filmCollection(filter: {releasedOn: {eq: $n}}) { totalCount } }",
      { n: "a secret" },
    ),
  ]
  for (const one of told) {
    expect(one.errors?.length).toBeGreaterThan(0)
    expect(JSON.stringify(one)).not.toContain("secret")
  }
})
