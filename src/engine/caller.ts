/** Who calls: an identity as rules see it, sealed so that the database believes it from this process alone. */
import { createHash } from "node:crypto"
import { UndercroftError } from "../base/errors.ts"
import type { FieldInfo } from "../model/model.ts"
import type { PredicateCaller } from "../policy/to-predicate.ts"
import type { Entrance, SealedCaller } from "../store/flight.ts"

/** How the caller of a session keeps up with it. */
export interface SessionOf {
  /** The caller with other claims. */
  renew(claims: string): Caller
  /** Asks the database: the same caller where nothing changed. Throws where the session has ended. */
  confirm(): Promise<Caller>
}

/** A caller of one request or of many. */
export interface Caller extends PredicateCaller {
  /** Null for an anonymous caller. */
  readonly sealed: Entrance | null
  /** Of a session, what it takes to find out what it is now. */
  readonly session?: SessionOf
  /** Filled by the engine: which fields do not exist for this caller. */
  hidden?: ReadonlySet<FieldInfo>
  /** Tells sets of hidden fields apart in the key of a statement. */
  hiddenKey?: string
}

/** Everyone who is not signed in. */
export const anonymous: Caller = { id: null, roles: [], claims: {}, sealed: null }

/** What `JSON.stringify` writes for U+0000 and for half a surrogate pair, which jsonb does not take. */
const unstorable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/

/** Seals an identity until a moment in epoch seconds. */
export function sealCaller(
  identity: {
    id: string
    roles: readonly string[]
    claims: Readonly<Record<string, unknown>>
    /** Who issued the token, for the record. */
    issuer?: string | undefined
  },
  expires: number,
  key: Buffer,
): Caller & { readonly sealed: SealedCaller } {
  const { id, roles, claims, issuer } = identity
  const text = JSON.stringify({ id, roles, claims, issuer })
  if (unstorable.test(text))
    throw new UndercroftError("PGRST301", { why: "The token's claims have a character that is none" })
  const inner = createHash("sha256").update(key).update(`${expires}.${text}`).digest()
  const seal = createHash("sha256").update(key).update(inner).digest("hex")
  return { id, roles, claims, sealed: { claims: text, expires, seal } }
}

/** The caller of a session, with the claims that the database last had for it; each flight asks it again. */
export function sessionCaller(hash: string, claims: string, session: SessionOf): Caller {
  const identity = JSON.parse(claims) as Pick<Caller, "id" | "roles" | "claims">
  const { id, roles } = identity
  return { id, roles, claims: identity.claims, sealed: { session: hash, claims }, session }
}
