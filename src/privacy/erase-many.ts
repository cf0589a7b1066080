/** Erases many persons one after the other, each in a transaction and with a report of its own; what is looked for once is looked for once. */
import { randomUUID } from "node:crypto"
import { UndercroftError } from "../base/errors.ts"
import { checkKeys } from "../store/erase-keys.ts"
import { findSubject, type Whom } from "../store/find-subject.ts"
import { openInternal } from "../store/internal-session.ts"
import { sweepCopies } from "../store/sweep-copies.ts"
import { type Erased, type Erasing, eraseFound } from "./erase.ts"

/** What became of one of them. */
export interface PersonErased extends Partial<Erased> {
  readonly subject: string
  /** Null where nothing was there, and where it failed. */
  readonly note: string | null
  /** Why this person could not be erased; the others were. */
  readonly error: UndercroftError | null
}

/** Persons whose copies are looked for together. */
const batchPersons = 500

/**
 * Tells of each as soon as it is done. Names are read before anybody is erased. What is in the way of one person is told of that
 * one; what is in the way of all ends it. Throws UC911, UC912, UC990, UC991, and what keys throw.
 */
export async function* erasePersons(
  parts: Erasing,
  subjects: readonly string[],
  { by, isDryRun = false }: { readonly by: string; readonly isDryRun?: boolean },
): AsyncGenerator<PersonErased> {
  const { adminUrl, model, ciphers, ledger } = parts
  checkKeys(model, ciphers)
  if (!ledger && !isDryRun) throw new UndercroftError("UC990")
  const session = await openInternal(adminUrl)
  try {
    const people: Whom[] = []
    for (const one of subjects) people.push(await findSubject(session, model, one))
    for (let at = 0; at < people.length; at += batchPersons) {
      const some = people.slice(at, at + batchPersons)
      const swept = isDryRun ? null : await sweepCopies(session, model, some, ciphers)
      for (const whom of some) {
        const step = { id: randomUUID(), by, isDryRun, isNew: true, swept: swept?.get(whom) ?? null }
        try {
          const erased = await eraseFound(session, parts, whom, step)
          yield { subject: whom.said, ...erased, error: null }
        } catch (cause) {
          if (!isTheirs(cause)) throw cause
          // PostgreSQL's own words may quote a value.
          const code = String((cause as { code?: unknown }).code)
          const error = new UndercroftError("UC555", { subject: whom.said, code }, { cause })
          yield { subject: whom.said, note: null, error }
        }
      }
    }
  } finally {
    await session.end().catch(() => undefined)
  }
}

/** A constraint, a lock or a conflict is one person's; keys, ledger and connection are everybody's. */
function isTheirs(cause: unknown): boolean {
  return /^(23|40|55)/.test(String((cause as { code?: unknown }).code))
}
