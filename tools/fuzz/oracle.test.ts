/** The oracle on a small model, row by row: what is answered, what is refused and with which code. */
import { describe, expect, test } from "vitest"
import { declareModel } from "./declare-model.ts"
import type {
  CallerDescription,
  ModelDescription,
  OperationDescription,
  QueryDescription,
  Rows,
} from "./description.ts"
import { Oracle } from "./oracle.ts"
import { likes } from "./oracle-filter.ts"
import { shapeOf } from "./shape.ts"

const id = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`

/** Owners see their pets; the price is for agents; the diary only for the pet's owner. */
const model: ModelDescription = {
  facts: [],
  views: [],
  entities: [
    {
      name: "Owner",
      tracked: false,
      unique: [],
      reveals: false,
      many: [{ name: "pets", target: "Pet", via: "owner" }],
      fields: [{ name: "name", kind: { type: "text" } }],
      access: { read: { all: [] } },
    },
    {
      name: "Pet",
      tracked: false,
      unique: [],
      reveals: false,
      many: [],
      fields: [
        { name: "owner", kind: { type: "ref", target: "Owner" }, optional: true },
        { name: "name", kind: { type: "text" }, optional: true },
        { name: "price", kind: { type: "integer" }, optional: true, visibleTo: { role: "agent" } },
        {
          name: "diary",
          kind: { type: "text" },
          optional: true,
          visibleTo: { compare: "is", left: { path: ["row", "owner"] }, right: { me: "id" } },
        },
      ],
      access: {
        read: {
          any: [
            { compare: "is", left: { path: ["row", "owner"] }, right: { me: "id" } },
            { isNull: { path: ["row", "owner"] } },
          ],
        },
        create: { compare: "is", left: { path: ["row", "owner"] }, right: { me: "id" } },
        update: { compare: "is", left: { path: ["row", "owner"] }, right: { me: "id" } },
      },
    },
  ],
}
const rows: Rows = {
  Owner: [
    { id: id(1), name: "Ann" },
    { id: id(2), name: "Bob" },
  ],
  Pet: [
    { id: id(5), owner: id(1), name: "Rex", price: 5, diary: "woof" },
    { id: id(6), owner: id(2), name: "Tom", price: 6, diary: "meow" },
    { id: id(7), owner: null, name: null, price: 7, diary: "stray" },
  ],
}
const ann: CallerDescription = { id: id(1), roles: [], claims: {} }
const plain: QueryDescription = {
  select: [{ all: true }],
  where: [],
  order: [{ field: "id", descending: false, nulls: null }],
  limit: null,
  offset: null,
}
const oracle = new Oracle(declareModel(model).policies, shapeOf(model))

function ask(operation: Partial<OperationDescription>, caller = ann): ReturnType<Oracle["expect"]> {
  return oracle.expect(oracle.view(rows, caller), {
    kind: "read",
    entity: "Pet",
    query: plain,
    count: false,
    single: false,
    ...operation,
  })
}

test("hidden fields do not exist, and fields hidden by the row are null", () => {
  expect(ask({}).answer?.body).toEqual([
    { id: id(5), owner: id(1), name: "Rex", diary: "woof" },
    { id: id(7), owner: null, name: null, diary: null },
  ])
})

test("a hidden field is refused wherever it is named, whatever is asked of it", () => {
  const filter = { field: "price", operator: "eq", negated: false, value: "not a number" }
  expect([...ask({ query: { ...plain, where: [filter] } }).refusals]).toEqual(["42703"])
  expect([
    ...ask({ query: { ...plain, order: [{ field: "price", descending: false, nulls: null }] } }).refusals,
  ]).toEqual(["42703"])
  expect([...ask({ query: { ...plain, select: [{ field: "price" }] } }).refusals]).toEqual(["42703"])
  const patch = ask({
    kind: "update",
    rows: [{ price: 1 }],
    returning: "minimal",
    query: { ...plain, where: [{ field: "id", is: "not_null", negated: false }] },
  })
  expect([...patch.refusals]).toEqual(["PGRST204"])
  expect(
    ask({ query: { ...plain, where: [{ ...filter, value: "5" }] } }, { ...ann, roles: ["agent"] }).answer
      ?.body,
  ).toHaveLength(1)
})

test("filters are three-valued, and count what they find", () => {
  const of = (negated: boolean): unknown =>
    ask({
      count: true,
      query: { ...plain, where: [{ field: "name", operator: "eq", negated, value: "Rex" }] },
    }).answer?.range
  expect([of(false), of(true)]).toEqual(["0-0/1", "*/0"])
})

test("embeds are read with the caller's eyes", () => {
  const query: QueryDescription = {
    ...plain,
    select: [
      { field: "name" },
      { embed: "pets", inner: false, query: { ...plain, select: [{ field: "name" }] } },
    ],
  }
  expect(ask({ entity: "Owner", query }).answer?.body).toEqual([
    { name: "Ann", pets: [{ name: "Rex" }] },
    { name: "Bob", pets: [] },
  ])
})

describe("writes", () => {
  const write = { returning: "minimal" as const, query: { ...plain, order: [] } }
  test.each([
    ["one's own", { id: id(8), owner: id(1), name: "New" }, []],
    ["another's", { id: id(8), owner: id(2), name: "New" }, ["42501"]],
    ["of no one", { id: id(8), owner: id(9), name: "New" }, ["42501", "23503"]],
    ["twice the same", { id: id(5), owner: id(1), name: "New" }, ["23505"]],
    ["with an unknown field", { id: id(8), owner: id(1), nosuchfield: 1 }, ["PGRST204"]],
  ])("an insert of %s", (_, row, codes) => {
    const expected = ask({ kind: "insert", ...write, rows: [row] })
    expect([...expected.refusals]).toEqual(codes)
    expect(expected.rows.Pet).toHaveLength(codes.length === 0 ? 4 : 3)
  })

  test("an update touches only what may be changed, and may not give it away", () => {
    const where = [{ field: "id", is: "not_null" as const, negated: false }]
    const named = ask({ kind: "update", ...write, query: { ...write.query, where }, rows: [{ name: "Max" }] })
    expect(named.rows.Pet?.map((row) => row.name)).toEqual(["Max", "Tom", null])
    expect([
      ...ask({ kind: "update", ...write, query: { ...write.query, where }, rows: [{ owner: id(2) }] })
        .refusals,
    ]).toEqual(["42501"])
  })
})

test.each([
  ["anna", "a%", true],
  ["anna", "_nna", true],
  ["a%b", "a\\%b", true],
  ["aXb", "a\\%b", false],
  ["a\nb", "a%", true],
  ["😀", "_", true],
  ["(", "(", true],
])("%j like %j is %j", (text, pattern, answer) => {
  expect(likes(text, pattern)).toBe(answer)
})
