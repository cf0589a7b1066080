/** Reads the body of a write as the door should: which fields the caller may name, and what their values are. */

import type { CallerView } from "./caller-view.ts"
import type { KindDescription, OperationDescription, Row } from "./description.ts"
import { normalRange } from "./oracle-range.ts"
import { anyRefusal, badValueCodes, notNullCode } from "./semantics.ts"
import type { EntityShape, FieldShape } from "./shape.ts"

export interface BodyResult {
  /** For an insert whole rows, with defaults; for an update the fields that are set. */
  readonly values: readonly Row[]
  readonly codes: ReadonlySet<string>
}

const bad: unique symbol = Symbol("bad value")

export function readBody(view: CallerView, shape: EntityShape, operation: OperationDescription): BodyResult {
  const { kind } = operation
  const rows = namedRows(shape, operation)
  const codes = new Set<string>()
  for (const name of Object.keys(rows[0] ?? {})) {
    const field = shape.fields.find((one) => one.name === name)
    for (const code of nameProblems(view, shape, field)) codes.add(code)
    if (field && kind === "update" && (field.said?.immutable || field.said === null)) codes.add(anyRefusal)
    else if (field)
      for (const row of rows) for (const code of valueProblems(field, row[name])) codes.add(code)
  }
  if (codes.size > 0) return { values: [], codes }
  return { values: rows.map((row) => readRow(shape, row, kind === "insert")), codes }
}

/** The rows with the fields that the request names, which are those of the body where it names none. */
function namedRows(
  shape: EntityShape,
  { kind, rows = [], columns, missingDefault }: OperationDescription,
): readonly Row[] {
  if (!columns) return rows
  const missing = (name: string): unknown =>
    (kind === "insert" && missingDefault
      ? shape.fields.find((field) => field.name === name)?.said?.default
      : null) ?? null
  return rows.map((row) =>
    Object.fromEntries(columns.map((name) => [name, Object.hasOwn(row, name) ? row[name] : missing(name)])),
  )
}

/** A field that does not exist for the caller can't be named. */
function nameProblems(
  view: CallerView,
  shape: EntityShape,
  field: FieldShape | undefined,
): readonly string[] {
  if (field === undefined || !view.exists(shape.name, field.name)) return ["PGRST204"]
  return field.readonly ? [anyRefusal] : []
}

function valueProblems(field: FieldShape, value: unknown): readonly string[] {
  if (value === null || value === undefined) return field.optional ? [] : [notNullCode]
  return readJson(field.kind, value) === bad ? badValueCodes : []
}

function readRow(shape: EntityShape, said: Row, isNew: boolean): Row {
  const row: Record<string, unknown> = {}
  for (const field of shape.fields) {
    const value = said[field.name]
    if (field.name in said) row[field.name] = value === null ? null : readJson(field.kind, value)
    else if (isNew) row[field.name] = field.readonly ? automatic(field) : (field.said?.default ?? null)
  }
  return row
}

/** What the database fills in; moments are compared by nobody. */
function automatic(field: FieldShape): unknown {
  return field.kind.type === "integer" ? 1 : "2016-02-29T00:00:00+00:00"
}

/** The value as answers have it. */
function readJson(kind: KindDescription, value: unknown): unknown {
  switch (kind.type) {
    case "text":
      return typeof value === "string" &&
        !value.includes("\u0000") &&
        [...value].length <= (kind.max ?? Number.POSITIVE_INFINITY)
        ? value
        : bad
    case "choice":
      return kind.words.includes(value as string) ? value : bad
    case "integer":
      return Number.isInteger(value) &&
        (value as number) >= (kind.min ?? -2147483648) &&
        (value as number) <= (kind.max ?? 2147483647)
        ? value
        : bad
    case "boolean":
      return typeof value === "boolean" ? value : bad
    case "bigint":
      return typeof value === "number" || (typeof value === "string" && /^-?\d+$/.test(value)) ? value : bad
    case "decimal":
      return (typeof value === "string" || typeof value === "number") && /^-?\d+(\.\d+)?$/.test(String(value))
        ? Number(value).toFixed(kind.scale)
        : bad
    case "json":
      return value
    case "list":
      return Array.isArray(value) ? value : bad
    case "range":
      return typeof value === "string" ? (normalRange(value) ?? bad) : bad
    case "uuid":
      return typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)
        ? value.toLowerCase()
        : bad
    default:
      return typeof value === "string" && /^\d/.test(value) && value.length >= 8 ? value : bad
  }
}

/** The fields that a write sets. */
export function columnsOf({ columns, rows }: OperationDescription): readonly string[] {
  return columns ?? Object.keys(rows?.[0] ?? {})
}
