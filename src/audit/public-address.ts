/** Where what is sent outside may go: to the address that was checked, and never into a private network unless that was allowed by name. */
import { lookup } from "node:dns"
import type { LookupFunction } from "node:net"
import ipaddr from "ipaddr.js"

/**
 * How a connection finds its host, which is not looked up again: a name can't be one address for the check and another for the socket.
 * Throws where the host is itself an address that is refused.
 */
export function checkedLookup(host: string, privateHosts: readonly string[]): LookupFunction {
  const isAllowed = privateHosts.includes(host)
  const literal = host.replace(/^\[|\]$/g, "")
  if (!isAllowed && ipaddr.isValid(literal)) refusePrivate(literal)
  return (name, options, done) =>
    lookup(name, { ...options, all: true }, (error, found) => {
      if (error) return done(error, [])
      try {
        for (const { address } of isAllowed ? [] : found) refusePrivate(address)
      } catch (cause) {
        return done(cause as NodeJS.ErrnoException, [])
      }
      const [first] = found
      if (options.all || first === undefined) return done(null, found)
      return done(null, first.address, first.family)
    })
}

/** Loopback, link-local (cloud metadata), private and reserved networks, also where IPv6 wraps them. */
function refusePrivate(address: string): void {
  if (ipaddr.process(address).range() !== "unicast")
    throw new Error("its address is in a private network, and its host is not among privateHosts")
}
