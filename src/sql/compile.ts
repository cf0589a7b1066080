/** Prints a plan as one statement whose answer is JSON, with its parameters in the order of their places. */
import { UndercroftError } from "../base/errors.ts"
import { arrayLiteral } from "../model/fields/list.ts"
import type { FieldInfo } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import type { EntityPolicy } from "../policy/policies.ts"
import { quoteName } from "../policy/to-sql.ts"
import type { QueryLimits } from "../query/limits.ts"
import type { FilterOperator, ValueIndex } from "../query/operation.ts"
import type {
  Plan,
  PlannedEmbed,
  PlannedFilter,
  PlannedItem,
  PlannedOrder,
  PlannedQuery,
} from "../query/planned.ts"
import { encodeRows, encodeScalar, isScalar } from "./encode-rows.ts"
import { comparisons, searchConfigs, searches } from "./filter-operator.ts"
import { encodeLiteral, jsonOnly, patternOnly, regexOnly, searchOnly, textOnly } from "./literal.ts"
import { relationOf, writeColumn } from "./machinery.ts"
import { cast, fieldSql, isAggregate, outputName, pathSql, spreadNames } from "./select-item.ts"

/** A parameter: which value of the operation, and how it becomes text for PostgreSQL. Throws `UndercroftError`. */
export interface Parameter {
  readonly value: ValueIndex
  readonly encode: (value: unknown) => string | null
}

/**
 * A statement of one shape. Its answer is one row: `body` (JSON text, or null when it was too large), `rows` in the
 * body, and `total` when a count was asked for.
 */
export interface CompiledStatement {
  readonly text: string
  readonly parameters: readonly Parameter[]
  /** The answer is another: the object itself, or no row. */
  readonly isObject: boolean
}

/** Compiles a plan. `values` are looked at only to know whether a limit is within bounds. */
export function compilePlan(plan: Plan, limits: QueryLimits): CompiledStatement {
  return new Compiler(limits).statement(plan)
}

interface SelectOptions {
  /** The rows are those that a write gives back. */
  readonly isWrite?: boolean
  /** There is one row at most, by a key. */
  readonly isOne?: boolean
  /** Collects the root's columns, for `returning`. */
  readonly used?: FieldInfo[]
  /** What decides the order last; the key or the groups when it is left out. */
  readonly last?: readonly string[] | null
}

class Compiler {
  private readonly limits: QueryLimits
  private readonly parameters: Parameter[] = []
  private aliases = 0

  constructor(limits: QueryLimits) {
    this.limits = limits
  }

  statement(plan: Plan): CompiledStatement {
    const isObject = isAtMostOne(plan) && plan.count === null && returnsRows(plan)
    const text =
      plan.kind !== "read"
        ? this.write(plan, isObject)
        : isObject
          ? this.readObject(plan.query)
          : this.read(plan)
    return { text, parameters: this.parameters, isObject }
  }

  private read(plan: Plan & { kind: "read" }): string {
    const from = relationOf(plan.query.policy)
    const alias = this.alias()
    const rows = this.select(plan.query, `${from} ${alias}`, alias, [])
    // Planned and estimated counts would tell of rows that the caller can't see: all counts are exact.
    const total = plan.count === null ? "" : `, (select count(*) from (${this.countRows(plan.query)}) c)`
    return `select ${this.bounded()}, q.n${total} from (select coalesce(json_agg(r), '[]')::text as body, count(*) as n from (${rows}) r) q`
  }

  private readObject(query: PlannedQuery): string {
    const alias = this.alias()
    const rows = this.select(query, `${relationOf(query.policy)} ${alias}`, alias, [], { isOne: true })
    return `select row_to_json(r)::text from (${rows}) r`
  }

  private countRows(query: PlannedQuery): string {
    const alias = this.alias()
    const grouped = query.items.some(isAggregate)
    if (grouped)
      return this.select(
        { ...query, limit: null, offset: null, order: [] },
        `${relationOf(query.policy)} ${alias}`,
        alias,
        [],
      )
    const where = this.where(query, alias, [])
    return `select 1 from ${relationOf(query.policy)} ${alias}${where}${this.innerJoins(query, alias, where === "")}`
  }

  private bounded(): string {
    return `case when octet_length(q.body) <= ${this.limits.answerBytes} then q.body end`
  }

