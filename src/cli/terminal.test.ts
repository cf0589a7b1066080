/** Lines break between words and fit; what comes from rows can't steer a terminal. */
import fc from "fast-check"
import { expect, test } from "vitest"
import { padTo, printable, widthOf, wrap } from "./terminal.ts"

test.each<[string, number, readonly string[]]>([
  ["one two three", 8, ["one two", "three"]],
  ["one\ntwo", 8, ["one", "two"]],
  ["abcdefghij k", 4, ["abcd", "efgh", "ij k"]],
  ["漢字漢字", 4, ["漢字", "漢字"]],
  ["", 4, [""]],
])("%j in %i columns", (text, width, lines) => {
  expect(wrap(text, width)).toEqual(lines)
})

test("no line is wider than asked, and no letter is lost", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 2, max: 30 }), (text, width) => {
      const plain = printable(text)
      const lines = wrap(plain, width)
      expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width)
      expect(lines.join("").replaceAll(" ", "")).toBe(plain.replaceAll(" ", ""))
    }),
  )
})

test("control characters are shown", () => {
  expect(printable("a\u001b[2J\nb\t\u202ec\u0000")).toBe("a\\u001b[2J\\nb\\t\\u202ec\\u0000")
})

test("padding counts columns", () => {
  expect(padTo("漢", 4)).toBe("漢  ")
})
