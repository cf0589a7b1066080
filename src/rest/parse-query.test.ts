/** Whole query strings: where each parameter goes, what is refused, the limits, any text at all, a real client. */
import { PostgrestClient } from "@supabase/postgrest-js"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { UndercroftError } from "../base/errors.ts"
import type { Filter, ReadQuery } from "../query/operation.ts"
import { defaultGrammarLimits, type GrammarLimits, type ParsedQuery, parseQuery } from "./parse-query.ts"

const parse = (search: string, limits: Partial<GrammarLimits> = {}): ParsedQuery =>
  parseQuery(search, { ...defaultGrammarLimits, ...limits })

/** A tree in few words, values in place. */
function show({ query, values }: ParsedQuery): string {
  const at = (index: number | null): string => (index === null ? "" : JSON.stringify(values[index]))
  const path = ({ name, json }: Extract<Filter, { path: unknown }>["path"]): string =>
    name + json.map((step) => (step.text ? "->>" : "->") + step.key).join("")
  const filter = (term: Filter): string => {
    const not = term.negated ? "not " : ""
    if (term.kind === "compare") return `${not}${path(term.path)} ${term.operator} ${at(term.value)}`
    if (term.kind === "is") return `${not}${path(term.path)} is ${term.value}`
    if (term.kind === "related") return `${not}${term.relation}(${term.where.map(filter).join("; ")})`
    return `${not}${term.kind}(${term.terms.map(filter).join("; ")})`
  }
  const read = (of: ReadQuery): string => {
    const select = of.select.map((item) => {
      if (item.kind === "embed") return `${item.alias ?? item.relation}{${read(item.query)}}`
      return item.kind === "field" ? path(item.path) : item.kind === "all" ? "*" : "count"
    })
    const order = of.order.map((term) => {
      const name = term.relation === null ? path(term.path) : `${term.relation}.${path(term.path)}`
      return name + (term.descending ? " desc" : "") + (term.nulls === null ? "" : ` ${term.nulls}`)
    })
    return [
      select.join(),
      of.where.map(filter).join(" & "),
      order.join(),
      [of.limit ?? "", at(of.offset)].join("+"),
    ].join(" | ")
  }
  return read(query)
}

