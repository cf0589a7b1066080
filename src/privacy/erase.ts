/** Erasure from end to end: the ledger before the commit, the report signed, and what a restored backup brought back erased again. */
import { randomUUID } from "node:crypto"
import { UndercroftError } from "../base/errors.ts"
import type { FieldCiphers } from "../keys/field-ciphers.ts"
import type { Model } from "../model/model.ts"
import { checkKeys, destroyKeys, findIdleKeys, requireKeys } from "../store/erase-keys.ts"
import { type ErasureCounts, eraseSubject, isNothing, type SweptCopies } from "../store/erase-subject.ts"
import { findSubject, type Whom } from "../store/find-subject.ts"
import { asInternal, type InternalSession } from "../store/internal-session.ts"
import type { ErasureLedger } from "./erasure-ledger.ts"

/** What was done, for the person and for whoever answers for it. */
export interface ErasureReport extends ErasureCounts {
  readonly id: string
  readonly at: string
  readonly by: string
  readonly subject: string
  readonly isDryRun: boolean
  /** What erasure does not reach, in sentences. */
  readonly remains: readonly string[]
}

export interface Erasing {
  readonly adminUrl: string
  readonly model: Model
  /** With the keys of persons; null where the model encrypts nothing. */
  readonly ciphers: FieldCiphers | null
  /** Null: nothing is erased, since a backup would bring it back. */
  readonly ledger: ErasureLedger | null
  /** Signs a report; null leaves it unsigned. */
  readonly sign: ((text: string) => Promise<string>) | null
}

/** A report and, where something was done, the note with it and its signature. */
export interface Erased {
  readonly report: ErasureReport
  readonly note: string | null
}

const remains: readonly string[] = [
  "Entries of the record stay, with keys and without values, since they can be proved.",
  "Old pages of tables and indexes are rewritten by `undercroft privacy scrub`; the write-ahead log holds values until its files are used again.",
  "Backups made before hold them until they are deleted; the erasure ledger erases them again when one is restored.",
]

/** Erases one person; `id` names the erasure in the ledger and in what is kept of it. Throws UC990 without a ledger, UC543 and UC545 without their keys, UC994 where keys are left. */
export async function erasePerson(
  parts: Erasing,
  said: string,
  {
    by,
    isDryRun = false,
    id = randomUUID(),
  }: { readonly by: string; readonly isDryRun?: boolean; readonly id?: string },
): Promise<Erased> {
  const { adminUrl, model, ledger, ciphers } = parts
  checkKeys(model, ciphers)
  if (!ledger && !isDryRun) throw new UndercroftError("UC990")
  return asInternal(adminUrl, async (session) => {
    const whom = await findSubject(session, model, said)
    return eraseFound(session, parts, whom, { id, by, isDryRun, isNew: true })
  })
}

/**
 * Erases again whoever the ledger has and the database does not know to be erased, and destroys keys that were left, or came back
 * with a key store; where that is lost, at the next start that has it. Gives how many erasures it was. Throws UC994.
 */
export async function reapplyLedger(parts: Erasing): Promise<number> {
  requireKeys(parts.model, parts.ciphers)
  const lines = (await parts.ledger?.read()) ?? []
  if (lines.length === 0) return 0
  return asInternal(parts.adminUrl, async (session) => {
    const { rows } = await session.query(
      "select l.id from unnest($1::uuid[]) l(id) where not exists (select from undercroft_state.erasures e where e.id = l.id)",
      [lines.map((one) => one.id)],
    )
    const missing = new Set(rows.map((row) => String(row.id)))
    let count = 0
    for (const { id, persons, account } of lines) {
      if (!missing.has(id)) continue
      const known = persons.filter(({ entity }) => parts.model.byName.has(entity))
      const whom: Whom = { said: account ? `user:${account}` : "", persons: known, account }
      const { note } = await eraseFound(session, parts, whom, {
        id,
        by: "system:ledger",
        isDryRun: false,
        isNew: false,
      })
      if (note !== null) count++
      else
        await session.query(
          "insert into undercroft_state.erasures (id, report) values ($1, '') on conflict do nothing",
          [id],
        )
    }
    const persons = lines.flatMap((one) => one.persons)
    const ring = parts.ciphers?.ring ?? null
    await destroyKeys(ring, await findIdleKeys(session, parts.model, ring, persons))
    return count
  })
}

/** One erasure, of somebody who was found. */
export interface ErasureStep {
  readonly id: string
  readonly by: string
  readonly isDryRun: boolean
  /** Whether the ledger does not have it yet. */
  readonly isNew: boolean
  /** Of many at once: what was found of their copies beforehand. */
  readonly swept?: SweptCopies | null
}

const mostTries = 5

/** Throws what `erasePerson` throws, but for what it asks before. */
export async function eraseFound(
  session: InternalSession,
  { model, ciphers, ledger, sign }: Erasing,
  whom: Whom,
  { id, by, isDryRun, isNew, swept = null }: ErasureStep,
): Promise<Erased> {
  const at = new Date().toISOString()
  const reportOf = (counts: ErasureCounts): ErasureReport => {
    return { id, at, by, subject: whom.said, isDryRun, ...counts, remains }
  }
  let note: string | null = null
  const onDone = async (counts: ErasureCounts): Promise<string> => {
    const text = `${JSON.stringify(reportOf(counts))}\n`
    note = sign ? await sign(text) : text
    // Who is held is not erased yet, and must not be after a restore.
    const held = new Set(counts.holds.map(({ subject }) => subject))
    const isHeld = held.size > 0
    const persons = whom.persons.filter(
      ({ entity, key }) =>
        !held.has(`${entity}:${key}`) && !(isHeld && whom.account !== null && entity === "User"),
    )
    if (isNew) await ledger?.add({ id, at, persons, account: isHeld ? null : whom.account })
    return note
  }
  for (let tries = 1; ; tries++) {
    try {
      const counts = await eraseSubject(session, model, whom, { id, by, isDryRun, ciphers, swept, onDone })
      return { report: reportOf(counts), note: isNothing(counts) ? null : note }
    } catch (cause) {
      if (tries >= mostTries || !isPassing(cause)) throw cause
    }
  }
}

/** What another transaction was in the way of: the same again meets it no more. */
function isPassing(cause: unknown): boolean {
  return ["40001", "40P01", "23503", "55P03"].includes(String((cause as { code?: unknown }).code))
}
