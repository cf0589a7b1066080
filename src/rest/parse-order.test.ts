/** Orders, row by row. */
import { describe, expect, it } from "vitest"
import type { OrderTerm } from "../query/operation.ts"
import { parseOrder } from "./parse-order.ts"
import { Counter } from "./scanner.ts"

function by(name: string, more: Partial<OrderTerm> & { json?: OrderTerm["path"]["json"] } = {}): OrderTerm {
  const { json = [], ...rest } = more
  return { relation: null, path: { name, json }, descending: false, nulls: null, ...rest }
}

const terms = (max = 10): Counter => new Counter("filterTerms", "terms", max)

describe("orders", () => {
  const rows: readonly [text: string, order: readonly OrderTerm[]][] = [
    ["name", [by("name")]],
    ["name.asc", [by("name")]],
    ["name.desc", [by("name", { descending: true })]],
    ["name.desc.nullsfirst", [by("name", { descending: true, nulls: "first" })]],
    ["name.nullslast", [by("name", { nulls: "last" })]],
    ["a.desc.nullslast, b.asc ,c", [by("a", { descending: true, nulls: "last" }), by("b"), by("c")]],
    ["b->>c.asc", [by("b", { json: [{ key: "c", text: true }] })]],
    ["b->!@#$%^&*_a.asc.nullslast", [by("b", { json: [{ key: "!@#$%^&*_a", text: false }], nulls: "last" })]],
    ["b->0.desc", [by("b", { json: [{ key: 0, text: false }], descending: true })]],
    ["clients(name)", [by("name", { relation: "clients" })]],
    [
      "clients( data->key ).desc.nullsfirst",
      [
        by("data", {
          relation: "clients",
          json: [{ key: "key", text: false }],
          descending: true,
          nulls: "first",
        }),
      ],
    ],
    ["name,clients(name),id", [by("name"), by("name", { relation: "clients" }), by("id")]],
    ['"a.b".desc', [by("a.b", { descending: true })]],
    ["desc.desc", [by("desc", { descending: true })]],
  ]
  it.each(rows)("%s", (text, order) => {
    expect(parseOrder(text, terms())).toEqual(order)
  })
})

describe("what is not an order", () => {
  const rows: readonly [text: string, column: number, details: string][] = [
    ["", 1, "unexpected end of input expecting field name (* or [a..z0..9_$])"],
    ["id,", 4, "unexpected end of input expecting field name (* or [a..z0..9_$])"],
    ["id.", 4, 'unexpected end of input expecting "asc", "desc", "nullsfirst" or "nullslast"'],
    ["id.ac", 4, 'unexpected "a" expecting "asc", "desc", "nullsfirst" or "nullslast"'],
    ["id.descc", 8, 'unexpected "c" expecting delimiter (.), "," or end of input'],
    ["id.nullslasttt", 13, 'unexpected "t" expecting delimiter (.), "," or end of input'],
    ["id.asc.smth34", 8, 'unexpected "s" expecting "nullsfirst" or "nullslast"'],
    ["id.DESC", 4, 'unexpected "D" expecting "asc", "desc", "nullsfirst" or "nullslast"'],
    ["clients(name,id)", 13, 'unexpected "," expecting ")"'],
    ["clients()", 9, 'unexpected ")" expecting field name (* or [a..z0..9_$])'],
    ["id;drop", 3, 'unexpected ";" expecting delimiter (.), "," or end of input'],
  ]
  it.each(rows)("%j", (text, column, details) => {
    expect(() => parseOrder(text, terms())).toThrowError(
      expect.objectContaining({
        code: "PGRST100",
        message: `"failed to parse order (${text})" (line 1, column ${column})`,
        details,
      }),
    )
  })
})

it("counts its terms", () => {
  expect(parseOrder("a,b", terms(2))).toHaveLength(2)
  expect(() => parseOrder("a,b,c", terms(2))).toThrowError(expect.objectContaining({ code: "UC301" }))
})
