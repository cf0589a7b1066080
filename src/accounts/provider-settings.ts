/** What a definition says about Undercroft as an OpenID Connect provider: for which other applications people sign in here. */
import { Buffer } from "node:buffer"
import { UndercroftError } from "../base/errors.ts"

/** What an application may learn: who it is, name, e-mail address; and whether it may renew its tokens. */
export type ProviderScope = "openid" | "profile" | "email" | "offline_access"

/** An application of the team's own. */
export interface ProviderClient {
  /** Its `client_id`. */
  readonly id: string
  /** As people are asked for their consent. */
  readonly name: string
  /** For applications with a server: 32 bytes or more. Without it the application is public, and proves itself by PKCE alone. */
  readonly secret?: string
  /** How the secret is sent: in the Authorization header (`basic`, the default) or in the body. */
  readonly authentication?: "basic" | "post"
  /** Compared character by character, the port too. */
  readonly redirectUris: readonly string[]
  /** Where a browser may be sent after signing out; compared as exactly. */
  readonly postLogoutRedirectUris?: readonly string[]
  /** `openid`, `profile` and `email` unless given. `offline_access` gives refresh tokens, which end with the session. */
  readonly scopes?: readonly ProviderScope[]
  /** People are not asked whether they agree: for applications that are the same product to them. */
  readonly trusted?: boolean
  /** Its tokens are good only with a proof of its key (RFC 9449). */
  readonly dpop?: boolean
}

/** An OpenID Connect provider for these applications, and for no other: nobody can register one by a request. */
export interface ProviderSettings {
  readonly clients: readonly ProviderClient[]
  /** A page of the team's own to sign in, in place of the one that comes with Undercroft. */
  readonly loginPage?: string
  /** A page of the team's own to ask for consent. */
  readonly consentPage?: string
}

export const providerScopes: readonly ProviderScope[] = ["openid", "profile", "email", "offline_access"]
export const defaultScopes: readonly ProviderScope[] = ["openid", "profile", "email"]

/** Throws UC934 where the settings would let in who should not be. */
export function checkProvider({ clients, loginPage }: ProviderSettings, hasPage: boolean): void {
  const ids = new Set<string>()
  if (!hasPage && loginPage === undefined)
    throw new UndercroftError("UC934", {
      why: "without `password`, `passkeys` or `oauth` it needs a `loginPage`",
    })
  for (const client of clients) {
    const refuse = (why: string): never => {
      throw new UndercroftError("UC934", { why: `client '${client.id}': ${why}` })
    }
    if (!/^[\w.-]{1,100}$/.test(client.id)) refuse("its id may have letters, digits, '.', '_' and '-'")
    if (ids.has(client.id)) refuse("it is declared twice")
    ids.add(client.id)
    if (client.secret !== undefined && Buffer.byteLength(client.secret) < 32)
      refuse("its secret has less than 32 bytes")
    if (client.secret === undefined && client.authentication !== undefined)
      refuse("it has `authentication`, and no secret")
    if (client.redirectUris.length === 0) refuse("it has no redirectUris")
    for (const uri of [...client.redirectUris, ...(client.postLogoutRedirectUris ?? [])])
      if (!isSafeRedirect(uri, client.secret === undefined))
        refuse(`'${uri.slice(0, 100)}' can't be redirected to`)
    const unknown = client.scopes?.find((one) => !providerScopes.includes(one))
    if (unknown !== undefined) refuse(`there is no scope '${unknown}'`)
    if (client.scopes && !client.scopes.includes("openid")) refuse("its scopes lack 'openid'")
  }
}

/** A redirect's place as a Content-Security-Policy names it: the origin, or an application's own scheme. */
export function policySource(uri: string): string {
  const url = new URL(uri)
  return url.origin === "null" ? url.protocol : url.origin
}

/** Where people may be sent after signing out, each once. */
export function signOutTargets({ clients }: ProviderSettings): readonly string[] {
  return [...new Set(clients.flatMap((one) => (one.postLogoutRedirectUris ?? []).map(policySource)))]
}

/** RFC 9700, 2.1 and RFC 8252, 7: https, http on this machine, or a scheme that an application on a device owns. */
function isSafeRedirect(text: string, isPublic: boolean): boolean {
  const url = URL.parse(text)
  if (url === null || text.includes("#") || text.includes("*") || url.username || url.password) return false
  if (url.protocol === "https:") return true
  if (url.protocol === "http:") return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
  return isPublic && url.protocol.includes(".")
}
