/** Prints the object that stands around a page of rows: a connection, or what a write tells. */

import { quoteLiteral } from "../model/value.ts"
import { quoteName } from "../policy/to-sql.ts"
import type { NamedFact } from "../query/operation.ts"
import type { PlannedItem, PlannedPart, PlannedQuery } from "../query/planned.ts"
import { isKeyed } from "./keyed-rows.ts"
import { besideCursor, keysetOf, reverse } from "./keyset.ts"
import type { Places } from "./places.ts"
import { noteSql } from "./record-reads.ts"
import type { SelectOptions, SelectPrinter } from "./select.ts"
import { fieldSql, outputName } from "./select-item.ts"
import { rowsOf } from "./told-reads.ts"

/** Where the rows come from; `alias` is another than was asked for where they have one of their own. */
export interface FrameSource {
  readonly from: string
  readonly conditions: readonly string[]
  readonly alias?: string
}

interface FrameTools {
  readonly select: SelectPrinter
  readonly places: Places
  readonly options: SelectOptions
}

/** Gives one row: `body`, the object, `n`, how many rows it was made of, and `noted`, for the record. */
export function printFrame(
  query: PlannedQuery,
  source: (alias: string) => FrameSource,
  tools: FrameTools,
): string {
  return new FramePrinter(query, source, tools).print()
}

class FramePrinter {
  private readonly query: PlannedQuery
  private readonly source: (alias: string) => FrameSource
  private readonly tools: FrameTools
  /** What is gathered from all rows of the page, by name. */
  private readonly gathered: Map<string, string> = new Map()
  private readonly joins: string[] = []
  private readonly frame: NonNullable<PlannedQuery["frame"]>
  private readonly limit: number
  private readonly facts: ReadonlySet<unknown>

  constructor(query: PlannedQuery, source: (alias: string) => FrameSource, tools: FrameTools) {
    this.query = query
    this.source = source
    this.tools = tools
    this.frame = query.frame!
    this.limit = query.limit ?? 0
    this.facts = new Set(
      this.frame.parts.flatMap((part) => (part.kind === "page" ? part.facts.map((one) => one.fact) : [])),
    )
  }

  print(): string {
    const { places } = this.tools
    const rows = this.rows()
    this.gathered.set("n", "count(*)")
    if (this.isNoted) {
      const keys = `array_agg(r."$key"${this.inOrder})${this.onPage}`
      this.gathered.set("$noted", noteSql(rowsOf(this.query.policy.entity), keys, places))
    }
    const parts = this.frame.parts.map((part) => `${this.part(part)} as ${outputName(part.as)}`)
    const gathered = [...this.gathered].map(([name, sql]) => `${sql} as ${quoteName(name)}`)
    const whole = places.alias()
    // Whoever asks for `noted` is asked after it: of what has an effect PostgreSQL pushes no condition below.
    const noted = this.isNoted ? 'g."$noted"' : "g.n is not null"
    const body = this.isNoted ? `case when ${noted} then row_to_json(${whole}) end` : `row_to_json(${whole})`
    return `select ${body} as body, g.n, ${noted} as noted from (select ${gathered.join(", ")} from (${rows}) r) g${this.joins.join("")} cross join lateral (select ${parts.join(", ")}) ${whole}`
  }

  /** Whether rows are shown, or their places, that are on record; those of a write its own entries tell of. */
  private get isNoted(): boolean {
    const { options } = this.tools
    const isShown = this.frame.parts.some((part) => part.kind === "rows" || part.kind === "page")
    return isShown && !options.isWrite && isKeyed(this.query)
  }

  /** Whether rows are numbered: to be put back in order, or to tell the row beyond the page. */
  private get isNumbered(): boolean {
    return this.frame.fromEnd || this.looksBeyond
  }

  /** Whether there is more in the direction of the page. */
  private get looksBeyond(): boolean {
    return this.facts.has(this.frame.fromEnd ? "hasPrevious" : "hasNext")
  }

  private rows(): string {
    const { select, places, options } = this.tools
    const { frame, query } = this
    const own = places.alias()
    const { from, conditions, alias = own } = this.source(own)
    const beside = (["after", "before"] as const).flatMap((side) => this.beside(side, alias))
    const needsCursor = this.facts.has("start") || this.facts.has("end")
    const cursor: readonly PlannedItem[] = needsCursor ? [{ kind: "cursor", as: "$cursor" }] : []
    const key = query.policy.entity.key.map((field) => `${alias}.${quoteName(field.column)} desc`)
    const rows = select.select(
      {
        ...query,
        items: [...query.items, ...cursor],
        order: frame.fromEnd ? reverse(query.order) : query.order,
      },
      from,
      alias,
      [...conditions, ...beside],
      {
        ...options,
        ...(frame.fromEnd ? { last: key } : {}),
        beyond: this.looksBeyond ? 1 : 0,
        keyed: this.isNoted,
      },
    )
    return this.isNumbered ? `select r.*, row_number() over () as "$n" from (${rows}) r` : rows
  }

