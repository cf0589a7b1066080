/** Puts another key into the place of the one that signs the record: announced by the old one, and itself an entry. */
import { insertSigner, sealAlone, sealState } from "../sql/audit-seal.ts"
import type { AuditDatabase } from "../store/audit-database.ts"
import { announcement, type SignerRow } from "./signers.ts"
import type { KeyHolder, SigningKey } from "./signing-key.ts"

/** As an administrator. Throws UC550 where the key that signs now is not at hand; then nothing is done. */
export function rotateKey(
  database: AuditDatabase,
  { keys, next }: { keys: KeyHolder; next: (name: string) => SigningKey },
): Promise<SigningKey> {
  return database.transaction(async (query) => {
    await query(sealAlone)
    const [state] = (await query(sealState)) as unknown as [
      { size: string | null; signers: readonly SignerRow[] },
    ]
    const active = state.signers.at(-1) ?? null
    const old = await keys.find(active?.key ?? null)
    // A record that was never sealed has the old key, too: whoever knows that one is to find the new one.
    if (active === null) await query(insertSigner, [1, old.key.text, 0, null])
    const since = Number(state.size ?? 0)
    const { name } = old.key
    const made = next(name)
    const signature = old.sign(announcement(name, since, made.key.text)).toString("base64")
    await query(insertSigner, [(active?.number ?? 1) + 1, made.key.text, since, signature])
    await query(
      "insert into audit.pending (kind, actor, door, detail) values ('rotation', 'system:audit', 'cli', $1)",
      [JSON.stringify({ from: old.key.text, to: made.key.text, since, signature })],
    )
    return made
  })
}

/** The key that signs the record; of one that none has signed yet it is the first from now on, and its name the record's. */
export function currentKey(database: AuditDatabase, keys: KeyHolder): Promise<SigningKey> {
  return database.transaction(async (query) => {
    await query(sealAlone)
    const [state] = (await query(sealState)) as unknown as [{ signers: readonly SignerRow[] }]
    const active = state.signers.at(-1) ?? null
    const key = await keys.find(active?.key ?? null)
    if (active === null) await query(insertSigner, [1, key.key.text, 0, null])
    return key
  })
}
