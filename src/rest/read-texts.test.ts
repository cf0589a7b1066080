/** Bodies of texts: what CSV and forms say, and what is none. */
import { expect, test } from "vitest"
import { UndercroftError } from "../base/errors.ts"
import { readCsv, readForm } from "./read-texts.ts"

const csv = (text: string, maxRows = 10): unknown => {
  const { rows, columns } = readCsv(Buffer.from(text), maxRows)
  return [columns, rows]
}

test.each([
  ["a,b\n1,2\n", [["a", "b"], [{ a: "1", b: "2" }]]],
  ["a,b\r\n1,2\r\n", [["a", "b"], [{ a: "1", b: "2" }]]],
  ["\ufeffa\nx", [["a"], [{ a: "x" }]]],
  ['a,b\n"x, y","say ""z"""', [["a", "b"], [{ a: "x, y", b: 'say "z"' }]]],
  [
    'a,b\nNULL,"NULL"\n,""',
    [
      ["a", "b"],
      [
        { a: null, b: "NULL" },
        { a: "", b: "" },
      ],
    ],
  ],
  ['a\n"two\nlines"', [["a"], [{ a: "two\nlines" }]]],
  ["a,b", [["a", "b"], []]],
])("%j", (text, expected) => expect(csv(text)).toEqual(expected))

test.each([
  ["", "PGRST102", "Empty or invalid CSV"],
  ["a,b\n1", "PGRST102", "All lines must have same number of fields"],
  ["a,a\n1,2", "PGRST102", "named"],
  ["a,\n1,2", "PGRST102", "named"],
  ["NULL\n1", "PGRST102", "named"],
  ['a\n"x', "PGRST102", "invalid CSV"],
  ['a\nx"y', "PGRST102", "invalid CSV"],
  ["a\n1\n2\n3", "UC319", "more than 2 rows"],
  [`${",".repeat(200_000)}`, "PGRST102", "more than 60000 values"],
])("%j is refused", (text, code, words) => {
  const refused = (): unknown => csv(text, 2)
  expect(refused).toThrow(UndercroftError)
  expect(refused).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }))
})

test("bytes that are not UTF-8 are refused", () => {
  expect(() => readCsv(Buffer.from([0x61, 10, 0xff]), 1)).toThrow("UTF-8")
  expect(() => readForm(undefined)).toThrow("UTF-8")
})

test("a form is one row of texts, each field once", () => {
  expect(readForm(Buffer.from("a=1&b=x+y%26z&c="))).toMatchObject({ rows: [{ a: "1", b: "x y&z", c: "" }] })
  expect(() => readForm(Buffer.from("a=1&a=2"))).toThrow("once")
  expect(() => readForm(Buffer.from("a=1&".repeat(3_000)))).toThrow("more than 2000 fields")
})
