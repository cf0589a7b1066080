/** Puts accounts together: better-auth over our own storage, with the settings that make it safe. */

import { tryGetCurrentAuthEndpointContext } from "@better-auth/core/context"
import type { DBAdapter } from "@better-auth/core/db/adapter"
import { kyselyAdapter } from "@better-auth/kysely-adapter"
import { type BetterAuthOptions, type BetterAuthPlugin, betterAuth } from "better-auth"
import { getMigrations } from "better-auth/db/migration"
import { admin, bearer, organization, twoFactor } from "better-auth/plugins"
import { type Dialect, Kysely } from "kysely"
import { apiKeys } from "./api-keys.ts"
import { comparePasswordOfNobody, evenLookups } from "./even-lookups.ts"
import { addressHeader } from "./guard.ts"
import { hashTokens } from "./hashed-tokens.ts"
import { type AccountManager, createManager } from "./manage.ts"
import { isSignIn, type JudgePassword, judgeBeforeHash, passwordPolicy } from "./password-policy.ts"
import { hashPassword, verifyPassword } from "./passwords.ts"
import { sessionFields, startSession } from "./session-fields.ts"
import type { AccountSettings } from "./settings.ts"

export interface AccountsParts {
  /** The backend's name, as mails and authenticator apps show it. */
  readonly name: string
  readonly settings: AccountSettings
  /** Where the backend is reached from outside. */
  readonly url: string
  /** Signs cookies and encrypts what must be read again; never in the database. */
  readonly secret: string
  /** Origins whose pages may call. */
  readonly origins: readonly string[]
  readonly judge: JudgePassword
}

/** Where better-auth answers. */
export const accountsPath = "/auth"

/** better-auth's options but for the database. */
export function accountOptions({
  name,
  settings,
  url,
  secret,
  origins,
  judge,
}: AccountsParts): BetterAuthOptions {
  const isSecure = url.startsWith("https://")
  return {
    appName: name,
    baseURL: url,
    basePath: accountsPath,
    secret,
    trustedOrigins: [...origins],
    telemetry: { enabled: false },
    logger: { disabled: true },
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
    },
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
    account: { encryptOAuthTokens: true },
    verification: { storeIdentifier: "hashed" },
    databaseHooks: { session: { create: { before: startSession(settings) } } },
    rateLimit: { enabled: false },
    advanced: {
      ipAddress: { ipAddressHeaders: [addressHeader] },
      database: { generateId: "uuid" },
      // A cookie of this prefix is for this host alone, and never sent in the clear.
      cookiePrefix: isSecure ? "__Host-undercroft" : "undercroft",
      useSecureCookies: false,
      defaultCookieAttributes: { secure: isSecure, httpOnly: true, sameSite: "lax", path: "/" },
    },
    plugins: [...plugins(settings, name), passwordPolicy(judge)],
  }
}

function plugins(settings: AccountSettings, name: string): BetterAuthPlugin[] {
  return [
    bearer(),
    admin({ defaultRole: "", adminRoles: ["admin"] }),
    ...(settings.organizations ? [organization()] : []),
    ...(settings.apiKeys ? apiKeys() : []),
    ...(settings.twoFactor ? [twoFactor({ issuer: name, accountLockout: { enabled: false } })] : []),
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
  hasKeys: boolean,
): { readonly handle: AccountsHandler; readonly manage: AccountManager } {
  const adapter = kyselyAdapter(new Kysely({ dialect }), { type: "postgres", transaction: true })
  const database = (all: BetterAuthOptions): DBAdapter => evenLookups(hashTokens(adapter(all)))
  const auth = betterAuth<BetterAuthOptions>({ ...options, database })
  return { handle: auth.handler, manage: createManager(auth.$context, hasKeys) }
}
