/** Opens the keys of a database, and knows when its key store was lost: each keeps the other's name. */
import pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import type { KeyEncryptionKey } from "../keys/key-encryption-key.ts"
import { type KeyRing, openKeyRing } from "../keys/key-ring.ts"
import type { KeyStore } from "../keys/key-store.ts"
import type { Model } from "../model/model.ts"
import { openKeyUses } from "./key-uses.ts"

/** Where keys are, and what opens them. */
export interface KeySettings {
  readonly store: KeyStore
  readonly kek: KeyEncryptionKey
  /** The one before, while it is rotated. */
  readonly former?: KeyEncryptionKey | null
  /** How long an unwrapped key is used without asking the store again; 10 by default. */
  readonly seconds?: number
}

/** Throws UC540 where the key-encryption key is another; a store that is lost does not throw, and opens nothing. */
export async function openKeys(adminUrl: string, settings: KeySettings, model: Model): Promise<KeyRing> {
  const admin = new pg.Client({ connectionString: adminUrl })
  admin.on("error", () => undefined)
  await admin.connect()
  try {
    // Two nodes that start on a new database agree on one store.
    await admin.query("select pg_advisory_lock(hashtext('undercroft keys'))")
    const { rows } = await admin.query("select store from undercroft_state.key_store")
    const expected = (rows[0]?.store as string | undefined) ?? null
    const ring = await openKeyRing({ ...settings, expected, uses: openKeyUses(adminUrl, model) })
    if (expected === null && ring.id !== null)
      await admin.query("insert into undercroft_state.key_store (store) values ($1)", [ring.id])
    return ring
  } finally {
    await admin.end()
  }
}

/** One rotation at a time. Throws UC546. */
export async function alone<T>(adminUrl: string, work: () => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: adminUrl, application_name: "undercroft rotation lock" })
  admin.on("error", () => undefined)
  await admin.connect()
  try {
    const { rows } = await admin.query("select pg_try_advisory_lock(hashtext('undercroft rotation')) as mine")
    if (!rows[0].mine) throw new UndercroftError("UC546")
    return await work()
  } finally {
    await admin.end()
  }
}

/** What is told at the start where keys are lost; null where all is well. */
export function toldOfKeys({ lost }: KeyRing): UndercroftError | null {
  return lost === null ? null : new UndercroftError("UC543", { why: lost })
}
