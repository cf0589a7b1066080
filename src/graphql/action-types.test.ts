/** The types of actions: what of JSON Schema has a type in GraphQL, and whose names clash. */
import { GraphQLObjectType, GraphQLSchema, printSchema, validateSchema } from "graphql"
import { describe, expect, test } from "vitest"
import { z } from "zod"
import clinic from "../../examples/clinic/backend.ts"
import { ledgerBackend } from "../../test/support/ledger-backend.ts"
import { describeActions } from "../actions/describe-actions.ts"
import type { Actions } from "../backend.ts"
import { buildBackend } from "../build-backend.ts"
import { knowledgeOf, wholeKnowledge } from "../engine/knowledge.ts"
import { action, anyone, defineBackend, entity, signedIn, text } from "../index.ts"
import { buildModel } from "../model/build.ts"
import { createActionFields } from "./action-fields.ts"
import { createNames } from "./names.ts"
import { createSchema } from "./schema.ts"

const Thing = entity("Thing", { fields: { name: text() } })
Thing.access(() => ({ read: anyone }))

/** An action of this input and output that does nothing. */
function actionOf(input: z.ZodType, output: z.ZodType = z.null(), readOnly = false): Actions[string] {
  return action({ uses: [], input, output, access: () => signedIn, readOnly, run: () => null as never })
}

/** The schema of one mutation, without what every schema has. */
function printed(input: z.ZodType, output?: z.ZodType): string {
  const fields = createActionFields(
    buildModel([Thing]),
    describeActions({ act: actionOf(input, output) }).values(),
  )
  const query = new GraphQLObjectType({ name: "Query", fields: { act: fields.get("act")!.config } })
  const schema = new GraphQLSchema({ query })
  expect(validateSchema(schema)).toEqual([])
  return printSchema(schema)
}

describe("an input", () => {
  test("has an argument for each property", () => {
    const text = printed(
      z.object({
        id: z.uuid(),
        at: z.iso.datetime().optional(),
        day: z.iso.date().nullable(),
        small: z.int32(),
        large: z.int(),
        share: z.number().default(1),
        isOn: z.boolean(),
        tags: z.array(z.string().nullable()),
        word: z.enum(["a", "b"]),
        unit: z.enum(["mm", "°C"]),
        either: z.union([z.string(), z.number()]),
        loose: z.looseObject({ a: z.string() }),
        record: z.record(z.string(), z.string()),
        odd: z.object({ "a-b": z.string() }),
        pair: z.tuple([z.string(), z.number()]),
      }),
    )
    expect(text).toContain(
      "act(id: UUID!, at: Datetime, day: Date, small: Int!, large: Float!, share: Float, isOn: Boolean!, tags: [String]!, word: ActWordChoice!, unit: String!, either: JSON!, loose: JSON!, record: JSON!, odd: JSON!, pair: JSON!): JSON",
    )
  })

  test("has types for what is nested, each by its path", () => {
    const line = z.object({
      amount: z.number(),
      tax: z.object({ kind: z.enum(["full", "none"]) }).optional(),
    })
    const text = printed(z.object({ lines: z.array(line), linesTax: z.object({ a: z.string() }) }))
    expect(text).toContain("act(lines: [ActLinesInput!]!, linesTax: ActLinesTaxInput_!): JSON")
    expect(text).toContain("input ActLinesInput {\n  amount: Float!\n  tax: ActLinesTaxInput\n}")
    expect(text).toContain("input ActLinesTaxInput {\n  kind: ActLinesTaxKindChoice!\n}")
    expect(text).toContain("input ActLinesTaxInput_ {\n  a: String!\n}")
  })

  test("that is no object with names stands in one argument", () => {
    expect(printed(z.array(z.string()))).toContain("act(input: JSON!): JSON")
    expect(printed(z.looseObject({ a: z.string() }))).toContain("act(input: JSON!): JSON")
    expect(printed(z.object({ a: z.bigint() }))).toContain("act(input: JSON!): JSON")
    expect(printed(z.object({}))).toContain("act: JSON")
  })
})

test("an output has types of its own, and what may be left out is nullable", () => {
  const text = printed(
    z.object({ kind: z.enum(["a"]) }),
    z.object({
      id: z.uuid(),
      kind: z.enum(["a", "b"]).optional(),
      lines: z.array(z.object({ amount: z.number() }).nullable()),
      only: z.literal("x"),
      any: z.unknown(),
    }),
  )
  expect(text).toContain("act(kind: ActKindChoice!): ActResult!")
  expect(text).toContain(
    "type ActResult {\n  id: UUID!\n  kind: ActKindResultChoice\n  lines: [ActLinesResult]!\n  only: String!\n  any: JSON\n}",
  )
  expect(printed(z.object({}), z.array(z.object({ a: z.string() })))).toContain("act: [ActResult!]!")
})

describe("a name that something else has is told of", () => {
  const result = z.object({ a: z.string() })
  const ThingResult = entity("CountResult", { fields: { name: text() } })
  ThingResult.access(() => ({ read: anyone }))
  const cases: readonly (readonly [string, Actions, readonly string[]])[] = [
    ["a collection's", { thingCollection: actionOf(z.object({})) }, ["thingCollection"]],
    ["a write's", { insertIntoThingCollection: actionOf(z.object({})) }, ["insertIntoThingCollection"]],
    ["the node's", { node: actionOf(z.object({}), z.null(), true) }, ["node"]],
    ["an entity's", { count: actionOf(z.object({}), result) }, ["CountResult"]],
    [
      "another action's",
      { book: actionOf(z.object({}), result), Book: actionOf(z.object({}), result) },
      ["BookResult"],
    ],
    ["nobody's", { book: actionOf(z.object({}), result), thing: actionOf(result, result) }, []],
  ]
  test.each(cases)("%s", (_, actions, names) => {
    let problems: readonly { readonly code: string; readonly message: string }[] = []
    try {
      buildBackend(defineBackend({ name: "x", model: [Thing, ThingResult], actions }))
    } catch (cause) {
      problems = (cause as { problems: typeof problems }).problems
    }
    expect(problems.map(({ code, message }) => `${code} ${message}`)).toEqual(
      names.map((name) => `UC116 needs the name ${name} in GraphQL, which something else has.`),
    )
  })
})

test.each([clinic, ledgerBackend])(
  "the whole schema is valid, and has what a caller could call",
  (backend) => {
    const policies = buildBackend(backend)
    const { model } = policies
    const actions = createActionFields(model, describeActions(backend.actions!).values())
    const schemaFor = (known: ReturnType<typeof wholeKnowledge>): string => {
      const schema = createSchema({ model, names: createNames(model), known, page: 30, actions })
      expect(validateSchema(schema)).toEqual([])
      return printSchema(schema)
    }
    const [name] = Object.entries(backend.actions!).find(([, one]) => !one.definition.readOnly)!
    expect(schemaFor(wholeKnowledge(policies))).toContain(`  ${name}(`)
    const nobody = schemaFor(knowledgeOf(policies, { id: null, roles: [], claims: {} }, new Set()))
    expect(nobody).not.toContain(`  ${name}(`)
  },
)
