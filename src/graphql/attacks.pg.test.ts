/** Documents made to cost: each is refused, by what was counted before anything of it was done. */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { ask } from "../../test/support/graphql.ts"
import { studioBackend } from "../../test/support/studio.ts"

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(studioBackend)
}, 60_000)
afterAll(() => backend?.stop())

const many = (count: number, of: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => of(at)).join(" ")
const nested = (levels: number, open: string, close: string, inner: string): string =>
  open.repeat(levels) + inner + close.repeat(levels)

const attacks: readonly (readonly [name: string, document: string, told: RegExp])[] = [
  [
    "10,000 aliases",
    `{ ${many(10_000, (at) => `a${at}: __typename`)} }`,
    /number of words of 10001, .* 10000 /,
  ],
  ["2,000 aliases", `{ ${many(2_000, (at) => `a${at}: __typename`)} }`, /number of fields of 2000, .* 1000 /],
  ["2,000 times one field", `{ ${many(2_000, () => "__typename")} }`, /number of fields of 2000, /],
  ["900 times one field", `{ ${many(900, () => "a: __typename")} }`, /repeated fields of 40455, /],
  [
    "900 fragments in one place",
    `{ ${many(900, () => "...F")} } fragment F on Query { __typename }`,
    /fields of 1800, /,
  ],
  [
    "450 fragments of their own",
    `{ ${many(450, (at) => `...F${at}`)} } ${many(450, (at) => `fragment F${at} on Query { a: __typename }`)}`,
    /repeated fields of 10103, /,
  ],
  ["450 inline fragments", `{ ${many(450, () => "... { a: __typename }")} }`, /repeated fields of 10103, /],
  ["100,000 braces", nested(100_000, "{a", "}", ""), /depth of 41, /],
  ["100,000 brackets", `{ a(b: ${nested(100_000, "[", "]", "")}) }`, /depth of 41, /],
  [
    "fragments that double 40 times",
    `{ ...F0 } ${many(40, (at) => `fragment F${at} on Query { a: __typename ...F${at + 1} ...F${at + 1} }`)} fragment F40 on Query { __typename }`,
    /number of fields of \d+/,
  ],
  [
    "a chain of fragments",
    `{ ...F0 } ${many(60, (at) => `fragment F${at} on Person { mentor { ...F${at + 1} } }`)} fragment F60 on Person { first }`,
    /depth of 61, /,
  ],
  ["a flood of directives", `{ __typename ${many(2_000, () => "@a")} }`, /number of fields of 2001, /],
  ["fragments in a circle", "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", /itself/],
  [
    "lists in lists",
    "{ studioCollection(first: 1000) { edges { node { films(first: 1000) { edges { node { title } } } } } } }",
    /cost of 3003001, and at most 1000000 /,
  ],
  [
    "many statements",
    `{ ${many(21, (at) => `a${at}: filmCollection { totalCount }`)} }`,
    /root fields of 21, /,
  ],
  [
    "many conditions",
    `{ filmCollection(filter: {or: [${many(201, () => "{length: {eq: 1}}")}]}) { totalCount } }`,
    /conditions of 201, /,
  ],
  [
    "many relations",
    `{ filmCollection { edges { node { ${many(31, (at) => `a${at}: director { first }`)} } } } }`,
    /more than 30 embeds/,
  ],
]

describe("refused", () => {
  test.each(attacks)("%s", async (_, document, told) => {
    const { data, errors } = await ask(backend, null, document)
    expect(errors?.[0]?.message).toMatch(told)
    expect(Object.values(data ?? {}).every((one) => one === null)).toBe(true)
  })

  test("variables that are nested too deep", async () => {
    const body = `{"query": "query ($f: FilmFilter) { filmCollection(filter: $f) { totalCount } }", "variables": {"f": ${'{"not":'.repeat(100_000)}{}${"}".repeat(100_000)}}}`
    const { status, json } = await backend.request(null, "POST", "/graphql", { body })
    expect([status, json.errors[0].extensions.code]).toEqual([400, "UC343"])
  })

  test("a list of operations", async () => {
    const body = Array.from({ length: 10 }, () => ({ query: "{ __typename }" }))
    const { status, json } = await backend.request(null, "POST", "/graphql", { body })
    expect([status, json.errors[0].extensions.code]).toEqual([400, "UC343"])
  })

  test("a list whose size comes by a variable", async () => {
    const query = `query ($n: Int) { studioCollection(first: $n) { edges { node { films(first: $n) { edges { node { actors(first: $n) { edges { cursor } } } } } } } } }`
    expect((await ask(backend, null, query, { n: 5 })).errors).toBeUndefined()
    const { errors } = await ask(backend, null, query, { n: 1000 })
    expect(errors?.[0]).toMatchObject({ extensions: { code: "UC342" } })
    expect(errors?.[0]?.message).toMatch(/cost of 2\d{9}, and at most 1000000/)
  })
})

test("documents as large as is allowed are answered", async () => {
  const { data } = await ask(backend, null, `{ ${many(999, (at) => `a${at}: __typename`)} }`)
  expect(Object.keys(data)).toHaveLength(999)
})

test("what is sent as an argument is a value, whatever it looks like", async () => {
  const title = `'; drop table app.films; -- " \\ $1 $undercroft$ %_`
  const query = "query ($title: String!) { filmCollection(filter: {title: {eq: $title}}) { totalCount } }"
  expect(await ask(backend, null, query, { title })).toEqual({ data: { filmCollection: { totalCount: 0 } } })
  const starts =
    "query ($title: String!) { filmCollection(filter: {title: {startsWith: $title}}) { totalCount } }"
  expect(await ask(backend, null, starts, { title })).toEqual({ data: { filmCollection: { totalCount: 0 } } })
})
