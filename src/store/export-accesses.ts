/** Who did what with a person's data, for the person: no more than `accesses-to-me` shows, with their own rows and values, and nobody else's. */
import type pg from "pg"
import type { Model } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import { quoteName, tableOf } from "../policy/to-sql.ts"
import { aboutSubject } from "../sql/audit-seal.ts"
import { fieldsSql } from "../sql/record-views.ts"
import { keyText } from "../sql/record-writes.ts"
import { rowsOf } from "../sql/subject-rows.ts"
import { waitingEntries } from "../sql/waiting.ts"
import { subjectsOf, type Whom } from "./find-subject.ts"

/** As JSON Schema has it. Whose account it was is left out: whose name a person may read is decided for each caller. */
export const accessColumns: Readonly<Record<string, object>> = {
  at: { type: "string", format: "date-time" },
  id: { type: "string", format: "uuid" },
  own: { type: "boolean", description: "It was the person." },
  roles: { type: "array", items: { type: "string" }, description: "The roles in which it was done." },
  kind: { type: "string" },
  entity: { type: ["string", "null"] },
  fields: { type: "array", items: { type: "string" } },
  purpose: { type: ["string", "null"] },
  door: { type: "string" },
  emergency: { type: "boolean", description: "An emergency override allowed it." },
  result: { type: "string" },
  rows: { type: ["array", "null"], items: { type: "string" }, description: "The keys of the person's rows." },
  values: { type: ["object", "null"], description: "What was written, before and after." },
}

/** A query that gives these columns, and its values. */
export async function accessesQuery(
  session: pg.Client,
  model: Model,
  whom: Whom,
): Promise<readonly [text: string, values: readonly unknown[]]> {
  const kinds = [...new Set(whom.persons.map((one) => one.entity))]
  const keys = kinds.map((kind) => whom.persons.filter((one) => one.entity === kind).map((one) => one.key))
  const owned = kinds.flatMap((kind, at) => {
    const person = model.byName.get(kind)!
    const wanted = `any($${at + 3}::${person.key[0]!.kind.sqlType}[])`
    return rowsOf(model, person, wanted).map(
      ({ entity, where }) =>
        `select ${quoteLiteral(entity.name)} as entity, ${keyText(entity, "t")} as key from ${tableOf(entity)} t where ${where}`,
    )
  })
  const own = owned.length === 0 ? "select null::text as entity, null::text as key" : owned.join(" union ")
  const entry = (personal: string): string =>
    `e.at, e.id, e.actor, e.on_behalf, e.roles, e.kind, e.entity, ${fieldsSql("e", personal)} as fields, e.purpose, e.door,
      (e.kind = 'override' or coalesce(e.detail ? 'overrides', false)) as emergency, e.result, e.rows, e.subjects, ${personal} as personal`
  // A page that somebody read has others on it, too; what is written is one row, which may be gone by now.
  const isTheirs = "e.kind <> 'read' and e.subjects <@ $1"
  const text = `with own as materialized (${own}), e as materialized (
      select ${entry("p.content")} from audit.entry e left join audit.personal p using (position)
        where e.position in (select position from audit.about where subject in (select ${aboutSubject("s")} from unnest($1::text[]) s))
      union all select ${entry("e.personal")} from ${waitingEntries()} e where e.subjects && $1),
    mine as (select e.id, array_agg(own.key order by own.key) as rows from e cross join unnest(e.rows) r join own on own.entity = e.entity and own.key = r group by e.id)
    select e.at, e.id, coalesce(e.actor = any($2::text[]) and e.on_behalf is null, false), e.roles, e.kind, e.entity, e.fields, e.purpose, e.door, e.emergency,
      e.result, case when ${isTheirs} then e.rows else mine.rows end, case when cardinality(e.subjects) = 1 then e.personal end
    from e left join mine using (id) order by e.at, e.id`
  return [text, [subjectsOf(whom), await actorsOf(session, model, whom), ...keys]]
}

/** The persons' accounts, as the record writes who did something. */
async function actorsOf(session: pg.Client, model: Model, { persons, account }: Whom): Promise<string[]> {
  const found = account === null ? [] : [account]
  for (const { entity, key } of persons) {
    const person = model.byName.get(entity)!
    const field = person.subject!.account
    if (!field) continue
    const id = person.key[0]!
    const { rows } = await session.query(
      `select ${quoteName(field.column)}::text as account from ${tableOf(person)} where ${quoteName(id.column)} = $1::${id.kind.sqlType} and ${quoteName(field.column)} is not null`,
      [key],
    )
    found.push(...rows.map((row) => String(row.account)))
  }
  return [...new Set(found)].map((one) => `user:${one}`)
}
