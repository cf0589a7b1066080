/**
 * Counts keys of machines that nobody has, by network and for all nodes together. A key that is good costs nothing here: it is
 * looked up first. Tokens of sessions are not counted, for sessions end in honest hands, and their holders must be told so.
 */
import { UndercroftError } from "../base/errors.ts"
import type { AccountsDatabase } from "../store/accounts-database.ts"
import { keyPrefix } from "./api-keys.ts"
import { networkOf, type ReadAddress } from "./client-address.ts"
import { takeAttempt } from "./guard.ts"
import { guessKeys } from "./guess-limits.ts"

export interface UnknownKeyParts {
  readonly database: AccountsDatabase
  readonly secret: string
  readonly readAddress: ReadAddress
}

interface AskedBy {
  readonly method: string
  readonly url?: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/** Throws UC613 where too many came from the network of a request. */
export function countUnknownKeys({
  database,
  secret,
  readAddress,
}: UnknownKeyParts): (token: string, request: AskedBy) => Promise<void> {
  return async (token, request) => {
    if (!token.startsWith(keyPrefix)) return
    const address = readAddress(
      request.socket.remoteAddress,
      String(request.headers["x-forwarded-for"] ?? "") || undefined,
    )
    const keys = guessKeys({ group: "key", accounts: [], network: networkOf(address) }, secret)
    const { wait, locked } = await takeAttempt(database, keys)
    if (wait > 0) {
      const seconds = Math.max(1, Math.ceil(wait))
      throw new UndercroftError("UC613", { seconds }, { retryAfter: seconds })
    }
    if (!locked) return
    const route = `${request.method} ${request.url?.split("?")[0] ?? ""}`.slice(0, 100)
    await database.query("select accounts.record_event('guessing-slowed', $1, null, null, 'refused', $2)", [
      JSON.stringify({ address, route }),
      JSON.stringify({ group: "key", counted: locked.split(",") }),
    ])
  }
}
