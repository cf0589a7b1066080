/**
 * Keeps tokens that this backend issues to other applications from being used against its own API: they tell who somebody
 * is, and may do nothing here. No setting of issuers can make them do so by mistake.
 */
import { decodeJwt } from "jose"
import { UndercroftError } from "../base/errors.ts"
import type { VerifyToken } from "./jwt.ts"

/** What whoever comes with such a token is told. */
const notForApi =
  "A token for another application is not one for this API: it is for /auth/oauth2/userinfo and /auth/oauth2/introspect"

/** The same verifier, which refuses with PGRST301 what names `issuer()` as its issuer. */
export function refuseOwnTokens(verify: VerifyToken, issuer: () => string): VerifyToken {
  return (token) =>
    issuerOf(token) === issuer()
      ? Promise.reject(new UndercroftError("PGRST301", { why: notForApi }))
      : verify(token)
}

/** The signature does not matter: who names this issuer is refused in any case. */
function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}
