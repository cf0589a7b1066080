/** What of `accounts` can be told to be wrong by looking at it: asked by `undercroft check`, and before anything is started. */
import { UndercroftError } from "../base/errors.ts"
import { checkOAuth, type OAuthClient, type OidcClient, type OidcIssuer } from "./oauth-settings.ts"
import { checkProvider, type ProviderClient, type ProviderSettings } from "./provider-settings.ts"
import { signInWays } from "./provider-ways.ts"
import { checkSaml, type SamlProvider } from "./saml-settings.ts"
import { type AccountSettings, keptDaysOf, type SessionLifetime } from "./settings.ts"

/** Every name of a type, once: the compiler holds the two equal. */
type Names<T> = Readonly<Record<keyof Required<T>, true>>
type Inner<K extends keyof AccountSettings> = NonNullable<AccountSettings[K]>
type SamlNames = Names<Extract<SamlProvider, { metadata: string }>> &
  Names<Exclude<SamlProvider, { metadata: string }>>

/** The options of `accounts`. */
export const accountNames: Names<AccountSettings> = {
  url: true,
  signUp: true,
  password: true,
  passwords: true,
  mail: true,
  verifyEmail: true,
  magicLink: true,
  emailCode: true,
  twoFactor: true,
  requireTwoFactor: true,
  passkeys: true,
  oauth: true,
  saml: true,
  apiKeys: true,
  organizations: true,
  provider: true,
  events: true,
  sessions: true,
}
const passwordNames: Names<Inner<"passwords">> = { corpus: true }
const mailNames: Names<Inner<"mail">> = { from: true, smtp: true }
const eventNames: Names<Inner<"events">> = { keepDays: true }
const lifetimeNames: Names<SessionLifetime> = { idleMinutes: true, hours: true }
const sessionNames: Names<Inner<"sessions">> = { ...lifetimeNames, roles: true }
const providerNames: Names<ProviderSettings> = { clients: true, loginPage: true, consentPage: true }
/** What a client of the provider is declared with. */
export const providerClientNames: Names<ProviderClient> = {
  id: true,
  name: true,
  secret: true,
  authentication: true,
  redirectUris: true,
  postLogoutRedirectUris: true,
  scopes: true,
  trusted: true,
  dpop: true,
}
const oauthNames: Names<Inner<"oauth">> = {
  google: true,
  github: true,
  microsoft: true,
  apple: true,
  issuers: true,
}
const clientNames: Names<OAuthClient> = { clientId: true, clientSecret: true, signUp: true }
const oidcNames: Names<OidcClient> = { ...clientNames, domains: true }
const issuerNames: Names<OidcIssuer> = {
  ...oidcNames,
  id: true,
  name: true,
  issuer: true,
  scopes: true,
  organization: true,
}
const samlNames: SamlNames = {
  name: true,
  domains: true,
  organization: true,
  signUp: true,
  entityId: true,
  key: true,
  attributes: true,
  twoFactor: true,
  metadata: true,
  issuer: true,
  entryPoint: true,
  certificates: true,
}

/** Throws UC916, UC934, UC935 and UC936, as the start would. */
export function checkAccounts(settings: AccountSettings): void {
  checkNames(settings)
  const { oauth, saml, provider, requireTwoFactor: required, organizations = false } = settings
  if (provider) checkProvider(provider, hasPage(settings))
  if (oauth) checkOAuth(oauth, organizations)
  if (saml) checkSaml(saml, oauth ?? {}, organizations)
  const refuse = (why: string): never => {
    throw new UndercroftError("UC916", { setting: "accounts.requireTwoFactor", why })
  }
  if (required && required !== true && !Array.isArray(required)) refuse("it is `true`, or a list of roles")
  if (required && !settings.twoFactor && !settings.passkeys)
    refuse("nobody can have a second factor without `twoFactor` or `passkeys`")
  keptDaysOf(settings)
}

/** An option that is not there would otherwise be one that is switched off. */
function checkNames(settings: AccountSettings): void {
  const { passwords, mail, events, sessions, oauth, saml, provider } = settings
  only(settings, accountNames, "accounts")
  only(passwords, passwordNames, "accounts.passwords")
  only(mail, mailNames, "accounts.mail")
  only(events, eventNames, "accounts.events")
  only(sessions, sessionNames, "accounts.sessions")
  for (const [role, one] of Object.entries(sessions?.roles ?? {}))
    only(one, lifetimeNames, `accounts.sessions.roles.${role}`)
  only(provider, providerNames, "accounts.provider")
  for (const one of provider?.clients ?? [])
    only(one, providerClientNames, `accounts.provider.clients '${one.id}'`)
  only(oauth, oauthNames, "accounts.oauth")
  only(oauth?.google, oidcNames, "accounts.oauth.google")
  only(oauth?.github, clientNames, "accounts.oauth.github")
  only(oauth?.microsoft, { ...oidcNames, tenant: true }, "accounts.oauth.microsoft")
  only(oauth?.apple, oidcNames, "accounts.oauth.apple")
  for (const one of oauth?.issuers ?? []) only(one, issuerNames, `accounts.oauth.issuers '${one.id}'`)
  for (const [id, one] of Object.entries(saml ?? {})) only(one, samlNames, `accounts.saml.${id}`)
}

function only(said: object | undefined, names: Readonly<Record<string, true>>, where: string): void {
  const unknown = Object.keys(said ?? {}).find((one) => !Object.hasOwn(names, one))
  if (unknown !== undefined)
    throw new UndercroftError("UC916", {
      setting: `${where}.${unknown.slice(0, 60)}`,
      why: `there is no such option. There are: ${Object.keys(names).join(", ")}`,
    })
}

/** Whether there is a way in for the page that comes with the provider. */
function hasPage(settings: AccountSettings): boolean {
  const { password, passkeys, others } = signInWays(settings)
  return password || passkeys || others.length > 0
}
