/** Items of a select list as SQL. */
import { UndercroftError } from "../base/errors.ts"
import type { FieldInfo } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import { quoteName } from "../policy/to-sql.ts"
import type { JsonStep } from "../query/operation.ts"
import type { PlannedEmbed, PlannedField, PlannedItem } from "../query/planned.ts"
import type { Places } from "./places.ts"
import { sealedSql } from "./sealed-value.ts"

const casts: ReadonlySet<string> = new Set([
  "text",
  "varchar",
  "int",
  "int4",
  "integer",
  "int8",
  "bigint",
  "smallint",
  "int2",
  "numeric",
  "decimal",
  "float4",
  "float8",
  "real",
  "boolean",
  "bool",
  "date",
  "time",
  "timestamp",
  "timestamptz",
  "interval",
  "uuid",
  "json",
  "jsonb",
  "text[]",
  "int[]",
])

/** Whether an item makes its query one of groups. */
export function isAggregate(item: PlannedItem): boolean {
  return item.kind === "count" || (item.kind === "field" && item.aggregate !== null)
}

/** A column, or the value at the end of a JSON path in it. */
export function pathSql(field: FieldInfo, json: readonly JsonStep[], alias: string): string {
  const steps = json.map(
    (step) =>
      `${step.text ? "->>" : "->"}${typeof step.key === "number" ? step.key : quoteLiteral(step.key)}`,
  )
  const column = `${alias}.${quoteName(field.column)}`
  return steps.length === 0 ? column : `(${column}${steps.join("")})`
}

/** A selected field: its JSON, its cast or its aggregate; an encrypted one as the process finds it in the answer. */
export function fieldSql(item: PlannedField, alias: string, places: Places): string {
  if (item.field.encrypted) return sealedSql(item.field, alias, places.mark())
  const raw = pathSql(item.field, item.json, alias)
  if (item.aggregate) {
    const of = `${item.aggregate}(${cast(raw, item.cast)})`
    // The smallest and the largest are values of the field, and are written as it is.
    const isValue = (item.aggregate === "min" || item.aggregate === "max") && item.json.length === 0
    if (isValue && item.cast === null && item.aggregateCast === null)
      return item.field.kind.toJson?.(of) ?? of
    return cast(of, item.aggregateCast)
  }
  if (item.cast !== null) return cast(raw, item.cast)
  return item.json.length === 0 ? (item.field.kind.toJson?.(raw) ?? raw) : raw
}

/** A key of the answer. PostgreSQL would cut a longer one, and two could become one. */
export function outputName(name: string): string {
  if (name === "" || Buffer.byteLength(name) > 63)
    throw new UndercroftError("UC304", { name: name.slice(0, 60) })
  return quoteName(name)
}

/** A cast to one of the types that callers may name. */
export function cast(sql: string, type: string | null): string {
  if (type === null) return sql
  if (!casts.has(type.toLowerCase()))
    throw new UndercroftError("PG:42704", { what: `type "${type.slice(0, 60)}"` })
  return `${sql}::${type.toLowerCase()}`
}

/** The keys that a spread embed gives its parent. */
export function spreadNames(embed: PlannedEmbed): readonly string[] {
  return outputNames(embed.query.items)
}

/** The keys of a row. An embed of which nothing is asked has none. */
export function outputNames(items: readonly PlannedItem[]): readonly string[] {
  return items.flatMap((item) => (item.kind === "embed" && item.spread ? spreadNames(item) : [item.as]))
}
