/** An operation that is read by its template is what it would be if it were read anew. */
import { getVariableValues } from "graphql"
import { describe, expect, test } from "vitest"
import clinic from "../../examples/clinic/backend.ts"
import { describeActions } from "../actions/describe-actions.ts"
import { buildBackend } from "../build-backend.ts"
import { wholeKnowledge } from "../engine/knowledge.ts"
import { defaultQueryLimits } from "../query/limits.ts"
import { createActionFields } from "./action-fields.ts"
import { createDocuments } from "./documents.ts"
import { defaultGraphqlLimits } from "./limits.ts"
import { createNames } from "./names.ts"
import { type Root, toRoots } from "./roots.ts"
import { createSchema } from "./schema.ts"
import { createRootReader } from "./templates.ts"
import type { OperationContext } from "./to-operation.ts"

const policies = buildBackend(clinic)
const { model } = policies
const actions = createActionFields(model, describeActions(clinic.actions ?? {}).values())
const known = wholeKnowledge(policies)
const schema = createSchema({ model, names: createNames(model), known, page: 30, actions })
const limits = { ...defaultQueryLimits, ...defaultGraphqlLimits }
const prepare = createDocuments({ limits, introspection: true })
const read = createRootReader()

type Variables = Readonly<Record<string, unknown>>

/** As the reader has it, and as it is without; what is refused is refused in the same words. */
function both(
  query: string,
  inputs: Variables,
): readonly [cached: unknown, fresh: unknown, roots: readonly Root[]] {
  const prepared = prepare(query, known.key, schema)
  expect(prepared.errors).toEqual([])
  const [operation] = prepared.operations
  const coerced = getVariableValues(schema, operation!.variableDefinitions ?? [], inputs)
  expect(coerced.errors).toBeUndefined()
  const { fragments } = prepared
  const context: OperationContext = {
    schema,
    fragments,
    variables: coerced.variableValues!,
    limits,
    rowOf: () => null,
  }
  let roots: readonly Root[] = []
  const tried = (make: typeof toRoots): unknown => {
    try {
      roots = make(operation!, context)
      return roots.map((one) =>
        one.kind === "operation" ? { ...one, operation: { ...one.operation, shape: null } } : one,
      )
    } catch (cause) {
      return String(cause)
    }
  }
  const fresh = tried(toRoots)
  return [tried(read), fresh, roots]
}

