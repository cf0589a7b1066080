/** What those who run a backend do with its accounts: the command line, and a development server's first start. */
import type { DBAdapter } from "@better-auth/core/db/adapter"
import { symmetricEncrypt } from "better-auth/crypto"
import { UndercroftError } from "../base/errors.ts"
import { createKeyManager, type KeyManager } from "./manage-keys.ts"
import { hashPassword } from "./passwords.ts"

/** An account as people see it in a list. */
export interface Person {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly roles: readonly string[]
  readonly hasSecondFactor: boolean
  readonly isLocked: boolean
  /** How many sessions are open. */
  readonly sessions: number
}

export interface NewPerson {
  /** Made where it is left out. */
  readonly id?: string
  readonly email: string
  readonly name: string
  readonly roles: readonly string[]
  /** Without one they can't sign in by a password. */
  readonly password?: string
  /** Until when the password is good, where it is one to begin with. */
  readonly passwordUntil?: Date
  /** Of an authenticator app; with it the second factor is switched on. */
  readonly totpSecret?: string
}

interface ResetOptions {
  readonly secondFactor: boolean
  readonly until: Date
}

/** Changes accounts past their own doors. Throws UC917 for somebody who is not there. */
export interface AccountManager {
  /** Adds a person, or gives one that is there what is said. */
  put(person: NewPerson): Promise<string>
  /** Adds a person who has no password yet. */
  putNew(person: NewPerson & { readonly id: string }): Promise<void>
  list(): Promise<readonly Person[]>
  /** By identifier or address. */
  find(who: string): Promise<Person>
  setRoles(id: string, roles: readonly string[]): Promise<void>
  /** Another password, good `until` then; all sessions end, and second factors too where that is said. */
  reset(id: string, password: string, options: ResetOptions): Promise<void>
  /** Ends all sessions. Gives how many there were. */
  revoke(id: string): Promise<number>
  /** Null where there are none. */
  readonly keys: KeyManager | null
}

/** What of better-auth's context this needs. */
export interface ManagedContext {
  readonly adapter: Pick<DBAdapter, "create" | "findOne" | "findMany" | "update" | "deleteMany" | "count">
  readonly secretConfig: Parameters<typeof symmetricEncrypt>[0]["key"]
}

interface UserRow {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly role?: string | null
  readonly twoFactorEnabled?: boolean | null
  readonly banned?: boolean | null
}

const rolesOf = (user: UserRow): readonly string[] => (user.role ?? "").split(",").filter((one) => one !== "")

/** Puts the manager together. */
export function createManager(ready: Promise<ManagedContext>, hasKeys: boolean): AccountManager {
  const by = (field: string, value: string) => [{ field, value }]

  async function toPerson(user: UserRow): Promise<Person> {
    const { adapter } = await ready
    const sessions = await adapter.count({
      model: "session",
      where: [...by("userId", user.id), { field: "expiresAt", value: new Date(), operator: "gt" }],
    })
    return {
      id: user.id,
      email: user.email,
      name: user.name,
      roles: rolesOf(user),
      hasSecondFactor: user.twoFactorEnabled ?? false,
      isLocked: user.banned ?? false,
      sessions: Number(sessions),
    }
  }

  async function setPassword(userId: string, password: string, until?: Date): Promise<void> {
    const { adapter } = await ready
    const where = [...by("userId", userId), ...by("providerId", "credential")]
    const [hash, now] = [await hashPassword(password, until), new Date()]
    const changed = await adapter.update({
      model: "account",
      where,
      update: { password: hash, updatedAt: now },
    })
    if (changed) return
    const data = {
      userId,
      providerId: "credential",
      accountId: userId,
      password: hash,
      createdAt: now,
      updatedAt: now,
    }
    await adapter.create({ model: "account", data })
  }

  async function setSecondFactor(userId: string, secret: string): Promise<void> {
    const { adapter, secretConfig } = await ready
    const encrypt = (data: string): Promise<string> => symmetricEncrypt({ key: secretConfig, data })
    await adapter.deleteMany({ model: "twoFactor", where: by("userId", userId) })
    const data = { userId, secret: await encrypt(secret), backupCodes: await encrypt("[]"), verified: true }
    await adapter.create({ model: "twoFactor", data })
    await adapter.update({ model: "user", where: by("id", userId), update: { twoFactorEnabled: true } })
  }

  async function put(person: NewPerson): Promise<string> {
    const { id, email, name, roles, password, passwordUntil, totpSecret } = person
    const { adapter } = await ready
    const now = new Date()
    const data = {
      email: email.toLowerCase(),
      name,
      role: roles.join(","),
      emailVerified: true,
      updatedAt: now,
    }
    const where = id ? by("id", id) : by("email", data.email)
    const found =
      (await adapter.update<UserRow>({ model: "user", where, update: data })) ??
      (await adapter.create<Record<string, unknown>, UserRow>({
        model: "user",
        data: { ...(id ? { id } : {}), ...data, createdAt: now },
        forceAllowId: true,
      }))
    if (password !== undefined) await setPassword(found.id, password, passwordUntil)
    if (totpSecret !== undefined) await setSecondFactor(found.id, totpSecret)
    return found.id
  }

  return {
    keys: hasKeys ? createKeyManager(ready) : null,
    put,
    async putNew(person) {
      const where = [...by("userId", person.id), ...by("providerId", "credential")]
      if ((await (await ready).adapter.count({ model: "account", where })) === 0) await put(person)
    },
    async list() {
      const { adapter } = await ready
      const sortBy = { field: "email", direction: "asc" } as const
      const users = await adapter.findMany<UserRow>({ model: "user", limit: 10_000, sortBy })
      return Promise.all(users.map(toPerson))
    },
    async find(who) {
      const { adapter } = await ready
      const isId = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(who)
      const where = isId ? by("id", who) : by("email", who.toLowerCase())
      const user = await adapter.findOne<UserRow>({ model: "user", where })
      if (!user) throw new UndercroftError("UC917", { who })
      return toPerson(user)
    },
    async setRoles(id, roles) {
      const { adapter } = await ready
      await adapter.update({ model: "user", where: by("id", id), update: { role: roles.join(",") } })
    },
    async reset(id, password, { secondFactor, until }) {
      const { adapter } = await ready
      await setPassword(id, password, until)
      if (secondFactor) {
        await adapter.deleteMany({ model: "twoFactor", where: by("userId", id) })
        await adapter.update({ model: "user", where: by("id", id), update: { twoFactorEnabled: false } })
      }
      await adapter.deleteMany({ model: "session", where: by("userId", id) })
    },
    async revoke(id) {
      return (await ready).adapter.deleteMany({ model: "session", where: by("userId", id) })
    },
  }
}