  private beside(side: "after" | "before", alias: string): readonly string[] {
    const at = this.frame[side]
    if (at === null) return []
    return [besideCursor(keysetOf(this.query), side, at, alias, this.tools.places)]
  }

  /** Rows of the page alone. */
  private get onPage(): string {
    return this.looksBeyond ? ` filter (where r."$n" <= ${this.limit})` : ""
  }

  /**
   * The same for all that is gathered: PostgreSQL sorts the rows for one aggregate that has an order, and those that have
   * none, or another, would be given them so.
   */
  private get inOrder(): string {
    return this.frame.fromEnd ? ` order by r."$n" desc` : ""
  }

  private part(part: PlannedPart): string {
    switch (part.kind) {
      case "rows": {
        this.gathered.set(part.item, `json_agg(r.${quoteName(part.item)}${this.inOrder})${this.onPage}`)
        return `coalesce(g.${quoteName(part.item)}, '[]')`
      }
      case "count":
        return part.of === "answer" ? "g.n" : `(select count(*) from ${this.all()})`
      case "page":
        return this.object(part.facts.map((one) => `${this.fact(one)} as ${outputName(one.as)}`))
      case "aggregate":
        return `(${this.aggregate(part.items)})`
      case "text":
        return `${quoteLiteral(part.text)}::text`
    }
  }

  private object(columns: readonly string[]): string {
    const name = this.tools.places.alias()
    this.joins.push(` cross join lateral (select ${columns.join(", ")}) ${name}`)
    return `row_to_json(${name})`
  }

  private fact({ fact }: NamedFact): string {
    if (typeof fact === "object") return `${quoteLiteral(fact.text)}::text`
    const { fromEnd } = this.frame
    if (fact === "hasNext" || fact === "hasPrevious") {
      const isAhead = (fact === "hasPrevious") === fromEnd
      const side = fact === "hasNext" ? "before" : "after"
      const skipped = isAhead || this.query.offset === null ? [] : [this.skips()]
      const known = isAhead ? [`g.n > ${this.limit}`] : skipped
      return [...known, ...this.outside(side)].join(" or ") || "false"
    }
    this.gathered.set("$cursors", `array_agg(r."$cursor"${this.inOrder})${this.onPage}`)
    return `g."$cursors"[${fact === "start" ? "1" : `cardinality(g."$cursors")`}]`
  }

  private skips(): string {
    return `${this.tools.places.parameter(this.query.offset!, String)}::bigint > 0`
  }

  /** Whether there are rows that a cursor leaves out. */
  private outside(side: "after" | "before"): readonly string[] {
    if (this.frame[side] === null) return []
    const alias = this.tools.places.alias()
    const left = this.beside(side, alias).map((one) => `${one} is not true`)
    return [`exists (select 1 from ${this.all(alias, left)})`]
  }

  /** All rows that fit, whatever the page. */
  private all(name: string = this.tools.places.alias(), more: readonly string[] = []): string {
    const { from, conditions, alias = name } = this.source(name)
    return `${from}${this.tools.select.where(this.query, alias, [...conditions, ...more])}`
  }

  /** One object of aggregates, and of objects of them. */
  private aggregate(items: readonly PlannedItem[]): string {
    const alias = this.tools.places.alias()
    const columns: string[] = []
    const joins: string[] = []
    const object = (some: readonly PlannedItem[]): string => {
      const parts = some.map((item) => `${value(item)} as ${outputName(item.as)}`)
      const name = this.tools.places.alias()
      joins.push(` cross join lateral (select ${parts.join(", ")}) ${name}`)
      return `row_to_json(${name})`
    }
    const value = (item: PlannedItem): string => {
      if (item.kind === "object") return object(item.items)
      if (item.kind === "text") return `${quoteLiteral(item.text)}::text`
      columns.push(item.kind === "field" ? fieldSql(item, alias, this.tools.places) : "count(*)")
      return `a."c${columns.length - 1}"`
    }
    const whole = object(items)
    if (columns.length === 0) columns.push("count(*)")
    const list = columns.map((sql, at) => `${sql} as "c${at}"`).join(", ")
    return `select ${whole} from (select ${list} from ${this.all(alias)}) a${joins.join("")}`
  }
}
