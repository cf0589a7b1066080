/** How a bearer secret is stored and looked up: by its digest, so that what is stored can't be used. */
import { createHash } from "node:crypto"

/**
 * SHA-256, in hexadecimal. Only for what is random enough not to be guessed.
 *
 * @example
 * hashToken("abc").slice(0, 8) // "ba7816bf"
 */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex")
}