describe("queries", () => {
  const rows: readonly [search: string, shown: string][] = [
    ["", "* |  |  | +"],
    ["&&", "* |  |  | +"],
    ["select=", "* |  |  | +"],
    ["select=id,name&practice=eq.X&order=name&limit=20", 'id,name | practice eq "X" | name | 20+'],
    ["a=gt.1&a=lt.9&a=eq.5", '* | a gt "1" & a lt "9" & a eq "5" |  | +'],
    ["a=eq.x=y", '* | a eq "x=y" |  | +'],
    ["a=eq.1+2%2B3%20%26", '* | a eq "1 2+3 &" |  | +'],
    ["a=eq.%F0%9F%98%80%c3%a9", '* | a eq "😀é" |  | +'],
    ["a=eq.\u00c3\u00a9", '* | a eq "é" |  | +'],
    ["data-%3Ea-%3E%3E0=eq.1", '* | data->a->>0 eq "1" |  | +'],
    ['"information.cpe"=like.*MS*', '* | information.cpe like "%MS%" |  | +'],
    ['"order"=eq.1&"select"=eq.2', '* | order eq "1" & select eq "2" |  | +'],
    ["or=(a.eq.1,b.eq.2)&not.and=(c.is.null)", '* | or(a eq "1"; b eq "2") & not and(c is null) |  | +'],
    ["limit=0&offset=5", "* |  |  | 0+5"],
    ["offset=-4", "* |  |  | +0"],
    ["limit=5&limit=3", "* |  |  | 3+"],
    ["order=a&order=b.desc", "* |  | a,b desc | +"],
    ["select=a&select=b", "a |  |  | +"],
    ["__proto__=eq.1&constructor=is.null", '* | __proto__ eq "1" & constructor is null |  | +'],
    ["select=*,e()&e=not.is.null", "*,e{ |  |  | +} | not e is null |  | +"],
    ["e.x=eq.1&select=id,e(x)", 'id,e{x | x eq "1" |  | +} |  |  | +'],
    ["select=e(f(*))&e.f.x=in.(1,2)&e.x=eq.3", 'e{f{* | x in ["1","2"] |  | +} | x eq "3" |  | +} |  |  | +'],
    ["select=e(*)&e.or=(a.eq.1,b.eq.2)", 'e{* | or(a eq "1"; b eq "2") |  | +} |  |  | +'],
    [
      "select=e(*)&e.not.or=(a.is.null)&not.e.and=(b.is.null)",
      "e{* | not or(a is null) & not and(b is null) |  | +} |  |  | +",
    ],
    ["select=e(*)&e.order=a.desc&e.limit=1&e.offset=2&order=e(a)", "e{* |  | a desc | 1+2} |  | e.a | +"],
    [
      "select=z:e(*),s:e(*)&s.x=eq.1&z.x=eq.2&e.x=eq.3",
      'z{* | x eq "2" & x eq "3" |  | +},s{* | x eq "1" |  | +} |  |  | +',
    ],
    ["select=x:e(*),e:f(*)&e.a=is.null", "x{* |  |  | +},e{* | a is null |  | +} |  |  | +"],
    ["select=...e(a)&e.a=is.true", "e{a | a is true |  | +} |  |  | +"],
    ['select="my e"(*)&"my e"."a.b"=is.null', "my e{* | a.b is null |  | +} |  |  | +"],
    ["select=__proto__(*)&__proto__.a=is.null", "__proto__{* | a is null |  | +} |  |  | +"],
  ]
  it.each(rows)("%s", (search, shown) => {
    expect(show(parse(search))).toBe(shown)
  })

  it("reads the names of a write", () => {
    expect(parse("columns=a,%22b%20c%22,a&on_conflict=id, x")).toMatchObject({
      columns: ["a", "b c"],
      onConflict: ["id", "x"],
    })
    expect(parse("")).toEqual({
      query: { select: [{ kind: "all" }], where: [], order: [], limit: null, offset: null },
      columns: null,
      onConflict: null,
      values: [],
    })
  })

  it("gives one tree to one shape", () => {
    const shape = (id: string): ParsedQuery =>
      parse(`select=id,e(*)&id=eq.${id}&e.x=in.(${id})&or=(a.gt.${id},b.is.null)&limit=5`)
    expect(shape("1").query).toEqual(shape("22").query)
    expect(shape("22").values).toEqual(["22", ["22"], "22"])
  })
})

