/** Keys of erased persons: a key goes as soon as no value that it opens is left in the tables (GDPR Art. 17). */
import type pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import type { FieldCiphers } from "../keys/field-ciphers.ts"
import type { KeyRing } from "../keys/key-ring.ts"
import { encryptedFields } from "../model/encryption.ts"
import type { Model } from "../model/model.ts"
import { type PersonKey, subjectOf } from "./find-subject.ts"
import { findWithValues } from "./key-uses.ts"

const batchPersons = 1000

/** Without keys nothing encrypted can be given, taken or ended. Throws UC545. */
export function requireKeys({ entities }: Model, ciphers: FieldCiphers | null): void {
  const encrypts = entities.some((one) => encryptedFields(one).length > 0)
  if (encrypts && !ciphers) throw new UndercroftError("UC545")
}

/** Where the key store is lost, an erasure would leave what opens old copies. Throws UC543, UC545. */
export function checkKeys(model: Model, ciphers: FieldCiphers | null): void {
  requireKeys(model, ciphers)
  const why = ciphers?.ring.lost ?? null
  if (why !== null) throw new UndercroftError("UC543", { why })
}

/** The names of those whose key is there and opens nothing in the tables any more. */
export async function findIdleKeys(
  session: Pick<pg.Client, "query">,
  model: Model,
  ring: KeyRing | null,
  persons: readonly PersonKey[],
): Promise<readonly string[]> {
  if (!ring || ring.lost !== null) return []
  const idle: string[] = []
  for (let at = 0; at < persons.length; at += batchPersons) {
    const some = persons.slice(at, at + batchPersons)
    const found = await ring.store.read(some.map(subjectOf))
    const live = some.filter((_, n) => found[n] !== null && found[n] !== "destroyed")
    // A row that stays as it is keeps its values, and so their key.
    const kept = await findWithValues(session, model, live)
    idle.push(...live.map(subjectOf).filter((one) => !kept.has(one)))
  }
  return idle
}

/** For good. Throws UC994; what was not destroyed then is found again by the next run. */
export async function destroyKeys(ring: KeyRing | null, subjects: readonly string[]): Promise<void> {
  for (const [at, subject] of subjects.entries()) {
    try {
      await ring?.destroy(subject)
    } catch (cause) {
      const why = cause instanceof UndercroftError ? cause.message : "the key store did not answer"
      throw new UndercroftError("UC994", { count: subjects.length - at, why }, { cause })
    }
  }
}
