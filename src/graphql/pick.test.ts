/** What is picked of an action's answer: what was selected, in its order, within bounds. */
import { type GraphQLObjectType, type OperationDefinitionNode, parse } from "graphql"
import { describe, expect, test } from "vitest"
import { z } from "zod"
import { describeActions } from "../actions/describe-actions.ts"
import { action, signedIn } from "../index.ts"
import { buildModel } from "../model/build.ts"
import { createActionFields } from "./action-fields.ts"
import type { CollectContext } from "./collect.ts"
import { createPick } from "./pick.ts"
import type { Budget } from "./to-filter.ts"

const output = z.object({
  id: z.string(),
  constructor: z.string().optional(),
  lines: z.array(z.object({ amount: z.number().nullable(), tax: z.object({ kind: z.string() }).optional() })),
})
const act = action({
  uses: [],
  input: z.object({}),
  output,
  access: () => signedIn,
  run: () => null as never,
})
const field = createActionFields(buildModel([]), describeActions({ act }).values()).get("act")!
const type = field.config.type as GraphQLObjectType

function picked(
  selection: string,
  value: unknown,
  answerBytes = 1000,
): readonly [text: string, cost: number] {
  const [operation] = parse(`query ($yes: Boolean) ${selection}`).definitions
  const coerced = { yes: true }
  const context = {
    schema: {},
    fragments: new Map(),
    variables: { sources: {}, coerced },
  } as unknown as CollectContext
  const budget: Budget = { cost: 0, conditions: 0 }
  const sets = [(operation as OperationDefinitionNode).selectionSet]
  return [createPick(type, sets, context, budget, answerBytes)(JSON.stringify(value)), budget.cost]
}

const value = { id: "x", lines: [{ amount: 1, tax: { kind: "full" } }, { amount: null }], more: "secret" }

test("in the order of the document, with aliases merged and __typename", () => {
  expect(
    picked(
      "{ lines { tax { kind } amount } __typename also: id lines { sum: amount } id @skip(if: $yes) }",
      value,
    ),
  ).toEqual([
    '{"lines":[{"tax":{"kind":"full"},"amount":1,"sum":1},{"tax":null,"amount":null,"sum":null}],"__typename":"ActResult","also":"x"}',
    7,
  ])
})

test("what is left out is null, whatever objects inherit", () => {
  expect(picked("{ constructor }", value)[0]).toBe('{"constructor":null}')
})

describe("is refused", () => {
  test("when the same is selected too often", () => {
    const long = { ...value, id: "x".repeat(400) }
    expect(picked("{ a: id b: id }", long)[0]).toHaveLength(815)
    expect(() => picked("{ a: id b: id c: id }", long)).toThrow("the answer is too large")
  })

  test.each([null, {}, [], { id: null, lines: [] }, { id: "x", lines: null }, { id: "x", lines: {} }])(
    "when it is not of its type: %j",
    (wrong) => {
      expect(() => picked("{ id lines { amount } }", wrong)).toThrow("something went wrong in the server")
    },
  )
})
