/** The keys of persons, unwrapped for as long as a request or a few seconds need them; made, found and destroyed here alone. */
import { createSecretKey, type KeyObject, randomUUID } from "node:crypto"
import { UndercroftError } from "../base/errors.ts"
import type { KeyEncryptionKey } from "./key-encryption-key.ts"
import type { KeyMeta, KeyRecord, KeyStore, RootKey, WrappedKey } from "./key-store.ts"
import { decrypt, deriveKey, encrypt, makeSecret } from "./wrap.ts"

/** How long an unwrapped key may be used without asking the store whether any was destroyed: on every node a destroyed key is gone after it. */
export const keySeconds = 10
/** How long it may be used without being read again, whatever the store says of changes. */
const heldSeconds = 60
/** Persons whose keys are held at the same time. */
const keptPersons = 10_000
/** How old what is known of root keys may be when a new key is made. */
const rootSeconds = 2

/** A person's key of one version, for one purpose: the values of fields. */
export interface PersonKey {
  readonly version: number
  readonly key: KeyObject
}

interface Kept {
  /** What was unwrapped. */
  readonly record: KeyRecord
  readonly keys: ReadonlyMap<number, KeyObject>
  readonly newest: number
  readonly readAt: number
  /** The store's last change when it was read. */
  readonly change: string
  until: number
}

/** Purposes that are no person's. */
export type Purpose = "blind index" | "kept answers"
const purposes: readonly Purpose[] = ["blind index", "kept answers"]

/** Knows what keys are for. */
export interface KeyUses {
  /** Of these persons those of whom there are encrypted values. */
  find(subjects: readonly string[]): Promise<ReadonlySet<string>>
  close(): Promise<void>
}

export interface KeyRingParts {
  readonly store: KeyStore
  readonly kek: KeyEncryptionKey
  /** The one before, while it is rotated. */
  readonly former?: KeyEncryptionKey | null
  /** The store that the database belongs to; null where none was used yet. */
  readonly expected: string | null
  /** A key that is missing although there are values under it was lost, and none is made in its place. */
  readonly uses?: KeyUses | undefined
  /** In place of `keySeconds`. */
  readonly seconds?: number | undefined
}

/** Opens the keys of a backend. Throws UC540 where the key-encryption key is another. */
export async function openKeyRing(parts: KeyRingParts): Promise<KeyRing> {
  const ring = new KeyRing(parts)
  await ring.open()
  return ring
}

export class KeyRing {
  readonly store: KeyStore
  private readonly parts: KeyRingParts
  private readonly kept: Map<string, Kept> = new Map()
  private readonly roots: Map<string, Buffer> = new Map()
  private readonly common: Map<Purpose, Buffer> = new Map()
  private meta: KeyMeta | null = null
  private readAt = 0
  private lastChange: { readonly text: string; readonly readAt: number } | null = null
  private why: string | null = null

  constructor(parts: KeyRingParts) {
    this.parts = parts
    this.store = parts.store
  }

  /** Why nothing can be encrypted or decrypted; null where all is well. */
  get lost(): string | null {
    return this.why
  }

  /** The store's name. */
  get id(): string | null {
    return this.meta?.id ?? null
  }

  async open(): Promise<void> {
    const { store, expected } = this.parts
    const found = await store.readMeta()
    if (expected !== null && found?.id !== expected) {
      this.why = found
        ? `the key store (${store.place}) is that of another database`
        : `the key store (${store.place}) is empty, and this database has used one before`
      return
    }
    if (!found) await this.makeStore()
    await this.readRoots()
    for (const one of purposes) this.common.set(one, this.unwrapCommon(one))
  }

  private async makeStore(): Promise<void> {
    const createdAt = new Date().toISOString()
    const secret = makeSecret()
    const root = await this.wrapRoot(randomUUID(), secret, [this.parts.kek])
    const made = purposes.map((one) => [one, wrapKey(secret, root.id, makeSecret(), one, 1)] as const)
    // Another node may have been first: then it is its store that is read.
    await this.store.writeMeta({
      id: randomUUID(),
      createdAt,
      revision: 1,
      roots: [root],
      purposes: Object.fromEntries(made),
    })
  }