describe("refusals", () => {
  const rows: readonly [search: string, code: string, message: string, details?: string | null][] = [
    [
      "id=xx.foo",
      "PGRST100",
      '"failed to parse filter (xx.foo)" (line 1, column 1)',
      'unexpected "x" expecting "not" or operator (eq, gt, ...)',
    ],
    ["=eq.1", "PGRST100", '"failed to parse tree path ()" (line 1, column 1)'],
    ["a..b=eq.1", "PGRST100", '"failed to parse tree path (a..b)" (line 1, column 3)'],
    ["a)=eq.1", "PGRST100", '"failed to parse tree path (a))" (line 1, column 2)'],
    ["a->=eq.1", "PGRST100", '"failed to parse tree path (a->)" (line 1, column 4)'],
    ["a->b.or=(c.eq.1)", "PGRST100", '"failed to parse logic path (a->b.or)" (line 1, column 5)'],
    ["or=()", "PGRST100", '"failed to parse logic tree (())" (line 1, column 4)'],
    ["not.or=()", "PGRST100", '"failed to parse logic tree (())" (line 1, column 8)'],
    ["order=", "PGRST100", '"failed to parse order ()" (line 1, column 1)'],
    ["columns=", "PGRST100", '"failed to parse columns parameter ()" (line 1, column 1)'],
    ["on_conflict=a;b", "PGRST100", '"failed to parse on_conflict parameter (a;b)" (line 1, column 2)'],
    ["select=a)", "PGRST100", '"failed to parse select parameter (a))" (line 1, column 2)'],
    [
      "id",
      "PGRST100",
      '"failed to parse parameter (id)" (line 1, column 3)',
      'unexpected end of input expecting "="',
    ],
    [
      "a=eq.%",
      "PGRST100",
      '"failed to parse parameter (eq.%)" (line 1, column 4)',
      'unexpected "%" expecting "%" and two hexadecimal digits',
    ],
    ["a=eq.%2", "PGRST100", '"failed to parse parameter (eq.%2)" (line 1, column 4)'],
    ["a=eq.%2g", "PGRST100", '"failed to parse parameter (eq.%2g)" (line 1, column 4)'],
    ["a=eq.%g2", "PGRST100", '"failed to parse parameter (eq.%g2)" (line 1, column 4)'],
    [
      "a=eq.%00",
      "PGRST100",
      '"failed to parse parameter (eq.%00)" (line 1, column 6)',
      "unexpected null character",
    ],
    [
      "a%00=eq.",
      "PGRST100",
      '"failed to parse parameter (a%00)" (line 1, column 4)',
      "unexpected null character",
    ],
    [
      "a=eq.\0",
      "PGRST100",
      '"failed to parse parameter (eq.\0)" (line 1, column 4)',
      "unexpected null character",
    ],
    [
      "a=eq.%ff",
      "PGRST100",
      '"failed to parse parameter (eq.%ff)" (line 1, column 1)',
      "unexpected bytes that are not UTF-8",
    ],
    ["a=eq.%c0%80", "PGRST100", '"failed to parse parameter (eq.%c0%80)" (line 1, column 1)'],
    ["a=eq.%ed%a0%80", "PGRST100", '"failed to parse parameter (eq.%ed%a0%80)" (line 1, column 1)'],
    ["a=eq.\ud800", "PGRST100", '"failed to parse parameter (eq.\ufffd)" (line 1, column 4)'],
    ["\udc00=eq.1", "PGRST100", '"failed to parse parameter (\ufffd)" (line 1, column 1)'],
    [
      "limit=-1",
      "PGRST103",
      "Requested range not satisfiable",
      "Limit should be greater than or equal to zero.",
    ],
    ["select=e(*)&e.limit=-1", "PGRST103", "Requested range not satisfiable"],
    [
      "limit=x",
      "PGRST100",
      '"failed to parse limit (x)" (line 1, column 1)',
      'unexpected "x" expecting digit',
    ],
    ["limit=", "PGRST100", '"failed to parse limit ()" (line 1, column 1)'],
    ["limit=-", "PGRST100", '"failed to parse limit (-)" (line 1, column 2)'],
    ["limit=1.5", "PGRST100", '"failed to parse limit (1.5)" (line 1, column 2)'],
    ["offset=9007199254740993", "PGRST100", '"failed to parse offset (9007199254740993)" (line 1, column 1)'],
    ["e.x=eq.1", "PGRST108", "'e' is not an embedded resource in this request", null],
    ["select=e(*)&e.f.x=eq.1", "PGRST108", "'f' is not an embedded resource in this request"],
    ["e.or=(a.eq.1)", "PGRST108", "'e' is not an embedded resource in this request"],
    ["not.not.or=(a.eq.1)", "PGRST108", "'not' is not an embedded resource in this request"],
    ["e.limit=1", "PGRST108", "'e' is not an embedded resource in this request"],
    ["e.order=a", "PGRST108", "'e' is not an embedded resource in this request"],
    ["order=e(a)", "PGRST108", "'e' is not an embedded resource in this request"],
    ["constructor.x=eq.1", "PGRST108", "'constructor' is not an embedded resource in this request"],
  ]
  it.each(rows)("%j is %s", (search, code, message, details) => {
    const error = caught(() => parse(search))
    expect(error).toMatchObject({ code, message, status: code === "PGRST103" ? 416 : 400 })
    if (details !== undefined) expect(error.details).toBe(details)
  })

  it("says what to do about a relation that is not embedded", () => {
    expect(caught(() => parse("e.x=eq.1")).hint).toBe(
      "Verify that 'e' is included in the 'select' query parameter.",
    )
  })
})

