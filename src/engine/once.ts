/** `Idempotency-Key`: the key of a request that happens once, and the digest of all that it says. */
import { createHash } from "node:crypto"
import { UndercroftError } from "../base/errors.ts"
import type { Caller } from "./caller.ts"

/** A key and the digest of the request: with them it happens once. */
export type Once = readonly [key: string, digest: string]

/** What of a request makes it another one; bytes are digested as they are. */
export type Said = readonly (string | null | undefined)[]

/**
 * Null without the header. Who asks with the same key for something else is told so: the digests differ. So they do for a
 * caller whose claims have changed, since the answer might. Throws UC310.
 */
export function readOnce(
  header: string | string[] | undefined,
  caller: Caller,
  said: Said,
  body: Buffer | undefined = undefined,
): Once | null {
  if (header === undefined) return null
  const key = parseKey(header)
  if (caller.sealed === null) throw refuse("needs a caller", "Sign in: keys belong to callers.")
  const digest = createHash("sha256").update(JSON.stringify([...said, caller.sealed.claims]))
  if (body) digest.update(body)
  return [key, digest.digest("base64url")]
}

function parseKey(header: string | string[]): string {
  // The draft's syntax is a quoted string; most clients leave the quotes out.
  const key = typeof header === "string" ? header.trim().replace(/^"(.*)"$/, "$1") : ""
  if (/^[\x21-\x7e]{1,200}$/.test(key)) return key
  throw refuse("is not one key of 1 to 200 visible characters", "Send a UUID.")
}

function refuse(why: string, mend: string): UndercroftError {
  return new UndercroftError("UC310", { header: "Idempotency-Key", why, mend })
}
