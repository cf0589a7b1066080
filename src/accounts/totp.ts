/** Which thirty seconds a code of an authenticator app is of (RFC 6238). */
import { createHmac, timingSafeEqual } from "node:crypto"

const stepSeconds = 30

/** The code of a step. */
export function codeOfStep(secret: string, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const digest = createHmac("sha1", secret).update(counter).digest()
  const offset = digest[19]! & 15
  return String((digest.readUInt32BE(offset) & 0x7fff_ffff) % 1_000_000).padStart(6, "0")
}

/** Now, one step before or one after; null where a code is of none of them. */
export function stepOfCode(secret: string, code: string, now: number = Date.now()): number | null {
  const current = Math.floor(now / 1000 / stepSeconds)
  const given = Buffer.from(code)
  const found = [current - 1, current, current + 1].filter((step) => {
    const expected = Buffer.from(codeOfStep(secret, step))
    return given.length === expected.length && timingSafeEqual(given, expected)
  })
  return found[0] ?? null
}
