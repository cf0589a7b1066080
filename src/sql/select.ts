/** Prints what is read, at any depth: a query of one entity with its embeds, filters, order and page. */
import { UndercroftError } from "../base/errors.ts"
import { indexColumn } from "../model/encryption.ts"
import { arrayLiteral } from "../model/fields/list.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import { quoteName } from "../policy/to-sql.ts"
import type { QueryLimits } from "../query/limits.ts"
import type { FilterOperator } from "../query/operation.ts"
import {
  isToOne,
  type PlannedEmbed,
  type PlannedFilter,
  type PlannedItem,
  type PlannedOrder,
  type PlannedQuery,
} from "../query/planned.ts"
import { comparisons, searchConfigs, searches } from "./filter-operator.ts"
import { type FrameSource, printFrame } from "./frame.ts"
import { isKeyed, isUnasked, withRow } from "./keyed-rows.ts"
import { cursorSql, type KeysetTerm, keysetOf, nodeIdSql } from "./keyset.ts"
import {
  encodeLiteral,
  encodeSame,
  jsonOnly,
  patternOnly,
  regexOnly,
  searchOnly,
  textOnly,
} from "./literal.ts"
import { relationOf } from "./machinery.ts"
import type { Places } from "./places.ts"
import { noteSql } from "./record-reads.ts"
import { keyText } from "./record-writes.ts"
import { placeFields } from "./sealed-value.ts"
import { cast, fieldSql, isAggregate, outputName, pathSql, spreadNames } from "./select-item.ts"
import { rowsOf } from "./told-reads.ts"

export interface SelectOptions {
  /** The rows are those that a write gives back. */
  readonly isWrite?: boolean
  /** There is one row at most, by a key. */
  readonly isOne?: boolean
  /** Collects the root's columns, for `returning`. */
  readonly used?: FieldInfo[]
  /** What decides the order last; the key or the groups when it is left out. */
  readonly last?: readonly string[] | null
  /** Rows beyond the page. */
  readonly beyond?: number
  /** Whether each row has its key beside its fields, for the record. */
  readonly keyed?: boolean
}

/** What the items of one row are printed into. */
interface RowParts {
  readonly alias: string
  readonly entity: EntityInfo
  readonly keyset: readonly KeysetTerm[]
  readonly columns: string[]
  readonly joins: string[]
  readonly groups: string[]
  readonly used: FieldInfo[]
}

export class SelectPrinter {
  private readonly limits: QueryLimits
  private readonly places: Places
  /** Where the fields of spread embeds stand. */
  private readonly spreads: Map<PlannedEmbed, string> = new Map()

  constructor(limits: QueryLimits, places: Places) {
    this.limits = limits
    this.places = places
  }

  /**
   * Rows of one query, in an order that is always total: left to PostgreSQL it would tell of rows that the caller can't
   * see, which have a part in where the others are stored.
   */
  select(
    query: PlannedQuery,
    from: string,
    alias: string,
    conditions: readonly string[],
    { isWrite = false, isOne = false, used = [], last = null, beyond = 0, keyed = false }: SelectOptions = {},
  ): string {
    const columns: string[] = []
    const joins: string[] = []
    const groups: string[] = []
    const grouped = query.items.some(isAggregate)
    const keyset = keysetOf(query)
    for (const item of query.items)
      this.item(item, { alias, entity: query.policy.entity, keyset, columns, joins, groups, used })
    if (keyed) columns.push(`${keyText(query.policy.entity, alias)} as "$key"`)
    const where = isWrite ? "" : this.where(query, alias, conditions)
    const inner = this.innerJoins(query, alias, where === "")
    const order = this.orderBy(
      query,
      alias,
      grouped,
      used,
      last ?? (grouped ? groups : query.policy.entity.key.map((one) => `${alias}.${quoteName(one.column)}`)),
    )
    // A limit, even one that is never reached, would be planned for.
    const isWhole =
      isWrite || (isOne && query.limit === null && query.offset === null && !query.policy.entity.view)
    const window = isWhole ? "" : this.window(query, beyond)
    const list = columns.length > 0 ? columns.join(", ") : ""
    const groupBy = grouped && groups.length > 0 ? ` group by ${groups.join(", ")}` : ""
    return `select ${list} from ${from}${joins.join("")}${where}${inner}${groupBy}${order}${window}`
  }

