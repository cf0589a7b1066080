/** What a definition says about sign-in through others: which issuers are believed, and about whom. */

import { UndercroftError } from "../base/errors.ts"

/** This backend as another's client. There, its redirect URI is `<url>/auth/callback/<id>`. */
export interface OAuthClient {
  readonly clientId: string
  readonly clientSecret: string
  /** Whether those whom nobody knows here yet come in, also where `accounts.signUp` is closed. */
  readonly signUp?: boolean
}

/** A client of an OpenID Connect provider. */
export interface OidcClient extends OAuthClient {
  /**
   * The domains whose mailboxes this issuer hands out: it vouches for every address of theirs and signs in nobody else; and no
   * other issuer signs in anybody of theirs.
   */
  readonly domains?: readonly string[]
}

/** Any OpenID Connect provider, such as an organization's own. */
export interface OidcIssuer extends OidcClient {
  /** Stands in its paths: letters, digits and hyphens. */
  readonly id: string
  /** As people read it. */
  readonly name: string
  /** As its tokens name it, character by character; `/.well-known/openid-configuration` stands below it. */
  readonly issuer: string
  /** `openid`, `profile` and `email` unless given. */
  readonly scopes?: readonly string[]
  /**
   * The id of the organization whose sign-on it is: whoever comes by it for the first time becomes a member. It needs `domains`.
   * An id, because a slug could be taken by anybody.
   */
  readonly organization?: string
}

export interface OAuthSettings {
  readonly google?: OidcClient
  readonly github?: OAuthClient
  /** One tenant, by its id: whose tokens those of `common` are is for anybody's tenant to say. */
  readonly microsoft?: OidcClient & { readonly tenant: string }
  /** `clientSecret` is the JWT that Apple asks for; it lasts at most six months. */
  readonly apple?: OidcClient
  readonly issuers?: readonly OidcIssuer[]
}

/** An issuer with all that the presets know of theirs. */
export interface KnownIssuer extends OidcIssuer {
  /** Where the answer is sent as a form. */
  readonly isForm?: boolean
}

/** The OpenID Connect providers of the settings. GitHub is none. */
export function knownIssuers({
  google,
  microsoft,
  apple,
  issuers = [],
}: OAuthSettings): readonly KnownIssuer[] {
  return [
    ...(google ? [{ ...google, id: "google", name: "Google", issuer: "https://accounts.google.com" }] : []),
    ...(microsoft
      ? [
          {
            ...microsoft,
            id: "microsoft",
            name: "Microsoft",
            issuer: `https://login.microsoftonline.com/${microsoft.tenant}/v2.0`,
          },
        ]
      : []),
    ...(apple
      ? [
          {
            ...apple,
            id: "apple",
            name: "Apple",
            issuer: "https://appleid.apple.com",
            scopes: ["openid", "name", "email"],
            isForm: true,
          },
        ]
      : []),
    ...issuers,
  ]
}

/** What an account's way in may not be called beside the presets. */
export const reserved: ReadonlySet<string> = new Set(["credential", "google", "github", "microsoft", "apple"])

/** Throws UC935 where the settings would believe whom they should not. */
export function checkOAuth(settings: OAuthSettings, hasOrganizations: boolean): void {
  const { github, microsoft, issuers = [] } = settings
  const ids = new Set<string>()
  const owners = new Map<string, string>()
  const refuse = (id: string, why: string): never => {
    throw new UndercroftError("UC935", { why: `'${id}': ${why}` })
  }
  if (microsoft && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(microsoft.tenant))
    refuse("microsoft", "`tenant` is the id of one tenant, a UUID in small letters")
  if (github && !(github.clientId && github.clientSecret))
    refuse("github", "it lacks clientId or clientSecret")
  for (const { id, organization, domains = [] } of issuers) {
    if (organization !== undefined && !hasOrganizations) refuse(id, "`organizations` are not switched on")
    if (organization !== undefined && domains.length === 0)
      refuse(id, "it is an organization's, and has no `domains`")

    if (!/^[a-z][a-z0-9-]{0,39}$/.test(id)) refuse(id, "an id has small letters, digits and hyphens")
    if (reserved.has(id) || ids.has(id)) refuse(id, "this id is taken")
    ids.add(id)
  }
  for (const { id, clientId, clientSecret, issuer, scopes, domains = [] } of knownIssuers(settings)) {
    if (!(clientId && clientSecret)) refuse(id, "it lacks clientId or clientSecret")
    if (!isSafeAddress(issuer)) refuse(id, "its issuer is no https address")
    if (scopes && !scopes.includes("openid")) refuse(id, "its scopes lack 'openid'")
    for (const domain of domains) {
      if (!/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(domain)) refuse(id, `'${domain}' is no domain in small letters`)
      if (owners.has(domain)) refuse(id, `'${domain}' belongs to '${owners.get(domain)}'`)
      owners.set(domain, id)
    }
  }
}

/** https, or http on this machine. */
export function isSafeAddress(text: unknown): text is string {
  const url = typeof text === "string" ? URL.parse(text) : null
  if (url === null || url.username !== "" || url.password !== "" || url.hash !== "") return false
  return (
    url.protocol === "https:" ||
    (url.protocol === "http:" && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname))
  )
}
