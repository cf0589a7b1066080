/**
 * Whoever proves that an address is theirs gets an account that nobody else can enter, whoever made it (CVE-2026-44166):
 * better-auth takes away passwords and sessions from before, this takes passkeys. A second factor stays, or a mailbox would
 * be enough to be rid of one; so nobody has one whose address is not proved.
 */
import type { AuthContext } from "@better-auth/core"
import { getCurrentAuthContext } from "@better-auth/core/context"
import { APIError, createAuthMiddleware } from "better-auth/api"
import type { BetterAuthPlugin } from "better-auth/types"
import { currentSession } from "./current-session.ts"
import type { AccountSettings } from "./settings.ts"

/** Where an address is proved by its mailbox, and the account was perhaps made by another. */
const provingPaths: ReadonlySet<string> = new Set(["/magic-link/verify", "/sign-in/email-otp"])

/** Where what proves who somebody is gets added to an account, or takes the place of its address. */
const addingPaths: ReadonlySet<string> = new Set([
  "/change-email",
  "/two-factor/enable",
  "/passkey/generate-register-options",
  "/passkey/verify-registration",
  "/link-social",
])

/** For backends that send mail: others can't have an address proved. */
export function provenOwners(settings: AccountSettings): BetterAuthPlugin {
  return {
    id: "proven-owners",
    hooks: {
      before: [
        {
          matcher: ({ path }) => addingPaths.has(path ?? ""),
          handler: createAuthMiddleware(async (ctx) => {
            const session = await currentSession(ctx)
            if (session && !session.user.emailVerified)
              throw APIError.from("FORBIDDEN", {
                code: "EMAIL_NOT_VERIFIED",
                message: "Confirm your address first: POST /auth/send-verification-email",
              })
          }),
        },
      ],
    },
    init: () => ({
      options: {
        databaseHooks: {
          user: {
            update: {
              after: async (user, context) => {
                if (context && provingPaths.has(context.path ?? ""))
                  await removePasskeys(context.context, settings, user.id)
              },
            },
          },
        },
      },
    }),
  }
}

/** A reset proves the address as well: for one that was not proved yet, all other ways in go with the old password. */
export async function proveByReset(
  settings: AccountSettings,
  user: { readonly id: string; readonly emailVerified: boolean },
): Promise<void> {
  if (user.emailVerified) return
  const { context } = await getCurrentAuthContext()
  for (const account of await context.internalAdapter.findAccounts(user.id))
    if (account.providerId !== "credential") await context.internalAdapter.deleteAccount(account.id)
  await removePasskeys(context, settings, user.id)
  await context.internalAdapter.updateUser(user.id, { emailVerified: true })
}

async function removePasskeys(
  { adapter }: AuthContext,
  settings: AccountSettings,
  userId: string,
): Promise<void> {
  if (settings.passkeys)
    await adapter.deleteMany({ model: "passkey", where: [{ field: "userId", value: userId }] })
}
