/** What documents and types say can be asked of encrypted fields: no more than there is. */
import { describe, expect, expectTypeOf, test } from "vitest"
import { buildBackend } from "../../src/build-backend.ts"
import type { OrderTerm } from "../../src/client/entity-types.ts"
import type { Where } from "../../src/client/where-types.ts"
import type { Row } from "../../src/model/field.ts"
import { filterParameter } from "../../src/openapi/parameters.ts"
import { type Person, ward } from "./ward-backend.ts"

type People = Where<"Person", typeof Person>

describe("the client's types", () => {
  test("values are what they would be in the clear", () => {
    expectTypeOf<Row<typeof Person>["number"]>().toEqualTypeOf<string | null>()
    expectTypeOf<Row<typeof Person>["visits"]>().toEqualTypeOf<number | null>()
  })

  test("a findable field is asked for equal values, any other for null alone", () => {
    expectTypeOf<{ number: { in: readonly ["A"] } }>().toExtend<People>()
    expectTypeOf<{ number: null }>().toExtend<People>()
    expectTypeOf<{ number: { like: string } }>().not.toExtend<People>()
    expectTypeOf<{ number: { gt: string } }>().not.toExtend<People>()
    expectTypeOf<{ history: { not: null } }>().toExtend<People>()
    expectTypeOf<{ history: string }>().not.toExtend<People>()
  })

  test("none of them is ordered by", () => {
    expectTypeOf<"name">().toExtend<OrderTerm<typeof Person>>()
    expectTypeOf<"number">().not.toExtend<OrderTerm<typeof Person>>()
    expectTypeOf<"-history">().not.toExtend<OrderTerm<typeof Person>>()
  })
})

test.each([
  ["number", "^(not\\.)?(is|eq|neq|in)"],
  ["history", "^(not\\.)?(is)("],
])("OpenAPI offers for %s no more", (name, start) => {
  const field = buildBackend(ward).model.byName.get("Person")!.fieldByName.get(name)!
  expect(JSON.stringify(filterParameter(field))).toContain(JSON.stringify(start).slice(1, -1))
})
