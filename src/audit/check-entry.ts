/** Compares one entry with what was sealed of it. */
import { hashLeaf } from "./verifier.mts"

/** A row of the statement that reads all entries. */
export interface EntryRow {
  readonly position: string | null
  readonly id: string | null
  readonly canonical: string | null
  readonly leaf: Buffer
  readonly sealed: string | null
  /** Whether it was sealed with personal values. */
  readonly committed: boolean
  /** Whether the personal values that are there are those that were committed to. */
  readonly matches: boolean | null
  /** Whether there are personal values. */
  readonly kept: boolean
  /** Whether `audit.about` has it under those whose data it tells of, and nobody else. */
  readonly told: boolean | null
  /** Whose values are not there any more; null where nothing is missing. */
  readonly gone: readonly string[] | null
}

export interface EntryContext {
  readonly batch: { readonly sealed: string }
  /** The last erasure of each person. */
  readonly erased: ReadonlyMap<string, number>
}

/** What is not as it was sealed, or null. */
export function entryProblem(row: EntryRow, { batch, erased }: EntryContext): string | null {
  if (row.canonical === null || !hashLeaf(row.canonical).equals(row.leaf))
    return "it does not say what was sealed, or the hash kept with it was changed"
  if (row.sealed !== batch.sealed) return "it is not in the batch that it says"
  if (row.kept && !row.committed) return "it has personal values that it was not sealed with"
  if (row.kept && row.matches !== true) return "its personal values are not those that were sealed"
  if (!row.kept && row.committed) {
    const isErased = row.gone?.some((one) => (erased.get(one) ?? 0) > Number(row.position))
    if (!isErased) return "its personal values are gone, and no entry says that they were erased"
  }
  if (row.told !== true) return "audit.about does not have it under the persons whose data it tells of"
  return null
}
