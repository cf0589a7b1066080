/** The accounts of a backend: what the composition root needs of them, in the order in which it comes to it. */
import type { BetterAuthOptions } from "better-auth"
import { UndercroftError } from "../base/errors.ts"
import type { AccountsDatabase, CompileAccountTables } from "../store/accounts-database.ts"
import { accountOptions, compileTables, createAccounts } from "./create-accounts.ts"
import { correctAnswers } from "./provider-answers.ts"
import { checkProvider, signOutTargets } from "./provider-settings.ts"
import type { AccountSettings } from "./settings.ts"

export interface PeopleParts {
  readonly name: string
  readonly settings: AccountSettings
  readonly secret: string
  readonly origins: readonly string[]
}

/** Accounts, not yet open. */
export interface People {
  /** The name of the cookie that holds a session's token. */
  readonly cookie: string
  readonly compileTables: CompileAccountTables
  /** From here on requests are answered. `url` is where the backend listens; the settings' own goes before it. */
  open(database: AccountsDatabase, url: string): void
  /** Answers a request below `/auth`. */
  handle(request: Request): Promise<Response>
  /** The address that links begin with. */
  readonly url: string
}

/** Throws UC915 without a secret that is long enough, UC916 for a provider that would not be safe. */
export function createPeople({ name, settings, secret, origins }: PeopleParts): People {
  if (Buffer.byteLength(secret) < 32) throw new UndercroftError("UC915", { bytes: Buffer.byteLength(secret) })
  if (settings.provider) checkProvider(settings.provider, settings.password ?? false)
  let url = settings.url ?? "http://127.0.0.1"
  let answer: ((request: Request) => Promise<Response>) | null = null
  const options = (): BetterAuthOptions => accountOptions({ name, settings, url, secret, origins })
  return {
    cookie: `${url.startsWith("https://") ? "__Host-undercroft" : "undercroft"}.session_token`,
    compileTables: compileTables(options()),
    open(database, listening) {
      url = settings.url ?? listening
      answer = createAccounts(options(), database.dialect)
      if (settings.provider) answer = correctAnswers(answer, signOutTargets(settings.provider))
    },
    handle: (request) => answer?.(request) ?? Promise.reject(new UndercroftError("UC691")),
    get url() {
      return url
    },
  }
}
