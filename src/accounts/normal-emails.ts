/** Addresses come into accounts in one form alone, by whichever route. */
import { APIError, createAuthMiddleware } from "better-auth/api"
import type { BetterAuthPlugin } from "better-auth/types"
import { normalizeEmail } from "./email-address.ts"

/** Throws what is answered to an address that is none. */
function checkEmail(address: unknown): string {
  const normal = typeof address === "string" ? normalizeEmail(address) : null
  if (normal === null) throw APIError.from("BAD_REQUEST", { code: "INVALID_EMAIL", message: "Invalid email" })
  return normal
}

const named = ["email", "newEmail"] as const

/** Every route that takes an address takes it in this form. */
export function normalEmails(): BetterAuthPlugin {
  return {
    id: "normal-emails",
    hooks: {
      before: [
        {
          matcher: ({ body }) => named.some((one) => body?.[one] !== undefined),
          handler: createAuthMiddleware(async (ctx) => {
            const given = ctx.body as Record<string, unknown>
            const changed = named.filter((one) => given[one] !== undefined)
            return {
              context: { body: Object.fromEntries(changed.map((one) => [one, checkEmail(given[one])])) },
            }
          }),
        },
      ],
    },
    init: () => ({
      options: {
        // Also where an address comes from elsewhere.
        databaseHooks: {
          user: {
            create: { before: async (user) => ({ data: { email: checkEmail(user.email) } as never }) },
            update: {
              before: async (user) =>
                user.email === undefined ? undefined : { data: { email: checkEmail(user.email) } as never },
            },
          },
        },
      },
    }),
  }
}
