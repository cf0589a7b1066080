/** Where the wrapped keys lie, apart from the data they open: never in the database's own backup. */

/** One version of a person's key, wrapped by a root key. */
export interface WrappedKey {
  readonly version: number
  /** The root key's identifier. */
  readonly root: string
  /** Base64. */
  readonly wrapped: string
  readonly createdAt: string
}

/** The keys of one person, the newest last. */
export interface KeyRecord {
  /** Such as `Patient:018ce7a8-0f00-7003-8000-000000000001`. */
  readonly subject: string
  readonly keys: readonly WrappedKey[]
}

/** A root key: it wraps the keys of persons, and is wrapped by key-encryption keys. */
export interface RootKey {
  readonly id: string
  readonly createdAt: string
  /** By the identifier of the key-encryption key, base64. */
  readonly wrappings: Readonly<Record<string, string>>
  /** It wraps nothing new. */
  readonly retiredAt?: string
}

/** What a key store holds beside persons' keys. */
export interface KeyMeta {
  /** Names this store; the database that it belongs to keeps the name, too. */
  readonly id: string
  readonly createdAt: string
  /** Counts the changes. */
  readonly revision: number
  readonly roots: readonly RootKey[]
  /** Keys that are no person's, by their purpose. */
  readonly purposes: Readonly<Record<string, WrappedKey>>
  /** A rotation of persons' keys that has not ended: those made before get a new version. */
  readonly subjects?: { readonly startedAt: string }
}

/** Null: there never was a key. `destroyed`: there was, and there will be none again. */
export type FoundRecord = KeyRecord | "destroyed" | null

export interface KeyStore {
  /** Where it is, for people, without a password. */
  readonly place: string
  readMeta(): Promise<KeyMeta | null>
  /** Only where the one that is there has the revision before; false where it has another. */
  writeMeta(meta: KeyMeta): Promise<boolean>
  read(subjects: readonly string[]): Promise<readonly FoundRecord[]>
  /** Leaves alone what is there already, or was destroyed. */
  create(records: readonly KeyRecord[]): Promise<void>
  /** Only where the former is still there; false where it is not. */
  replace(record: KeyRecord, former: KeyRecord): Promise<boolean>
  /** For good: the person never gets a key again. */
  destroy(subject: string): Promise<void>
  /** Another text once a key was replaced or destroyed: as long as it is the same, what was read still counts. */
  lastChange(): Promise<string>
  list(): AsyncIterable<KeyRecord>
  /** How many persons' keys were destroyed. */
  countDestroyed(): Promise<number>
  close(): Promise<void>
}
