/** Keys for machines: made by somebody who signed in a moment ago, kept as digests, resolved like sessions by the database. */
import { apiKey } from "@better-auth/api-key"
import type { BetterAuthPlugin } from "better-auth"

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
  return [keys as unknown as BetterAuthPlugin]
}
