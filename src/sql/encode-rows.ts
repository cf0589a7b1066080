/** The rows of a body as `json_to_recordset` takes them, every value checked by its field. */
import { UndercroftError } from "../base/errors.ts"
import type { FieldInfo } from "../model/model.ts"
import { refuseValue } from "./literal.ts"

/** How values came, and what a field that a row leaves out gets. */
export interface WrittenAs {
  readonly missingDefault?: boolean
  /** As texts, as in CSV. */
  readonly isText: boolean
  /** What is required may be missing still. */
  readonly isOpen?: boolean
}

/** A value that a hook gives: JSON also in a row of texts. */
export class Completed {
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }
}

/** A value of an encrypted field as it is stored. */
export class Sealed {
  readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }
}

/** Checks the rows of a body and writes them as `json_to_recordset` takes them. */
export function encodeRows(rows: readonly unknown[], columns: readonly FieldInfo[], as: WrittenAs): string {
  return JSON.stringify(
    rows.map((row) => {
      return Object.fromEntries(columns.map((field) => [field.column, encodeField(row, field, as)]))
    }),
  )
}

/** Whether a field's value is, as text, what PostgreSQL reads for its column. */
export function isScalar({ kind }: FieldInfo): boolean {
  return kind.sqlType !== "jsonb" && !kind.sqlType.endsWith("[]")
}

/** Checks one scalar value of a row and writes it as text. */
export function encodeScalar(row: unknown, field: FieldInfo, as: WrittenAs): string | null {
  const encoded = encodeField(row, field, as)
  return encoded === null ? null : String(encoded)
}

/** What a field that a row leaves out gets under `missing=default`. */
export function defaultOf(field: FieldInfo): unknown {
  const now = new Date().toISOString()
  return field.defaultsTo === "now"
    ? now
    : field.defaultsTo === "today"
      ? now.slice(0, 10)
      : (field.defaultValue ?? null)
}

function encodeField(row: unknown, field: FieldInfo, { missingDefault, isText, isOpen }: WrittenAs): unknown {
  const record = row as Readonly<Record<string, unknown>>
  const said = Object.hasOwn(record, field.name) ? record[field.name] : undefined
  if (said instanceof Sealed) return `\\x${said.bytes.toString("hex")}`
  const isJson = said === undefined || said instanceof Completed
  const given = said instanceof Completed ? said.value : said
  const value = given === undefined && missingDefault === true ? defaultOf(field) : given
  if (value === null || value === undefined) {
    if (!field.optional && isOpen !== true)
      throw new UndercroftError("PG:23502", { field: `${field.entity.collection}.${field.name}` })
    return null
  }
  if (field.encrypted) throw new Error(`${field.entity.name}.${field.name} would be stored as it is`)
  try {
    return isText && !isJson ? parseText(String(value), field) : field.kind.parse(value)
  } catch (cause) {
    throw refuseValue(field, cause)
  }
}

function parseText(text: string, { kind }: FieldInfo): unknown {
  const literal = kind.parseText(text)
  return kind.sqlType === "jsonb" ? kind.parse(JSON.parse(literal)) : literal
}
