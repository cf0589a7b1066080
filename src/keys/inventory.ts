/** What keys there are: purposes, algorithms, numbers and ages, and nothing of the keys (TR-03161-3 Arch_3, Cryp_3). */
import type { KeyRing } from "./key-ring.ts"

export interface KeyPurpose {
  readonly purpose: string
  readonly algorithm: string
  readonly wrappedBy: string
  readonly count: number
  /** Moments; null where there is none. */
  readonly oldest: string | null
  readonly newest: string | null
}

export interface KeyInventory {
  readonly store: string
  readonly id: string
  readonly keys: readonly KeyPurpose[]
  /** Persons whose keys were destroyed. */
  readonly destroyed: number
  /** A rotation that has not ended. */
  readonly underWay: readonly ("root" | "subjects")[]
}

const gcm = "AES-256-GCM"

export async function listKeys(ring: KeyRing): Promise<KeyInventory> {
  const meta = await ring.readRoots()
  const made: string[] = []
  for await (const record of ring.store.list()) made.push(...record.keys.map((one) => one.createdAt))
  const row = (
    purpose: string,
    algorithm: string,
    wrappedBy: string,
    moments: readonly string[],
  ): KeyPurpose => {
    const sorted = moments.toSorted()
    return {
      purpose,
      algorithm,
      wrappedBy,
      count: moments.length,
      oldest: sorted[0] ?? null,
      newest: sorted.at(-1) ?? null,
    }
  }
  const keks = [...new Set(meta.roots.flatMap((one) => Object.keys(one.wrappings)))]
  const of = (purpose: string): readonly string[] => [meta.purposes[purpose]!.createdAt]
  return {
    store: ring.store.place,
    id: meta.id,
    keys: [
      row(
        "root keys: wrap all others",
        gcm,
        keks.join(", "),
        meta.roots.map((one) => one.createdAt),
      ),
      row("persons' keys: values of encrypted fields", gcm, "root key", made),
      row(
        "blind index: equal values of findable fields",
        "HMAC-SHA-256, 128 bits",
        "root key",
        of("blind index"),
      ),
      row("kept answers: answers of requests that happen once", gcm, "root key", of("kept answers")),
    ],
    destroyed: await ring.store.countDestroyed(),
    underWay: [
      ...(meta.roots.length > 1 ? ["root" as const] : []),
      ...(meta.subjects ? ["subjects" as const] : []),
    ],
  }
}
