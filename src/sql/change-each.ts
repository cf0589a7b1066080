/** Prints an update or a delete of rows that were found before: by their keys alone, each with its own values. */
import type { FieldInfo } from "../model/model.ts"
import { quoteName } from "../policy/to-sql.ts"
import type { Each } from "../query/operation.ts"
import type { ChangeParts, WritePlan } from "./change.ts"
import { encodeRows } from "./encode-rows.ts"
import { writeColumn } from "./machinery.ts"

/** One row of `each`. */
export interface EachRow {
  readonly key: Readonly<Record<string, unknown>>
  /** By field name. */
  readonly values: Readonly<Record<string, unknown>>
}

type EachPlan = Exclude<WritePlan, { kind: "insert" }>

export function printEach(plan: EachPlan, each: Each, target: string, parts: ChangeParts): string {
  const { policy } = plan.query
  const { key } = policy.entity
  const columns = plan.kind === "update" ? plan.columns : []
  const isPartial = (field: FieldInfo): boolean => each.partial.includes(field.name)
  const rows = parts.places.parameter(each.rows, (value) => encode(value, key, columns, plan))
  const record = [
    ...key.map((one, at) => `k${at} ${one.kind.sqlType}`),
    ...columns.map((one, at) => `v${at} ${one.kind.sqlType}, s${at} boolean`),
  ].join(", ")
  const from = `json_to_recordset(${rows}::json) as x(${record})`
  const same = key.map((one, at) => `${parts.alias}.${quoteName(one.column)} = x.k${at}`).join(" and ")
  if (plan.kind === "delete") return `delete from ${target} using ${from} where ${same}`
  const set = columns.map((one, at) => {
    const value = isPartial(one)
      ? `case when x.s${at} then x.v${at} else ${parts.alias}.${quoteName(one.column)} end`
      : `x.v${at}`
    return `${quoteName(writeColumn(policy, one))} = ${value}`
  })
  return `update ${target} set ${set.join(", ")} from ${from} where ${same}`
}

function encode(
  value: unknown,
  key: readonly FieldInfo[],
  columns: readonly FieldInfo[],
  plan: EachPlan,
): string {
  const isText = plan.kind === "update" && plan.isText
  const rows = (value as readonly EachRow[]).map((row) => {
    // Only what a row says is checked; what it leaves out stays as it is.
    const said = columns.filter((one) => Object.hasOwn(row.values, one.name))
    const [encoded = {}] = JSON.parse(encodeRows([row.values], said, { isText })) as Record<string, unknown>[]
    return Object.fromEntries([
      ...key.map((one, at) => [`k${at}`, row.key[one.name]] as const),
      ...columns.map((one, at) => [`v${at}`, encoded[one.column] ?? null] as const),
      ...columns.map((one, at) => [`s${at}`, said.includes(one)] as const),
    ])
  })
  return JSON.stringify(rows)
}
