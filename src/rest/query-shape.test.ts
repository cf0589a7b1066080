/** A query string that is read by its shape is read as the grammar reads it. */
import fc from "fast-check"
import { expect, test } from "vitest"
import type { UndercroftError } from "../base/errors.ts"
import { defaultGrammarLimits, parseQuery } from "./parse-query.ts"
import { createQueryReader, type ShapedQuery } from "./query-shape.ts"

/** What a query string gives, or the code of its error. */
function attempt(read: () => object): object {
  try {
    const { shape: _, ...parsed } = read() as ShapedQuery
    return parsed
  } catch (error) {
    return { code: (error as UndercroftError).code, message: (error as UndercroftError).message }
  }
}

const name = fc.constantFrom(
  "a",
  "b",
  "e.a",
  "a->>k",
  "and",
  "e.or",
  "not.and",
  "limit",
  "offset",
  "e.limit",
  "select",
  "order",
  "a%2Eb",
  "%61",
  "",
  "on_conflict",
  "columns",
)
const operator = fc.constantFrom(
  "eq.",
  "neq.",
  "not.eq.",
  "gt.",
  "is.",
  "not.is.",
  "in.",
  "like.",
  "eq(any).",
  "isdistinct.",
  "fts(english).",
  "",
  "e%71.",
  "not.not.eq.",
)
const operand = fc.oneof(
  fc.constantFrom(
    "1",
    "null",
    "true",
    "(1,2)",
    "x.y",
    "%20",
    "+",
    "a=b",
    "%",
    "%ff",
    "%00",
    '"x"',
    "{1,2}",
    "not_null",
    "12345678901",
    "-1",
    "",
  ),
  fc.string({ maxLength: 6 }).map((text) => encodeURIComponent(text.toWellFormed())),
)
const parameter = fc
  .tuple(name, operator, operand)
  .map(([left, middle, right]) => `${left}=${middle}${right}`)
const search = fc.array(parameter, { maxLength: 4 }).map((all) => ["select=*,e(*)", ...all].join("&"))

test("it is as the grammar reads it, also when another of its shape came first", () => {
  const read = createQueryReader(defaultGrammarLimits)
  fc.assert(
    fc.property(search, (text) => {
      expect(attempt(() => read(text))).toEqual(attempt(() => parseQuery(text, defaultGrammarLimits)))
    }),
    { numRuns: 5000 },
  )
})

test.each([
  ["a=eq.1&b=gt.2", "a=eq.3&b=gt.%34", true],
  ["a=eq.1", "a=neq.1", false],
  ["a=is.null", "a=is.true", false],
  ["a=eq.1&limit=5", "a=eq.1&limit=6", false],
  ["a=eq.1&offset=5", "a=eq.1&offset=6", true],
  ["order=a&b=eq.1", "b=eq.1&order=a", false],
])("%s and %s: one shape is %s", (left, right, isOne) => {
  const read = createQueryReader(defaultGrammarLimits)
  const [a, b] = [read(left), read(right)]
  expect(a.shape).not.toBeNull()
  expect(a.shape === b.shape).toBe(isOne)
})

test("what has no shape of its own is read by the grammar alone", () => {
  const read = createQueryReader(defaultGrammarLimits)
  expect(read("or=(a.eq.1,b.eq.2)").shape).toBeNull()
  expect(read("a=in.(1,2)").shape).toBeNull()
})