const cursor = btoa(JSON.stringify(["x"]))
const cases: readonly (readonly [what: string, query: string, ...inputs: Variables[]])[] = [
  ["no variable", "{ patientCollection(first: 2) { edges { node { firstName } } } }", {}],
  [
    "operands",
    "query ($a: String, $b: [String!]) { patientCollection(filter: {lastName: {eq: $a}, firstName: {in: $b}}) { totalCount } }",
    { a: "x", b: ["y", "z"] },
    { a: "other", b: [] },
    { b: ["y"] },
    { a: null, b: ["y"] },
    { a: "back", b: "one" },
  ],
  [
    "operands within logic and relations, in fragments",
    `query ($a: String, $city: String) { patientCollection(filter: {or: [{lastName: {startsWith: $a}}, {not: {practice: {city: {ilike: $city}}}}]}) { ...P } }
     fragment P on PatientConnection { edges { node { appointments(filter: {doctor: {name: {eq: $a}}}) { totalCount } } } }`,
    { a: "100%_", city: "B" },
    { a: "z", city: "C" },
  ],
  [
    "cursors",
    "query ($after: Cursor, $before: Cursor) { patientCollection(after: $after, before: $before, first: 3) { pageInfo { endCursor } } }",
    {},
    { after: cursor },
    { after: null, before: cursor },
    { after: "no cursor" },
    { after: btoa(JSON.stringify(["y"])) },
  ],
  [
    "sizes",
    "query ($first: Int, $offset: Int = 3) { patientCollection(first: $first, offset: $offset) { edges { cursor } } }",
    { first: 1 },
    { first: 2, offset: 0 },
    { first: null, offset: 9 },
    { first: -1 },
    { first: 100000 },
  ],
  [
    "conditions",
    "query ($yes: Boolean!, $no: Boolean = true) { patientCollection { totalCount @include(if: $yes) edges @skip(if: $no) { cursor } __typename } }",
    { yes: true },
    { yes: false },
    { yes: true, no: false },
  ],
  [
    "directions, and nulls that are asked for",
    "query ($by: OrderByDirection, $is: FilterIs) { patientCollection(orderBy: [{lastName: $by}], filter: {firstName: {is: $is}}) { totalCount } }",
    { by: "AscNullsLast", is: "NULL" },
    { by: "DescNullsFirst", is: "NOT_NULL" },
    { by: null, is: "NULL" },
  ],
  [
    "whole filters",
    "query ($f: PatientFilter, $o: [PatientOrderBy!]) { patientCollection(filter: $f, orderBy: $o) { totalCount } }",
    { f: { lastName: { eq: "x" } } },
    { f: { lastName: { eq: "y" } } },
    { f: { lastName: { ilike: "y" } } },
    { f: { lastName: { eq: "x", in: ["x"] } } },
    { f: { firstName: { in: ["x"] } }, o: [{ born: "AscNullsLast" }] },
    { f: { firstName: { in: ["y", "z"] } }, o: [{ born: "DescNullsLast" }] },
    { f: { firstName: { in: [] } }, o: { lastName: "DescNullsLast" } },
    { f: { firstName: { startsWith: "100%_" }, lastName: { eq: "{" } } },
    { f: { lastName: { is: "NULL" } }, o: [] },
    { f: { lastName: { is: "NOT_NULL" } }, o: null },
    { f: { lastName: { eq: null } } },
    { f: { lastName: null } },
    { f: {} },
    { f: null },
    {},
  ],
  [
    "whole filters with logic and relations",
    'query ($f: PatientFilter = {lastName: {eq: "a"}}) { patientCollection(filter: $f) { totalCount } }',
    {},
    { f: { or: [{ lastName: { eq: "x" } }, { firstName: { eq: "y" } }] } },
    { f: { or: [{ lastName: { eq: "y" }, firstName: { eq: "x" } }] } },
    { f: { or: [{ lastName: { eq: "y" } }, { firstName: { eq: "x" } }] } },
    { f: { and: [{ lastName: { eq: "y" } }, { firstName: { eq: "x" } }] } },
    { f: { or: [] } },
    { f: { not: { practice: { city: { ilike: "B%" } } } } },
    { f: { not: { practice: { city: { ilike: "C%" } } } } },
    { f: { appointments: { some: { status: { eq: "booked" } } } } },
    { f: { appointments: { some: { status: { eq: "done" } } } } },
    { f: { appointments: { none: { status: { eq: "done" } } } } },
    { f: { version: { gt: 1 }, practiceId: { eq: "x" } } },
  ],
  [
    "filters of which a part is a variable",
    "query ($p: PracticeFilter, $l: [PatientFilter!], $t: StringFilter, $a: String) { patientCollection(filter: {practice: $p, and: $l, or: [{lastName: $t}, {firstName: {eq: $a}}]}) { totalCount } }",
    { p: { city: { eq: "x" } }, l: [{ lastName: { eq: "y" } }], t: { eq: "z" }, a: "a" },
    { p: { city: { eq: "1" } }, l: [{ lastName: { eq: "2" } }], t: { eq: "3" }, a: "4" },
    { p: { city: { eq: "1" } }, l: [], t: { in: ["3"] }, a: "4" },
    { l: { lastName: { eq: "2" } }, t: {}, a: "4" },
    {},
  ],
  [
    "one filter in two places",
    "query ($f: AppointmentFilter) { a: appointmentCollection(filter: $f) { totalCount } patientCollection { edges { node { appointments(filter: $f) { totalCount } } } } }",
    { f: { status: { in: ["booked"] } } },
    { f: { status: { in: ["done", "booked"] } } },
    { f: { status: { eq: "done" } } },
  ],
  [
    "whole filters by nodeId",
    "query ($f: PatientFilter) { patientCollection(filter: $f) { totalCount } }",
    { f: { nodeId: { eq: btoa(JSON.stringify(["Patient", "1"])) } } },
    { f: { nodeId: { eq: btoa(JSON.stringify(["Patient", "2"])) } } },
    { f: { lastName: { eq: "x" }, nodeId: { eq: "no" } } },
  ],
  [
    "a variable that is both operand and size",
    "query ($n: Int) { patientCollection(first: $n, filter: {version: {eq: $n}}) { totalCount } }",
    { n: 1 },
    { n: 2 },
  ],
  [
    "a list that a variable is part of",
    'query ($a: String!) { patientCollection(filter: {lastName: {in: [$a, "y"]}}) { totalCount } }',
    { a: "1" },
    { a: "2" },
  ],
  [
    "odd names",
    "query ($constructor: String, $__proto__: String) { patientCollection(filter: {lastName: {eq: $constructor}, firstName: {eq: $__proto__}}) { totalCount } }",
    {},
    { constructor: "x" },
  ],
  ["a node", "query ($id: ID!) { node(nodeId: $id) { nodeId } }", { id: "x" }, { id: "y" }],
  ["the schema", "query ($n: String!) { __type(name: $n) { name } }", { n: "Patient" }, { n: "Nothing" }],
  [
    "a mutation",
    "mutation ($a: UUID) { deleteFromSlotCollection(filter: {id: {eq: $a}}) { affectedCount } }",
    { a: "1" },
    { a: "2" },
    {},
  ],
]

