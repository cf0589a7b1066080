/** The `Idempotency-Key` of a REST request, and what makes it another request than one before. */
import type { FastifyRequest } from "fastify"
import type { Caller } from "../engine/caller.ts"
import { type Once, readOnce as readKey } from "../engine/once.ts"

/** Null without the header. Throws UC310. */
export function readOnce({ method, url, headers, body }: FastifyRequest, caller: Caller): Once | null {
  const names = ["accept", "content-type", "prefer", "if-match"]
  const said = [method, url, ...names.map((name) => headers[name]?.toString() ?? null)]
  return readKey(headers["idempotency-key"], caller, said, body as Buffer | undefined)
}
