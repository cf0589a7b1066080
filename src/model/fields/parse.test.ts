/** Kinds whose text has many forms: what is accepted comes out in one form, and the edges are where PostgreSQL has them. */
import { expect, test } from "vitest"
import type { Field } from "../field.ts"
import { BadValue } from "../value.ts"
import { decimal } from "./decimal.ts"
import { duration } from "./duration.ts"
import { instant } from "./instant.ts"
import { integer } from "./integer.ts"
import { json } from "./json.ts"
import { range } from "./range.ts"
import { text } from "./text.ts"

const exact = decimal({ precision: 8, scale: 2 })

/** A kind, a value, and what it becomes; or the refusal. */
const rows: readonly (readonly [string, Field<any, any, any>, unknown, unknown])[] = [
  ["instant", instant(), "2026-02-28T08:30:00Z", "2026-02-28T08:30:00Z"],
  ["instant", instant(), "2026-02-28t10:00:00.5+0530", "2026-02-28T04:30:00.5Z"],
  ["instant", instant(), "2026-02-28T10:00:00.9999999Z", "2026-02-28T10:00:00.999999Z"],
  ["instant", instant(), "1969-12-31T23:59:59.000001Z", "1969-12-31T23:59:59.000001Z"],
  ["instant", instant(), "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"],
  ["instant", instant(), "0001-01-01T00:00:00+00:01", /years 0001 to 9999/],
  ["instant", instant(), "9999-12-31T23:59:59-00:01", /years 0001 to 9999/],
  ["instant", instant(), "2026-02-28T10:00:00+15:60", /offset/],
  ["instant", instant(), "2026-02-28T10:00:00", /with an offset/],
  ["duration", duration(), "P1Y2M3W4DT5H6M7.5S", "P14M25DT18367.5S"],
  ["duration", duration(), "-P1DT2H", "P-1DT-7200S"],
  ["duration", duration(), "PT-0.5S", "PT-0.5S"],
  ["duration", duration(), "P1M-1D", "P1M-1D"],
  ["duration", duration(), "PT0S", "PT0S"],
  ["duration", duration(), "P10000Y", /9999 years/],
  ["duration", duration(), "PT", /ISO 8601/],
  ["decimal", exact, "+007.5", "7.50"],
  ["decimal", exact, "-0", "0.00"],
  ["decimal", exact, ".5", "0.50"],
  ["decimal", exact, 12.5, "12.50"],
  ["decimal", exact, "1.005", /2 digits behind/],
  ["decimal", exact, "9".repeat(300), /decimal number/],
  ["json", json(), { a: [1, null, "x"] }, { a: [1, null, "x"] }],
  ["json", json(), [Number.POSITIVE_INFINITY], /1\.8e308/],
  ["json", json(), "\u0000", /U\+0000/],
  ["range", range(integer()), "[9,10)", '["9","10")'],
  ["range", range(integer()), "[9,9)", /end after it starts/],
  ["range", range(exact), "[1.5,1.50)", /end after it starts/],
  ["text", text({ max: 2 }), "\u{1f600}\u{1f600}", "\u{1f600}\u{1f600}"],
  ["text", text({ max: 2 }), "\u{1f600}\u{1f600}a", /at most 2/],
  ["text", text({ min: 2 }), "\u{1f600}", /at least 2/],
]

test.each(rows)("%s: %o", (_, field, value, expected) => {
  if (expected instanceof RegExp) {
    expect(() => field.kind.parse(value)).toThrow(BadValue)
    expect(() => field.kind.parse(value)).toThrow(expected)
  } else expect(field.kind.parse(value)).toEqual(expected)
})

test("ranges of a filter compare their ends as values, not as texts", () => {
  const { kind } = range(integer())
  expect(kind.parseText("[9,10)")).toBe('["9","10")')
  expect(kind.parseText(' ( "9" , 10 ] ')).toBe('("9","10"]')
  expect(() => kind.parseText("[10,9)")).toThrow(/end before it starts/)
  expect(() => kind.parseText(`[1,2)${" ".repeat(300)}x`)).toThrow(/such as \[a,b\)/)
})
