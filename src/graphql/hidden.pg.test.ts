/** What does not exist for a caller is answered, wherever it is named, as what exists for nobody. */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { ask } from "../../test/support/graphql.ts"
import { ids, studioBackend } from "../../test/support/studio.ts"

const agent = { id: "gil", roles: ["agent"] }
const stranger = { id: "stranger", roles: [] }

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(studioBackend)
}, 60_000)
afterAll(() => backend?.stop())

/** `email` is seen by agents alone; nobody has an `emaul`. */
const probes: readonly string[] = [
  "{ personCollection { edges { node { NAME } } } }",
  '{ personCollection(filter: {NAME: {eq: "x"}}) { totalCount } }',
  '{ personCollection(filter: {not: {or: [{NAME: {eq: "x"}}]}}) { totalCount } }',
  '{ personCollection(filter: {mentor: {NAME: {eq: "x"}}}) { totalCount } }',
  '{ filmCollection(filter: {director: {NAME: {eq: "x"}}}) { totalCount } }',
  "{ personCollection(orderBy: [{NAME: AscNullsLast}]) { totalCount } }",
  "{ personCollection { aggregate { min { NAME } } } }",
  "{ filmCollection { edges { node { director { NAME } } } } }",
  `{ node(nodeId: "${btoa(JSON.stringify(["Person", ids.ada]))}") { ... on Person { NAME } } }`,
  'mutation { updatePersonCollection(set: {NAME: "a@example.org"}) { affectedCount } }',
]

describe("a hidden field", () => {
  test.each(probes)("%s", async (probe) => {
    for (const caller of [null, stranger]) {
      const [hidden, absent] = await Promise.all(
        ["email", "emaul"].map((name) => ask(backend, caller, probe.replaceAll("NAME", name))),
      )
      expect(hidden!.errors).toBeDefined()
      expect(JSON.stringify(hidden).replaceAll("email", "NAME")).toBe(
        JSON.stringify(absent).replaceAll("emaul", "NAME"),
      )
    }
  })

  test.each(probes)("is there for those who may see it: %s", async (probe) => {
    const answer = await ask(backend, agent, probe.replaceAll("NAME", "email"))
    const codes = (answer.errors ?? []).map((one) => one.extensions.code)
    // An update of all rows is refused for their number.
    expect(codes).toEqual(probe.startsWith("mutation") ? ["PGRST124"] : [])
  })

  test("by variables", async () => {
    const query =
      "query ($f: PersonFilter, $o: [PersonOrderBy!]) { personCollection(filter: $f, orderBy: $o) { totalCount } }"
    for (const of of [
      (name: string) => ({ f: { [name]: { eq: "x" } } }),
      (name: string) => ({ o: [{ [name]: "AscNullsLast" }] }),
    ]) {
      const [hidden, absent] = await Promise.all(
        ["email", "emaul"].map((name) => ask(backend, null, query, of(name))),
      )
      expect(hidden!.errors).toBeDefined()
      expect(JSON.stringify(hidden).replaceAll("email", "NAME")).toBe(
        JSON.stringify(absent).replaceAll("emaul", "NAME"),
      )
    }
  })
})

test("no suggestion names what is hidden", async () => {
  const near = "{ personCollection { edges { node { emai } } } }"
  expect(JSON.stringify(await ask(backend, agent, near))).toContain('\\"email\\"')
  expect(JSON.stringify(await ask(backend, null, near))).not.toContain("email")
  const type = "query ($f: PersnFilter) { personCollection(filter: $f) { edges { node { emal } } } }"
  expect(JSON.stringify(await ask(backend, null, type))).not.toContain("email")
})

test("introspection tells each caller what they could know", async () => {
  const query = `{ schema: __schema { mutationType { fields { name } } } type: __type(name: "Person") { fields { name } } }`
  const told = async (caller: { id: string } | null): Promise<readonly (readonly string[])[]> => {
    const { data } = await ask(backend, caller, query)
    const names = (one: any): string[] => (one?.fields ?? []).map((field: any) => field.name)
    return [names(data.type), names(data.schema.mutationType)]
  }
  const [fields, writes] = await told(agent)
  expect(fields).toContain("email")
  expect(writes).toContain("updatePersonCollection")
  const [fewer, none] = await told(null)
  expect(fewer).toEqual(fields!.filter((name) => name !== "email"))
  expect(none).toEqual([])
})

test("introspection can be switched off", async () => {
  const off = await startTestBackend({ ...studioBackend, graphql: { introspection: false } })
  try {
    const refused = await ask(off, null, "{ __schema { queryType { name } } }")
    expect(refused.errors?.[0]?.extensions.code).toBe("UC341")
    expect(await ask(off, null, "{ __typename }")).toEqual({ data: { __typename: "Query" } })
  } finally {
    await off.stop()
  }
})

test("a token that does not hold is refused as GraphQL errors", async () => {
  const { status, json, headers } = await backend.request(null, "POST", "/graphql", {
    body: { query: "{ __typename }" },
    headers: { authorization: "Bearer x.y.z" },
  })
  expect([status, json.errors[0].extensions.code]).toEqual([401, "PGRST301"])
  expect(headers.get("www-authenticate")).toContain("Bearer")
})
