/**
 * Callers by their session's token. What is remembered of a session is what the process plans by; that it is still good,
 * and what its claims are, the database says in the flight of every request.
 */
import { UndercroftError } from "../base/errors.ts"
import { hashToken } from "../base/hash-token.ts"
import type { Caller } from "../engine/caller.ts"
import { sessionCaller } from "../engine/caller.ts"
import { StatementCache } from "../engine/statement-cache.ts"

/** Gives the caller of a session's token; null where there is none. */
export type FindSession = (token: string) => Caller | Promise<Caller | null>

/** What whoever comes with a session that is not good is told. */
export function sessionEnded(): UndercroftError {
  return new UndercroftError("PGRST301", { why: "The session has ended: sign in again" })
}

/** For people: whoever had switched one on would not come here with one factor. */
const switchOn = ", or switch one on first: POST /auth/two-factor/enable, or a passkey"

/** What whoever comes with a machine's key that is not good is told. */
export function keyRefused(): UndercroftError {
  return new UndercroftError("PGRST301", { why: "The key is not known, was revoked or has expired" })
}

const keptSessions = 20_000

/**
 * `lookUp` asks the database for the claims of the session with this hash, null where it is not good. Of a person who needs two
 * factors no caller is made before they have proved them, so that no door can forget it; machines have keys, and no factors.
 */
export function createSessionCallers(
  lookUp: (hash: string) => Promise<string | null>,
  needsTwoFactors: (roles: readonly string[]) => boolean,
): FindSession {
  const kept = new StatementCache<{ readonly text: string; readonly caller: Caller }>(keptSessions)

  function keep(hash: string, claims: string): Caller {
    const caller: Caller = sessionCaller(hash, claims, {
      renew: (newer) => keep(hash, newer),
      async confirm() {
        const newer = await lookUp(hash)
        if (newer === null) throw caller.claims["key"] === undefined ? sessionEnded() : keyRefused()
        return newer === claims ? caller : keep(hash, newer)
      },
    })
    const { session, assurance } = caller.claims
    if (session !== undefined && assurance !== "two-factor" && needsTwoFactors(caller.roles))
      throw new UndercroftError("UC612", { how: "with a second factor", more: switchOn })
    kept.set(hash, { text: claims, caller })
    return caller
  }

  return (token) => {
    const hash = hashToken(token)
    const found = kept.get(hash)
    if (found) return found.caller
    return lookUp(hash).then((claims) => (claims === null ? null : keep(hash, claims)))
  }
}
