/** Decrypts what comes back from the database, and gives statements what only the process knows. */
import { UndercroftError } from "../base/errors.ts"
import { answerValue, type FieldCiphers } from "../keys/field-ciphers.ts"
import { encryptedFields, linkOf } from "../model/encryption.ts"
import type { EntityInfo } from "../model/model.ts"
import type { Ciphers } from "../sql/places.ts"
import type { Fields } from "./write-hooks.ts"

/** What parameters of encrypted fields are made with. */
export function ciphersOf(ciphers: FieldCiphers | null, mark: string): Ciphers {
  return {
    mark,
    indexOf(field, value) {
      if (!ciphers) throw new UndercroftError("UC333", { why: "there are no keys" })
      return ciphers.indexOf(field, value)
    },
  }
}

/** Rows as a program is shown them: with the values of encrypted fields. */
export async function openRows<T extends Fields | null>(
  rows: readonly T[],
  entity: EntityInfo,
  ciphers: FieldCiphers | null,
): Promise<readonly T[]> {
  const fields = encryptedFields(entity)
  if (fields.length === 0 || !ciphers) return rows
  const link = linkOf(entity)
  const stored = rows.flatMap((row, at) =>
    fields.flatMap((field) => {
      const bytes = row?.[field.name]
      if (!Buffer.isBuffer(bytes)) return []
      const place = { row: String(row!["id"]), link: link ? String(row![link.name]) : "" }
      return [{ at, field, stored: { ...place, field, bytes } }]
    }),
  )
  const opened = await ciphers.open(stored.map((one) => one.stored))
  const result: unknown[] = rows.map((row) => (row === null ? null : { ...row }))
  for (const [n, { at, field }] of stored.entries())
    (result[at] as Record<string, unknown>)[field.name] = answerValue(field, opened[n]!)
  return result as T[]
}