describe("limits", () => {
  const urlBytes = 10_000_000
  const rows: readonly [search: string, setting: string][] = [
    [`a=eq.${"x".repeat(65_536)}`, "urlBytes"],
    ["a=eq.1&".repeat(10_000), "filterTerms"],
    [`or=(${"a.eq.1,".repeat(10_000)}`, "filterTerms"],
    ["or=(a.eq.1)&".repeat(10_000), "filterTerms"],
    [`order=${"a,".repeat(10_000)}`, "filterTerms"],
    ["limit=1&".repeat(10_000), "filterTerms"],
    [`or=${"(or".repeat(10_000)}`, "logicDepth"],
    [`or=(${"not.and(".repeat(10_000)}`, "logicDepth"],
    [`select=${"a(".repeat(10_000)}`, "embedDepth"],
    [`select=${"...a(".repeat(10_000)}`, "embedDepth"],
    [`select=${"a,".repeat(10_000)}`, "selectItems"],
    [`a=in.(${"1,".repeat(10_000)})`, "listItems"],
    [`a=eq(any).{${"1,".repeat(10_000)}1}`, "listItems"],
  ]
  it.each(rows)("row %#", (search, setting) => {
    const error = caught(() => parse(search, setting === "urlBytes" ? {} : { urlBytes }))
    expect(error).toMatchObject({ code: "UC301", status: 400 })
    expect(error.hint).toContain(`limits.${setting}.`)
  })

  it("takes time in proportion to the length", () => {
    const many = (unit: string): string => unit.repeat(Math.ceil(400_000 / unit.length))
    const searches = [
      many("a"),
      many("%61"),
      many("%"),
      many("&"),
      many("="),
      many("a=&"),
      many("a=eq.1&"),
      many("+"),
      `a=in.(${many('"a,"')})`,
      `a=in.(${many('"\\"')}`,
      `a=in.(${many("\\\\")}`,
      `or=(a.eq.${many('"{')}`,
      `or=(a.eq.${many('{a.eq."')}`,
      `or=(${many('a.eq."x,')}`,
      `or=(${many("a.eq.{x,")}`,
      `or=(${many(" ")}`,
      `or=(${many("not.")}`,
      `select=${many(" ")}`,
      `select=${many("a-")}`,
      `select=${many('"\\"')}`,
      `select=a${many("->b")}`,
      `select=a${many("->1")}`,
      `select=a${many("::b")}`,
      `select=${many("a:")}`,
      `select=a${many("!b")}`,
      `order=${many("a(")}`,
      `order=${many("a.asc,")}`,
      `${many("a.")}=eq.1`,
      `a=eq(any).{${many('"a"')}`,
      `a=eq(any).{${many("\\a")}}`,
      `a=like.${many("*")}`,
      `limit=${many("1")}`,
    ]
    const unlimited = { urlBytes: 2_000_000, selectItems: 1e9, filterTerms: 1e9, listItems: 1e9 }
    for (const search of searches) {
      const start = performance.now()
      caughtOrNot(() => parse(search, unlimited))
      // They take some ten milliseconds; squared it would be minutes.
      expect(performance.now() - start, search.slice(0, 40)).toBeLessThan(3_000)
    }
  })
})

