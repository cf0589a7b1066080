/** Prints what a write would touch: the rows that are there, as the caller sees them, and those that are sent. */
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import type { EntityPolicy } from "../policy/policies.ts"
import { quoteName } from "../policy/to-sql.ts"
import type { QueryLimits } from "../query/limits.ts"
import { conditions, type WritePlan } from "./change.ts"
import { encodeRows, type WrittenAs } from "./encode-rows.ts"
import { relationOf } from "./machinery.ts"
import { type Parameter, Places } from "./places.ts"
import { SelectPrinter } from "./select.ts"

export interface TouchedStatement {
  readonly text: string
  readonly parameters: readonly Parameter[]
}

/** The rows of an update or a delete, one more than may be written; those of an update are locked, since it may lock them. */
export function compileTouched(
  plan: Exclude<WritePlan, { kind: "insert" }>,
  limits: QueryLimits,
): TouchedStatement {
  const places = new Places()
  const alias = places.alias()
  const { policy } = plan.query
  const where = new SelectPrinter(limits, places).where(
    plan.query,
    alias,
    conditions(plan, { places, alias }),
  )
  const columns = policy.entity.fields.map((one) => `${alias}.${quoteName(one.column)}`).join(", ")
  const order = policy.entity.key.map((one) => `${alias}.${quoteName(one.column)}`).join(", ")
  const lock = plan.kind === "update" ? ` for update of ${alias}` : ""
  return {
    text: `select ${columns} from ${relationOf(policy)} ${alias}${where} order by ${order} limit ${limits.writtenRows + 1}${lock}`,
    parameters: places.parameters,
  }
}

/**
 * Rows that are sent, as PostgreSQL reads them, in their order, in columns `x0`, `x1`. With `same` each comes with the row
 * that has these fields the same, in columns `t0`, `t1`, and whether there is one in `found`.
 */
export function printSent(
  policy: EntityPolicy,
  columns: readonly FieldInfo[],
  same: readonly FieldInfo[] | null,
): string {
  const record = columns.map((one) => `${quoteName(one.column)} ${one.kind.sqlType}`).join(", ")
  const sent = columns.map((one, at) => `x.${quoteName(one.column)} as x${at}`)
  const from = `(select *, row_number() over () as "$at" from json_to_recordset($1::json) as x(${record})) x`
  if (!same) return `select ${sent.join(", ")} from ${from} order by x."$at"`
  const { fields, key } = policy.entity
  const there = fields.map((one, at) => `t.${quoteName(one.column)} as t${at}`)
  const on = same.map((one) => `t.${quoteName(one.column)} = x.${quoteName(one.column)}`).join(" and ")
  return `select ${[...sent, ...there, `t.${quoteName(key[0]!.column)} is not null as found`].join(", ")} from ${from} left join ${relationOf(policy)} t on ${on} order by x."$at"`
}

/** The parameter of `printSent`. What is required may be missing: the hook may still give it. */
export function encodeSent(rows: readonly unknown[], columns: readonly FieldInfo[], as: WrittenAs): string {
  return encodeRows(rows, columns, { ...as, isOpen: true })
}

/** A row by field name, from the columns of an answer. */
export function readFields(
  row: Readonly<Record<string, unknown>>,
  fields: readonly FieldInfo[],
  prefix: "x" | "t" | null,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    fields.map((one, at) => [one.name, row[prefix === null ? one.column : `${prefix}${at}`]]),
  )
}

/** The fields of an entity's key in a row. */
export function keyOf(
  { key }: EntityInfo,
  row: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(key.map((one) => [one.name, row[one.name]]))
}
