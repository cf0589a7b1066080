/** Whether a session may still be used, as `undercroft.session_claims` decides it, for what better-auth does by itself. */
import type { DBTransactionAdapter } from "@better-auth/core/db/adapter"
import type { NeedsTwoFactors } from "./settings.ts"

interface SessionRow {
  readonly userId: string
  readonly expiresAt: Date
  readonly seenAt: Date
  readonly idleSeconds: number
  readonly assurance: string
  readonly impersonatedBy?: string | null
}

interface UserRow {
  readonly banned?: boolean | null
  readonly banExpires?: Date | null
  readonly twoFactorEnabled?: boolean | null
  readonly role?: string | null
}

const byId = (value: string) => [{ field: "id", value }]

/**
 * Not expired, not idle, of a person who is not banned, and not waiting for a second factor. Nor is it one of an
 * administrator in a person's place, who has no business in other applications.
 */
export async function isLiveSession(
  adapter: DBTransactionAdapter,
  id: unknown,
  needsTwo: NeedsTwoFactors,
): Promise<boolean> {
  if (typeof id !== "string" || id === "") return false
  const session = await adapter.findOne<SessionRow>({ model: "session", where: byId(id) })
  if (session === null || session.impersonatedBy) return false
  const user = await adapter.findOne<UserRow>({ model: "user", where: byId(session.userId) })
  const now = Date.now()
  if (user === null || (user.banned && (user.banExpires == null || +user.banExpires > now))) return false
  return (
    +session.expiresAt > now &&
    +session.seenAt + session.idleSeconds * 1000 > now &&
    (session.assurance === "two-factor" || !(user.twoFactorEnabled || needsTwo((user.role ?? "").split(","))))
  )
}
