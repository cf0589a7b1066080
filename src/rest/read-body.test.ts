/** Bodies are refused by their shape before they are parsed, and by their rows after. */
import { expect, test } from "vitest"
import { readRows } from "./read-body.ts"

const filler = `"${"x".repeat(70_000)}"`
const document = (rest: string): string => `{"filler":${filler},"rest":${rest}}`

test.each([
  ["deep", document(`${"[".repeat(101)}${"]".repeat(101)}`), /nested deeper than 100 levels/],
  [
    "wide",
    document(`{${Array.from({ length: 5001 }, (_, at) => `"k${at}":1`).join()}}`),
    /more than 5000 members/,
  ],
  ["of many objects", document(`[${"{},".repeat(25_001)}1]`), /more than 25000 objects/],
  ["of many lists", document(`[${"[],".repeat(100_001)}1]`), /more than 100000 lists/],
  ["closed too often", `${"]".repeat(70_000)}`, /is not JSON/],
  ["not closed", document('"x'), /Empty or invalid json/],
  ["of other keys", '[{"a":1},{"b":1}]', /All object keys must match/],
  ["of no objects", "[1]", /JSON object or a list/],
])("a body that is %s", (_, body, why) => {
  expect(() => readRows(Buffer.from(body), 5000, null)).toThrow(why)
})

test.each([
  ["100 levels", document(`${"[".repeat(98)}${"]".repeat(98)}`)],
  ["5,000 members", document(`{${Array.from({ length: 5000 }, (_, at) => `"k${at}":1`).join()}}`)],
  ["brackets, colons and quotes in texts", document(JSON.stringify(`[{"\\":${'[{:\\"'.repeat(10_000)}`))],
  ["a text that ends in backslashes", document(JSON.stringify("\\".repeat(9999)))],
])("a body with %s is read", (_, body) => {
  expect(readRows(Buffer.from(body), 1, null).rows).toEqual([JSON.parse(body)])
})

test("a key of the prototype's is a key like any other", () => {
  const { rows, columns } = readRows(Buffer.from('{"__proto__":{"x":1}}'), 1, null)
  expect(columns).toEqual(["__proto__"])
  expect(Object.getPrototypeOf(rows[0])).toBe(Object.prototype)
})
