/** Puts accounts together: better-auth over our own storage, with the settings that make it safe. */

import { tryGetCurrentAuthEndpointContext } from "@better-auth/core/context"
import type { DBAdapter } from "@better-auth/core/db/adapter"
import { kyselyAdapter } from "@better-auth/kysely-adapter"
import { type BetterAuthOptions, type BetterAuthPlugin, betterAuth } from "better-auth"
import { getMigrations } from "better-auth/db/migration"
import { admin, bearer, organization } from "better-auth/plugins"
import { type Dialect, Kysely } from "kysely"
import { adminChanges } from "./admin-changes.ts"
import { apiKeys } from "./api-keys.ts"
import { comparePasswordOfNobody, evenLookups } from "./even-lookups.ts"
import { addressHeader } from "./guard.ts"
import { hashTokens } from "./hashed-tokens.ts"
import { mailTexts } from "./mail-texts.ts"
import { type AccountManager, createManager } from "./manage.ts"
import { ownOrigins } from "./own-origins.ts"
import { byToken, ownSessions } from "./own-sessions.ts"
import { isSignIn, type JudgePassword, judgeBeforeHash, passwordPolicy } from "./password-policy.ts"
import { hashPassword, verifyPassword } from "./passwords.ts"
import { plainJoins } from "./plain-joins.ts"
import { providerPlugins } from "./provider.ts"
import { guardTokens } from "./provider-tokens.ts"
import { impersonationSeconds, sessionFields, startSession } from "./session-fields.ts"
import { type AccountSettings, needsTwoFactors } from "./settings.ts"
import { keepFamilies } from "./token-families.ts"
import { usableSessions } from "./usable-sessions.ts"
import { closedPaths, mailOptions, type WaysInParts, waysIn } from "./ways-in.ts"

/** `name` as mails and authenticator apps show it; `url` from outside; `secret` signs and encrypts, and is never in the database. */
export interface AccountsParts extends WaysInParts {
  /** Origins whose pages may call. */
  readonly origins: readonly string[]
  readonly judge: JudgePassword
}

/** Where better-auth answers. */
export const accountsPath = "/auth"

/** better-auth's options but for the database. */
export function accountOptions(parts: AccountsParts): BetterAuthOptions {
  const { name, settings, url, secret, origins, judge } = parts
  const { password, ...mail } = mailOptions(parts)
  const isSecure = url.startsWith("https://")
  return {
    appName: name,
    baseURL: url,
    basePath: accountsPath,
    secret,
    trustedOrigins: [...origins, ...ownOrigins(url)],
    telemetry: { enabled: false },
    logger: { disabled: true },
    // What is no refusal goes to the server's own handler of errors; better-auth's would print it, values and all.
    onAPIError: { throw: true },
    emailAndPassword: {
      enabled: settings.password ?? false,
      disableSignUp: settings.signUp !== "open",
      // better-auth counts UTF-16; the judge counts characters.
      minPasswordLength: 1,
      maxPasswordLength: 1024,
      password: {
        async hash(password) {
          // Signing in, better-auth hashes only for somebody whom it does not know.
          if (isSignIn(tryGetCurrentAuthEndpointContext()?.path)) return comparePasswordOfNobody(password)
          await judgeBeforeHash(judge, password)
          return hashPassword(password)
        },
        verify: verifyPassword,
      },
      revokeSessionsOnPasswordReset: true,
      ...password,
    },
    ...mail,
    disabledPaths: [...closedPaths, ...byToken],
    user: {
      deleteUser: { enabled: false },
      changeEmail: { enabled: false },
      // The database asks for it, also where second factors are not switched on.
      additionalFields: {
        twoFactorEnabled: { type: "boolean", required: false, defaultValue: false, input: false },
      },
    },
    session: {
      ...sessionFields,
      disableSessionRefresh: true,
      cookieCache: { enabled: false },
      freshAge: 15 * 60,
    },
    account: {
      encryptOAuthTokens: true,
      // Whoever links is signed in and proved it a moment ago; nobody is linked by an address that is not proved here.
      accountLinking: { allowDifferentEmails: true, requireLocalEmailVerified: true },
    },
    verification: { storeIdentifier: "hashed" },
    databaseHooks: { session: { create: { before: startSession(settings) } } },
    rateLimit: { enabled: false },
    advanced: {
      // Said, for better-auth leaves both out where it takes itself to be tested.
      disableOriginCheck: false,
      disableCSRFCheck: false,
      ipAddress: { ipAddressHeaders: [addressHeader] },
      database: { generateId: "uuid" },
      // A cookie of this prefix is for this host alone, and never sent in the clear.
      cookiePrefix: isSecure ? "__Host-undercroft" : "undercroft",
      useSecureCookies: false,
      defaultCookieAttributes: { secure: isSecure, httpOnly: true, sameSite: "lax", path: "/" },
    },
    plugins: [...plugins(parts), passwordPolicy(judge)],
  }
}

function plugins(parts: AccountsParts): BetterAuthPlugin[] {
  return [
    ...waysIn(parts),
    admin({ defaultRole: "", adminRoles: ["admin"], impersonationSessionDuration: impersonationSeconds }),
    ownSessions(),
    adminChanges({ post: parts.post, texts: mailTexts(parts.name) }),
    ...(parts.settings.organizations ? [organization()] : []),
    ...(parts.settings.apiKeys ? apiKeys() : []),
    // Behind all that may take a session back.
    ...(parts.settings.provider
      ? providerPlugins(parts.settings.provider, parts.url, needsTwoFactors(parts.settings))
      : []),
    // Last, so that it never names a token that another has taken back.
    bearer(),
  ] as BetterAuthPlugin[]
}

/** The statements that the tables still need. */
export function compileTables(options: BetterAuthOptions): (dialect: Dialect) => Promise<string> {
  return async (dialect) => {
    const { compileMigrations } = await getMigrations({ ...options, database: { dialect, type: "postgres" } })
    return compileMigrations()
  }
}

/** Answers the requests below `accountsPath`. */
export type AccountsHandler = (request: Request) => Promise<Response>

/** The accounts of a backend: what answers requests, and what manages them past it. */
export function createAccounts(
  options: BetterAuthOptions,
  dialect: Dialect,
  settings: AccountSettings,
): { readonly handle: AccountsHandler; readonly manage: AccountManager } {
  const needsTwo = needsTwoFactors(settings)
  const adapter = kyselyAdapter(new Kysely({ dialect }), { type: "postgres", transaction: true })
  const database = (all: BetterAuthOptions): DBAdapter =>
    evenLookups(
      guardTokens(keepFamilies(usableSessions(hashTokens(plainJoins(adapter(all))), needsTwo)), needsTwo),
    )
  const auth = betterAuth<BetterAuthOptions>({ ...options, database })
  return { handle: auth.handler, manage: createManager(auth.$context, settings.apiKeys ?? false) }
}
