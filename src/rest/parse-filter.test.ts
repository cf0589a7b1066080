/** Conditions and their trees, row by row: what each text means, and where and why others are refused. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Filter } from "../query/operation.ts"
import { type FilterContext, parseFilter, parseLogic } from "./parse-filter.ts"
import { Counter } from "./scanner.ts"

const limits = { filterTerms: 20, logicDepth: 4, listItems: 5 }

function context(more: Partial<typeof limits> = {}): FilterContext {
  const all = { ...limits, ...more }
  return { limits: all, terms: new Counter("filterTerms", "filters", all.filterTerms), values: [] }
}

type Compare = Extract<Filter, { kind: "compare" }>

function compare(operator: Compare["operator"], value: number, more: Partial<Compare> = {}): Compare {
  const path = { name: "x", json: [] }
  return { kind: "compare", path, operator, negated: false, quantifier: null, config: null, value, ...more }
}

function is(value: Extract<Filter, { kind: "is" }>["value"], name = "x", negated = false): Filter {
  return { kind: "is", path: { name, json: [] }, negated, value }
}

const on = (name: string): Pick<Compare, "path"> => ({ path: { name, json: [] } })

describe("conditions", () => {
  const rows: readonly [text: string, filter: Filter, value?: unknown][] = [
    ["eq.1", compare("eq", 0), "1"],
    ["eq.", compare("eq", 0), ""],
    ["eq.a.b,c)(", compare("eq", 0), "a.b,c)("],
    ['eq."quoted"', compare("eq", 0), '"quoted"'],
    ["not.eq.1", compare("eq", 0, { negated: true }), "1"],
    ["like.a*b*", compare("like", 0), "a%b%"],
    ["not.ilike.*x%", compare("ilike", 0, { negated: true }), "%x%"],
    ["match.^a*", compare("match", 0), "^a*"],
    ["eq(any).{1,2}", compare("eq", 0, { quantifier: "any" }), ["1", "2"]],
    ["not.gte(all).{}", compare("gte", 0, { negated: true, quantifier: "all" }), []],
    ["like(any).{a*,*b}", compare("like", 0, { quantifier: "any" }), ["a%", "%b"]],
    [
      'imatch(all).{"a,b", c d ,"\\"\\\\","null",""}',
      compare("imatch", 0, { quantifier: "all" }),
      ["a,b", "c d", '"\\', "null", ""],
    ],
    ["eq(any).{a\\,b,\\null}", compare("eq", 0, { quantifier: "any" }), ["a,b", "null"]],
    ["in.(1,2)", compare("in", 0), ["1", "2"]],
    ["not.in.(1)", compare("in", 0, { negated: true }), ["1"]],
    ["in.()", compare("in", 0), []],
    ['in.("")', compare("in", 0), [""]],
    ["in.(,)", compare("in", 0), ["", ""]],
    ["in. ( 1, 2) ", compare("in", 0), ["1", " 2"]],
    ['in.("a,b","c\\"d","e\\\\f")', compare("in", 0), ["a,b", 'c"d', "e\\f"]],
    ['in.("a"b,"c" ,d"e")', compare("in", 0), ['"a"b', '"c" ', 'd"e"']],
    ['in.("a,b)', compare("in", 0), ['"a', "b"]],
    ["isdistinct.{1,2}", compare("isdistinct", 0), "{1,2}"],
    ["fts.cat", compare("fts", 0), "cat"],
    ["not.plfts(english).a b", compare("plfts", 0, { negated: true, config: "english" }), "a b"],
    ["wfts(simple).-x", compare("wfts", 0, { config: "simple" }), "-x"],
    ["is.null", is("null")],
    ["is.NULL", is("null")],
    ["is.Not_Null", is("not_null")],
    ["not.is.true", is("true", "x", true)],
    ["is.false", is("false")],
    ["is.unknown ", is("unknown")],
    ...(
      [
        "neq",
        "gt",
        "lt",
        "lte",
        "imatch",
        "cs",
        "cd",
        "ov",
        "sl",
        "sr",
        "nxr",
        "nxl",
        "adj",
        "phfts",
      ] as const
    ).map((operator): [string, Filter, unknown] => [`${operator}.[1,2)`, compare(operator, 0), "[1,2)"]),
  ]
  it.each(rows)("%s", (text, filter, value) => {
    const request = context()
    expect(parseFilter({ name: "x", json: [] }, text, request)).toEqual(filter)
    expect(request.values).toEqual(value === undefined ? [] : [value])
  })
})

describe("what is not a condition", () => {
  const rows: readonly [text: string, column: number, details: string][] = [
    ["xx.foo", 1, 'unexpected "x" expecting "not" or operator (eq, gt, ...)'],
    ["", 1, 'unexpected end of input expecting "not" or operator (eq, gt, ...)'],
    ["5", 1, 'unexpected "5" expecting "not" or operator (eq, gt, ...)'],
    ["EQ.5", 1, 'unexpected "E" expecting "not" or operator (eq, gt, ...)'],
    ["__proto__.5", 1, 'unexpected "_" expecting "not" or operator (eq, gt, ...)'],
    ["constructor.5", 1, 'unexpected "c" expecting "not" or operator (eq, gt, ...)'],
    ["not.not.eq.5", 5, 'unexpected "n" expecting operator (eq, gt, ...)'],
    ["eq", 3, "unexpected end of input expecting delimiter (.)"],
    ["eq5", 3, 'unexpected "5" expecting delimiter (.)'],
    ["eq().1", 4, 'unexpected ")" expecting "any" or "all"'],
    ["neq(any).{1}", 4, 'unexpected "(" expecting delimiter (.)'],
    ["is().null", 3, 'unexpected "(" expecting delimiter (.)'],
    ["in().1", 3, 'unexpected "(" expecting delimiter (.)'],
    ["fts().x", 5, 'unexpected ")" expecting letter or digit'],
    ["fts(a.x", 6, 'unexpected "." expecting ")"'],
    ["is.nil", 4, 'unexpected "n" expecting isVal: (null, not_null, true, false, unknown)'],
    ["is.null;", 8, 'unexpected ";" expecting end of input'],
    ["is.", 4, "unexpected end of input expecting isVal: (null, not_null, true, false, unknown)"],
    ["in.1,2", 4, 'unexpected "1" expecting "("'],
    ["in.(1,2", 8, 'unexpected end of input expecting ")" or ","'],
    ["in.(1,2)x", 9, 'unexpected "x" expecting end of input'],
  ]
  it.each(rows)("%j", (text, column, details) => {
    expect(() => parseFilter({ name: "x", json: [] }, text, context())).toThrowError(
      expect.objectContaining({
        code: "PGRST100",
        message: `"failed to parse filter (${text})" (line 1, column ${column})`,
        details,
      }),
    )
  })

  it.each(["1", "{1", "{1,}", "{,1}", "{1}x", "{a{b}", "{{1}}", "{NULL}", '{a"b"}', '{"a"b}', "{a\\", '{"a'])(
    "eq(any).%s",
    (array) => {
      expect(() => parseFilter({ name: "x", json: [] }, `eq(any).${array}`, context())).toThrowError(
        /^"failed to parse array /,
      )
    },
  )
})

describe("and, or", () => {
  const and = (...terms: Filter[]): Filter => ({ kind: "and", negated: false, terms })
  const or = (...terms: Filter[]): Filter => ({ kind: "or", negated: false, terms })
  const rows: readonly [text: string, terms: readonly Filter[], ...values: unknown[]][] = [
    ["(a.eq.1)", [compare("eq", 0, on("a"))], "1"],
    [
      "(a.eq.1,b.not.gt.2)",
      [compare("eq", 0, on("a")), compare("gt", 1, { ...on("b"), negated: true })],
      "1",
      "2",
    ],
    [
      "(or(a.eq.1,b.is.null),not.and(c.is.true))",
      [
        or(compare("eq", 0, on("a")), is("null", "b")),
        { kind: "and", negated: true, terms: [is("true", "c")] },
      ],
      "1",
    ],
    [
      "( and ( id.in.( 1, 2, 3 ) , a.eq.3 ) , or ( b.is.null , c.is.null ) )",
      [and(compare("in", 0, on("id")), compare("eq", 1, on("a"))), or(is("null", "b"), is("null", "c"))],
      ["1", " 2", " 3 "],
      "3 ",
    ],
    ['(a.eq."x,y)",b.eq."\\"")', [compare("eq", 0, on("a")), compare("eq", 1, on("b"))], "x,y)", '"'],
    ['(a.eq."x"y,b.eq.z")', [compare("eq", 0, on("a")), compare("eq", 1, on("b"))], '"x"y', 'z"'],
    ["(a.cs.{1,2},b.ov.{})", [compare("cs", 0, on("a")), compare("ov", 1, on("b"))], "{1,2}", "{}"],
    ["(a.eq(any).{1,2})", [compare("eq", 0, { ...on("a"), quantifier: "any" })], ["1", "2"]],
    ['(a.like(any)."{1*,\\"\\"}")', [compare("like", 0, { ...on("a"), quantifier: "any" })], ["1%", ""]],
    ["(a.like.*b*)", [compare("like", 0, on("a"))], "%b%"],
    ["(a.eq.)", [compare("eq", 0, on("a"))], ""],
    [
      "(a->b->>0.eq.1)",
      [
        compare("eq", 0, {
          path: {
            name: "a",
            json: [
              { key: "b", text: false },
              { key: 0, text: true },
            ],
          },
        }),
      ],
      "1",
    ],
    ['("a.b".is.null)', [is("null", "a.b")]],
    [
      "(not.eq.1,and.eq.2,order.eq.3)",
      [compare("eq", 0, on("not")), compare("eq", 1, on("and")), compare("eq", 2, on("order"))],
      "1",
      "2",
      "3",
    ],
    [
      "(a.plfts(german).Art Spass, b.fts.x)",
      [compare("plfts", 0, { ...on("a"), config: "german" }), compare("fts", 1, on("b"))],
      "Art Spass",
      "x",
    ],
  ]
  it.each(rows)("or=%s", (text, terms, ...values) => {
    const request = context()
    expect(parseLogic("or", false, text, request)).toEqual(or(...terms))
    expect(request.values).toEqual(values)
  })

  const refused: readonly [text: string, column: number, details: string][] = [
    [
      "()",
      4,
      'unexpected ")" expecting field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)',
    ],
    ["(id.in.1,2,id.eq.3)", 10, 'unexpected "1" expecting "("'],
    [")(", 3, 'unexpected ")" expecting "("'],
    ["(id.eq.1,not.xor(id.eq.2,id.eq.3))", 16, 'unexpected "x" expecting "not" or operator (eq, gt, ...)'],
    ["(id.eq.1", 11, 'unexpected end of input expecting "," or ")"'],
    ["(id.eq.1))", 12, 'unexpected ")" expecting end of input'],
    ["(id)", 6, 'unexpected ")" expecting delimiter (.)'],
    ["(a.is.null b)", 14, 'unexpected "b" expecting "," or ")"'],
  ]
  it.each(refused)("or=%s is refused", (text, column, details) => {
    expect(() => parseLogic("or", false, text, context())).toThrowError(
      expect.objectContaining({
        code: "PGRST100",
        message: `"failed to parse logic tree (${text})" (line 1, column ${column})`,
        details,
      }),
    )
  })
})

describe("limits", () => {
  const eq = "x.eq.1"
  const rows: readonly [text: string, setting: string | null][] = [
    [`(${Array(19).fill(eq).join()})`, null],
    [`(${Array(20).fill(eq).join()})`, "filterTerms"],
    [`(${Array(10_000).fill(eq).join()})`, "filterTerms"],
    ["(or(or(or(x.eq.1))))", null],
    ["(or(or(or(or(x.eq.1)))))", "logicDepth"],
    [`(${"not.and(".repeat(10_000)}`, "logicDepth"],
    ["(x.in.(1,2,3,4,5))", null],
    ["(x.in.(1,2,3,4,5,6))", "listItems"],
    ["(x.eq(any).{1,2,3,4,5})", null],
    ["(x.eq(any).{1,2,3,4,5,6})", "listItems"],
  ]
  it.each(rows)("row %#", (text, setting) => {
    if (setting === null) expect(parseLogic("or", false, text, context()).kind).toBe("or")
    else {
      expect(() => parseLogic("or", false, text, context())).toThrowError(
        expect.objectContaining({ code: "UC301", hint: expect.stringContaining(`limits.${setting}.`) }),
      )
    }
  })
})

describe("quoting is undone", () => {
  const quote = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&")}"`
  const texts = fc.array(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 5 })

  it("in lists, arrays and values of trees", () => {
    fc.assert(
      fc.property(texts, fc.string({ unit: "grapheme", minLength: 1 }), (items, name) => {
        const list = items.map(quote).join()
        const request = context()
        const text = `(${quote(name)}.in.(${list}),b.eq.${quote(items[0] ?? "")},c.eq(any).${quote(`{${list}}`)})`
        const filter = parseLogic("and", false, text, request)
        expect(request.values).toEqual([items, items[0], items])
        expect(filter).toMatchObject({ terms: [{ path: { name } }, {}, {}] })
      }),
    )
  })
})