describe("any text", () => {
  const words = [
    "select=",
    "order=",
    "limit=",
    "offset=",
    "or=",
    "and=",
    "not.",
    "columns=",
    "on_conflict=",
    "a",
    "b.",
    "*",
    "...",
    "(",
    ")",
    ",",
    ".",
    ":",
    "::",
    "!",
    "!inner",
    "->",
    "->>",
    "&",
    "=",
    '"',
    "\\",
    "{",
    "}",
    "eq.",
    "in.",
    "is.null",
    "like(any).",
    "fts(en).",
    "count()",
    ".sum()",
    "asc",
    "nullslast",
    "1",
    "-",
    " ",
    "%",
    "%22",
    "%ff",
    "%00",
    "+",
    "é",
    "__proto__",
  ]
  const grammar = fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((parts) => parts.join(""))
  const anything = fc.oneof(
    grammar,
    fc.string({ unit: "binary" }),
    fc.string({ unit: "binary" }).map((text) => `a=eq.${text}`),
  )

  it("is a query or an error that says why, and short", () => {
    fc.assert(
      fc.property(anything, (search) => {
        const error = caughtOrNot(() => parse(search, { embedDepth: 2, logicDepth: 2, listItems: 3 }))
        if (error === null) return
        expect(["PGRST100", "PGRST103", "PGRST108", "UC301"]).toContain(error.code)
        expect(error.message.length + (error.details ?? "").length).toBeLessThan(400)
        expect(JSON.stringify(error.toBody()).isWellFormed()).toBe(true)
      }),
      { numRuns: 5_000 },
    )
  })

  it("comes out of a value as it went in", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }),
        fc.string({ unit: "grapheme", minLength: 1 }),
        (value, name) => {
          const column = `"${name.replaceAll(/["\\]/g, "\\$&")}"`
          const parsed = parse(new URLSearchParams([[column, `eq.${value}`]]).toString())
          expect(parsed.values).toEqual([value])
          expect(parsed.query.where).toMatchObject([{ path: { name } }])
        },
      ),
    )
  })
})

describe("what @supabase/postgrest-js sends", () => {
  type Client = ReturnType<PostgrestClient["from"]>
  const rows: readonly [run: (from: Client) => PromiseLike<unknown>, shown: string][] = [
    [(from) => from.select("id, name").eq("a", "x,y").limit(3), 'id,name | a eq "x,y" |  | 3+'],
    [(from) => from.select().in("a", ["x", "y,z", 'q"', "(p)"]), '* | a in ["x","y,z","q\\"","(p)"] |  | +'],
    [(from) => from.select().in("a", []), "* | a in [] |  | +"],
    [(from) => from.select().likeAnyOf("a", ["x%", "%y"]), '* | a like ["x%","%y"] |  | +'],
    [
      (from) => from.select().or("a.eq.1,and(b.gt.2,c.is.null)"),
      '* | or(a eq "1"; and(b gt "2"; c is null)) |  | +',
    ],
    [
      (from) => from.select("*, e!inner(x)").or("x.eq.1,x.eq.2", { referencedTable: "e" }),
      '*,e{x | or(x eq "1"; x eq "2") |  | +} |  |  | +',
    ],
    [
      (from) => from.select().not("a", "in", "(1,2)").is("b", null),
      '* | not a in ["1","2"] & b is null |  | +',
    ],
    [
      (from) => from.select().contains("a", ["x", "y"]).overlaps("b", [1]),
      '* | a cs "{x,y}" & b ov "{1}" |  | +',
    ],
    [(from) => from.select().contains("a", { x: 1 }), '* | a cs "{\\"x\\":1}" |  | +'],
    [
      (from) => from.select().textSearch("a", "cat dog", { type: "websearch", config: "english" }),
      '* | a wfts "cat dog" |  | +',
    ],
    [(from) => from.select().rangeGte("a", "[1,2)"), '* | a nxl "[1,2)" |  | +'],
    [
      (from) =>
        from
          .select("*, e(x)")
          .order("a", { ascending: false })
          .order("b", { nullsFirst: true })
          .order("x", { referencedTable: "e" }),
      "*,e{x |  | x | +} |  | a desc,b first | +",
    ],
    [
      (from) => from.select("*, e(x)").range(10, 19).limit(2, { referencedTable: "e" }),
      "*,e{x |  |  | 2+} |  |  | 10+10",
    ],
  ]
  it.each(rows)("%s", async (run, shown) => {
    let search = ""
    const fetch = async (url: unknown): Promise<Response> => {
      search = new URL(String(url)).search.slice(1)
      return Response.json([])
    }
    await run(new PostgrestClient("http://localhost", { fetch }).from("t"))
    expect(show(parse(search))).toBe(shown)
  })
})

function caughtOrNot(run: () => unknown): UndercroftError | null {
  try {
    run()
    return null
  } catch (error) {
    if (error instanceof UndercroftError) return error
    throw error
  }
}

function caught(run: () => unknown): UndercroftError {
  const error = caughtOrNot(run)
  if (error === null) throw new Error("nothing was thrown")
  return error
}