  /** A root key wrapped by each of these. */
  async wrapRoot(id: string, secret: Buffer, keks: readonly KeyEncryptionKey[]): Promise<RootKey> {
    const wrappings: Record<string, string> = {}
    for (const kek of keks) wrappings[kek.id] = (await kek.wrap(secret)).toString("base64")
    return { id, createdAt: new Date().toISOString(), wrappings }
  }

  /** Reads the store's meta again, and unwraps root keys that are new. Throws UC540. */
  async readRoots(): Promise<KeyMeta> {
    const meta = await this.store.readMeta()
    if (!meta) throw this.refuse("the key store is gone")
    for (const root of meta.roots)
      if (!this.roots.has(root.id)) this.roots.set(root.id, await this.unwrapRoot(root))
    this.meta = meta
    this.readAt = Date.now()
    return meta
  }

  private async unwrapRoot(root: RootKey): Promise<Buffer> {
    const { kek, former } = this.parts
    const by = [kek, ...(former ? [former] : [])].find((one) => root.wrappings[one.id] !== undefined)
    if (!by) throw new UndercroftError("UC540", { place: this.store.place })
    try {
      return await by.unwrap(Buffer.from(root.wrappings[by.id]!, "base64"))
    } catch (cause) {
      if (cause instanceof UndercroftError) throw cause
      throw new UndercroftError("UC540", { place: this.store.place }, { cause })
    }
  }

  private unwrapCommon(purpose: Purpose): Buffer {
    const wrapped = this.meta!.purposes[purpose]!
    return deriveKey(unwrapKey(this.roots.get(wrapped.root)!, wrapped, purpose), purpose)
  }

  /** A key that is no person's. */
  purposeKey(purpose: Purpose): Buffer {
    const key = this.common.get(purpose)
    if (!key) throw this.refuse(this.why ?? "the keys are not open")
    return key
  }

  /** The root key that wraps what is new. */
  private async currentRoot(): Promise<{ readonly id: string; readonly secret: Buffer }> {
    if (Date.now() - this.readAt > rootSeconds * 1000) await this.readRoots()
    const root = this.meta!.roots.findLast((one) => one.retiredAt === undefined)!
    return { id: root.id, secret: this.roots.get(root.id)! }
  }

  /**
   * The newest key of each person, made where there was never one; null of whom it was destroyed. `isEmpty`: the database is new,
   * so that nobody's key can be lost. Throws UC333.
   */
  async current(
    subjects: readonly string[],
    isEmpty = false,
  ): Promise<ReadonlyMap<string, PersonKey | null>> {
    const held = await this.hold(subjects)
    const missing = [...new Set(subjects)].filter((one) => !held.has(one))
    const made = missing.length === 0 ? held : await this.make(missing, isEmpty)
    const found = new Map<string, PersonKey | null>()
    for (const subject of new Set(subjects)) {
      const kept = held.get(subject) ?? made.get(subject) ?? null
      found.set(subject, kept && { version: kept.newest, key: kept.keys.get(kept.newest)! })
    }
    return found
  }

  private async make(subjects: readonly string[], isEmpty: boolean): Promise<ReadonlyMap<string, Kept>> {
    if (!isEmpty) await this.refuseLost(subjects)
    const root = await this.currentRoot()
    await this.store.create(
      subjects.map((one) => ({ subject: one, keys: [wrapKey(root.secret, root.id, makeSecret(), one, 1)] })),
    )
    // Of two nodes that make one at the same time the first one's counts.
    return this.read(subjects)
  }

  /** A new key for whom values are there would hide that theirs was lost, and the values with it. */
  private async refuseLost(subjects: readonly string[]): Promise<void> {
    const used = [...((await this.parts.uses?.find(subjects)) ?? [])]
    if (used.length === 0) return
    // Asked again, and last: another node may just have made the key and written with it. A key that was destroyed is no loss.
    const lost = (await this.store.read(used)).some((one) => one === null)
    if (lost)
      throw this.refuse("the key of a person is missing from the key store, and values under it are there")
  }

  /** A key that is held now: most are, and then nobody has to wait. */
  heldKey(subject: string, version: number): KeyObject | undefined {
    return this.held(subject)?.keys.get(version)
  }