  private write(plan: Exclude<Plan, { kind: "read" }>, isObject: boolean): string {
    const { policy } = plan.query
    const target = relationOf(policy)
    const alias = this.alias()
    const change = this.change(plan, target, alias)
    const total = plan.count === null ? "" : ", (select count(*) from w)"
    const guards = [
      // Of a row that is not there nothing has to be undone.
      ...(plan.single && !isObject ? ["undercroft.exactly(q.n, 1)"] : []),
      ...(plan.maxAffected === null
        ? []
        : [`undercroft.at_most((select count(*) from w), ${plan.maxAffected})`]),
    ]
    const guarded = guards.length === 0 ? "" : ` where ${guards.join(" and ")}`
    if (plan.returning !== "representation") {
      const keys = plan.returning === "headers-only" && plan.kind === "insert" ? policy.entity.key : []
      // PostgreSQL says itself how many rows were written.
      if (keys.length === 0 && guards.length === 0 && plan.count === null) return change
      const returning = keys.length === 0 ? "1 as one" : keys.map((one) => quoteName(one.column)).join(", ")
      const body =
        keys.length === 0
          ? "null::text"
          : `(select json_agg(json_build_object(${keys.map((one) => `${quoteLiteral(one.name)}, w.${quoteName(one.column)}`).join(", ")}))::text from w)`
      return `with w as (${change} returning ${returning}) select ${body}, q.n${total} from (select count(*) as n from w) q${guarded}`
    }
    const used: FieldInfo[] = []
    // What was inserted comes back in the order in which it was sent, which a join would not keep.
    const isNumbered =
      plan.kind === "insert" &&
      plan.query.items.some((item) => item.kind === "embed" && (item.inner || item.spread))
    const from = isNumbered ? `(select w.*, row_number() over () as "$at" from w) w` : "w"
    const last =
      plan.kind !== "insert" ? null : isNumbered && !plan.query.items.some(isAggregate) ? ['w."$at"'] : []
    const rows = this.select(plan.query, from, "w", [], { isWrite: true, used, last })
    const columns = [...new Set([...used, ...policy.entity.key])].map(
      (one) => `${plan.kind === "insert" ? "" : `${alias}.`}${quoteName(one.column)}`,
    )
    const written = `with w as (${change} returning ${columns.join(", ")})`
    if (isObject) return `${written} select row_to_json(r)::text from (${rows}) r`
    return `${written} select ${this.bounded()}, q.n${total} from (select coalesce(json_agg(r), '[]')::text as body, count(*) as n from (${rows}) r) q${guarded}`
  }

  private change(plan: Exclude<Plan, { kind: "read" }>, target: string, alias: string): string {
    const { policy } = plan.query
    const names = (fields: readonly FieldInfo[]): string =>
      fields.map((one) => quoteName(writeColumn(policy, one))).join(", ")
    // A condition that looks at the row has PostgreSQL ask whether the caller may see it, without filters too.
    const seen = [`${alias}.${quoteName(policy.entity.key[0]!.column)} is not null`]
    if (plan.kind === "delete") return `delete from ${target} ${alias}${this.where(plan.query, alias, seen)}`
    const record = plan.columns.map((one) => `${quoteName(one.column)} ${one.kind.sqlType}`).join(", ")
    const values = plan.columns.map((one) => `x.${quoteName(one.column)}`)
    const areScalar = plan.columns.every(isScalar)
    if (plan.kind === "update") {
      const set = (sql: readonly string[]): string =>
        plan.columns.map((one, at) => `${quoteName(writeColumn(policy, one))} = ${sql[at]}`).join(", ")
      if (areScalar)
        return `update ${target} ${alias} set ${set(this.scalars(plan.row, plan.columns, (row) => row, false))}${this.where(plan.query, alias, seen)}`
      const row = this.parameter(plan.row, (value) => encodeRows([value], plan.columns, false))
      return `update ${target} ${alias} set ${set(values)} from json_to_recordset(${row}::json) as x(${record})${this.where(plan.query, alias, seen)}`
    }
    // A row that says nothing has no parameter.
    if (plan.columns.length === 0)
      return `insert into ${target} default values${this.onConflict(plan, policy)}`
    if (plan.isOneRow && areScalar) {
      const rowOf = (rows: unknown): unknown => (rows as readonly unknown[])[0]
      const sql = this.scalars(plan.rows, plan.columns, rowOf, plan.missingDefault)
      return `insert into ${target} (${names(plan.columns)}) values (${sql.join(", ")})${this.onConflict(plan, policy)}`
    }
    const rows = this.parameter(plan.rows, (value) =>
      encodeRows(value as readonly unknown[], plan.columns, plan.missingDefault),
    )
    const into = `insert into ${target} (${names(plan.columns)}) select ${values.join(", ")} from json_to_recordset(${rows}::json) as x(${record})`
    return into + this.onConflict(plan, policy)
  }

  /** A parameter for each field of one row: PostgreSQL need not read JSON. */
  private scalars(
    at: ValueIndex,
    columns: readonly FieldInfo[],
    rowOf: (value: unknown) => unknown,
    missingDefault: boolean,
  ): readonly string[] {
    return columns.map((field) => {
      const place = this.parameter(at, (value) => encodeScalar(rowOf(value), field, missingDefault))
      return `${place}::${field.kind.sqlType}`
    })
  }

