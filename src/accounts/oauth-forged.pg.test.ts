/** ID tokens that are not to be believed: none of them signs anybody in. */
import { createHmac } from "node:crypto"
import { exportSPKI, generateKeyPair, type JWTPayload, UnsecuredJWT } from "jose"
import { afterAll, beforeAll, expect, test } from "vitest"
import type { TestBackend } from "../../test/support/backend.ts"
import { uncounted } from "../../test/support/guard.ts"
import { startNotes } from "../../test/support/notes.ts"
import {
  comesBy,
  errorOf,
  type Forging,
  signed,
  startTestIssuer,
  type TestIssuer,
  testClient,
} from "../../test/support/oidc-issuer.ts"
import { Person, type PersonAnswer } from "../../test/support/people.ts"

let backend: TestBackend
let issuer: TestIssuer
let other: TestIssuer
beforeAll(async () => {
  issuer = await startTestIssuer()
  other = await startTestIssuer()
  const issuers = [{ id: "one", name: "One", issuer: issuer.url, ...testClient }]
  backend = await startNotes({ signUp: "open", oauth: { issuers } })
})
afterAll(async () => {
  await backend?.stop()
  for (const one of [issuer, other]) await one?.stop()
})

let counter = 0

const come = (person: Person, idToken: NonNullable<Forging["idToken"]>): Promise<PersonAnswer> =>
  comesBy(() => issuer)(person, undefined, { idToken })

const seconds = (): number => Math.floor(Date.now() / 1000)
/** Each makes of good claims a token that is not to be believed. */
const forged: Readonly<Record<string, (claims: JWTPayload) => Promise<string | undefined>>> = {
  "another issuer's name (CVE-2026-31813)": (all) => signed({ ...all, iss: other.url }, issuer.key),
  "for another client (CVE-2026-31813)": (all) => signed({ ...all, aud: "another" }, issuer.key),
  "for several, and issued to another": (all) =>
    signed({ ...all, aud: [testClient.clientId, "another"], azp: "another" }, issuer.key),
  "for several, and issued to nobody": (all) =>
    signed({ ...all, aud: [testClient.clientId, "another"] }, issuer.key),
  "signed by another's key (CVE-2026-31813)": async (all) =>
    signed(all, (await generateKeyPair("RS256")).privateKey),
  "signed by another issuer": (all) => signed(all, other.key),
  "of an unknown key": (all) => signed(all, issuer.key, "two"),
  "unsigned (CVE-2026-22817)": async (all) => new UnsecuredJWT(all).encode(),
  "the public key as a shared secret (CVE-2026-22817)": async (all) =>
    hmac(all, await exportSPKI(issuer.publicKey)),
  "the client's secret as the key (CVE-2026-22817)": async (all) => hmac(all, testClient.clientSecret),
  "the signature left out": async (all) => (await signed(all, issuer.key)).replace(/[^.]+$/, ""),
  "claims changed after signing": async (all) => {
    const parts = (await signed(all, issuer.key)).split(".")
    return [parts[0], encode({ ...all, sub: "somebody else" }), parts[2]].join(".")
  },
  expired: (all) => signed({ ...all, exp: seconds() - 60 }, issuer.key),
  "without an end": (all) => {
    const endless = { ...all }
    delete endless.exp
    return signed(endless, issuer.key)
  },
  "an hour old": (all) => signed({ ...all, iat: seconds() - 3600 }, issuer.key),
  "not yet good": (all) => signed({ ...all, nbf: seconds() + 600 }, issuer.key),
  "another sign-in's nonce": (all) => signed({ ...all, nonce: "another" }, issuer.key),
  "without a nonce": (all) => signed({ ...all, nonce: undefined }, issuer.key),
  "about nobody": (all) => signed({ ...all, sub: "" }, issuer.key),
  "no token, and userinfo alone": async () => undefined,
  "no JWT": async () => "opaque",
}
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
function hmac(claims: JWTPayload, secret: string): string {
  const head = `${encode({ alg: "HS256", kid: "one", typ: "JWT" })}.${encode(claims)}`
  return `${head}.${createHmac("sha256", secret).update(head).digest("base64url")}`
}

test("a token that is right signs in, or the others would prove nothing", async () => {
  const person = new Person(backend, "right@example.org")
  await come(person, (all) => signed(all, issuer.key))
  expect(await person.isSignedIn()).toBe(true)
})

test.each(Object.keys(forged))("an ID token that is not believed: %s", async (what) => {
  const person = new Person(backend, `somebody${++counter}@example.org`)
  const answer = await uncounted(backend, () => come(person, forged[what]!))
  expect([answer.status, errorOf(answer)]).toEqual([302, "unable_to_get_user_info"])
  expect(person.session).toBeUndefined()
  expect(await backend.sql(`select 1 from accounts."user" where email = $1`, [person.email])).toEqual([])
})
