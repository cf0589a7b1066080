/** Every kind of field through the door, there and back, and the README's example as it stands there. */
import { readFileSync } from "node:fs"
import { type GraphQLObjectType, getNamedType, isCompositeType } from "graphql"
import { expect, test } from "vitest"
import clinic from "../../examples/clinic/backend.ts"
import { accounts } from "../../examples/clinic/data.ts"
import { hostileBackend, ids, keeper } from "../../test/hostile/hostile-model.ts"
import { startTestBackend } from "../../test/support/backend.ts"
import { ask } from "../../test/support/graphql.ts"
import { wholeKnowledge } from "../engine/knowledge.ts"
import { createNames } from "./names.ts"
import { createSchema } from "./schema.ts"

test("every field is read as REST gives it, filtered by, and written back", async () => {
  const backend = await startTestBackend(hostileBackend)
  try {
    const { policies } = backend.app
    const names = createNames(policies.model)
    const schema = createSchema({ model: policies.model, names, known: wholeKnowledge(policies), page: 30 })
    const thing = policies.model.byName.get("Thing")!
    const type = schema.getType("Thing") as GraphQLObjectType
    const plain = Object.values(type.getFields()).filter((one) => !isCompositeType(getNamedType(one.type)))
    const read = `{ thingCollection(filter: {id: {eq: "${ids.thing}"}}) { edges { node { ${plain.map((one) => one.name).join(" ")} } } } }`
    const answer = await ask(backend, keeper, read)
    expect(answer.errors).toBeUndefined()
    const row = answer.data.thingCollection.edges[0].node
    const rest = (await backend.request(keeper, "GET", `/rest/things?id=eq.${ids.thing}`)).json[0]
    for (const field of thing.fields) {
      const value = rest[field.name]
      const isNumber = typeof value === "number" && field.kind.sqlType === "bigint"
      expect([field.name, row[names.valueOf(field)]]).toEqual([field.name, isNumber ? String(value) : value])
    }

    const asked = thing.fields.filter(
      (one) => row[names.valueOf(one)] !== null && one.kind.operators.has("equality"),
    )
    for (const field of asked) {
      const name = names.valueOf(field)
      const query =
        "query ($filter: ThingFilter) { thingCollection(filter: $filter) { edges { node { id } } } }"
      const found = await ask(backend, keeper, query, {
        filter: { [name]: { eq: row[name] }, id: { eq: ids.thing } },
      })
      expect([name, found.data?.thingCollection.edges.length, found.errors]).toEqual([name, 1, undefined])
    }

    const written = thing.fields.filter(
      (field) => !field.readonly && !field.automatic && row[names.valueOf(field)] !== null,
    )
    const object = Object.fromEntries(
      written.map((field) => [names.valueOf(field), row[names.valueOf(field)]]),
    )
    const insert = `mutation ($objects: [ThingInsertInput!]!) { insertIntoThingCollection(objects: $objects) { records { ${Object.keys(object).join(" ")} } } }`
    const made = await ask(backend, keeper, insert, { objects: [object] })
    expect(made).toEqual({ data: { insertIntoThingCollection: { records: [object] } } })
  } finally {
    await backend.stop()
  }
}, 60_000)

test("the README's example is answered", async () => {
  const query = /```graphql\n([\s\S]*?)```/.exec(readFileSync("README.md", "utf8"))![1]!
  const backend = await startTestBackend(clinic)
  try {
    const nurse = { id: accounts.nurse, roles: ["nurse"] }
    const { data, errors } = await ask(backend, nurse, query)
    expect(errors).toBeUndefined()
    expect(data.patientCollection.edges.length).toBeGreaterThan(0)
  } finally {
    await backend.stop()
  }
}, 60_000)
