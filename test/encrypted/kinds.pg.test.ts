/** Kinds of encrypted values that are written in more ways than one, and persons who are found through keys of other kinds. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { anyone, bigint, decimal, defineBackend, entity, integer, list, ref } from "../../src/index.ts"
import { startTestBackend, type TestBackend } from "../support/backend.ts"

const everything = () => ({ read: anyone, create: anyone, update: anyone, delete: anyone })

const Person = entity("Person", {
  fields: {
    file: bigint().personal().encrypted().optional(),
    files: list(bigint()).personal().encrypted().optional(),
    number: bigint().personal().optional(),
    debt: decimal({ precision: 8, scale: 2 }).personal().encrypted({ findable: true }).optional(),
  },
  subject: "id",
})
Person.access(everything)
const Stay = entity("Stay", {
  fields: { bed: integer().internal(), person: ref(Person).immutable() },
  key: ["bed"],
  subject: "person",
})
Stay.access(everything)
const Remark = entity("Remark", {
  fields: { stay: ref(Stay).immutable(), mark: integer().personal().encrypted() },
  subject: "stay",
})
Remark.access(everything)

let backend: TestBackend
let person: string

beforeAll(async () => {
  backend = await startTestBackend(defineBackend({ name: "kinds", model: [Person, Stay, Remark] }))
  person = (await write("POST", "/rest/persons", { file: 1250, debt: "7.50" }))[0].id
}, 60_000)
afterAll(() => backend.stop())

async function write(method: "POST" | "PATCH", url: string, body: object): Promise<any> {
  const headers = { prefer: "return=representation" }
  const { status, json, text } = await backend.request({ id: "one", roles: [] }, method, url, {
    body,
    headers,
  })
  expect(status, text).toBeLessThan(300)
  return json
}

const read = async (query: string): Promise<unknown> =>
  (await backend.request({ id: "one", roles: [] }, "GET", `/rest/${query}`)).json

test("a large number is a string for GraphQL, as where it is not encrypted", async () => {
  const body = { query: "{ personCollection { edges { node { file } } } }" }
  const { json } = await backend.request({ id: "one", roles: [] }, "POST", "/graphql", { body })
  expect(json).toEqual({ data: { personCollection: { edges: [{ node: { file: "1250" } }] } } })
})

test("a large number is a number for REST while JavaScript holds it, as where it is not encrypted", async () => {
  for (const [sent, told] of [
    [1250, 1250],
    ["-9007199254740991", -9007199254740991],
    ["9007199254740992", "9007199254740992"],
  ]) {
    const body = { file: sent, files: [sent], number: sent }
    const expected = { file: told, files: [told], number: told }
    expect(await write("PATCH", `/rest/persons?id=eq.${person}&select=file,files,number`, body)).toEqual([
      expected,
    ])
    expect(await read("persons?select=file,files,number")).toEqual([expected])
  }
})

test("a decimal is found however it is written", async () => {
  for (const text of ["7.50", "7.5", "+07.5"])
    expect(await read(`persons?select=id&debt=eq.${encodeURIComponent(text)}`)).toEqual([{ id: person }])
  expect(await read("persons?select=id&debt=in.(7.5,8)")).toEqual([{ id: person }])
  expect(await read("persons?select=id&debt=eq.7.505")).toEqual([])
})

test("on the way to the person a key may be of another kind than a row's own", async () => {
  await write("POST", "/rest/stays", { bed: 7, person })
  const [made] = await write("POST", "/rest/remarks", { stay: 7, mark: 1 })
  await write("PATCH", `/rest/remarks?id=eq.${made.id}`, { mark: 2 })
  expect(await read("remarks?select=mark")).toEqual([{ mark: 2 }])
})

test("an update of no row needs to find no person", async () => {
  expect(await write("PATCH", "/rest/remarks?mark=is.null", { mark: 3 })).toEqual([])
})
