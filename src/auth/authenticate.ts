/** From a request's Authorization header to a caller: anonymous without one, refused where it does not hold. */
import { UndercroftError } from "../base/errors.ts"
import { anonymous, type Caller, sealCaller } from "../engine/caller.ts"
import type { VerifiedToken, VerifyToken } from "./jwt.ts"

/** Who calls, as the backend's definition reads it from verified claims. */
export interface Identity {
  readonly id: string
  readonly roles?: readonly string[]
  readonly claims?: Readonly<Record<string, unknown>>
}

export interface AuthenticateParts {
  readonly verify: VerifyToken
  readonly identify: (claims: Readonly<Record<string, unknown>>) => Identity
  /** What the process and the database share. */
  readonly key: Buffer
}

/** `sub` and `roles`. */
export function identifyByClaims(claims: Readonly<Record<string, unknown>>): Identity {
  const roles = Array.isArray(claims.roles)
    ? claims.roles.filter((one): one is string => typeof one === "string")
    : []
  return { id: String(claims.sub ?? ""), roles }
}

/** Reads the header's value. Throws PGRST301 or PGRST303. */
export function createAuthenticate({
  verify,
  identify,
  key,
}: AuthenticateParts): (header: string | undefined) => Caller | Promise<Caller> {
  // The verifier gives the same claims object for a token that it remembers.
  const callers = new WeakMap<object, Caller>()
  // The engine notes on a caller what they know: one that two backends of a process shared would know by the wrong rules.
  const nobodyKnown: Caller = { ...anonymous }
  const toCaller = (token: VerifiedToken): Caller => {
    const known = callers.get(token.claims)
    if (known) return known
    const identity = identify(token.claims)
    if (typeof identity.id !== "string" || identity.id === "") {
      throw new UndercroftError("PGRST301", { why: "The token does not say who calls" })
    }
    const caller = sealCaller(
      { id: identity.id, roles: identity.roles ?? [], claims: identity.claims ?? {} },
      Math.ceil(token.expiresAt),
      key,
    )
    callers.set(token.claims, caller)
    return caller
  }
  return (header) => {
    if (header === undefined) return nobodyKnown
    const token = /^bearer +(\S+) *$/i.exec(header)?.[1]
    if (token === undefined)
      throw new UndercroftError("PGRST301", { why: "The Authorization header must be: Bearer <token>" })
    const verified = verify(token)
    return verified instanceof Promise ? verified.then(toCaller) : toCaller(verified)
  }
}
