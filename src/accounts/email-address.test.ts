/** One mailbox is one account, and two mailboxes never are. */
import { expect, test } from "vitest"
import { deviceOf, networkOf } from "./device.ts"
import { normalizeEmail } from "./email-address.ts"
import { codeOfStep, stepOfCode } from "./totp.ts"

test.each([
  ["Ada@Example.ORG", "ada@example.org"],
  ["a.b+c@example.org", "a.b+c@example.org"],
  ["ada@Bücher.example", "ada@xn--bcher-kva.example"],
  ["ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"],
  ["ada@ｅxample.org", "ada@example.org"],
])("%s is %s", (given, normal) => {
  expect(normalizeEmail(given)).toBe(normal)
  expect(normalizeEmail(normal)).toBe(normal)
})

test.each([
  "mıke@example.org", // dotless i: upper case makes it MIKE
  "\u{212a}im@example.org", // the sign for Kelvin: lower case makes it k
  "ａda@example.org",
  "аda@example.org", // Cyrillic
  "jose\u0301@example.org",
  "ada@example.org\u200b.",
  "ada@@example.org",
  "ada@example",
  "@example.org",
  "ada@",
  "ada",
  "",
  "ada b@example.org",
  "ada\n@example.org",
  "ada@example.org\r\nBcc: eve@example.org",
  "ada@[127.0.0.1]",
  "ada@127.0.0.1",
  '"ada"@example.org',
  "ada.@example.org",
  `${"a".repeat(65)}@example.org`,
])("%j is no address (GHSA-7rqj-j65f-68wh)", (given) => {
  expect(normalizeEmail(given)).toBeNull()
})

test("devices and networks are told apart coarsely", () => {
  const chrome =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/155.0.0.0 Safari/537.36"
  expect(deviceOf(chrome)).toBe("Chrome on Linux")
  expect(deviceOf(chrome.replace("155", "156"))).toBe("Chrome on Linux")
  expect(deviceOf(null)).toBe("a program")
  expect(networkOf("192.0.2.7")).toBe(networkOf("::ffff:192.0.2.250"))
  expect(networkOf("192.0.2.7")).not.toBe(networkOf("192.0.3.7"))
  expect(networkOf("2001:db8:1:2::3")).toBe("2001:db8:1")
  expect(networkOf("2001:0db8:0001:ffff::")).toBe("2001:db8:1")
  expect(networkOf("::1")).toBe("0:0:0")
  expect(networkOf("nonsense")).toBe("none")
})

test("codes are those of RFC 6238, and of one step", () => {
  const secret = "12345678901234567890"
  expect(codeOfStep(secret, 1)).toBe("287082")
  expect(codeOfStep(secret, 37037036)).toBe("081804")
  const now = 1111111109_000
  expect(stepOfCode(secret, "081804", now)).toBe(37037036)
  expect(stepOfCode(secret, "081804", now + 30_000)).toBe(37037036)
  expect(stepOfCode(secret, "081804", now + 90_000)).toBeNull()
  expect(stepOfCode(secret, "", now)).toBeNull()
})
