/**
 * Whoever proves that an address is theirs gets an account that nobody else can enter: what was put into it before by
 * somebody who did not prove it is gone (CVE-2026-44166). better-auth takes passwords and sessions; this takes factors.
 */
import type { AuthContext } from "@better-auth/core"
import { getCurrentAuthContext } from "@better-auth/core/context"
import type { BetterAuthPlugin } from "better-auth/types"
import type { AccountSettings } from "./settings.ts"

/** Where an address is proved by its mailbox and the account was perhaps made by another. */
const provingPaths: ReadonlySet<string> = new Set(["/magic-link/verify", "/sign-in/email-otp"])

export function provenOwners(settings: AccountSettings): BetterAuthPlugin {
  return {
    id: "proven-owners",
    init: () => ({
      options: {
        databaseHooks: {
          user: {
            update: {
              before: async (user, context) =>
                user.emailVerified === true && provingPaths.has(context?.path ?? "")
                  ? { data: { twoFactorEnabled: false } as never }
                  : undefined,
              after: async (user, context) => {
                if (context && provingPaths.has(context.path ?? ""))
                  await removeFactors(context.context, settings, user.id)
              },
            },
          },
        },
      },
    }),
  }
}

/** A reset proves the address as well: for one that was not proved yet, factors and other ways in go with the old password. */
export async function proveByReset(
  settings: AccountSettings,
  user: { readonly id: string; readonly emailVerified: boolean },
): Promise<void> {
  if (user.emailVerified) return
  const { context } = await getCurrentAuthContext()
  for (const account of await context.internalAdapter.findAccounts(user.id))
    if (account.providerId !== "credential") await context.internalAdapter.deleteAccount(account.id)
  await removeFactors(context, settings, user.id)
  await context.internalAdapter.updateUser(user.id, { emailVerified: true, twoFactorEnabled: false })
}

async function removeFactors(
  { adapter }: AuthContext,
  settings: AccountSettings,
  userId: string,
): Promise<void> {
  const where = [{ field: "userId", value: userId }]
  if (settings.twoFactor) await adapter.deleteMany({ model: "twoFactor", where })
  if (settings.passkeys) await adapter.deleteMany({ model: "passkey", where })
}
