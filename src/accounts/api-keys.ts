/** Keys for machines: made by somebody who signed in a moment ago, kept as digests, resolved like sessions by the database. */
import { apiKey } from "@better-auth/api-key"
import type { BetterAuthPlugin } from "better-auth"
import { APIError, createAuthMiddleware } from "better-auth/api"

/** What every key begins with, so that scanners for leaked secrets find one. */
export const keyPrefix = "uck_"

/** How much of a key is kept to tell it by. */
export const keyLetters = 8

const dayS = 86_400
/** better-auth's keys. */
export function apiKeys(): BetterAuthPlugin[] {
  const keys = apiKey({
    defaultPrefix: keyPrefix,
    defaultKeyLength: 48,
    // `metadata.roles` leaves a key some of its owner's roles.
    enableMetadata: true,
    keyExpiration: { defaultExpiresIn: 90 * dayS, maxExpiresIn: 366 },
    rateLimit: { enabled: false },
    startingCharactersConfig: { shouldStore: true, charactersLength: keyLetters },
  })
  return [keys as unknown as BetterAuthPlugin, onlyKnownFields]
}

/** What a request may say of a key. Whatever else it says it means: to be passed over would leave the key wider than was asked. */
const fields: Readonly<Record<string, readonly string[]>> = {
  "/api-key/create": ["name", "expiresIn", "metadata"],
  "/api-key/update": ["keyId", "name", "enabled", "expiresIn", "metadata"],
}

const onlyKnownFields: BetterAuthPlugin = {
  id: "undercroft-key-fields",
  hooks: {
    before: [
      {
        matcher: ({ path }) => Object.hasOwn(fields, path ?? ""),
        handler: createAuthMiddleware(async ({ path, body }) => {
          const known = fields[path]!
          const unknown = Object.keys((body ?? {}) as object).find((one) => !known.includes(one))
          if (unknown !== undefined)
            throw new APIError("BAD_REQUEST", {
              code: "UNKNOWN_FIELD",
              message: `A key has no '${unknown.slice(0, 60)}', but: ${known.join(", ")}. Some of its owner's roles: {"metadata":{"roles":["device"]}}`,
            })
          const { metadata } = (body ?? {}) as { readonly metadata?: unknown }
          if (metadata !== undefined && metadata !== null && !areRoles(metadata))
            throw new APIError("BAD_REQUEST", {
              code: "UNKNOWN_FIELD",
              message: 'The metadata of a key is {"roles":["device"]}: some of the roles of its owner',
            })
        }),
      },
    ],
  },
}

function areRoles(metadata: unknown): boolean {
  if (typeof metadata !== "object" || metadata === null) return false
  const { roles, ...others } = metadata as { readonly roles?: unknown }
  return (
    Object.keys(others).length === 0 && Array.isArray(roles) && roles.every((one) => typeof one === "string")
  )
}
