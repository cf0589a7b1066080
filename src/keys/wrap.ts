/** The cryptography of keys: AES-256-GCM for what is wrapped, HKDF-SHA-256 so that each key has one purpose (TR-03161-3 Cryp_1, Cryp_5). */
import { createCipheriv, createDecipheriv, hkdfSync, type KeyObject, randomBytes } from "node:crypto"

const ivBytes = 12
const tagBytes = 16
const cipher = "aes-256-gcm"
const options = { authTagLength: tagBytes }

/** A key for one purpose, from one that is never used itself. */
export function deriveKey(secret: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, Buffer.alloc(0), `undercroft ${purpose} 1`, 32))
}

/** Random bytes that nobody chose: 256 bits from the system's generator. */
export function makeSecret(): Buffer {
  return randomBytes(32)
}

/** Initialisation vector, encrypted bytes, tag. `about` must be the same when it is opened. */
export function encrypt(key: Buffer | KeyObject, plain: Buffer, about: Buffer): Buffer {
  const iv = randomBytes(ivBytes)
  const made = createCipheriv(cipher, key, iv)
  made.setAAD(about)
  return Buffer.concat([iv, made.update(plain), made.final(), made.getAuthTag()])
}

/** Throws where the key, the bytes or what they are about is another. */
export function decrypt(key: Buffer | KeyObject, sealed: Buffer, about: Buffer): Buffer {
  const end = sealed.length - tagBytes
  if (end < ivBytes) throw new Error("too short")
  const opened = createDecipheriv(cipher, key, sealed.subarray(0, ivBytes), options)
  opened.setAAD(about)
  opened.setAuthTag(sealed.subarray(end))
  const plain = opened.update(sealed.subarray(ivBytes, end))
  // A stream cipher keeps nothing back: this gives no bytes, it judges those above.
  opened.final()
  return plain
}
