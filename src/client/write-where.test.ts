/** What a client writes is what the server's own parser reads: a value never becomes grammar. */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Filter, ReadQuery } from "../query/operation.ts"
import { defaultGrammarLimits, parseQuery } from "../rest/parse-query.ts"
import { rowsAfter } from "./each.ts"
import { queryParameters, toSearch } from "./write-query.ts"

/** What the server reads of a query that the client wrote. */
function readBack(query: object): { query: ReadQuery; values: readonly unknown[] } {
  const search = toSearch(queryParameters(query))
  return parseQuery(search.slice(1), defaultGrammarLimits)
}

/** Filters with their values in place, for comparing. */
function told(filter: Filter, values: readonly unknown[]): unknown {
  switch (filter.kind) {
    case "is":
      return [filter.path.name, `${filter.negated ? "not." : ""}is.${filter.value}`]
    case "compare":
      return [filter.path.name, `${filter.negated ? "not." : ""}${filter.operator}`, values[filter.value]]
    case "related":
      return filter
    default:
      return {
        [`${filter.negated ? "not " : ""}${filter.kind}`]: filter.terms.map((term) => told(term, values)),
      }
  }
}

function filtersOf(where: object): unknown {
  const { query, values } = readBack({ where })
  return query.where.map((filter) => told(filter, values))
}

const nasty = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom(
      ..."\"\\,().:{}[]*%&=+#?-<>! \tnäß日🙂'",
      "not.",
      "or(",
      "and",
      "eq.",
      "null",
      "in.(",
    ),
  }),
  fc.constantFrom(
    "",
    "null",
    '"',
    "\\",
    '")',
    ")&id=gt.0",
    "a,b",
    "{a}",
    "(a)",
    "not.eq.1",
    "*",
    "\r\n",
    "%00",
  ),
)
const text = nasty.filter((value) => value.isWellFormed() && !value.includes("\0"))
const pattern = (value: string): string => value.replaceAll("*", "%")

describe("a value arrives as it was sent", () => {
  test("as equality, in lists, in patterns, under not", () => {
    fc.assert(
      fc.property(text, fc.array(text, { maxLength: 4 }), (value, list) => {
        expect(filtersOf({ a: value, b: { in: list, ilike: value }, c: { not: value } })).toEqual([
          ["a", "eq", value],
          ["b", "in", list],
          ["b", "ilike", pattern(value)],
          { "not and": [["c", "eq", value]] },
        ])
      }),
      { numRuns: 2000 },
    )
  })

  test("in logic trees, however deep", () => {
    fc.assert(
      fc.property(text, text, fc.array(text, { maxLength: 4 }), (one, two, list) => {
        const where = {
          or: [
            { a: one, b: { in: list } },
            { not: { or: [{ a: { like: two } }, { a: null }] } },
            { and: [{ b: { not: { gte: one } } }] },
          ],
        }
        expect(filtersOf(where)).toEqual([
          {
            or: [
              {
                and: [
                  ["a", "eq", one],
                  ["b", "in", list],
                ],
              },
              {
                "not and": [
                  {
                    or: [
                      ["a", "like", pattern(two)],
                      ["a", "is.null"],
                    ],
                  },
                ],
              },
              { and: [{ "not and": [["b", "gte", one]] }] },
            ],
          },
        ])
      }),
      { numRuns: 2000 },
    )
  })

  test("of embedded relations, and in arrays", () => {
    fc.assert(
      fc.property(text, fc.array(text, { minLength: 1, maxLength: 3 }), (value, list) => {
        const include = { r: { where: { a: value, or: [{ b: { contains: list } }] }, select: ["a"] } }
        const { query, values } = readBack({ include, where: { a: 1 } })
        const [, embed] = query.select
        if (embed?.kind !== "embed") return expect.fail("no embed")
        expect(query.where.map((one) => told(one, values))).toEqual([["a", "eq", "1"]])
        const array = `{${list.map((item) => `"${item.replace(/["\\]/g, "\\$&")}"`).join(",")}}`
        expect(embed.query.where.map((one) => told(one, values))).toEqual([
          ["a", "eq", value],
          { or: [["b", "cs", array]] },
        ])
      }),
      { numRuns: 1000 },
    )
  })

  test("as the place after which a page begins", () => {
    const order = [
      { name: "a", descending: false },
      { name: "b", descending: true },
      { name: "id", descending: false },
    ]
    fc.assert(
      fc.property(fc.option(text), fc.option(text), text, (a, b, id) => {
        const terms = [rowsAfter(order, [a, b, id], ["id"])]
        const { query, values } = parseQuery(
          toSearch(queryParameters({}, { terms })).slice(1),
          defaultGrammarLimits,
        )
        const is = (name: string, value: string | null): unknown =>
          value === null ? [name, "is.null"] : [name, "eq", value]
        const beyondA =
          a === null
            ? []
            : [
                ["a", "gt", a],
                ["a", "is.null"],
              ]
        const beyondB = b === null ? ["b", "not.is.null"] : ["b", "lt", b]
        expect(query.where.map((one) => told(one, values))).toEqual([
          {
            or: [
              ...beyondA,
              { and: [is("a", a), beyondB] },
              { and: [is("a", a), is("b", b), ["id", "gt", id]] },
            ],
          },
        ])
      }),
      { numRuns: 1000 },
    )
  })
})

test("select, order, limits and relations are where the grammar has them", () => {
  const search = toSearch(
    queryParameters({
      select: ["id", "name"],
      where: { practice: "7" },
      include: {
        appointments: {
          select: ["during"],
          where: { or: [{ status: "booked" }, { status: null }], not: { kind: "acute" } },
          order: ["-during", "id"],
          limit: 5,
          include: { doctor: true },
        },
      },
      order: ["name", "-born"],
      limit: 20,
    }),
  )
  expect(decodeURIComponent(search).split("&")).toEqual([
    "?select=id,name,appointments(during,doctor(*))",
    "practice=eq.7",
    "order=name,born.desc",
    "limit=20",
    'appointments.or=(status.eq."booked",status.is.null)',
    'appointments.not.and=(kind.eq."acute")',
    "appointments.order=during.desc,id",
    "appointments.limit=5",
  ])
})
