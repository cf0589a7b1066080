/** Names, steps into JSON, and the positions and wording of refusals, after PostgREST's own examples. */
import { describe, expect, it } from "vitest"
import { UndercroftError } from "../base/errors.ts"
import { Counter, Scanner, shorten } from "./scanner.ts"

describe("names", () => {
  const rows: readonly [text: string, name: string, rest: string][] = [
    ["identifier", "identifier", ""],
    ["identifier with spaces", "identifier with spaces", ""],
    ["identifier-with-dashes.x", "identifier-with-dashes", ".x"],
    ["123", "123", ""],
    ["_", "_", ""],
    ["$", "$", ""],
    [" no leading or trailing spaces ", "no leading or trailing spaces", ""],
    ["a - b", "a-b", ""],
    ['" leading and trailing spaces "', " leading and trailing spaces ", ""],
    ['":"', ":", ""],
    ['"a\\"b\\\\c"d', 'a"b\\c', "d"],
    ["größe,名", "größe", ",名"],
    ["a->b", "a", "->b"],
    ["__proto__", "__proto__", ""],
  ]
  it.each(rows)("%j is %j, before %j", (text, name, rest) => {
    const scanner = new Scanner(text, "name")
    expect([scanner.readName(), scanner.readRest()]).toEqual([name, rest])
  })
})

describe("steps into JSON", () => {
  const rows: readonly [
    text: string,
    steps: readonly (readonly [string | number, boolean])[],
    rest: string,
  ][] = [
    ["->text", [["text", false]], ""],
    ["->>text", [["text", true]], ""],
    ["->!@#$%^&*_a", [["!@#$%^&*_a", false]], ""],
    ["->1", [[1, false]], ""],
    ["->>-2", [[-2, true]], ""],
    ["->0,other", [[0, false]], ",other"],
    ["->0.desc", [[0, false]], ".desc"],
    ["->0)", [[0, false]], ")"],
    ["->0::int", [[0, false]], "::int"],
    ["->1st", [["1st", false]], ""],
    ["->1-a", [["1-a", false]], ""],
    [
      "->a->0->>b-c",
      [
        ["a", false],
        [0, false],
        ["b-c", true],
      ],
      "",
    ],
    [
      '->"a.b"->>"->"',
      [
        ["a.b", false],
        ["->", true],
      ],
      "",
    ],
    ["-x", [], "-x"],
  ]
  it.each(rows)("%j", (text, steps, rest) => {
    const scanner = new Scanner(text, "path")
    expect(scanner.readJsonSteps()).toEqual(steps.map(([key, asText]) => ({ key, text: asText })))
    expect(scanner.readRest()).toBe(rest)
  })
})

function readAll(scanner: Scanner): void {
  scanner.readName()
  scanner.expectEnd("the end")
}

describe("refusals say where and why", () => {
  const rows: readonly [
    text: string,
    read: (scanner: Scanner) => unknown,
    column: number,
    details: string,
  ][] = [
    [":", (s) => s.readName(), 1, 'unexpected ":" expecting field name (* or [a..z0..9_$])'],
    ["   ", (s) => s.readName(), 1, 'unexpected " " expecting field name (* or [a..z0..9_$])'],
    ["", (s) => s.readName(), 1, "unexpected end of input expecting field name (* or [a..z0..9_$])"],
    ["a-", (s) => s.readName(), 3, "unexpected end of input expecting letter or digit"],
    ['"a', (s) => s.readName(), 3, 'unexpected end of input expecting "\\""'],
    ['"a\\', (s) => s.readName(), 4, 'unexpected end of input expecting "\\""'],
    [
      "->>-78xy",
      (s) => s.readJsonSteps(),
      7,
      'unexpected "x" expecting digit, "->", "::", ".", "," or end of input',
    ],
    ["->>--34", (s) => s.readJsonSteps(), 5, 'unexpected "-" expecting digit'],
    ["->>-xy-4", (s) => s.readJsonSteps(), 5, 'unexpected "x" expecting digit'],
    ["->3000000000", (s) => s.readJsonSteps(), 3, 'unexpected "3" expecting an index of at most 2147483647'],
    [
      "->",
      (s) => s.readJsonSteps(),
      3,
      "unexpected end of input expecting any non reserved character different from: .,>()",
    ],
    ["😀é!", readAll, 3, 'unexpected "!" expecting the end'],
    ["a\t)", readAll, 9, 'unexpected ")" expecting the end'],
  ]
  it.each(rows)("%j", (text, read, column, details) => {
    const error = caught(() => read(new Scanner(text, "thing")))
    expect(error.toBody()).toEqual({
      code: "PGRST100",
      message: `"failed to parse thing (${text})" (line 1, column ${column})`,
      details,
      hint: null,
    })
    expect(error.status).toBe(400)
  })

  it("counts lines, and the columns before the text", () => {
    const error = caught(() => new Scanner("a\nb)", "thing").refuse("no", 3))
    expect(error.message).toContain("(line 2, column 2)")
    expect(caught(() => new Scanner(")", "thing", 2).fail("x")).message).toContain("(line 1, column 3)")
  })

  it("repeats no more than 100 characters, and no half of one", () => {
    expect(shorten("a".repeat(100))).toBe("a".repeat(100))
    expect(shorten("a".repeat(101))).toBe(`${"a".repeat(100)}…`)
    expect(shorten(`${"a".repeat(99)}😀`)).toBe(`${"a".repeat(99)}…`)
  })
})

it("counts up to its limit", () => {
  const counter = new Counter("filterTerms", "filters", 2)
  counter.add()
  counter.add()
  const error = caught(() => counter.add())
  expect(error.toBody()).toMatchObject({ code: "UC301", message: "The request has more than 2 filters." })
  expect(error.hint).toContain("limits.filterTerms")
})

function caught(run: () => unknown): UndercroftError {
  try {
    run()
  } catch (error) {
    if (error instanceof UndercroftError) return error
    throw error
  }
  throw new Error("nothing was thrown")
}
