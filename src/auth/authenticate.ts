/** From a request to a caller, by its Authorization header or its session cookie: anonymous without, refused where it does not hold. */
import type { IncomingHttpHeaders } from "node:http"
import { UndercroftError } from "../base/errors.ts"
import { anonymous, type Caller, sealCaller } from "../engine/caller.ts"
import type { VerifiedToken, VerifyToken } from "./jwt.ts"
import { type FindSession, keyRefused, sessionEnded } from "./session-callers.ts"
import { type CookieOptions, readSessionCookie, tokenOf } from "./session-cookie.ts"

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
  /** Where the backend has accounts. */
  readonly sessions?:
    | {
        readonly find: FindSession
        readonly cookie: CookieOptions
        /** Whether a token is written like a machine's key. */
        readonly isKey: (token: string) => boolean
        /** Called before a token that belongs to nobody is refused; may refuse it otherwise. */
        readonly onUnknown?: ((token: string, request: AskedBy) => Promise<void>) | undefined
      }
    | undefined
}

/** What of a request says who calls. */
export interface AskedBy {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/** `sub` and `roles`; and how and when the issuer had them prove who they are: `amr` (RFC 8176) and `auth_time`. */
export function identifyByClaims(claims: Readonly<Record<string, unknown>>): Identity {
  const roles = Array.isArray(claims.roles)
    ? claims.roles.filter((one): one is string => typeof one === "string")
    : []
  const { amr, auth_time: time } = claims
  const assurance = Array.isArray(amr) ? (amr.includes("mfa") ? "two-factor" : "one-factor") : undefined
  const isTime = typeof time === "number" && time >= 0 && time < 4e9
  return {
    id: String(claims.sub ?? ""),
    roles,
    claims: {
      ...(assurance ? { assurance } : {}),
      ...(isTime ? { authenticatedAt: new Date(time * 1000).toISOString() } : {}),
    },
  }
}

/** Throws PGRST301 or PGRST303; UC611 for a cookie that another site sent. */
export function createAuthenticate({
  verify,
  identify,
  key,
  sessions,
}: AuthenticateParts): (request: AskedBy) => Caller | Promise<Caller> {
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
      {
        // ASVS 10.3.3: what two issuers call the same is not the same.
        id: token.namespace === null ? identity.id : `${token.namespace}:${identity.id}`,
        roles: identity.roles ?? [],
        claims: identity.claims ?? {},
        issuer: typeof token.claims["iss"] === "string" ? token.claims["iss"] : "unknown",
      },
      Math.ceil(token.expiresAt),
      key,
    )
    callers.set(token.claims, caller)
    return caller
  }
  const toSession = (token: string | null, request: AskedBy): Caller | Promise<Caller> => {
    if (token === null || !sessions) throw sessionEnded()
    const found = sessions.find(token)
    if (!(found instanceof Promise)) return found
    return found.then(async (caller) => {
      if (caller !== null) return caller
      await sessions.onUnknown?.(token, request)
      throw sessions.isKey(token) ? keyRefused() : sessionEnded()
    })
  }
  return (request) => {
    const header = request.headers.authorization
    if (header === undefined) {
      // Whoever sends a key so must not be answered as nobody.
      if (sessions && request.headers["x-api-key"] !== undefined)
        throw new UndercroftError("PGRST301", { why: "Keys are sent as Authorization: Bearer <key>" })
      const token = sessions ? readSessionCookie(request, sessions.cookie) : null
      return token === null ? nobodyKnown : toSession(token, request)
    }
    const token = /^bearer +(\S+) *$/i.exec(header)?.[1]
    if (token === undefined)
      throw new UndercroftError("PGRST301", { why: "The Authorization header must be: Bearer <token>" })
    // A JWT has three parts.
    if (sessions && token.split(".").length !== 3) return toSession(tokenOf(token), request)
    const verified = verify(token)
    return verified instanceof Promise ? verified.then(toCaller) : toCaller(verified)
  }
}
