/** The cookie of a device from which somebody signed in: it is no way in, only a counter of wrong guesses of its own. */
import { randomBytes, timingSafeEqual } from "node:crypto"
import { keyedHash } from "./guess-limits.ts"

const days = 180

export interface DeviceCookies {
  /** The device's number if it proved itself for this account. */
  read(cookies: string | null, account: string): string | null
  /** A Set-Cookie header for a new device of this account. */
  make(account: string): string
}

/** `isSecure` tells whether the backend is reached by https. */
export function createDeviceCookies(secret: string, isSecure: boolean): DeviceCookies {
  const name = isSecure ? "__Host-undercroft.device" : "undercroft.device"
  const seal = (number: string, account: string): string => keyedHash(secret, ["device", number, account])
  return {
    read(cookies, account) {
      for (const value of readCookies(cookies, name)) {
        const [number = "", mark = ""] = value.split(".")
        if (isEqual(mark, seal(number, account))) return number
      }
      return null
    },
    make(account) {
      const number = randomBytes(18).toString("base64url")
      const secure = isSecure ? "; Secure" : ""
      return `${name}=${number}.${seal(number, account)}; Max-Age=${days * 86_400}; Path=/; HttpOnly; SameSite=Lax${secure}`
    },
  }
}

/** The values of all cookies of a name, at most ten. */
export function readCookies(header: string | null, name: string): string[] {
  const values: string[] = []
  for (const one of (header ?? "").split(";")) {
    const at = one.indexOf("=")
    if (one.slice(0, at).trim() === name && values.length < 10) values.push(one.slice(at + 1).trim())
  }
  return values
}

function isEqual(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)]
  return left.length === right.length && timingSafeEqual(left, right)
}
