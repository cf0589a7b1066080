/** `Idempotency-Key`: the key of a request that happens once, and the digest of all that it says. */
import { createHash } from "node:crypto"
import type { FastifyRequest } from "fastify"
import { UndercroftError } from "../base/errors.ts"
import type { Caller } from "../engine/caller.ts"
import { parseOnceKey } from "./parse-conditions.ts"

/** Who asks with the same key for something else is told so: the digests differ. */
export function readOnce(request: FastifyRequest, caller: Caller): readonly [string, string] | null {
  const key = parseOnceKey(request.headers["idempotency-key"])
  if (key === null) return null
  if (caller.sealed === null) {
    const mend = "Sign in: keys belong to callers."
    throw new UndercroftError("UC310", { header: "Idempotency-Key", why: "needs a caller", mend })
  }
  const { method, url, headers } = request
  const names = ["accept", "content-type", "prefer", "if-match"]
  const said = [method, url, ...names.map((name) => headers[name] ?? null), caller.sealed.claims]
  const digest = createHash("sha256").update(JSON.stringify(said))
  if (request.body) digest.update(request.body as Buffer)
  return [key, digest.digest("base64url")]
}
