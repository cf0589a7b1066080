/** The accounts of a backend: what the composition root needs of them, in the order in which it comes to it. */
import type { BetterAuthOptions } from "better-auth"
import { UndercroftError } from "../base/errors.ts"
import type { AccountsDatabase, PreparedAccounts } from "../store/accounts-database.ts"
import { checkAccounts } from "./check-accounts.ts"
import { accountOptions, accountsPath, compileTables, createAccounts } from "./create-accounts.ts"
import { guardAccounts } from "./guard.ts"
import { openPost, type Post } from "./mail.ts"
import type { AccountManager } from "./manage.ts"
import { createJudge } from "./password-policy.ts"
import { correctAnswers } from "./provider-answers.ts"
import { signOutTargets } from "./provider-settings.ts"
import { eventsPlugin } from "./read-events.ts"
import { type AccountSettings, keptDaysOf } from "./settings.ts"
import { strictCallbacks } from "./strict-callbacks.ts"
import { strictSaml } from "./strict-saml.ts"

export interface PeopleParts {
  readonly name: string
  readonly settings: AccountSettings
  readonly secret: string
  readonly origins: readonly string[]
  /** Whether mails that nobody sends are kept to be looked at: in development. */
  readonly keepsMail: boolean
  readonly tell: (error: UndercroftError) => void
}

/** Accounts, not yet open. */
export interface People extends PreparedAccounts {
  /** The name of the cookie that holds a session's token. */
  readonly cookie: string
  readonly apiKeys: boolean
  /** From here on requests are answered. `url` is where the backend listens; the settings' own goes before it. */
  open(database: AccountsDatabase, url: string): AccountManager
  /** Answers a request below `/auth`, which came from an address. */
  handle(request: Request, address: string): Promise<Response>
  /** The address that links begin with. */
  readonly url: string
  /** Null where mail can neither be sent nor kept. */
  readonly post: Post | null
}

/**
 * Throws UC930 where a way in needs mail that nobody sends, UC915 without a secret that is long enough, UC934 for a provider
 * that would not be safe, UC935 and UC936 for sign-in through others that would not, UC916 for other settings that can't be used.
 */
export function createPeople(parts: PeopleParts): People {
  const { name, settings, secret, origins, tell } = parts
  if (Buffer.byteLength(secret) < 32) throw new UndercroftError("UC915", { bytes: Buffer.byteLength(secret) })
  checkAccounts(settings)
  const post = postOf(parts)
  let url = settings.url ?? "http://127.0.0.1"
  const judge = createJudge(settings, name)
  let answer: People["handle"] | null = null
  const options = (): BetterAuthOptions =>
    accountOptions({ name, settings, url, secret, origins, judge, post, tell })
  const cookies = cookiesAt(url)
  return {
    cookie: cookies.session,
    compileTables: compileTables(options()),
    apiKeys: settings.apiKeys ?? false,
    keptDays: keptDaysOf(settings),
    open(database, listening) {
      url = settings.url ?? listening
      const { plugins = [], ...others } = options()
      const { handle, manage } = createAccounts(
        { ...others, plugins: [...plugins, eventsPlugin(database)] },
        database.dialect,
        settings,
      )
      const corrected = settings.provider ? correctAnswers(handle, signOutTargets(settings.provider)) : handle
      const strict = strictSaml(corrected, `${accountsPath}/saml/`)
      answer = guardAccounts(strictCallbacks(strict, `${accountsPath}/callback/`), {
        database,
        secret,
        basePath: accountsPath,
        isSecure: url.startsWith("https://"),
        cookies,
      })
      return manage
    },
    handle: (request, address) => answer?.(request, address) ?? Promise.reject(new UndercroftError("UC691")),
    post,
    get url() {
      return url
    },
  }
}

/** The names of the cookies of a session and of a sign-in that waits for its second factor. */
export function cookiesAt(url: string): { readonly session: string; readonly pending: string } {
  const prefix = url.startsWith("https://") ? "__Host-undercroft" : "undercroft"
  return { session: `${prefix}.session_token`, pending: `${prefix}.two_factor` }
}

function postOf({ settings, keepsMail, tell }: PeopleParts): Post | null {
  if (settings.mail?.smtp || keepsMail) return openPost(settings.mail ?? null, tell)
  const way = (["verifyEmail", "magicLink", "emailCode"] as const).find((one) => settings[one])
  if (way !== undefined) throw new UndercroftError("UC930", { way })
  return null
}
