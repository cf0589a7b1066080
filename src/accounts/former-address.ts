/** Gives an account the address back that it had before somebody changed it, and takes away whatever they put in since. */
import { randomUUID } from "node:crypto"
import type { AuthContext } from "@better-auth/core"

export interface FormerAddress {
  readonly email: string
  /** When it was changed. */
  readonly since: string
}

/** False where the address has another account that its owner has proved: then this one is locked. */
export async function giveBackAddress(
  context: AuthContext,
  userId: string,
  { email, since }: FormerAddress,
): Promise<boolean> {
  const { internalAdapter } = context
  const other = (await internalAdapter.findUserByEmail(email))?.user
  const isTaken = other !== undefined && other.id !== userId
  if (isTaken && other.emailVerified) {
    await internalAdapter.updateUser(userId, { banned: true, banReason: "its address has another account" })
    return false
  }
  // Who took the address meanwhile without proving it keeps nobody from having it back.
  if (isTaken) {
    await internalAdapter.updateUser(other.id, { email: `${randomUUID()}@taken.invalid` })
    await internalAdapter.deleteUserSessions(other.id)
  }
  await internalAdapter.updateUser(userId, { email, emailVerified: true })
  await removeNewer(context, userId, new Date(since))
  return true
}

/** What was sent to an address that the account has no more is good for nothing: links to reset, sign-ins under way. */
export async function voidLinks({ adapter }: AuthContext, userId: string): Promise<void> {
  await adapter.deleteMany({ model: "verification", where: [{ field: "value", value: userId }] })
}

/** Ways in, keys and links that came after the change. */
async function removeNewer(context: AuthContext, userId: string, since: Date): Promise<void> {
  const newer = { field: "createdAt", operator: "gte", value: since } as const
  const { adapter } = context
  await voidLinks(context, userId)
  await adapter.deleteMany({
    model: "verification",
    where: [{ field: "value", operator: "starts_with", value: `{"userId":${JSON.stringify(userId)}` }, newer],
  })
  const own = [
    { model: "account", field: "userId" },
    ...(context.hasPlugin("passkey") ? [{ model: "passkey", field: "userId" }] : []),
    ...(context.hasPlugin("api-key") ? [{ model: "apikey", field: "referenceId" }] : []),
  ]
  for (const { model, field } of own)
    await adapter.deleteMany({ model, where: [{ field, value: userId }, newer] })
}
