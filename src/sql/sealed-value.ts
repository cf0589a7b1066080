/** How encrypted values stand in an answer: as texts that the process finds by a mark which it gives with the request. */
import { linkOf } from "../model/encryption.ts"
import type { FieldInfo } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import { quoteName } from "../policy/to-sql.ts"

/** The columns beside a field that say where its value belongs. */
export function placeFields({ entity }: FieldInfo): readonly FieldInfo[] {
  const link = linkOf(entity)
  return link ? [entity.key[0]!, link] : [entity.key[0]!]
}

/**
 * Mark, field, row, reference towards the person, encrypted value: what the process needs to open it, and to refuse it where it
 * was put somewhere else. Null stays null. Nothing in it is changed by JSON or CSV.
 */
export function sealedSql(field: FieldInfo, alias: string, mark: string): string {
  const column = (one: FieldInfo): string => `${alias}.${quoteName(one.column)}`
  const [row, link] = placeFields(field).map((one) => `${column(one)}::text`)
  const name = quoteLiteral(`${field.entity.name}.${field.name}:`)
  return `(${mark}::text || ${name} || ${row} || ':' || ${link ?? "''"} || ':' || replace(encode(${column(field)}, 'base64'), E'\\n', '') || '!')`
}
