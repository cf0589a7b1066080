/** The providers as better-auth wants them: its state, PKCE and accounts, with ID tokens that are checked and answers that fit their question. */

import { getCurrentAuthContext } from "@better-auth/core/context"
import {
  createAuthorizationURL,
  type OAuthProvider,
  validateAuthorizationCode,
} from "@better-auth/core/oauth2"
import { github } from "@better-auth/core/social-providers"
import { APIError, getOAuthState } from "better-auth/api"
import { currentSession, type RouteContext } from "./current-session.ts"
import { normalizeEmail } from "./email-address.ts"
import { type KnownIssuer, knownIssuers, type OAuthSettings } from "./oauth-settings.ts"
import { findIssuer } from "./oidc-issuer.ts"
import type { KnownSaml } from "./saml-answer.ts"
import { samlProvider } from "./saml-provider.ts"

/** Under this name the state keeps which provider it was made for. */
export const stateProvider = "provider"

interface Rules {
  readonly isOpen: boolean
  /** Whether an address may come by this provider. */
  readonly isAllowed: (email: string) => boolean
  readonly subject: (profile: Readonly<Record<string, unknown>>) => string
}

/** All providers of the settings, and those of SAML; `isOpen` says whether anybody may sign up. */
export function oauthProviders(
  settings: OAuthSettings,
  samls: readonly KnownSaml[],
  isOpen: boolean,
): readonly OAuthProvider[] {
  const issuers = knownIssuers(settings)
  const taken = new Set([...issuers, ...samls].flatMap((one) => one.domains ?? []))
  const isAllowed = (email: string, own: readonly string[] | undefined): boolean => {
    const domain = domainOf(email)
    return own ? own.includes(domain) : !taken.has(domain)
  }
  const rulesOf = (one: KnownIssuer | KnownSaml): Rules => ({
    isOpen: isOpen || one.signUp === true,
    isAllowed: (email) => isAllowed(email, one.domains),
    subject: (profile) => accountOf(one.issuer, String(profile["sub"])),
  })
  const known = [
    ...issuers.map((one) => guarded(oidcProvider(one), rulesOf(one))),
    ...samls.map((one) => guarded(samlProvider(one), rulesOf(one))),
  ]
  if (!settings.github) return known
  const { clientId, clientSecret, signUp } = settings.github
  const rules: Rules = {
    isOpen: isOpen || signUp === true,
    isAllowed: (email) => isAllowed(email, undefined),
    subject: (profile) => String(profile["id"]),
  }
  return [...known, guarded(github({ clientId, clientSecret }) as unknown as OAuthProvider, rules)]
}

/** Who somebody is at an issuer: its name counts, or one issuer's subject would be another's (CVE-2026-25574). */
function accountOf(issuer: string, subject: string): string {
  return `${issuer}|${subject}`
}

