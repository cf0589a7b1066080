/** The rows of a body as `json_to_recordset` takes them, every value checked by its field. */
import { UndercroftError } from "../base/errors.ts"
import type { FieldInfo } from "../model/model.ts"
import { refuseValue } from "./literal.ts"

/** Checks the rows of a body and writes them as `json_to_recordset` takes them. */
export function encodeRows(
  rows: readonly unknown[],
  columns: readonly FieldInfo[],
  missingDefault: boolean,
): string {
  return JSON.stringify(
    rows.map((row) => {
      return Object.fromEntries(
        columns.map((field) => [field.column, encodeField(writtenValue(row, field, missingDefault), field)]),
      )
    }),
  )
}

/** Whether a field's value is, as text, what PostgreSQL reads for its column. */
export function isScalar({ kind }: FieldInfo): boolean {
  return kind.sqlType !== "jsonb" && !kind.sqlType.endsWith("[]")
}

/** Checks one scalar value of a row and writes it as text. */
export function encodeScalar(row: unknown, field: FieldInfo, missingDefault: boolean): string | null {
  const encoded = encodeField(writtenValue(row, field, missingDefault), field)
  return encoded === null ? null : String(encoded)
}

function writtenValue(row: unknown, field: FieldInfo, missingDefault: boolean): unknown {
  const record = row as Readonly<Record<string, unknown>>
  if (Object.hasOwn(record, field.name)) return record[field.name]
  return missingDefault ? defaultOf(field) : null
}

/** What a field that a row leaves out gets under `missing=default`. */
function defaultOf(field: FieldInfo): unknown {
  const now = new Date().toISOString()
  return field.defaultsTo === "now"
    ? now
    : field.defaultsTo === "today"
      ? now.slice(0, 10)
      : (field.defaultValue ?? null)
}

function encodeField(value: unknown, field: FieldInfo): unknown {
  if (value === null || value === undefined) {
    if (!field.optional)
      throw new UndercroftError("PG:23502", { field: `${field.entity.collection}.${field.name}` })
    return null
  }
  try {
    return field.kind.parse(value)
  } catch (cause) {
    throw refuseValue(field, cause)
  }
}
