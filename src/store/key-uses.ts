/** Of whom there are encrypted values in the tables: a key that is missing is known by what it would open. */
import pg from "pg"
import type { KeyUses } from "../keys/key-ring.ts"
import { encryptedFields } from "../model/encryption.ts"
import type { EntityInfo, Model } from "../model/model.ts"
import { quoteName, tableOf } from "../policy/to-sql.ts"
import { roleNames } from "../sql/roles.ts"
import { personsOf, rowsOf } from "../sql/subject-rows.ts"
import { type PersonKey, subjectOf } from "./find-subject.ts"
import { preparedQuery } from "./prepared-query.ts"

type Session = Pick<pg.Client, "query">

/** Of these persons those with values, as `Patient:<key>`. */
export async function findWithValues(
  session: Session,
  model: Model,
  persons: readonly PersonKey[],
): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (const name of new Set(persons.map((one) => one.entity))) {
    const person = model.byName.get(name)
    const text = person?.subject && textOf(model, person)
    if (!text) continue
    const keys = persons.filter((one) => one.entity === name).map((one) => one.key)
    const { rows } = await session.query(preparedQuery(text, [keys]))
    for (const { key } of rows) found.add(subjectOf({ entity: name, key }))
  }
  return found
}

/** `$1` are the keys as texts; null where nothing about such a person is encrypted. */
function textOf(model: Model, person: EntityInfo): string | null {
  const some = rowsOf(model, person, "k.key").flatMap(({ entity, where }) => {
    const set = encryptedFields(entity).map((one) => `t.${quoteName(one.column)} is not null`)
    return set.length === 0
      ? []
      : [`exists (select from ${tableOf(entity)} t where ${where} and (${set.join(" or ")}))`]
  })
  if (some.length === 0) return null
  const type = person.key[0]!.kind.sqlType
  return `select u.key from unnest($1::text[]) u(key) cross join lateral (select u.key::${type}) k(key) where ${some.join(" or ")}`
}

/** Asks over a connection of its own, which is made when somebody gets their first key, and goes when nobody does. */
export function openKeyUses(adminUrl: string, model: Model): KeyUses {
  const pool = new pg.Pool({
    connectionString: adminUrl,
    max: 2,
    application_name: "undercroft key uses",
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 5_000,
    allowExitOnIdle: true,
    options: "-c search_path=pg_catalog -c jit=off -c statement_timeout=10000 -c lock_timeout=5000",
  })
  pool.on("error", () => undefined)
  return {
    async find(subjects) {
      const client = await pool.connect()
      try {
        const { rows } = await client.query("select current_database() as name")
        await client.query(`set role ${quoteName(roleNames(String(rows[0].name)).internal)}`)
        return await findWithValues(client, model, subjects.map(personKey))
      } finally {
        client.release()
      }
    },
    close: () => pool.end(),
  }
}

function personKey(subject: string): PersonKey {
  const at = subject.indexOf(":")
  return { entity: subject.slice(0, at), key: subject.slice(at + 1) }
}

const batchPersons = 1000

/** All who have values, some at a time. */
export async function* eachWithValues(session: Session, model: Model): AsyncGenerator<readonly string[]> {
  for (const person of personsOf(model)) {
    if (textOf(model, person) === null) continue
    const { column, kind } = person.key[0]!
    for (let after: string | null = null; ; ) {
      const { rows }: { rows: { key: string }[] } = await session.query(
        `select ${quoteName(column)}::text as key from ${tableOf(person)} where $1::text is null or ${quoteName(column)} > $1::text::${kind.sqlType} order by ${quoteName(column)} limit ${batchPersons}`,
        [after],
      )
      if (rows.length === 0) break
      after = rows.at(-1)!.key
      const persons = rows.map(({ key }) => ({ entity: person.name, key }))
      yield [...(await findWithValues(session, model, persons))]
    }
  }
}