function oidcProvider(setting: KnownIssuer): OAuthProvider {
  const { id, name, clientId, clientSecret, scopes = ["openid", "profile", "email"] } = setting
  const issuer = findIssuer(setting.issuer)
  const options = { clientId, clientSecret }
  return {
    id,
    name,
    issuer: setting.issuer,
    requiresIdTokenNonce: true,
    accountSubject: () => "",
    async createAuthorizationURL({ state, codeVerifier, redirectURI, idTokenNonce, loginHint }) {
      const { authorizationEndpoint } = await issuer.metadata().catch(() => {
        throw APIError.from("SERVICE_UNAVAILABLE", {
          code: "PROVIDER_UNAVAILABLE",
          message: "This provider can't be reached: try again later",
        })
      })
      return createAuthorizationURL({
        id,
        options,
        authorizationEndpoint,
        state,
        codeVerifier,
        scopes: [...scopes],
        redirectURI,
        loginHint,
        nonce: idTokenNonce,
        ...(setting.isForm ? { responseMode: "form_post" } : {}),
      })
    },
    async validateAuthorizationCode({ code, codeVerifier, redirectURI }) {
      const { tokenEndpoint, authentication, saysIssuer } = await issuer.metadata()
      // RFC 9207, 2.4: from an issuer that always says who it is, an answer that doesn't is not from it.
      if (saysIssuer && (await here()).query?.["iss"] !== setting.issuer)
        throw new Error("an answer of another issuer")
      return validateAuthorizationCode({
        code,
        codeVerifier,
        redirectURI,
        options,
        tokenEndpoint,
        authentication,
      })
    },
    async getUserInfo({ idToken, accessToken, expectedIdTokenNonce, user }) {
      // Of what the issuer tells only the signed part says who somebody is.
      if (!idToken || !expectedIdTokenNonce) return null
      const signed = await issuer.verify(idToken, { clientId, nonce: expectedIdTokenNonce }).catch(() => null)
      if (signed === null) return null
      const more =
        signed["email"] === undefined && accessToken
          ? await issuer.userinfo(accessToken).catch(() => ({ sub: null }))
          : signed
      if (more["sub"] !== signed.sub) return null
      const { email, email_verified: said, name: called } = more as Readonly<Record<string, unknown>>
      const vouches = setting.domains !== undefined && said !== false && said !== "false"
      const given = [user?.name?.firstName, user?.name?.lastName].filter((one) => one).join(" ")
      return {
        user: {
          name: String(called ?? given).slice(0, 200),
          email: typeof email === "string" ? email : null,
          emailVerified: said === true || said === "true" || vouches,
        },
        data: { sub: signed.sub },
      }
    },
  }
}

/** The same provider for answers to questions of its own, and for people who may come by it. */
function guarded(provider: OAuthProvider, { isOpen, isAllowed, subject }: Rules): OAuthProvider {
  return {
    ...provider,
    // What a request says of scopes and parameters is nothing to the provider.
    createAuthorizationURL: (data) =>
      provider.createAuthorizationURL({ ...data, scopes: undefined, additionalParams: undefined }),
    accountSubject: ({ profile }) => subject(profile as Readonly<Record<string, unknown>>),
    async validateAuthorizationCode(data) {
      await checkState(provider.id)
      return provider.validateAuthorizationCode(data)
    },
    async getUserInfo(tokens) {
      const found = await provider.getUserInfo(tokens)
      if (found === null) return null
      const email = found.user.email ? normalizeEmail(found.user.email) : null
      if (email === null) return refuse("email_not_found")
      if (!isAllowed(email)) return refuse("domain_not_allowed")
      const { context } = await here()
      const key = { providerId: provider.id, accountId: subject(found.data as Record<string, unknown>) }
      // Whoever could be anybody by their own word learns nothing of who has an account (CVE-2026-44166).
      if (!found.user.emailVerified && !(await context.internalAdapter.findAccountByKey(key)))
        return refuse("email_not_verified")
      return { user: { ...found.user, email }, data: found.data }
    },
    refreshAccessToken: undefined,
    idToken: undefined,
    options: { disableSignUp: !isOpen, disableIdTokenSignIn: true },
  }
}

/** A state is good for the provider that it was made for, and to link for the person who asked. */
async function checkState(provider: string): Promise<void> {
  const state = await getOAuthState()
  if (state?.serverContext?.[stateProvider] !== provider) throw new Error("a state of another provider")
  if (!state.link) return
  const session = await currentSession((await here()) as unknown as RouteContext)
  if (session?.user.id !== state.link.userId) throw new Error("a state of another person")
}

async function refuse(error: string): Promise<never> {
  const { context } = await here()
  const state = await getOAuthState()
  const url = new URL(state?.errorURL ?? `${context.baseURL}/error`, context.baseURL)
  url.searchParams.set("error", error)
  throw new APIError("FOUND", undefined, new Headers({ location: url.href }))
}

const here = getCurrentAuthContext

function domainOf(email: string): string {
  return email.slice(email.lastIndexOf("@") + 1)
}
