/** What ID tokens tell of how somebody signed in. */
import { expect, test } from "vitest"
import { authenticationClaims } from "./authentication-claims.ts"

test.each([
  ["sign-in/email", "one-factor", { acr: "one-factor", amr: ["pwd"] }],
  ["sign-up/email", "one-factor", { acr: "one-factor", amr: ["pwd"] }],
  ["sign-in/email-otp", "one-factor", { acr: "one-factor", amr: ["otp"] }],
  ["two-factor/verify-totp", "two-factor", { acr: "two-factor", amr: ["otp", "mfa"] }],
  ["two-factor/verify-backup-code", "two-factor", { acr: "two-factor", amr: ["otp", "mfa"] }],
  ["passkey/verify-authentication", "two-factor", { acr: "two-factor", amr: ["pop", "user", "mfa"] }],
  // What RFC 8176 has no word for is not called something else.
  ["magic-link/verify", "one-factor", { acr: "one-factor" }],
  ["callback/google", "one-factor", { acr: "one-factor" }],
])("%s, %s", (methods, assurance, claims) => {
  expect(authenticationClaims({ methods, assurance })).toEqual(claims)
})

test("of a session that is not there nothing is claimed", () => {
  expect(authenticationClaims({})).toEqual({ acr: "one-factor" })
})
