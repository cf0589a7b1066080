/** Makes, replaces and takes back keys for machines, past the door of accounts. */
import { createHash, randomBytes } from "node:crypto"
import { UndercroftError } from "../base/errors.ts"
import { keyLetters, keyPrefix } from "./api-keys.ts"
import type { ManagedContext } from "./manage.ts"

/** A key as people see it in a list: never the key itself. */
export interface KeyInfo {
  readonly id: string
  readonly name: string
  /** How it begins. */
  readonly start: string
  readonly person: string
  /** Null: all that its owner has. */
  readonly roles: readonly string[] | null
  readonly expiresAt: Date | null
  readonly isEnabled: boolean
}

export interface NewKey {
  readonly person: string
  readonly name: string
  readonly roles: readonly string[] | null
  readonly expiresAt: Date | null
}

/** Throws UC918 for a key that is not there. */
export interface KeyManager {
  /** Gives the key, which is not shown again. */
  create(key: NewKey): Promise<{ readonly id: string; readonly key: string }>
  list(): Promise<readonly KeyInfo[]>
  /** A new key like this one, which goes on for a while. */
  rotate(id: string, oldEndsAt: Date): Promise<{ readonly id: string; readonly key: string }>
  revoke(id: string): Promise<void>
}

interface KeyRow {
  readonly id: string
  readonly name: string | null
  readonly start: string | null
  readonly referenceId: string
  readonly metadata: unknown
  readonly expiresAt: Date | null
  readonly enabled: boolean
}

/** Puts the manager together. */
export function createKeyManager(ready: Promise<ManagedContext>): KeyManager {
  const byId = (id: string) => [{ field: "id", value: id }]

  async function find(id: string): Promise<KeyInfo> {
    const isId = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(id)
    const { adapter } = await ready
    const row = isId ? await adapter.findOne<KeyRow>({ model: "apikey", where: byId(id) }) : null
    if (!row) throw new UndercroftError("UC918", { id })
    return toInfo(row)
  }

  async function create({ person, name, roles, expiresAt }: NewKey): Promise<{ id: string; key: string }> {
    const { adapter } = await ready
    const key = keyPrefix + randomBytes(36).toString("base64url")
    const now = new Date()
    const made = await adapter.create<Record<string, unknown>, { id: string }>({
      model: "apikey",
      data: {
        configId: "default",
        name,
        prefix: keyPrefix,
        start: key.slice(0, keyLetters),
        key: createHash("sha256").update(key).digest("base64url"),
        referenceId: person,
        enabled: true,
        rateLimitEnabled: false,
        requestCount: 0,
        expiresAt,
        metadata: roles === null ? null : JSON.stringify({ roles }),
        createdAt: now,
        updatedAt: now,
      },
    })
    return { id: made.id, key }
  }

  return {
    create,
    async list() {
      const rows = await (await ready).adapter.findMany<KeyRow>({ model: "apikey", limit: 10_000 })
      return rows.map(toInfo)
    },
    async rotate(id, oldEndsAt) {
      const old = await find(id)
      const { adapter } = await ready
      const made = await create(old)
      const ends = old.expiresAt && old.expiresAt < oldEndsAt ? old.expiresAt : oldEndsAt
      await adapter.update({ model: "apikey", where: byId(id), update: { expiresAt: ends } })
      return made
    },
    async revoke(id) {
      await find(id)
      await (await ready).adapter.deleteMany({ model: "apikey", where: byId(id) })
    },
  }
}

function toInfo({ id, name, start, referenceId, metadata, expiresAt, enabled }: KeyRow): KeyInfo {
  const said = typeof metadata === "string" ? (JSON.parse(metadata) as unknown) : metadata
  const { roles = null } = (said ?? {}) as { readonly roles?: readonly string[] }
  return {
    id,
    name: name ?? "",
    start: start ?? "",
    person: referenceId,
    roles,
    expiresAt,
    isEnabled: enabled,
  }
}
