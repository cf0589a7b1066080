/** Erases one data subject in one transaction: rows, account, what the record has of their values, and hidden copies (GDPR Art. 17). */
import type pg from "pg"
import type { FieldCiphers } from "../keys/field-ciphers.ts"
import type { Model } from "../model/model.ts"
import { quoteName } from "../policy/to-sql.ts"
import { eraseAlone } from "../sql/audit-seal.ts"
import { roleNames } from "../sql/roles.ts"
import { type ErasurePlan, planErasure } from "../sql/subject-rows.ts"
import { eraseAccount } from "./erase-account.ts"
import { eraseCopies, eraseRecord, gatherValues } from "./erase-copies.ts"
import { destroyKeys, findIdleKeys } from "./erase-keys.ts"
import { subjectOf, subjectsOf, type Whom } from "./find-subject.ts"
import { holdsInForce } from "./legal-holds.ts"
import { preparedQuery } from "./prepared-query.ts"

/** What became of the rows of one entity. */
export interface ErasedRows {
  readonly entity: string
  readonly deleted: number
  readonly anonymised: number
  /** Rows by what keeps them: `held`, a reference such as `Bill.card`, `no value that says nothing`. */
  readonly kept: Readonly<Record<string, number>>
}

export interface ErasureCounts {
  readonly entities: readonly ErasedRows[]
  readonly account: "removed" | "anonymised" | "kept" | "none"
  /** Legal holds that kept something, and why. */
  readonly holds: readonly { readonly subject: string; readonly reason: string }[]
  /** Entries of the record whose personal values went. */
  readonly recordValues: number
  /** Answers, reasons and notes that told of them. */
  readonly copies: number
  /** Keys of persons that are destroyed as soon as the rest is committed. */
  readonly keys: number
}

/** Of copies that are older than a moment, how many told of them and are gone. */
export interface SweptCopies {
  readonly since: Date
  readonly count: number
}

export interface EraseOptions {
  readonly id: string
  readonly by: string
  readonly isDryRun: boolean
  /** Null where the model encrypts nothing. */
  readonly ciphers: FieldCiphers | null
  /** What was found of their copies when those of many were looked for at once. */
  readonly swept?: SweptCopies | null
  /** Called when all is done but the commit, with what was done; not where there was nothing. Gives what is kept of it. */
  readonly onDone: (counts: ErasureCounts) => Promise<string>
}

/** `session` is an administrator's, under the internal role. Throws UC994 where all was committed but keys are left. */
export async function eraseSubject(
  session: pg.Client,
  model: Model,
  whom: Whom,
  options: EraseOptions,
): Promise<ErasureCounts> {
  await session.query("begin")
  let done: Done
  try {
    done = await eraseAll(session, model, whom, options)
    const { counts } = done
    if (options.isDryRun || isNothing(counts)) {
      await session.query("rollback")
      return counts
    }
    const report = await options.onDone(counts)
    await session.query(
      "insert into undercroft_state.erasures (id, report) values ($1, $2) on conflict do nothing",
      [options.id, report],
    )
    await session.query("commit")
  } catch (cause) {
    await session.query("rollback").catch(() => undefined)
    throw cause
  }
  // Only now: an erasure that is undone must leave what its rows are read with.
  await destroyKeys(options.ciphers?.ring ?? null, done.idle)
  return done.counts
}

interface Done {
  readonly counts: ErasureCounts
  /** Whose keys go. */
  readonly idle: readonly string[]
}

/** Whether nothing was there any more. */
export function isNothing({ entities, account, recordValues, copies, keys }: ErasureCounts): boolean {
  return (
    entities.every((one) => one.deleted + one.anonymised === 0) &&
    account !== "removed" &&
    account !== "anonymised" &&
    recordValues + copies + keys === 0
  )
}

