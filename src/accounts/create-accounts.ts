/** Puts accounts together: better-auth over our own storage, with the settings that make it safe. */

import type { DBAdapter } from "@better-auth/core/db/adapter"
import { kyselyAdapter } from "@better-auth/kysely-adapter"
import { type BetterAuthOptions, type BetterAuthPlugin, betterAuth } from "better-auth"
import { getMigrations } from "better-auth/db/migration"
import { admin, bearer, twoFactor } from "better-auth/plugins"
import { type Dialect, Kysely } from "kysely"
import { hashTokens } from "./hashed-tokens.ts"
import { hashPassword, verifyPassword } from "./passwords.ts"
import { providerPlugins } from "./provider.ts"
import { guardTokens } from "./provider-tokens.ts"
import { sessionFields, startSession } from "./session-fields.ts"
import type { AccountSettings } from "./settings.ts"
import { keepFamilies } from "./token-families.ts"

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
}

/** Where better-auth answers. */
export const accountsPath = "/auth"

/** better-auth's options but for the database. */
export function accountOptions({ name, settings, url, secret, origins }: AccountsParts): BetterAuthOptions {
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
      minPasswordLength: 8,
      maxPasswordLength: 256,
      password: { hash: hashPassword, verify: verifyPassword },
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
      database: { generateId: "uuid" },
      // A cookie of this prefix is for this host alone, and never sent in the clear.
      cookiePrefix: isSecure ? "__Host-undercroft" : "undercroft",
      useSecureCookies: false,
      defaultCookieAttributes: { secure: isSecure, httpOnly: true, sameSite: "lax", path: "/" },
    },
    plugins: plugins(settings, name, url),
  }
}

function plugins(settings: AccountSettings, name: string, url: string): BetterAuthPlugin[] {
  return [
    bearer(),
    admin({ defaultRole: "", adminRoles: ["admin"] }),
    ...(settings.twoFactor ? [twoFactor({ issuer: name })] : []),
    ...(settings.provider ? providerPlugins(settings.provider, url) : []),
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

/** The accounts of a backend. */
export function createAccounts(options: BetterAuthOptions, dialect: Dialect): AccountsHandler {
  const adapter = kyselyAdapter(new Kysely({ dialect }), { type: "postgres", transaction: true })
  const database = (all: BetterAuthOptions): DBAdapter => guardTokens(keepFamilies(hashTokens(adapter(all))))
  return betterAuth<BetterAuthOptions>({ ...options, database }).handler
}
