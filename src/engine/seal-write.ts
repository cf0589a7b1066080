/** Encrypts what a write sends: each value under the key of its row's person, for its own row alone. */
import { randomBytes } from "node:crypto"
import { UndercroftError } from "../base/errors.ts"
import type { FieldCiphers, PlainValue } from "../keys/field-ciphers.ts"
import { encryptedFields, linkOf, plainKind } from "../model/encryption.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { BadValue } from "../model/value.ts"
import { type Policies, policyOf } from "../policy/policies.ts"
import { quoteName } from "../policy/to-sql.ts"
import type { InsertOperation, Operation } from "../query/operation.ts"
import { Completed, Sealed } from "../sql/encode-rows.ts"
import { refuseValue } from "../sql/literal.ts"
import { relationOf } from "../sql/machinery.ts"
import type { Transaction } from "../store/transactions.ts"
import type { Fields } from "./write-hooks.ts"

/** Which row a value is for, and whose. */
export interface SealedRow {
  readonly row: string
  readonly link: string
  readonly person: string
}

/** Whether a write sends values of encrypted fields. */
export function sendsEncrypted(operation: Operation, entity: EntityInfo): boolean {
  if (operation.kind !== "insert" && operation.kind !== "update") return false
  return encryptedFields(entity).some((one) => operation.columns.includes(one.name))
}

/** Whether the rows must be looked at first: they are there already, or their person stands further away than one reference. */
export function needsRows(operation: Operation, entity: EntityInfo): boolean {
  if (!sendsEncrypted(operation, entity)) return false
  return (
    operation.kind === "update" ||
    (operation.kind === "insert" && (operation.conflict !== null || entity.subject!.path.length > 1))
  )
}

/** An insert whose rows say themselves whose they are, in one flight. */
export async function sealInsert(
  operation: InsertOperation,
  entity: EntityInfo,
  ciphers: FieldCiphers,
): Promise<InsertOperation> {
  const rows = operation.values[operation.rows] as readonly Fields[]
  const places = rows.map((row): SealedRow => {
    const id = rowId(row, entity)
    const link = linkText(row, entity)
    return { row: id, link, person: link || id }
  })
  return withSealed(
    operation,
    await sealRows(rows, places, operation.columns, operation.isText, entity, ciphers),
  )
}

/** The rows of an insert, each with the identifier that its values were encrypted for. */
export function withSealed(operation: InsertOperation, rows: readonly Fields[]): InsertOperation {
  const { shape: _, ...rest } = operation
  const columns = operation.columns.includes("id") ? operation.columns : [...operation.columns, "id"]
  return { ...rest, columns, values: operation.values.with(operation.rows, rows) }
}

/** Rows with the values of encrypted fields as they are stored, and with their `id`. */
export async function sealRows(
  rows: readonly Fields[],
  places: readonly SealedRow[],
  columns: readonly string[],
  isText: boolean,
  entity: EntityInfo,
  ciphers: FieldCiphers,
): Promise<readonly Fields[]> {
  const fields = encryptedFields(entity).filter((one) => columns.includes(one.name))
  const found: { readonly at: number; readonly plain: PlainValue }[] = []
  for (const [at, row] of rows.entries()) {
    for (const field of fields) {
      const value = plainValue(row, field, isText)
      if (value !== null) found.push({ at, plain: { ...places[at]!, field, value } })
    }
  }
  const sealed = await ciphers.seal(found.map((one) => one.plain))
  const result: Record<string, unknown>[] = rows.map((row, at) => ({
    ...row,
    ...(textOf(row, entity.key[0]!) === "" ? { id: new Completed(places[at]!.row) } : {}),
  }))
  for (const [n, { at, plain }] of found.entries()) result[at]![plain.field.name] = new Sealed(sealed[n]!)
  return result
}

/** The value that a row sends, checked; null where it sends none, or what is stored already. */
export function plainValue(row: Fields, field: FieldInfo, isText: boolean): unknown {
  const said = Object.hasOwn(row, field.name) ? row[field.name] : null
  if (said === null || said === undefined || said instanceof Sealed) return null
  const given = said instanceof Completed ? said.value : said
  if (given === null || given === undefined) return null
  const kind = plainKind(field)
  try {
    if (!isText || said instanceof Completed) return kind.parse(given)
    if (kind.schema()["type"] === "string") return kind.parse(String(given))
    if (kind.sqlType.endsWith("[]")) throw new BadValue("is a list, which is sent as JSON alone")
    return kind.parse(JSON.parse(kind.parseText(String(given))))
  } catch (cause) {
    throw refuseValue(field, cause)
  }
}

/** The row's own identifier, or a new one. */
export function rowId(row: Fields, entity: EntityInfo): string {
  const said = textOf(row, entity.key[0]!)
  return said === "" ? uuidv7() : said
}

/** What the row refers to on the way to its person; empty where it is the person. */
export function linkText(row: Fields, entity: EntityInfo): string {
  const link = linkOf(entity)
  if (!link) return ""
  const text = textOf(row, link)
  if (text === "") throw new UndercroftError("PG:23502", { field: `${entity.collection}.${link.name}` })
  return text
}

function textOf(row: Fields, field: FieldInfo): string {
  const said = Object.hasOwn(row, field.name) ? row[field.name] : null
  const value = said instanceof Completed ? said.value : said
  if (value === null || value === undefined) return ""
  try {
    return String(field.kind.parse(value))
  } catch (cause) {
    throw refuseValue(field, cause)
  }
}

/** Whose rows are that refer to these, as their caller may see it. Throws PG:23503 for what they may not see. */
export async function personsOf(
  links: readonly string[],
  entity: EntityInfo,
  policies: Policies,
  transaction: Transaction,
): Promise<ReadonlyMap<string, string>> {
  const [first, ...rest] = entity.subject!.path
  if (!first || rest.length === 0 || links.length === 0) return new Map(links.map((one) => [one, one]))
  const relation = (field: FieldInfo): string => relationOf(policyOf(policies, field.reference!.entity))
  const key = (field: FieldInfo): string => quoteName(field.reference!.entity.key[0]!.column)
  const joins = rest.slice(0, -1).map((field, at) => {
    const to = `p${at + 1}`
    return ` join ${relation(field)} ${to} on ${to}.${key(field)} = p${at}.${quoteName(field.column)}`
  })
  const person = `p${rest.length - 1}.${quoteName(rest.at(-1)!.column)}`
  const text = `select p0.${key(first)}::text as link, ${person}::text as person from ${relation(first)} p0${joins.join("")} where p0.${key(first)} = any($1::${first.kind.sqlType}[])`
  const { rows } = await transaction.query(text, [[...new Set(links)]])
  const found = new Map(rows.map((row) => [String(row["link"]), String(row["person"])]))
  if (!links.every((one) => found.has(one)))
    throw new UndercroftError("PG:23503", { field: `${entity.collection}.${first.name}` })
  return found
}

/** RFC 9562, version 7: a time in milliseconds, then randomness. */
function uuidv7(): string {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(Date.now(), 0, 6)
  bytes[6] = (bytes[6]! & 15) | 112
  bytes[8] = (bytes[8]! & 63) | 128
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
}
