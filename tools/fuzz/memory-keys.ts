/** The keys of one world: in memory, made with it and gone with it. */
import { randomBytes } from "node:crypto"
import { localKey } from "../../src/keys/key-encryption-key.ts"
import { type KeyRing, openKeyRing } from "../../src/keys/key-ring.ts"
import type { FoundRecord, KeyMeta, KeyRecord, KeyStore } from "../../src/keys/key-store.ts"

export function openMemoryKeys(): Promise<KeyRing> {
  const kek = localKey(randomBytes(32).toString("base64"))
  return openKeyRing({ store: new MemoryStore(), kek, expected: null })
}

class MemoryStore implements KeyStore {
  readonly place = "memory"
  private meta: KeyMeta | null = null
  private readonly records = new Map<string, KeyRecord | "destroyed">()
  private changes = 0

  async readMeta(): Promise<KeyMeta | null> {
    return this.meta
  }

  async writeMeta(meta: KeyMeta): Promise<boolean> {
    if ((this.meta?.revision ?? 0) !== meta.revision - 1) return false
    this.meta = meta
    return true
  }

  async read(subjects: readonly string[]): Promise<readonly FoundRecord[]> {
    return subjects.map((one) => this.records.get(one) ?? null)
  }

  async create(records: readonly KeyRecord[]): Promise<void> {
    for (const one of records) if (!this.records.has(one.subject)) this.records.set(one.subject, one)
  }

  async replace(record: KeyRecord, former: KeyRecord): Promise<boolean> {
    const found = this.records.get(record.subject)
    if (JSON.stringify(found) !== JSON.stringify(former)) return false
    this.changes++
    this.records.set(record.subject, record)
    return true
  }

  async destroy(subject: string): Promise<void> {
    this.changes++
    this.records.set(subject, "destroyed")
  }

  async lastChange(): Promise<string> {
    return String(this.changes)
  }

  async *list(): AsyncIterable<KeyRecord> {
    for (const one of this.records.values()) if (one !== "destroyed") yield one
  }

  async countDestroyed(): Promise<number> {
    return [...this.records.values()].filter((one) => one === "destroyed").length
  }

  async close(): Promise<void> {}
}