  private item(item: PlannedItem, row: RowParts): void {
    const { alias, columns, joins, groups, used } = row
    if (item.kind === "count") {
      columns.push(`${cast("count(*)", item.cast)} as ${outputName(item.as)}`)
      return
    }
    if (item.kind === "field") {
      used.push(item.field, ...(item.field.encrypted ? placeFields(item.field) : []))
      const sql = fieldSql(item, alias, this.places)
      // By the value, not by its JSON, which can't be compared, nor by what it is cast to, which can't be ordered by.
      if (!item.aggregate) groups.push(pathSql(item.field, item.json, alias))
      columns.push(`${sql} as ${outputName(item.as)}`)
      return
    }
    if (item.kind === "object") {
      const name = this.places.alias()
      const inner = { ...row, columns: [] }
      for (const one of item.items) this.item(one, inner)
      // PostgreSQL takes a select without tables apart again: this costs no join.
      joins.push(` cross join lateral (select ${inner.columns.join(", ")}) ${name}`)
      // A row, which is made JSON with what it stands in: JSON made here would be copied there.
      columns.push(`${name} as ${outputName(item.as)}`)
      return
    }
    if (item.kind === "text") {
      columns.push(`${quoteLiteral(item.text)}::text as ${outputName(item.as)}`)
      return
    }
    if (item.kind === "node-id") {
      used.push(...row.entity.key)
      columns.push(`${nodeIdSql(row.entity, alias)} as ${outputName(item.as)}`)
      return
    }
    if (item.kind === "cursor") {
      used.push(...row.keyset.map((one) => one.field))
      columns.push(`${cursorSql(row.keyset, alias)} as ${outputName(item.as)}`)
      return
    }
    used.push(...this.linkFields(item))
    if (isUnasked(item)) return
    if (item.spread) this.spread(item, alias, columns, joins, groups)
    else {
      columns.push(`${this.embedValue(item, alias)} as ${outputName(item.as)}`)
    }
  }

  /** A query with a frame: one row of the object and the number of its rows. */
  frame(query: PlannedQuery, source: (alias: string) => FrameSource, options: SelectOptions = {}): string {
    return printFrame(query, source, { select: this, places: this.places, options })
  }

  /** The columns of the near side that an embed joins by. */
  private linkFields({ relation }: PlannedEmbed): readonly FieldInfo[] {
    return relation.kind === "one" ? [relation.field] : [relation.field.reference!.entity.key[0]!]
  }

  private embedValue(embed: PlannedEmbed, parent: string): string {
    if (embed.query.frame) {
      const source = (alias: string): FrameSource => this.linked(embed, parent, alias)
      return `(select f.body from (${this.frame(embed.query, source)}) f)`
    }
    const alias = this.places.alias()
    const { from, conditions } = this.linked(embed, parent, alias)
    const isOne = isToOne(embed.relation)
    const keyed = isKeyed(embed.query)
    const options = isOne ? { last: [], isOne, keyed } : { keyed }
    const rows = this.select(embed.query, from, alias, conditions, options)
    const { entity } = embed.query.policy
    if (isOne && !embed.query.items.some(isAggregate))
      return keyed
        ? `(select case when ${noteSql(rowsOf(entity), 'array[r."$key"]', this.places)} then row_to_json(r."$row") end from (${withRow(embed.query, rows)}) r)`
        : `(select row_to_json(r) from (${rows}) r)`
    return keyed
      ? `(select case when ${noteSql(rowsOf(entity), 'array_agg(r."$key")', this.places)} then coalesce(json_agg(r."$row"), '[]') end from (${withRow(embed.query, rows)}) r)`
      : `(select coalesce(json_agg(r), '[]') from (${rows}) r)`
  }

  /** The fields of one related row, or of many as lists, among those of the parent. */
  private spread(
    embed: PlannedEmbed,
    parent: string,
    columns: string[],
    joins: string[],
    groups: string[],
  ): void {
    const alias = this.places.alias()
    const { from, conditions } = this.linked(embed, parent, alias)
    const isOne = isToOne(embed.relation)
    const joined = this.places.alias()
    const names = spreadNames(embed)
    const keyed = isKeyed(embed.query)
    const query = isOne ? { ...embed.query, limit: null } : embed.query
    const options = isOne ? { last: [], isOne, keyed } : { keyed }
    const found = this.select(query, from, alias, conditions, options)
    const list = names.map((name) => {
      const value = `s.${quoteName(name)}`
      return `${isOne ? value : `coalesce(json_agg(${value}), '[]')`} as ${quoteName(name)}`
    })
    // What has an effect stays in a subquery, whoever asks for it.
    const key = isOne ? 'array[s."$key"]' : 'array_agg(s."$key")'
    const noted = keyed ? [`${noteSql(rowsOf(query.policy.entity), key, this.places)} as "$noted"`] : []
    const rows = isOne && !keyed ? found : `select ${[...list, ...noted].join(", ")} from (${found}) s`
    joins.push(` left join lateral (${rows}) ${joined} on true`)
    this.spreads.set(embed, joined)
    for (const name of names) {
      columns.push(`${joined}.${quoteName(name)} as ${quoteName(name)}`)
      groups.push(`${joined}.${quoteName(name)}`)
    }
  }

