/** Encrypted values as they are stored, for rows that are put into tables past the engine, and back from what tables hold. */
import { answerValue, type FieldCiphers, type PlainValue } from "../../src/keys/field-ciphers.ts"
import { encryptedFields, linkOf, plainKind } from "../../src/model/encryption.ts"
import type { EntityInfo, FieldInfo } from "../../src/model/model.ts"
import type { Row, Rows } from "./description.ts"

export class SealedRows {
  private readonly ciphers: FieldCiphers
  /** The same rows are put there again and again. */
  private readonly known = new Map<string, Buffer>()

  constructor(ciphers: FieldCiphers) {
    this.ciphers = ciphers
  }

  /** Rows with bytes in hexadecimal in the place of what is encrypted. */
  async seal(entity: EntityInfo, all: Rows): Promise<readonly Row[]> {
    const rows = all[entity.name] ?? []
    const found = rows.flatMap((row) =>
      encryptedFields(entity).flatMap((field) => {
        const said = row[field.name] ?? null
        if (said === null) return []
        const place = { field, row: String(row["id"]), link: linkText(entity, row) }
        const value = plainKind(field).parse(said)
        return [{ row, plain: { ...place, person: personOf(entity, row, all), value } satisfies PlainValue }]
      }),
    )
    const nameOf = ({ field, row, link, person, value }: PlainValue): string =>
      JSON.stringify([field.entity.name, field.name, row, link, person, value])
    const fresh = found.map((one) => one.plain).filter((one) => !this.known.has(nameOf(one)))
    const sealed = await this.ciphers.seal(fresh)
    for (const [at, one] of fresh.entries()) this.known.set(nameOf(one), sealed[at]!)
    const made = new Map<Row, Record<string, unknown>>(rows.map((row) => [row, { ...row }]))
    for (const { row, plain } of found)
      made.get(row)![plain.field.name] = `\\x${this.known.get(nameOf(plain))!.toString("hex")}`
    return [...made.values()]
  }

  /** Rows with what their stored bytes mean; what is no encrypted value of its place stays what it is, which no answer is. */
  async open(entity: EntityInfo, rows: readonly Row[]): Promise<readonly Row[]> {
    const fields = encryptedFields(entity)
    if (fields.length === 0) return rows
    return Promise.all(
      rows.map(async (row) => {
        const opened = await Promise.all(
          fields
            .filter((field) => (row[field.name] ?? null) !== null)
            .map(async (field) => [field.name, await this.openOne(entity, field, row)] as const),
        )
        return { ...row, ...Object.fromEntries(opened) }
      }),
    )
  }

  private async openOne(entity: EntityInfo, field: FieldInfo, row: Row): Promise<unknown> {
    const text = String(row[field.name])
    const bytes = Buffer.from(text, "base64")
    try {
      const stored = { field, row: String(row["id"]), link: linkText(entity, row), bytes }
      const [json] = await this.ciphers.open([{ ...stored, text: `${stored.row}:${stored.link}:${text}` }])
      return answerValue(field, json as string)
    } catch {
      return { notEncrypted: bytes.toString() }
    }
  }
}

function linkText(entity: EntityInfo, row: Row): string {
  const link = linkOf(entity)
  return link ? String(row[link.name]) : ""
}

/** The key of the person whose data a row is. */
function personOf(entity: EntityInfo, row: Row, rows: Rows): string {
  let at = row
  for (const field of entity.subject!.path) {
    const to = field.reference!.entity
    const next = rows[to.name]?.find((one) => one[to.key[0]!.name] === at[field.name])
    if (!next) throw new Error(`${entity.name} has a row of nobody`)
    at = next
  }
  return String(at["id"])
}
