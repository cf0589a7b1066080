/** Select lists, row by row: what each text means, and where others are refused. */
import { describe, expect, it } from "vitest"
import type { Embed, SelectItem } from "../query/operation.ts"
import { parseSelect } from "./parse-select.ts"

const limits = { embedDepth: 3, selectItems: 20 }
const all: SelectItem = { kind: "all" }

type Field = Extract<SelectItem, { kind: "field" }>

function field(
  name: string,
  more: Partial<Omit<Field, "path">> & { json?: Field["path"]["json"] } = {},
): Field {
  const { json = [], ...rest } = more
  return {
    kind: "field",
    path: { name, json },
    alias: null,
    cast: null,
    aggregate: null,
    aggregateCast: null,
    ...rest,
  }
}

function embed(relation: string, select: readonly SelectItem[], more: Partial<Embed> = {}): Embed {
  const query = { select, where: [], order: [], limit: null, offset: null }
  return { kind: "embed", relation, alias: null, hint: null, inner: false, spread: false, query, ...more }
}

describe("select lists", () => {
  const rows: readonly [text: string, items: readonly SelectItem[]][] = [
    ["", []],
    ["*", [all]],
    ["id", [field("id")]],
    ["id,name", [field("id"), field("name")]],
    [" id , name ", [field("id"), field("name")]],
    ["*,id", [all, field("id")]],
    ["full name:name", [field("name", { alias: "full name" })]],
    ['"a b":"c,d"', [field("c,d", { alias: "a b" })]],
    ["age::text", [field("age", { cast: "text" })]],
    ["at::timestamp with time zone", [field("at", { cast: "timestamp with time zone" })]],
    ["a:b::c", [field("b", { alias: "a", cast: "c" })]],
    ["data->city", [field("data", { json: [{ key: "city", text: false }] })]],
    [
      "c:data->a->>0::int",
      [
        field("data", {
          alias: "c",
          cast: "int",
          json: [
            { key: "a", text: false },
            { key: 0, text: true },
          ],
        }),
      ],
    ],
    ["amount.sum()", [field("amount", { aggregate: "sum" })]],
    ["amount.avg()::int", [field("amount", { aggregate: "avg", aggregateCast: "int" })]],
    [
      "t:amount::numeric.max()::text",
      [field("amount", { alias: "t", cast: "numeric", aggregate: "max", aggregateCast: "text" })],
    ],
    ["data->n.min()", [field("data", { json: [{ key: "n", text: false }], aggregate: "min" })]],
    ["id.count()", [field("id", { aggregate: "count" })]],
    ["count()", [{ kind: "count", alias: null, cast: null }]],
    ["n:count()::text", [{ kind: "count", alias: "n", cast: "text" }]],
    ["count", [field("count")]],
    ["__proto__,constructor:toString", [field("__proto__"), field("toString", { alias: "constructor" })]],
    ["client(id)", [embed("client", [field("id")])]],
    ["client()", [embed("client", [])]],
    ["client( * , name )", [embed("client", [all, field("name")])]],
    ["c:client(*)", [embed("client", [all], { alias: "c" })]],
    ["client!inner(*)", [embed("client", [all], { inner: true })]],
    ["client!left(*)", [embed("client", [all])]],
    ["client!fk(*)", [embed("client", [all], { hint: "fk" })]],
    ["client!fk!inner(*)", [embed("client", [all], { hint: "fk", inner: true })]],
    ["client!inner!fk(*)", [embed("client", [all], { hint: "fk", inner: true })]],
    ["client!leftovers(*)", [embed("client", [all], { hint: "leftovers" })]],
    ['client!"inner"(*)', [embed("client", [all], { hint: "inner" })]],
    ["...client(*)", [embed("client", [all], { spread: true })]],
    ["...client!fk!inner(id)", [embed("client", [field("id")], { spread: true, hint: "fk", inner: true })]],
    ['"my rel"!"my.fk"(*)', [embed("my rel", [all], { hint: "my.fk" })]],
    [
      "rel(count(),n:x.sum())",
      [
        embed("rel", [
          { kind: "count", alias: null, cast: null },
          field("x", { alias: "n", aggregate: "sum" }),
        ]),
      ],
    ],
    ["rel(data->0)", [embed("rel", [field("data", { json: [{ key: 0, text: false }] })])]],
    [
      "id,a(b(c(d),e),f),g",
      [field("id"), embed("a", [embed("b", [embed("c", [field("d")]), field("e")]), field("f")]), field("g")],
    ],
  ]
  it.each(rows)("%s", (text, items) => {
    expect(parseSelect(text, limits)).toEqual(items)
  })
})

describe("what is not a select list", () => {
  const rows: readonly [text: string, column: number][] = [
    ["id,", 4],
    [",id", 1],
    ["id,clients(name[])", 16],
    ["data->>-78xy", 11],
    ["name::", 7],
    ["*!hint", 2],
    ["name!hint", 10],
    ["id)", 3],
    ["client(id", 10],
    ["client(id)x", 11],
    ["client(id)(id)", 11],
    ["rel->path(*)", 10],
    ["rel!a!b(*)", 6],
    ["rel!inner!left(*)", 10],
    ["count(id)", 7],
    ["x.sum", 6],
    ["x.median()", 3],
    ["x::a::b", 5],
    ["alias:*", 7],
    ["alias:...rel(*)", 7],
    ["..rel(*)", 1],
    ['"id', 4],
  ]
  it.each(rows)("%s", (text, column) => {
    expect(() => parseSelect(text, limits)).toThrowError(
      `"failed to parse select parameter (${text})" (line 1, column ${column})`,
    )
  })
})

describe("limits", () => {
  const rows: readonly [text: string, setting: string | null][] = [
    ["a(b(c(d)))", null],
    ["a(b(c(d())))", "embedDepth"],
    ["...a(...b(...c(...d(x))))", "embedDepth"],
    [Array(20).fill("x").join(), null],
    [Array(21).fill("x").join(), "selectItems"],
    [`a(${Array(10).fill("x").join()}),b(${Array(9).fill("x").join()})`, "selectItems"],
    ["a(".repeat(10_000), "embedDepth"],
    ["x,".repeat(10_000), "selectItems"],
  ]
  it.each(rows)("row %#", (text, setting) => {
    if (setting === null) expect(parseSelect(text, limits)).not.toEqual([])
    else {
      expect(() => parseSelect(text, limits)).toThrowError(
        expect.objectContaining({
          code: "UC301",
          status: 400,
          hint: expect.stringContaining(`limits.${setting}.`),
        }),
      )
    }
  })
})
