/** Prints what a write changes: the insert, update or delete within a statement, without what it gives back. */
import type { FieldInfo } from "../model/model.ts"
import type { EntityPolicy } from "../policy/policies.ts"
import { quoteName } from "../policy/to-sql.ts"
import type { ValueIndex } from "../query/operation.ts"
import type { Plan } from "../query/planned.ts"
import { printEach } from "./change-each.ts"
import { encodeRows, encodeScalar, isScalar } from "./encode-rows.ts"
import { relationOf, writeColumn } from "./machinery.ts"
import type { Places } from "./places.ts"
import type { SelectPrinter } from "./select.ts"

export type WritePlan = Exclude<Plan, { kind: "read" }>

/** `before` are the queries that `text` refers to; `found` counts rows that an upsert found, as they were before it. */
export interface Change {
  readonly before: readonly string[]
  readonly text: string
  readonly found: string | null
}

export interface ChangeParts {
  readonly places: Places
  readonly select: SelectPrinter
  /** The name of the written table in the statement. */
  readonly alias: string
}

const plain = (text: string): Change => ({ before: [], text, found: null })

export function printChange(plan: WritePlan, parts: ChangeParts): Change {
  if (plan.kind === "insert") return printInsert(plan, parts)
  const { policy } = plan.query
  const { alias, places } = parts
  const target = `${relationOf(policy)} ${alias}`
  if (plan.each) return plain(printEach(plan, plan.each, target, parts))
  const where = parts.select.where(plan.query, alias, conditions(plan, parts))
  if (plan.kind === "delete") return plain(`delete from ${target}${where}`)
  const set = (sql: readonly string[]): string =>
    plan.columns.map((one, at) => `${quoteName(writeColumn(policy, one))} = ${sql[at]}`).join(", ")
  if (plan.columns.every(isScalar)) {
    const values = scalars(plan.row, plan.columns, places, (row, field) => encodeScalar(row, field, plan))
    return plain(`update ${target} set ${set(values)}${where}`)
  }
  const row = places.parameter(plan.row, (value) => encodeRows([value], plan.columns, plan))
  return plain(
    `update ${target} set ${set(plan.columns.map((one) => `x.${quoteName(one.column)}`))} from json_to_recordset(${row}::json) as x(${record(plan.columns)})${where}`,
  )
}

/** What has to hold of a row that is there, before what the caller filters by. */
export function conditions(
  plan: Exclude<WritePlan, { kind: "insert" }>,
  { places, alias }: Omit<ChangeParts, "select">,
): string[] {
  const { key } = plan.query.policy.entity
  // A condition that looks at the row has PostgreSQL ask whether the caller may see it, without filters too.
  const seen = `${alias}.${quoteName(key[0]!.column)} is not null`
  if (plan.match === null || plan.match === "any") return [seen]
  const versions = places.parameter(plan.match, (list) => `{${(list as readonly number[]).join(",")}}`)
  return [seen, `${alias}."version" = any(${versions}::bigint[])`]
}

function printInsert(plan: WritePlan & { kind: "insert" }, { places, alias }: ChangeParts): Change {
  const { policy } = plan.query
  const target = relationOf(policy)
  const conflict = onConflict(plan, policy)
  // A row that says nothing has no parameter.
  if (plan.columns.length === 0) return plain(`insert into ${target} default values${conflict}`)
  const names = plan.columns.map((one) => quoteName(writeColumn(policy, one))).join(", ")
  if (plan.isOneRow && !plan.conflict && plan.columns.every(isScalar)) {
    const values = scalars(plan.rows, plan.columns, places, (rows, field) =>
      encodeScalar((rows as readonly unknown[])[0], field, plan),
    )
    return plain(`insert into ${target} (${names}) values (${values.join(", ")})`)
  }
  const rows = places.parameter(plan.rows, (value) =>
    encodeRows(value as readonly unknown[], plan.columns, plan),
  )
  const values = plan.columns.map((one) => `x.${quoteName(one.column)}`).join(", ")
  const from = `json_to_recordset(${rows}::json) as x(${record(plan.columns)})`
  if (plan.conflict?.resolution !== "merge")
    return plain(`insert into ${target} (${names}) select ${values} from ${from}${conflict}`)
  const fields = plan.conflict.fields
  const same = fields
    .map((one) => `x.${quoteName(one.column)} = ${alias}.${quoteName(one.column)}`)
    .join(" and ")
  return {
    before: [`x as (select * from ${from})`],
    text: `insert into ${target} (${names}) select ${values} from x${conflict}`,
    found: fields.every((one) => plan.columns.includes(one))
      ? `(select count(*) from ${target} ${alias} where exists (select 1 from x where ${same}))`
      : "0",
  }
}

function record(columns: readonly FieldInfo[]): string {
  return columns.map((one) => `${quoteName(one.column)} ${one.kind.sqlType}`).join(", ")
}

/** A parameter for each field of one row: PostgreSQL need not read JSON. */
function scalars(
  at: ValueIndex,
  columns: readonly FieldInfo[],
  places: Places,
  encode: (value: unknown, field: FieldInfo) => string | null,
): readonly string[] {
  return columns.map(
    (field) => `${places.parameter(at, (value) => encode(value, field))}::${field.kind.sqlType}`,
  )
}

function onConflict(plan: WritePlan & { kind: "insert" }, policy: EntityPolicy): string {
  if (!plan.conflict) return ""
  const { fields, resolution } = plan.conflict
  const target = `(${fields.map((one) => quoteName(one.column)).join(", ")})`
  const changed = plan.columns.filter((one) => !fields.includes(one) && !one.immutable)
  if (resolution === "ignore") return ` on conflict ${target} do nothing`
  // With nothing to change the row is given back all the same.
  const set = (changed.length > 0 ? changed : fields).map((one) => {
    const column = writeColumn(policy, one)
    if (column === one.column) return `${quoteName(column)} = excluded.${quoteName(column)}`
    // A column for writing alone can't be read, not even from what would have been inserted. What is not sent of the key is
    // the same in all rows.
    const same = fields
      .filter((key) => plan.columns.includes(key))
      .map((key) => `x.${quoteName(key.column)} = excluded.${quoteName(key.column)}`)
    return `${quoteName(column)} = (select x.${quoteName(one.column)} from x where ${["true", ...same].join(" and ")})`
  })
  return ` on conflict ${target} do update set ${set.join(", ")}`
}
