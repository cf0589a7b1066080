/** The schema of any model is valid GraphQL, whatever its parts are called, and the same names are given to everyone. */
import { buildSchema, type GraphQLObjectType, printSchema, validateSchema } from "graphql"
import { describe, expect, test } from "vitest"
import clinic from "../../examples/clinic/backend.ts"
import { hostileBackend } from "../../test/hostile/hostile-model.ts"
import { studioBackend } from "../../test/support/studio.ts"
import { knowledgeOf, wholeKnowledge } from "../engine/knowledge.ts"
import { type AnyEntity, anyone, choice, entity, integer, many, nobody, ref, text } from "../index.ts"
import { buildModel } from "../model/build.ts"
import { buildPolicies } from "../policy/policies.ts"
import { createNames } from "./names.ts"
import { createSchema } from "./schema.ts"

const all = { read: anyone, create: anyone, update: anyone, delete: anyone }

/** Names that GraphQL, or this schema, has for something else. */
function oddModel(): readonly AnyEntity[] {
  const taken = [
    "String",
    "Date",
    "PatientFilter",
    "PatientMany",
    "Cursor",
    "StringFilter",
    "ThingKindChoice",
  ]
  const Patient = entity("Patient", {
    fields: {
      nodeId: text(),
      doctorId: text().optional(),
      get doctor() {
        return ref(Patient).optional()
      },
      get patients() {
        return many(Patient, "doctor")
      },
      edges: integer(),
      typename: choice("true", "null", "a b"),
      first: integer().optional(),
    },
  })
  const Thing = entity("Thing", { tracked: false, fields: { kind: choice("small", "large"), name: text() } })
  const Closed = entity("Closed", { fields: { name: text() } })
  Closed.access(() => ({ read: nobody, create: anyone }))
  const odd = taken.map((name) => entity(name, { fields: { label: text() } }))
  for (const one of [Patient, Thing, ...odd]) one.access(() => all)
  return [Patient, Thing, Closed, ...odd]
}

const models: readonly (readonly [string, readonly AnyEntity[]])[] = [
  ["odd", oddModel()],
  ["empty", []],
  ["hostile", hostileBackend.model],
  ["studio", studioBackend.model],
  ["clinic", clinic.model],
]

describe.each(models)("of the model %s", (_, entities) => {
  const policies = buildPolicies(buildModel(entities))
  const { model } = policies
  const names = createNames(model)
  const callers = [
    wholeKnowledge(policies),
    knowledgeOf(policies, { id: null, roles: [], claims: {} }, new Set()),
    knowledgeOf(policies, null, new Set(model.entities.flatMap((one) => one.fields.slice(1)))),
  ]
  const printed = callers.map((known) => {
    const schema = createSchema({ model, names, known, page: 30 })
    expect(validateSchema(schema)).toEqual([])
    return printSchema(schema)
  })

  test("it is valid, and can be read back from its text", () => {
    for (const text of printed) expect(validateSchema(buildSchema(text))).toEqual([])
  })

  test("who knows less has no type that who knows all has not", () => {
    const types = printed.map((text) => Object.keys(buildSchema(text).getTypeMap()))
    for (const fewer of types.slice(1)) expect(types[0]).toEqual(expect.arrayContaining(fewer))
  })
})

test("a name that is taken gets another", () => {
  const policies = buildPolicies(buildModel(oddModel()))
  const { model } = policies
  const known = wholeKnowledge(policies)
  const schema = createSchema({ model, names: createNames(model), known, page: 30 })
  const fields = Object.keys((schema.getType("Patient") as GraphQLObjectType).getFields())
  expect(fields).toEqual(
    expect.arrayContaining(["nodeId", "nodeId_", "doctorId", "doctorId_", "doctor", "patients"]),
  )
  const query = Object.keys(schema.getQueryType()!.getFields())
  expect(query).toContain("stringCollection")
  expect(query).not.toContain("closedCollection")
  expect(String(schema.getQueryType()!.getFields()["stringCollection"]!.type)).toBe("StringConnection!")
  expect(schema.getType("String_")).toBeDefined()
  expect(Object.keys(schema.getMutationType()!.getFields())).toContain("insertIntoClosedCollection")
})
