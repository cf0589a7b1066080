/** Undercroft as an OpenID Connect provider: better-auth's plugins for it, set so that they are strict. */
import { oauthProvider } from "@better-auth/oauth-provider"
import type { BetterAuthPlugin } from "better-auth"
import { type JwtOptions, jwt } from "better-auth/plugins"
import { hashToken } from "../base/hash-token.ts"
import { providerGuard } from "./provider-guard.ts"
import { signingKeys } from "./provider-keys.ts"
import { type ProviderSettings, providerScopes } from "./provider-settings.ts"
import type { NeedsTwoFactors } from "./settings.ts"
import { tellAuthentication } from "./tell-authentication.ts"

/** Where the pages that come with Undercroft are. */
export const signInPath = "/auth/sign-in"
export const consentPath = "/auth/consent"

const day = 86_400
const stored = { hash: async (token: string) => hashToken(token) }

/** After all other plugins: who signs in with a request of an application must have passed them first. */
export function providerPlugins(
  settings: ProviderSettings,
  url: string,
  needsTwo: NeedsTwoFactors,
): BetterAuthPlugin[] {
  const issuer = issuerOf(url)
  const signing: JwtOptions = { disableSettingJwtHeader: true, jwt: { issuer }, ...signingKeys }
  const plugins = [
    jwt(signing),
    oauthProvider({
      loginPage: settings.loginPage ?? `${issuer}${signInPath}`,
      consentPage: settings.consentPage ?? `${issuer}${consentPath}`,
      scopes: [...providerScopes],
      grantTypes: ["authorization_code", "refresh_token"],
      allowDynamicClientRegistration: false,
      clientPrivileges: () => false,
      resourcePrivileges: () => false,
      storeTokens: stored,
      storeClientSecret: stored,
      codeExpiresIn: 600,
      accessTokenExpiresIn: 600,
      idTokenExpiresIn: 600,
      refreshTokenExpiresIn: 30 * day,
      refreshTokenReuseInterval: 0,
    }),
  ] as BetterAuthPlugin[]
  return [providerGuard(settings.clients, plugins, needsTwo), ...plugins, tellAuthentication(signing)]
}

/** The issuer is the backend's address. */
export function issuerOf(url: string): string {
  return new URL(url).origin
}
