/** Signs bearer JWTs for callers in development and tests; in production an identity provider issues them. */
import { SignJWT } from "jose"
import { UndercroftError } from "../base/errors.ts"

/** How a development token is signed. `expiresInSeconds` is 3,600 unless given. */
export interface SignTokenOptions {
  readonly secret: string
  readonly issuer?: string
  readonly audience?: string | readonly string[]
  readonly expiresInSeconds?: number
}

/**
 * Signs claims with HS256; `iat` and `exp` are set here, `iss` and `aud` when given.
 *
 * @throws UC601 when the secret has less than 32 bytes
 * @example
 * const token = await signToken({ sub: "4f6c…", role: "doctor" }, { secret, audience: "clinic" })
 */
export async function signToken(
  claims: Readonly<Record<string, unknown>>,
  { secret, issuer, audience, expiresInSeconds = 3600 }: SignTokenOptions,
): Promise<string> {
  const bytes = Buffer.byteLength(secret)
  if (bytes < 32) throw new UndercroftError("UC601", { issuer: "JWT signer", bytes })
  const now = Math.floor(Date.now() / 1000)
  const jwt = new SignJWT({ ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuedAt(now)
    .setExpirationTime(now + expiresInSeconds)
  if (issuer !== undefined) jwt.setIssuer(issuer)
  if (audience !== undefined) jwt.setAudience([audience].flat() as string[])
  return jwt.sign(Buffer.from(secret))
}