  /** The rows of an embed that belong to a row of the parent. */
  private linked(
    { relation, query }: PlannedEmbed,
    parent: string,
    alias: string,
  ): { from: string; conditions: string[] } {
    const table = `${relationOf(query.policy)} ${alias}`
    const key = (fields: readonly FieldInfo[]): string => quoteName(fields[0]!.column)
    const reference = quoteName(relation.field.column)
    const target = relation.field.reference!.entity
    if (relation.kind === "one")
      return {
        from: table,
        conditions: [
          `${alias}.${key(query.policy.entity.view ? query.policy.entity.key : target.key)} = ${parent}.${reference}`,
        ],
      }
    if (relation.kind === "many" || relation.kind === "back")
      return { from: table, conditions: [`${alias}.${reference} = ${parent}.${key(target.key)}`] }
    const join = this.places.alias()
    const far = relation.join!.far
    return {
      from: `${table} join ${relationOf(relation.join!.policy)} ${join} on ${join}.${quoteName(far.column)} = ${alias}.${key(query.policy.entity.key)}`,
      conditions: [`${join}.${reference} = ${parent}.${key(target.key)}`],
    }
  }

  where(query: PlannedQuery, alias: string, conditions: readonly string[]): string {
    const all = [...conditions, ...query.where.map((filter) => this.filter(filter, alias))]
    return all.length === 0 ? "" : ` where ${all.join(" and ")}`
  }

  /** `!inner`: only rows that have the embed. */
  innerJoins(query: PlannedQuery, alias: string, first: boolean): string {
    const all = query.items.flatMap((item) =>
      item.kind === "embed" && item.inner ? [this.exists(item, alias)] : [],
    )
    return all.length === 0 ? "" : ` ${first ? "where" : "and"} ${all.join(" and ")}`
  }

  private exists(embed: PlannedEmbed, parent: string): string {
    const alias = this.places.alias()
    const { from, conditions } = this.linked(embed, parent, alias)
    const where = this.where(embed.query, alias, conditions)
    return `exists (select 1 from ${from}${where}${this.innerJoins(embed.query, alias, false)})`
  }

  filter(filter: PlannedFilter, alias: string): string {
    switch (filter.kind) {
      case "and":
      case "or": {
        const terms = filter.terms.map((term) => this.filter(term, alias))
        const joined =
          terms.length === 0 ? (filter.kind === "and" ? "true" : "false") : terms.join(` ${filter.kind} `)
        return `${filter.negated ? "not " : ""}(${joined})`
      }
      case "is": {
        const sql = pathSql(filter.field, filter.json, alias)
        const word = filter.value === "not_null" ? "not null" : filter.value
        return filter.negated ? `not (${sql} is ${word})` : `${sql} is ${word}`
      }
      case "embed-is-null": {
        const exists = this.exists(filter.embed, alias)
        return filter.negated ? exists : `not ${exists}`
      }
      case "compare": {
        const sql = this.compare(filter, alias)
        return filter.negated ? `not (${sql})` : sql
      }
    }
  }

