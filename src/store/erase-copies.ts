/** Where a person's values stand beside their rows: the record, answers that are kept for repeats, reasons, notes of steps. */
import type pg from "pg"
import type { FieldCiphers } from "../keys/field-ciphers.ts"
import type { Model } from "../model/model.ts"
import { quoteName, tableOf } from "../policy/to-sql.ts"
import { aboutSubject } from "../sql/audit-seal.ts"
import { rowsOf } from "../sql/subject-rows.ts"
import { subjectsOf, type Whom } from "./find-subject.ts"
import { preparedQuery } from "./prepared-query.ts"

/** Shorter values are found in anything. */
const shortest = 3

/** The keys and personal words of their rows, those that stand there now and those that the record has. */
export async function gatherValues(session: pg.Client, model: Model, whom: Whom): Promise<readonly string[]> {
  const found = new Set<string>()
  for (const { entity: name, key } of whom.persons)
    for (const { entity, where } of rowsOf(model, model.byName.get(name)!)) {
      const fields = entity.fields.filter(
        (one) =>
          entity.key.includes(one) ||
          (["personal", "special"].includes(one.classification) && /text|char/.test(one.kind.sqlType)),
      )
      const list = fields.map((one) => `t.${quoteName(one.column)}::text`).join(", ")
      const { rows } = await session.query(
        preparedQuery(
          `select distinct v from ${tableOf(entity)} t, unnest(array[${list}]) v where ${where}`,
          [key],
        ),
      )
      for (const { v } of rows) found.add(v)
    }
  const { rows } = await session.query(
    `select distinct v #>> '{}' as v from (
      select personal from audit.pending where subjects && $1 and cardinality(subjects) = 1
      union all select content from audit.personal where position in (${positions})) p,
      jsonb_path_query(p.personal, 'strict $.** ? (@.type() == "string")') v`,
    [subjectsOf(whom)],
  )
  for (const { v } of rows) found.add(v)
  return [...found].filter((one) => one && one.length >= shortest)
}

const positions = `select position from audit.about where subject in (select ${aboutSubject("s")} from unnest($1::text[]) s)`

/** The entries stay, and can be proved; the values that stand apart from them go. */
export async function eraseRecord(session: pg.Client, subjects: readonly string[]): Promise<number> {
  // What this very transaction has done is on record under whoever the row belonged to, or nobody any more.
  await session.query(
    "update audit.pending set personal = null where personal is not null and xmin = pg_current_xact_id()::xid",
  )
  const { rowCount: waiting } = await session.query(
    "update audit.pending set personal = null where personal is not null and subjects && $1",
    [subjects],
  )
  const { rowCount: sealed } = await session.query(
    `delete from audit.personal where position in (${positions})`,
    [subjects],
  )
  return (waiting ?? 0) + (sealed ?? 0)
}

interface Copies {
  readonly subjects: readonly string[]
  readonly account: string | null
  readonly values: readonly string[]
  /** Opens answers that are kept encrypted; null where none is. */
  readonly ciphers: FieldCiphers | null
  /** What is older was looked through for many persons at once; null looks at all. */
  readonly since: Date | null
}

/** As they stand in JSON and in CSV. */
export function writtenForms(values: readonly string[]): readonly string[] {
  return [...new Set(values.flatMap((one) => [one, JSON.stringify(one).slice(1, -1)]))]
}

/** An answer becomes `null` rather than going: a repeat would otherwise be done a second time. */
export async function eraseCopies(
  session: pg.Client,
  { subjects, account, values, ciphers, since }: Copies,
): Promise<number> {
  const texts = writtenForms(values)
  const from = since?.toISOString() ?? "-infinity"
  const statements: [text: string, values: unknown[]][] = [
    [
      `update undercroft_state.once o set body = 'null' where body is distinct from 'null'
        and (o.caller = $1 or (o.at >= $3 and exists (select from unnest($2::text[]) v where strpos(o.body, v) > 0)))`,
      [account, texts, from],
    ],
    [
      "update undercroft_state.restrictions set reason = 'erased', lift_reason = case when lifted_at is not null then 'erased' end where subject = any($1) and reason <> 'erased'",
      [subjects],
    ],
    [
      `update undercroft_state.system_steps s set actor = case when actor = $1 then null else actor end, reason = 'erased'
        where reason <> 'erased' and (actor = $1 or (s.at >= $3 and exists (select from unnest($2::text[]) v where strpos(s.reason, v) > 0)))`,
      [account, texts, from],
    ],
    [
      // Nobody is asked for them any more; what waited can't be used.
      `update undercroft_state.approvals a set input = null, reason = null, status = case when status in ('pending', 'approved') then 'expired' else status end
        where (input is not null or reason is not null)
          and (requester = $1 or (a.decided_at >= $3 and exists (select from unnest($2::text[]) v where strpos(a.reason, v) > 0)))`,
      [account, texts, from],
    ],
  ]
  let count = await eraseSealedAnswers(session, texts, ciphers, from)
  for (const [text, parameters] of statements) count += (await session.query(text, parameters)).rowCount ?? 0
  return count
}

/** Answers of actions may be encrypted as a whole: what they tell is found in the process, and what can't be opened goes, too. */
async function eraseSealedAnswers(
  session: pg.Client,
  texts: readonly string[],
  ciphers: FieldCiphers | null,
  from: string,
): Promise<number> {
  if (!ciphers || texts.length === 0) return 0
  const name = "undercroft_kept_answers"
  await session.query(
    `declare ${name} no scroll cursor for select ctid::text as at, body from undercroft_state.once where body like '{"kept":%' and at >= '${from}'`,
  )
  const gone: string[] = []
  for (;;) {
    const { rows } = await session.query(`fetch 100 from ${name}`)
    if (rows.length === 0) break
    for (const { at, body } of rows) if (tellsOf(ciphers, body, texts)) gone.push(at)
  }
  await session.query(`close ${name}`)
  const { rowCount } = await session.query(
    `update undercroft_state.once set body = 'null' where ctid = any($1::tid[]) and body like '{"kept":%'`,
    [gone],
  )
  return rowCount ?? 0
}

function tellsOf(ciphers: FieldCiphers, body: string, texts: readonly string[]): boolean {
  try {
    const answer = ciphers.recall(body)
    return texts.some((one) => answer.includes(one))
  } catch {
    return true
  }
}
