/** Whom a request about personal data means: `Patient:<key>` is one person, `user:<id>` an account with every person it belongs to. */
import type pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import type { EntityInfo, FieldInfo, Model } from "../model/model.ts"
import { BadValue } from "../model/value.ts"
import { quoteName, tableOf } from "../policy/to-sql.ts"
import { personsOf } from "../sql/subject-rows.ts"

/** One person, as their row's entity and key. */
export interface PersonKey {
  readonly entity: string
  readonly key: string
}

export interface Whom {
  /** As it was said. */
  readonly said: string
  readonly persons: readonly PersonKey[]
  /** The account, where it is meant, too. */
  readonly account: string | null
}

/** How the record and the holds write a person. */
export function subjectOf({ entity, key }: PersonKey): string {
  return `${entity}:${key}`
}

/** All names under which the record has them. */
export function subjectsOf({ persons, account }: Whom): readonly string[] {
  return [...new Set([...persons.map(subjectOf), ...(account === null ? [] : [`User:${account}`])])]
}

/** Whether there is such a person is not asked: they may be erased already. Throws UC911, UC912. */
export async function findSubject(
  session: Pick<pg.Client, "query">,
  model: Model,
  said: string,
): Promise<Whom> {
  const [, name = "", key = ""] = /^([^:]*):(.+)$/s.exec(said) ?? []
  const persons = personsOf(model)
  if (name === "user" || name === "User") return findAccount(session, persons, key)
  const person = persons.find((one) => one.name === name)
  if (!person) {
    const entities = ["user", ...persons.map((one) => one.name)].join(", ")
    throw new UndercroftError("UC911", { name: name || said, entities })
  }
  return { said, persons: [{ entity: name, key: parseKey(person, key) }], account: null }
}

async function findAccount(
  session: Pick<pg.Client, "query">,
  persons: readonly EntityInfo[],
  account: string,
): Promise<Whom> {
  const found: PersonKey[] = []
  for (const person of persons) {
    const field = person.subject!.account
    // A text that is no key of an account is nobody's; compared by its type, an index finds it.
    if (!field || !isKeyOf(field, account)) continue
    const { rows } = await session.query(
      `select t.${quoteName(person.key[0]!.column)}::text as key from ${tableOf(person)} t where t.${quoteName(field.column)} = $1::${field.kind.sqlType} order by 1`,
      [account],
    )
    found.push(...rows.map((row) => ({ entity: person.name, key: String(row.key) })))
  }
  return { said: `user:${account}`, persons: found, account }
}

/** Whether a text could be what a field holds. */
export function isKeyOf({ kind }: FieldInfo, text: string): boolean {
  try {
    kind.parseText(text)
    return true
  } catch (cause) {
    if (cause instanceof BadValue) return false
    throw cause
  }
}

/** As PostgreSQL writes it. */
function parseKey(person: EntityInfo, key: string): string {
  const { kind } = person.key[0]!
  try {
    const text = kind.parseText(key)
    return kind.sqlType === "uuid" ? text.toLowerCase() : text
  } catch (cause) {
    if (!(cause instanceof BadValue)) throw cause
    throw new UndercroftError("UC912", { key: "the key", entity: person.name, why: cause.message }, { cause })
  }
}
