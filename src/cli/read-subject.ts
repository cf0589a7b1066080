/** Whose data a command is about: `Patient:<key>`, of a person who is there. */
import { UndercroftError } from "../base/errors.ts"
import type { Model } from "../model/model.ts"
import { BadValue } from "../model/value.ts"
import { quoteName, tableOf } from "../policy/to-sql.ts"
import { asInternal } from "../store/internal-session.ts"

/** The subject as the record and the holds write it. Throws UC906, UC911, UC912, UC913. */
export async function readSubject(adminUrl: string, model: Model, said: string): Promise<string> {
  const [, name = "", key = ""] = /^([^:]*):(.+)$/.exec(said) ?? []
  const persons = model.entities.filter((one) => one.subject?.person === one)
  const person = persons.find((one) => one.name === name)
  if (!person)
    throw new UndercroftError("UC911", {
      name: name || said,
      entities: persons.map((one) => one.name).join(", "),
    })
  const field = person.key[0]!
  const asText = (): string => {
    try {
      return field.kind.parseText(key)
    } catch (cause) {
      if (!(cause instanceof BadValue)) throw cause
      throw new UndercroftError("UC912", { key, entity: name, why: cause.message }, { cause })
    }
  }
  const column = quoteName(field.column)
  const { rows } = await asInternal(adminUrl, (session) =>
    session.query(
      `select ${column}::text as key from ${tableOf(person)} where ${column} = $1::${field.kind.sqlType}`,
      [asText()],
    ),
  )
  if (rows.length === 0) throw new UndercroftError("UC913", { entity: name, key })
  return `${name}:${rows[0].key}`
}