  private onConflict(plan: Plan & { kind: "insert" }, policy: EntityPolicy): string {
    if (!plan.conflict) return ""
    const target = `(${plan.conflict.fields.map((one) => quoteName(one.column)).join(", ")})`
    const changed = plan.columns.filter((one) => !plan.conflict!.fields.includes(one) && !one.immutable)
    if (plan.conflict.resolution === "ignore" || changed.length === 0)
      return ` on conflict ${target} do nothing`
    const set = changed.map(
      (one) => `${quoteName(writeColumn(policy, one))} = excluded.${quoteName(writeColumn(policy, one))}`,
    )
    return ` on conflict ${target} do update set ${set.join(", ")}`
  }

  /**
   * Rows of one query, in an order that is always total: left to PostgreSQL it would tell of rows that the caller can't
   * see, which have a part in where the others are stored.
   */
  private select(
    query: PlannedQuery,
    from: string,
    alias: string,
    conditions: readonly string[],
    { isWrite = false, isOne = false, used = [], last = null }: SelectOptions = {},
  ): string {
    const columns: string[] = []
    const joins: string[] = []
    const groups: string[] = []
    const grouped = query.items.some(isAggregate)
    for (const item of query.items) this.item(item, alias, columns, joins, groups, used)
    const where = isWrite ? "" : this.where(query, alias, conditions)
    const inner = this.innerJoins(query, alias, where === "")
    const order = this.orderBy(
      query,
      alias,
      used,
      last ?? (grouped ? groups : query.policy.entity.key.map((one) => `${alias}.${quoteName(one.column)}`)),
    )
    // A limit, even one that is never reached, would be planned for.
    const isWhole =
      isWrite || (isOne && query.limit === null && query.offset === null && !query.policy.entity.view)
    const window = isWhole ? "" : this.window(query)
    const list = columns.length > 0 ? columns.join(", ") : ""
    const groupBy = grouped && groups.length > 0 ? ` group by ${groups.join(", ")}` : ""
    return `select ${list} from ${from}${joins.join("")}${where}${inner}${groupBy}${order}${window}`
  }

  private item(
    item: PlannedItem,
    alias: string,
    columns: string[],
    joins: string[],
    groups: string[],
    used: FieldInfo[],
  ): void {
    if (item.kind === "count") {
      columns.push(`${cast("count(*)", item.cast)} as ${outputName(item.as)}`)
      return
    }
    if (item.kind === "field") {
      used.push(item.field)
      const sql = fieldSql(item, alias)
      // By the value, not by its JSON, which can't be compared.
      if (!item.aggregate) groups.push(item.cast === null ? pathSql(item.field, item.json, alias) : sql)
      columns.push(`${sql} as ${outputName(item.as)}`)
      return
    }
    used.push(...this.linkFields(item))
    if (item.query.items.length === 0) return
    if (item.spread) this.spread(item, alias, columns, joins, groups)
    else {
      columns.push(`${this.embedValue(item, alias)} as ${outputName(item.as)}`)
    }
  }

  /** The columns of the near side that an embed joins by. */
  private linkFields({ relation }: PlannedEmbed): readonly FieldInfo[] {
    return relation.kind === "one" ? [relation.field] : [relation.field.reference!.entity.key[0]!]
  }

  private embedValue(embed: PlannedEmbed, parent: string): string {
    const alias = this.alias()
    const { from, conditions } = this.linked(embed, parent, alias)
    const isOne = embed.relation.kind === "one"
    const rows = this.select(embed.query, from, alias, conditions, isOne ? { last: [], isOne } : {})
    return isOne && !embed.query.items.some(isAggregate)
      ? `(select row_to_json(r) from (${rows}) r)`
      : `(select coalesce(json_agg(r), '[]') from (${rows}) r)`
  }

