/** The key at the top: it wraps root keys, lies outside of Undercroft, and can be a service that never gives it out. */
import { createHash, timingSafeEqual } from "node:crypto"
import { UndercroftError } from "../base/errors.ts"
import { decrypt, deriveKey, encrypt } from "./wrap.ts"

/** Whoever has another vault or hardware module implements this. */
export interface KeyEncryptionKey {
  /** Tells keys apart and nothing of them; it stands in the key store. */
  readonly id: string
  wrap(secret: Buffer): Promise<Buffer>
  /** Throws where it was another key that wrapped it. */
  unwrap(wrapped: Buffer): Promise<Buffer>
}

const about = Buffer.from("undercroft root key")

/** From 32 bytes in base64, as the environment or a file has them. Throws UC542. */
export function localKey(text: string): KeyEncryptionKey {
  const secret = Buffer.from(text.trim(), "base64")
  if (secret.length !== 32 || isUniform(secret)) {
    const why = secret.length === 32 ? "is no random key" : `has ${secret.length} bytes in base64, and not 32`
    throw new UndercroftError("UC542", { why })
  }
  const key = deriveKey(secret, "wrap root keys")
  const id = createHash("sha256").update(deriveKey(secret, "name this key")).digest("hex").slice(0, 16)
  return {
    id: `local:${id}`,
    wrap: async (plain) => encrypt(key, plain, about),
    unwrap: async (wrapped) => decrypt(key, wrapped, about),
  }
}

/** A key of one repeated byte was not made by a generator. */
function isUniform(secret: Buffer): boolean {
  return timingSafeEqual(secret, Buffer.alloc(32, secret[0]))
}
