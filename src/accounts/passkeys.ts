/** Passkeys: whoever uses one is verified by the device, and a copy of one is found out by its counter. */
import { passkey } from "@better-auth/passkey"
import { APIError, createAuthMiddleware, isAPIError } from "better-auth/api"
import type { BetterAuthPlugin } from "better-auth/types"
import { UndercroftError } from "../base/errors.ts"
import { ownOrigins } from "./own-origins.ts"

interface PasskeyParts {
  readonly name: string
  readonly url: string
  /** Told when a passkey may have been copied. */
  readonly tell: (error: UndercroftError) => void
}

/** The plugins. */
export function passkeys({ name, url, tell }: PasskeyParts): BetterAuthPlugin[] {
  const origin = ownOrigins(url).at(-1)!
  return [
    passkey({
      rpID: new URL(origin).hostname,
      rpName: name,
      origin,
      authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
      registration: {
        afterVerification: async ({ verification }) => {
          checkVerified(verification.registrationInfo?.userVerified)
        },
      },
      authentication: {
        afterVerification: async ({ verification }) => {
          checkVerified(verification.authenticationInfo.userVerified)
        },
      },
      advanced: { webAuthnChallengeCookie: "passkey_challenge" },
    }) as unknown as BetterAuthPlugin,
    verifiedAndCounted(tell),
  ]
}

function checkVerified(userVerified: boolean | undefined): void {
  if (userVerified !== true)
    throw new APIError("UNAUTHORIZED", {
      code: "USER_NOT_VERIFIED",
      message: "The device did not verify its user",
    })
}

function verifiedAndCounted(tell: (error: UndercroftError) => void): BetterAuthPlugin {
  return {
    id: "passkeys-verified",
    hooks: {
      after: [
        {
          matcher: ({ path }) => path === "/passkey/generate-authenticate-options",
          handler: createAuthMiddleware(async (ctx) => {
            if (isAPIError(ctx.context.returned)) return
            return ctx.json({ ...(ctx.context.returned as object), userVerification: "required" })
          }),
        },
        {
          matcher: ({ path, context }) =>
            path === "/passkey/verify-authentication" && isAPIError(context.returned),
          handler: createAuthMiddleware(async (ctx) => {
            const { id, response } = (ctx.body?.response ?? {}) as {
              id?: unknown
              response?: { authenticatorData?: unknown }
            }
            const told = counterOf(response?.authenticatorData)
            if (typeof id !== "string" || told === null) return
            const known = await ctx.context.adapter.findOne<{
              readonly userId: string
              readonly counter: number
            }>({
              model: "passkey",
              where: [{ field: "credentialID", value: id }],
            })
            if (known && known.counter > 0 && told <= known.counter)
              tell(new UndercroftError("UC932", { user: known.userId }))
          }),
        },
      ],
    },
  }
}

/** WebAuthn 3, 6.1: four bytes after the hash of the domain and the flags. */
function counterOf(data: unknown): number | null {
  const bytes = typeof data === "string" ? Buffer.from(data, "base64url") : Buffer.alloc(0)
  return bytes.length >= 37 ? bytes.readUInt32BE(33) : null
}
