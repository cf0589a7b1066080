/** Where a request comes from: the socket's address, unless a proxy that is trusted says whom it speaks for. */
import { BlockList, isIP } from "node:net"
import { UndercroftError } from "../base/errors.ts"

/** Gives the address of whoever sent a request. */
export type ReadAddress = (socket: string | undefined, forwardedFor: string | undefined) => string

/**
 * `trusted` are addresses and networks (`10.0.0.0/8`) of proxies. X-Forwarded-For is read from its end, which the nearest
 * proxy wrote, for as long as what stands there is a proxy, too: what a client writes into it itself is never reached.
 * Throws UC916 for what is no network.
 */
export function readAddressBehind(trusted: readonly string[]): ReadAddress {
  const proxies = new BlockList()
  for (const one of trusted) addNetwork(proxies, one)
  const isProxy = (address: string): boolean =>
    isIP(address) !== 0 && proxies.check(address, isIP(address) === 6 ? "ipv6" : "ipv4")
  return (socket, forwardedFor) => {
    let address = canonicalAddress(socket ?? "") ?? "unknown"
    const hops = (forwardedFor ?? "").split(",")
    while (isProxy(address) && hops.length > 0) {
      const next = canonicalAddress(hops.pop()!.trim())
      if (next === null) break
      address = next
    }
    return address
  }
}

function addNetwork(proxies: BlockList, text: string): void {
  const [address = "", prefix, ...rest] = text.split("/")
  const family = isIP(address)
  const bits =
    prefix === undefined ? (family === 6 ? 128 : 32) : /^\d{1,3}$/.test(prefix) ? Number(prefix) : 999
  if (family === 0 || rest.length > 0 || bits > (family === 6 ? 128 : 32))
    throw new UndercroftError("UC916", { setting: "trustedProxies", why: `${text} is no address or network` })
  proxies.addSubnet(address, bits, family === 6 ? "ipv6" : "ipv4")
}

/** One writing for each address; IPv4 in IPv6's clothes is IPv4. Null for what is no address. */
function canonicalAddress(text: string): string | null {
  const address = text.replace(/%.*$/, "")
  const family = isIP(address)
  if (family === 0) return null
  if (family === 4) return address
  const groups = groupsOf(address)
  if (groups.slice(0, 5).every((one) => one === 0) && groups[5] === 0xffff)
    return [groups[6]! >> 8, groups[6]! & 255, groups[7]! >> 8, groups[7]! & 255].join(".")
  return new URL(`http://[${address}]`).hostname.slice(1, -1)
}

/** What counts as one network: an IPv4 address; of IPv6 the /64 that one household or one server is given (CVE-2026-45364). */
export function networkOf(address: string): string {
  const canonical = canonicalAddress(address) ?? "unknown"
  if (isIP(canonical) !== 6) return canonical
  return `${groupsOf(canonical)
    .slice(0, 4)
    .map((one) => one.toString(16))
    .join(":")}::/64`
}

function groupsOf(address: string): readonly number[] {
  // The platform writes the last four bytes in hexadecimal, too.
  const written = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [left = [], right = []] = written
    .split("::")
    .map((side) => side.split(":").filter((one) => one !== ""))
  const all = [...left, ...Array<string>(8 - left.length - right.length).fill("0"), ...right]
  return all.map((one) => Number.parseInt(one, 16))
}