  private compare(filter: PlannedFilter & { kind: "compare" }, alias: string): string {
    const { operator, field, value, quantifier } = filter
    if (field.encrypted) return this.sameValue(filter, alias)
    const sql = pathSql(field, filter.json, alias)
    const kind = filter.json.length === 0 ? field.kind : filter.json.at(-1)!.text ? textOnly : jsonOnly
    const isPattern =
      operator === "like" || operator === "ilike" || operator === "match" || operator === "imatch"
    const of = operator === "match" || operator === "imatch" ? regexOnly : isPattern ? patternOnly : kind
    const search = searches[operator]
    if (search) {
      const config = filter.config ?? "simple"
      if (!searchConfigs.has(config))
        throw new UndercroftError("PG:42704", { what: `text search configuration "${config.slice(0, 60)}"` })
      const place = this.places.parameter(value, encodeLiteral(field, searchOnly))
      return `to_tsvector('${config}', ${sql}) @@ ${search}('${config}', ${place}::text)`
    }
    if (operator === "in" || quantifier) {
      const place = this.places.parameter(value, (list) =>
        arrayLiteral((list as readonly string[]).map((text) => encodeLiteral(field, of)(text) ?? "")),
      )
      const sign = operator === "in" ? "=" : this.sign(operator, field)
      return `${this.left(sql, field, isPattern)} ${sign} ${quantifier === "all" ? "all" : "any"}(${place}::${of.filterType ?? of.sqlType}[])`
    }
    const place = `${this.places.parameter(value, encodeLiteral(field, of))}::${of.filterType ?? of.sqlType}`
    if (operator === "isdistinct") return `${sql} is distinct from ${place}`
    return `${this.left(sql, field, isPattern)} ${this.sign(operator, field)} ${place}`
  }

  /** Equal values of an encrypted field have the same index, and nothing else of them can be compared. */
  private sameValue({ operator, field, value }: PlannedFilter & { kind: "compare" }, alias: string): string {
    const encode = encodeSame(field)
    const column = `${alias}.${quoteName(indexColumn(field))}`
    if (operator !== "in") {
      const place = this.places.parameter(value, (text, ciphers) => ciphers.indexOf(field, encode(text)))
      return `${column} ${operator === "neq" ? "<>" : "="} decode(${place}, 'hex')`
    }
    const place = this.places.parameter(value, (list, ciphers) =>
      arrayLiteral((list as readonly string[]).map((text) => `\\x${ciphers.indexOf(field, encode(text))}`)),
    )
    return `${column} = any(${place}::bytea[])`
  }

  private sign(operator: FilterOperator, field: FieldInfo): string {
    const sign = comparisons[operator]!
    if (!field.kind.collation) return sign
    return operator === "like" ? "ilike" : operator === "match" ? "~*" : sign
  }

  /** Patterns need a collation that tells all strings apart. */
  private left(sql: string, field: FieldInfo, isPattern: boolean): string {
    return isPattern && field.kind.collation ? `(${sql} collate "C")` : sql
  }

  /** `last` is what orders rows that the caller's own terms leave equal. */
  private orderBy(
    query: PlannedQuery,
    alias: string,
    grouped: boolean,
    used: FieldInfo[],
    last: readonly string[],
  ): string {
    const terms = query.order.map((term) => {
      const nulls = term.nulls === null ? "" : ` nulls ${term.nulls}`
      const value = (grouped && this.spreadValue(term)) || this.orderValue(term, alias, used)
      return `${value}${term.descending ? " desc" : ""}${nulls}`
    })
    const all = [
      ...terms,
      ...last.filter((one) => !terms.some((term) => term === one || term.startsWith(`${one} `))),
    ]
    return all.length === 0 ? "" : ` order by ${all.join(", ")}`
  }

  /** A group has the fields of related rows only where they are spread. */
  private spreadValue({ embed, field, json }: PlannedOrder): string | null {
    const spread = embed && this.spreads.get(embed)
    const item = embed?.query.items.find(
      (one) => one.kind === "field" && one.field === field && one.aggregate === null && one.cast === null,
    )
    return spread && item && json.length === 0 ? `${spread}.${quoteName(item.as)}` : null
  }

  private orderValue(term: PlannedOrder, alias: string, used: FieldInfo[]): string {
    if (!term.embed) {
      used.push(term.field)
      return pathSql(term.field, term.json, alias)
    }
    used.push(...this.linkFields(term.embed))
    const related = this.places.alias()
    const { from, conditions } = this.linked(term.embed, alias, related)
    const where = this.where(term.embed.query, related, conditions)
    const inner = this.innerJoins(term.embed.query, related, false)
    return `(select ${pathSql(term.field, term.json, related)} from ${from}${where}${inner})`
  }

  private window(query: PlannedQuery, beyond: number): string {
    const limit = ` limit ${Math.min(query.limit ?? this.limits.rows, this.limits.rows) + beyond}`
    return (
      limit + (query.offset === null ? "" : ` offset ${this.places.parameter(query.offset, String)}::bigint`)
    )
  }
}
