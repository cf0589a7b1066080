/** Whose address counts, and what is one network. */
import { expect, test } from "vitest"
import { networkOf, readAddressBehind } from "./client-address.ts"

test("without trusted proxies the socket alone says where a request comes from", () => {
  const read = readAddressBehind([])
  expect(read("203.0.113.9", "198.51.100.1")).toBe("203.0.113.9")
  expect(read("::ffff:203.0.113.9", undefined)).toBe("203.0.113.9")
  expect(read(undefined, "198.51.100.1")).toBe("unknown")
})

test("behind proxies it is the nearest hop that is none, whatever the client wrote before it (CVE-2025-64526)", () => {
  const read = readAddressBehind(["10.0.0.0/8", "2001:db8:1::/48", "192.0.2.1"])
  const rows: readonly [socket: string, forwarded: string | undefined, address: string][] = [
    ["10.0.0.1", "198.51.100.1", "198.51.100.1"],
    ["::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"],
    ["10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"],
    ["10.0.0.1", "1.1.1.1, 198.51.100.1, 10.9.9.9, 192.0.2.1", "198.51.100.1"],
    ["2001:db8:1::5", "2001:DB8:0:0::7", "2001:db8::7"],
    ["10.0.0.1", "10.0.0.2, 10.0.0.3", "10.0.0.2"],
    ["10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"],
    ["10.0.0.1", "", "10.0.0.1"],
    ["10.0.0.1", undefined, "10.0.0.1"],
    ["203.0.113.9", "10.0.0.1", "203.0.113.9"],
  ]
  for (const [socket, forwarded, address] of rows) expect(read(socket, forwarded)).toBe(address)
})

test("what is no network is refused by name", () => {
  for (const one of ["10.0.0.0/33", "10.0.0/8", "proxy.example", "10.0.0.0/8/8", "10.0.0.0/", "::/129", ""])
    expect(() => readAddressBehind([one])).toThrow(/trustedProxies/)
})

test("IPv6 counts by /64, IPv4 in IPv6 as IPv4 (CVE-2026-45364)", () => {
  expect(networkOf("2001:db8:0:1:2:3:4:5")).toBe("2001:db8:0:1::/64")
  expect(networkOf("2001:DB8::1:0:0:0:9")).toBe(networkOf("2001:db8:0:1:ffff::"))
  expect(networkOf("2001:db8:0:2::1")).not.toBe(networkOf("2001:db8:0:1::1"))
  expect(networkOf("::1")).toBe("0:0:0:0::/64")
  for (const one of ["::ffff:192.0.2.9", "::FFFF:c000:209", "0:0:0:0:0:ffff:192.0.2.9"])
    expect(networkOf(one)).toBe("192.0.2.9")
  expect(networkOf("fe80::1%eth0")).toBe("fe80:0:0:0::/64")
  expect(networkOf("example.org")).toBe("unknown")
})
