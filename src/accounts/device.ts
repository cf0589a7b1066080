/** Which kind of device and which network a request comes from, as coarse as serves to notice another. */
import { isIPv4, isIPv6 } from "node:net"

const browsers: readonly (readonly [name: string, sign: RegExp])[] = [
  ["Edge", /\bEdg/],
  ["Opera", /\bOPR\//],
  ["Firefox", /\bFirefox\/|\bFxiOS\//],
  ["Chrome", /\bChrome\/|\bCriOS\//],
  ["Safari", /\bSafari\//],
]
const systems: readonly (readonly [name: string, sign: RegExp])[] = [
  ["Android", /\bAndroid\b/],
  ["iOS", /\biPhone\b|\biPad\b/],
  ["Windows", /\bWindows\b/],
  ["macOS", /\bMac OS X\b/],
  ["Linux", /\bLinux\b/],
]

/**
 * Browser and system, without versions.
 *
 * @example
 * deviceOf("curl/8.5") // "a program"
 */
export function deviceOf(userAgent: string | null | undefined): string {
  const find = (list: typeof browsers): string | undefined =>
    list.find(([, sign]) => sign.test(userAgent ?? ""))?.[0]
  const browser = find(browsers)
  return browser === undefined ? "a program" : `${browser} on ${find(systems) ?? "an unknown system"}`
}

/** The /24 of an IPv4 address, the /48 of an IPv6 one. */
export function networkOf(address: string | null | undefined): string {
  const plain = (address ?? "").replace(/^::ffff:(?=\d+\.)/i, "").replace(/[%/].*$/, "")
  if (isIPv4(plain)) return plain.split(".").slice(0, 3).join(".")
  if (!isIPv6(plain)) return "none"
  const [head = "", tail] = plain.toLowerCase().split("::")
  const [left, right] = [head, tail ?? ""].map((part) => part.split(":").filter((one) => one !== ""))
  const filled = [...left!, ...Array(Math.max(0, 8 - left!.length - right!.length)).fill("0"), ...right!]
  return filled
    .slice(0, 3)
    .map((one) => Number.parseInt(one, 16).toString(16))
    .join(":")
}