  private spread(
    embed: PlannedEmbed,
    parent: string,
    columns: string[],
    joins: string[],
    groups: string[],
  ): void {
    const alias = this.alias()
    const { from, conditions } = this.linked(embed, parent, alias)
    const rows = this.select({ ...embed.query, limit: null }, from, alias, conditions, {
      last: [],
      isOne: true,
    })
    const joined = this.alias()
    joins.push(` left join lateral (${rows}) ${joined} on true`)
    for (const name of spreadNames(embed)) {
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
    if (relation.kind === "many")
      return { from: table, conditions: [`${alias}.${reference} = ${parent}.${key(target.key)}`] }
    const join = this.alias()
    const far = relation.join!.far
    return {
      from: `${table} join ${relationOf(relation.join!.policy)} ${join} on ${join}.${quoteName(far.column)} = ${alias}.${key(query.policy.entity.key)}`,
      conditions: [`${join}.${reference} = ${parent}.${key(target.key)}`],
    }
  }

  private where(query: PlannedQuery, alias: string, conditions: readonly string[]): string {
    const all = [...conditions, ...query.where.map((filter) => this.filter(filter, alias))]
    return all.length === 0 ? "" : ` where ${all.join(" and ")}`
  }

  /** `!inner`: only rows that have the embed. */
  private innerJoins(query: PlannedQuery, alias: string, first: boolean): string {
    const all = query.items.flatMap((item) =>
      item.kind === "embed" && item.inner ? [this.exists(item, alias)] : [],
    )
    return all.length === 0 ? "" : ` ${first ? "where" : "and"} ${all.join(" and ")}`
  }

  private exists(embed: PlannedEmbed, parent: string): string {
    const alias = this.alias()
    const { from, conditions } = this.linked(embed, parent, alias)
    const where = this.where(embed.query, alias, conditions)
    return `exists (select 1 from ${from}${where}${this.innerJoins(embed.query, alias, false)})`
  }

  private filter(filter: PlannedFilter, alias: string): string {
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
      const place = this.parameter(value, encodeLiteral(field, searchOnly))
      return `to_tsvector('${config}', ${sql}) @@ ${search}('${config}', ${place}::text)`
    }
    if (operator === "in" || quantifier) {
      const place = this.parameter(value, (list) =>
        arrayLiteral((list as readonly string[]).map((text) => encodeLiteral(field, of)(text) ?? "")),
      )
      const sign = operator === "in" ? "=" : this.sign(operator, field)
      return `${this.left(sql, field, isPattern)} ${sign} ${quantifier === "all" ? "all" : "any"}(${place}::${of.filterType ?? of.sqlType}[])`
    }
    const place = `${this.parameter(value, encodeLiteral(field, of))}::${of.filterType ?? of.sqlType}`
    if (operator === "isdistinct") return `${sql} is distinct from ${place}`
    return `${this.left(sql, field, isPattern)} ${this.sign(operator, field)} ${place}`
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
  private orderBy(query: PlannedQuery, alias: string, used: FieldInfo[], last: readonly string[]): string {
    const terms = query.order.map((term) => this.orderTerm(term, alias, used))
    const all = [
      ...terms,
      ...last.filter((one) => !terms.some((term) => term === one || term.startsWith(`${one} `))),
    ]
    return all.length === 0 ? "" : ` order by ${all.join(", ")}`
  }

  private orderTerm(term: PlannedOrder, alias: string, used: FieldInfo[]): string {
    const nulls = term.nulls === null ? "" : ` nulls ${term.nulls}`
    const direction = `${term.descending ? " desc" : ""}${nulls}`
    if (!term.embed) {
      used.push(term.field)
      return `${pathSql(term.field, term.json, alias)}${direction}`
    }
    used.push(...this.linkFields(term.embed))
    const related = this.alias()
    const { from, conditions } = this.linked(term.embed, alias, related)
    const where = this.where(term.embed.query, related, conditions)
    const inner = this.innerJoins(term.embed.query, related, false)
    return `(select ${pathSql(term.field, term.json, related)} from ${from}${where}${inner})${direction}`
  }

  private window(query: PlannedQuery): string {
    const limit = ` limit ${Math.min(query.limit ?? this.limits.rows, this.limits.rows)}`
    return (
      limit +
      (query.offset === null
        ? ""
        : ` offset ${this.parameter(query.offset, (value) => String(value))}::bigint`)
    )
  }

  private parameter(value: ValueIndex, encode: Parameter["encode"]): string {
    this.parameters.push({ value, encode })
    return `$${this.parameters.length}`
  }

  private alias(): string {
    return `t${++this.aliases}`
  }
}

/** Whether rows are given back, however many they are. */
function returnsRows(plan: Plan): boolean {
  return plan.kind === "read" || (plan.returning === "representation" && plan.maxAffected === null)
}

/** Whether one row is written, or a key or another unique field is asked for: then there is no page, and no list. */
function isAtMostOne(plan: Plan): boolean {
  const { policy, items, where, limit, offset } = plan.query
  if (limit !== null || offset !== null || policy.entity.view) return false
  if (items.some((item) => item.kind === "embed" || isAggregate(item))) return false
  if (plan.kind === "insert") return plan.isOneRow && !plan.conflict
  const asked = new Set(
    where.flatMap((one) =>
      one.kind === "compare" &&
      one.operator === "eq" &&
      !one.negated &&
      one.quantifier === null &&
      one.json.length === 0
        ? [one.field]
        : [],
    ),
  )
  const { key, unique } = policy.entity
  return [key, ...unique].some((fields) => fields.every((field) => asked.has(field)))
}