  /** A key by person and version, of those that `find` was told of. */
  async find(
    wanted: readonly { readonly subject: string; readonly version: number }[],
  ): Promise<(subject: string, version: number) => KeyObject | undefined> {
    const held = await this.hold(wanted.map((one) => one.subject))
    // A version that was made after the others were held.
    const newer = wanted.filter(({ subject, version }) => held.get(subject)?.keys.has(version) === false)
    if (newer.length === 0) return (subject, version) => held.get(subject)?.keys.get(version)
    const loaded = await this.read(newer.map((one) => one.subject))
    return (subject, version) => (loaded.get(subject) ?? held.get(subject))?.keys.get(version)
  }

  /** What is held of these persons, or can be. */
  private async hold(subjects: readonly string[]): Promise<ReadonlyMap<string, Kept>> {
    if (this.why !== null) throw this.refuse(this.why)
    const found = new Map<string, Kept>()
    const missing: string[] = []
    for (const subject of subjects) {
      const kept = this.held(subject)
      if (kept) found.set(subject, kept)
      else missing.push(subject)
    }
    if (missing.length === 0) return found
    return new Map([...found, ...(await this.load(missing))])
  }

  /** The newest version of each person's key, of those that have one. */
  async newest(subjects: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const held = await this.hold(subjects)
    return new Map([...held].map(([subject, one]) => [subject, one.newest]))
  }

  async has(subject: string): Promise<boolean> {
    const [found] = await this.store.read([subject])
    return found !== null && found !== "destroyed"
  }

  /** For good. Other nodes use what they hold for `keySeconds` at most. */
  async destroy(subject: string): Promise<void> {
    if (this.why !== null) throw this.refuse(this.why)
    await this.store.destroy(subject)
    this.kept.delete(subject)
  }

  /** Forgets what is held, so that the next request asks the store. */
  forget(): void {
    this.kept.clear()
  }

  private held(subject: string): Kept | undefined {
    const found = this.kept.get(subject)
    return found && found.until > Date.now() ? found : undefined
  }

  /** Keys that are held count on where the store has not changed; the others are read. */
  private async load(subjects: readonly string[]): Promise<ReadonlyMap<string, Kept>> {
    const { text, readAt } = await this.changeNow()
    const found = new Map<string, Kept>()
    const rest: string[] = []
    for (const subject of new Set(subjects)) {
      const kept = this.kept.get(subject)
      if (kept && kept.change === text && kept.readAt > Date.now() - heldSeconds * 1000) {
        kept.until = readAt + this.seconds * 1000
        found.set(subject, kept)
      } else rest.push(subject)
    }
    return rest.length === 0 ? found : new Map([...found, ...(await this.read(rest))])
  }

  private async read(subjects: readonly string[]): Promise<ReadonlyMap<string, Kept>> {
    const asked = [...new Set(subjects)]
    // Asked before the keys are: what changes in between is another change.
    const { text: change } = await this.changeNow()
    const readAt = Date.now()
    const until = readAt + this.seconds * 1000
    const records = await this.store.read(asked)
    const found = new Map<string, Kept>()
    for (const [at, subject] of asked.entries()) {
      const record = records[at] ?? null
      const former = this.kept.get(subject)
      this.kept.delete(subject)
      if (record === null || record === "destroyed") continue
      const kept = { ...(await this.unwrapRecord(record, former)), readAt, change, until }
      if (this.kept.size >= keptPersons) this.kept.delete(this.kept.keys().next().value!)
      this.kept.set(subject, kept)
      found.set(subject, kept)
    }
    return found
  }

  /** The store's last change, asked once a second at most. */
  private async changeNow(): Promise<{ readonly text: string; readonly readAt: number }> {
    const readAt = Date.now()
    if (this.lastChange && readAt - this.lastChange.readAt < Math.min(1, this.seconds / 2) * 1000)
      return this.lastChange
    this.lastChange = { text: await this.store.lastChange(), readAt }
    return this.lastChange
  }

  private get seconds(): number {
    return this.parts.seconds ?? keySeconds
  }