describe.each(cases.map(([what, query, ...inputs]) => ({ what, query, inputs })))(
  "$what",
  ({ query, inputs }) => {
    test("is read the same, whatever came before", () => {
      for (const one of [...inputs, ...inputs.toReversed()]) {
        const [cached, fresh] = both(query, one)
        expect(cached).toEqual(fresh)
      }
    })
  },
)

test("another value is another operation of the same shape; another size is of another shape", () => {
  const query =
    "query ($a: String, $n: Int) { patientCollection(first: $n, filter: {lastName: {eq: $a}}) { totalCount } }"
  const of = (inputs: Variables): { query: unknown; values: unknown; shape: string | undefined } => {
    const [root] = both(query, inputs)[2]
    if (root?.kind !== "operation") throw new Error("no operation")
    const { query: tree, values, shape } = root.operation
    return { query: tree, values, shape }
  }
  const [one, two, more] = [of({ a: "x", n: 1 }), of({ a: "y", n: 1 }), of({ a: "y", n: 2 })]
  expect([one.values, two.values]).toEqual([["x"], ["y"]])
  expect(two.query).toBe(one.query)
  expect(two.shape).toBe(one.shape)
  expect(one.shape).toMatch(/^graphql /)
  expect(more.shape).not.toBe(one.shape)
})

test("whole filters that compare the same with other values are one shape; other operators, directions or terms are others", () => {
  const query =
    "query ($f: PatientFilter, $o: [PatientOrderBy!]) { patientCollection(filter: $f, orderBy: $o) { totalCount } }"
  const of = (inputs: Variables): { values: unknown; shape: string | undefined } => {
    const [root] = both(query, inputs)[2]
    if (root?.kind !== "operation") throw new Error("no operation")
    return { values: root.operation.values, shape: root.operation.shape }
  }
  const filter = (name: string, one: string, two: string): Variables => ({
    or: [{ lastName: { [name]: one } }, { firstName: { eq: two } }],
  })
  const o = [{ born: "AscNullsLast" }]
  const [one, same] = [of({ f: filter("eq", "a", "b"), o }), of({ f: filter("eq", "c", "d"), o })]
  expect([one.values, same.values]).toEqual([
    ["a", "b"],
    ["c", "d"],
  ])
  expect(same.shape).toBe(one.shape)
  expect(one.shape).toMatch(/^graphql /)
  const others = [
    of({ f: filter("neq", "a", "b"), o }),
    of({ f: filter("eq", "a", "b"), o: [{ born: "DescNullsLast" }] }),
    of({ f: { or: [{ lastName: { eq: "a" } }] }, o }),
    of({ f: { lastName: { eq: "a" }, firstName: { eq: "b" } }, o }),
    of({ f: filter("eq", "a", "b") }),
  ].map(({ shape }) => shape)
  expect(new Set([one.shape, ...others]).size).toBe(6)
})