async function eraseAll(
  session: pg.Client,
  model: Model,
  whom: Whom,
  { id, by, isDryRun, ciphers, swept = null }: EraseOptions,
): Promise<Done> {
  const database = String((await session.query("select current_database() as name")).rows[0].name)
  const roles = roleNames(database)
  // Nobody seals what is being erased: its values would be in another table than the one where they are looked for.
  if (!isDryRun) await session.query(eraseAlone)
  await session.query("select undercroft.enter_system('privacy')")
  const holds: { subject: string; reason: string }[] = []
  const free = []
  for (const person of whom.persons) {
    const found = await holdsInForce(session, subjectOf(person))
    holds.push(...found.map(({ subject, reason }) => ({ subject, reason })))
    if (found.length === 0) free.push(person)
  }
  // Who is held keeps the account that their data refers to.
  const isKept = holds.length > 0
  if (isKept && whom.account !== null)
    free.splice(0, free.length, ...free.filter((one) => one.entity !== "User"))
  const values = await gatherValues(session, model, { ...whom, persons: free })
  const entities = new Map<string, ErasedRows>()
  for (const { entity, key } of free) {
    const plans = planErasure(model, model.byName.get(entity)!).filter((one) => !one.isMirror)
    await lockPerson(session, plans, entity, key)
    for (const done of await eraseRows(session, plans, key)) add(entities, done)
  }
  let account: ErasureCounts["account"] = isKept ? "kept" : "none"
  if (whom.account === null) account = "none"
  else if (!isKept) account = await eraseAccount(session, model, roles, whom.account)
  await session.query(`set local role ${quoteName(roles.internal)}`)
  const gone: Whom = { ...whom, persons: free, account: isKept ? null : whom.account }
  const subjects = subjectsOf(gone)
  const recordValues = await eraseRecord(session, subjects)
  const since = swept?.since ?? null
  const found = await eraseCopies(session, { subjects, account: gone.account, values, ciphers, since })
  const copies = found + (swept?.count ?? 0)
  const idle = await findIdleKeys(session, model, ciphers?.ring ?? null, free)
  const counts = {
    entities: [...entities.values()],
    account,
    holds,
    recordValues,
    copies,
    keys: idle.length,
  }
  if (!isNothing(counts) && subjects.length > 0)
    await session.query(
      `insert into audit.pending (kind, actor, door, subjects, detail) values ('erase', 'system:privacy', 'system', $1, jsonb_build_object('erasure', $2::text, 'by', $3::text))`,
      [subjects, id, by],
    )
  return { counts, idle }
}

/** Nothing new can refer to them until the end. */
async function lockPerson(
  session: pg.Client,
  plans: readonly ErasurePlan[],
  name: string,
  key: string,
): Promise<void> {
  const person = plans.find(({ entity }) => entity.name === name)
  if (!person) return
  const { entity, where } = person
  await session.query(`select from app.${quoteName(entity.table)} t where ${where} for update`, [key])
}

/** Rows may hold one another back, so it goes round until nothing more goes; what is left is anonymised or kept. */
async function eraseRows(
  session: pg.Client,
  plans: readonly ErasurePlan[],
  key: string,
): Promise<readonly ErasedRows[]> {
  const deleted = new Map<ErasurePlan, number>()
  for (let isMoving = true; isMoving; ) {
    isMoving = false
    for (const plan of plans.filter(({ end }) => end === "delete")) {
      const { rowCount } = await session.query(preparedQuery(plan.remove, [key]))
      if (!rowCount) continue
      isMoving = true
      deleted.set(plan, (deleted.get(plan) ?? 0) + rowCount)
    }
  }
  const found: ErasedRows[] = []
  // What is anonymised may name its person no longer, which those that refer to it are found by: they come first.
  for (const plan of plans) {
    const anonymised =
      plan.anonymise === null
        ? 0
        : ((await session.query(preparedQuery(plan.anonymise, [key]))).rowCount ?? 0)
    const { rows } = await session.query(preparedQuery(plan.fates, [key]))
    const kept = rows.map((row) => [row.fate === "free" ? "no value that says nothing" : row.fate, row.rows])
    found.push({
      entity: plan.entity.name,
      deleted: deleted.get(plan) ?? 0,
      anonymised,
      kept: Object.fromEntries(kept),
    })
  }
  return found
}

function add(all: Map<string, ErasedRows>, one: ErasedRows): void {
  const former = all.get(one.entity)
  if (!former) return void all.set(one.entity, one)
  const kept = { ...former.kept }
  for (const [why, rows] of Object.entries(one.kept)) kept[why] = (kept[why] ?? 0) + rows
  const { entity } = one
  const deleted = former.deleted + one.deleted
  all.set(entity, { entity, deleted, anonymised: former.anonymised + one.anonymised, kept })
}