  private async unwrapRecord(
    record: KeyRecord,
    former?: Kept,
  ): Promise<Pick<Kept, "record" | "keys" | "newest">> {
    // OpenSSL sets a key object up once, and plain bytes at every use: that is four times the cost of a value.
    const opened = new Map<number, KeyObject>()
    for (const one of record.keys) {
      // What the store still has, byte for byte, was unwrapped already.
      const known = former?.record.keys.some((before) => isSame(before, one)) && former.keys.get(one.version)
      const secret = async (): Promise<Buffer> =>
        deriveKey(await this.unwrap(one, record.subject), "field values")
      opened.set(one.version, known || createSecretKey(await secret()))
    }
    return { record, keys: opened, newest: Math.max(...opened.keys()) }
  }

  /** The secret itself: for rotation alone. */
  async unwrap(wrapped: WrappedKey, about: string): Promise<Buffer> {
    if (!this.roots.has(wrapped.root)) await this.readRoots()
    const root = this.roots.get(wrapped.root)
    if (!root) throw this.refuse(`a root key of ${this.store.place} is not there`)
    return unwrapKey(root, wrapped, about)
  }

  /** A new root key, which wraps nothing yet. */
  async makeRoot(keks: readonly KeyEncryptionKey[]): Promise<RootKey> {
    const secret = makeSecret()
    const root = await this.wrapRoot(randomUUID(), secret, keks)
    this.roots.set(root.id, secret)
    return root
  }

  /** The same root key, which one more key-encryption key opens. */
  async wrapAlso(root: RootKey, kek: KeyEncryptionKey): Promise<RootKey> {
    const wrapped = await kek.wrap(this.roots.get(root.id)!)
    return { ...root, wrappings: { ...root.wrappings, [kek.id]: wrapped.toString("base64") } }
  }

  /** Keys that are no person's, under another root key. */
  async rewrapPurposes(meta: KeyMeta, root: string): Promise<KeyMeta["purposes"]> {
    const made: Record<string, WrappedKey> = {}
    for (const [purpose, one] of Object.entries(meta.purposes)) {
      const secret = await this.unwrap(one, purpose)
      made[purpose] = { ...this.wrap(root, secret, purpose, one.version), createdAt: one.createdAt }
    }
    return made
  }

  /** A new key for a person, beside the former; false where somebody else changed them. */
  async addVersion(record: KeyRecord): Promise<boolean> {
    const root = await this.currentRoot()
    const version = record.keys.at(-1)!.version + 1
    const made = this.wrap(root.id, makeSecret(), record.subject, version)
    return this.store.replace({ ...record, keys: [...record.keys, made] }, record)
  }

  /** Wraps under a root key that was read. */
  wrap(root: string, secret: Buffer, about: string, version: number): WrappedKey {
    return wrapKey(this.roots.get(root)!, root, secret, about, version)
  }

  /** Ends what it asks the database with; the store is whoever's that opened it. */
  async close(): Promise<void> {
    await this.parts.uses?.close()
  }

  private refuse(why: string): UndercroftError {
    return new UndercroftError("UC333", { why })
  }
}

/** Made once for each root key. */
const wrapKeys = new WeakMap<Buffer, Buffer>()

function wrapKeyOf(root: Buffer): Buffer {
  const found = wrapKeys.get(root) ?? deriveKey(root, "wrap keys")
  wrapKeys.set(root, found)
  return found
}

function wrapKey(root: Buffer, id: string, secret: Buffer, about: string, version: number): WrappedKey {
  const wrapped = encrypt(wrapKeyOf(root), secret, aboutKey(about, version))
  return { version, root: id, wrapped: wrapped.toString("base64"), createdAt: new Date().toISOString() }
}

function unwrapKey(root: Buffer, { wrapped, version }: WrappedKey, about: string): Buffer {
  try {
    return decrypt(wrapKeyOf(root), Buffer.from(wrapped, "base64"), aboutKey(about, version))
  } catch (cause) {
    throw new UndercroftError("UC333", { why: "a key in the key store was changed" }, { cause })
  }
}

function isSame(one: WrappedKey, other: WrappedKey): boolean {
  return one.version === other.version && one.root === other.root && one.wrapped === other.wrapped
}

/** A key put in another's place does not open. */
function aboutKey(about: string, version: number): Buffer {
  return Buffer.from(JSON.stringify([about, version]))
}
