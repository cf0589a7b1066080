/** Tokens that are forged, or put in the place of others: none is good anywhere. */
import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { symmetricDecrypt } from "better-auth/crypto"
import { importJWK, SignJWT } from "jose"
import * as oidc from "openid-client"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { clients, type SignedIn, signInFor, startProvider } from "../../test/support/provider.ts"
import { defineBackend } from "../index.ts"

let backend: TestBackend
let signedIn: SignedIn
/** The provider's own key, as only it can have it. */
let own: { readonly kid: string; readonly key: Awaited<ReturnType<typeof importJWK>> }
let jwk: Record<string, unknown>

const attacker = generateKeyPairSync("rsa", { modulusLength: 3072 })
const attackerJwk = { ...attacker.publicKey.export({ format: "jwk" }), alg: "RS256", use: "sig" }

beforeAll(async () => {
  backend = await startProvider()
  signedIn = await signInFor(backend, "portal")
  jwk = (await backend.request(null, "GET", "/auth/jwks")).json.keys[0]
  const [row] = await backend.sql(`select id, "privateKey" from accounts.jwks`)
  const text = await symmetricDecrypt({
    key: "a secret of at least thirty-two bytes",
    data: JSON.parse(row.privateKey),
  })
  own = { kid: row.id, key: await importJWK(JSON.parse(text), "RS256") }
})
afterAll(() => backend?.stop())

type Json = Record<string, unknown>
const encode = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url")
const rs256 = (input: string, key: KeyObject = attacker.privateKey): string =>
  sign("sha256", Buffer.from(input), key).toString("base64url")
const hs256 = (input: string, key: string | Buffer): string =>
  createHmac("sha256", key).update(input).digest("base64url")

const idToken = (): string => signedIn.tokens.id_token!
const part = (at: 0 | 1): Json => JSON.parse(Buffer.from(idToken().split(".")[at]!, "base64url").toString())
/** What an access token as a JWT would say. */
const accessClaims = (): Json => ({
  ...part(1),
  aud: [`${backend.url}/auth/oauth2/userinfo`],
  azp: "portal",
  client_id: "portal",
  scope: "openid profile email",
  active: true,
})
const forge = (header: Json, signer: (input: string) => string, payload: Json = accessClaims()): string => {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${signer(input)}`
}
const signOwn = (payload: Json, header: Json = {}) =>
  new SignJWT(payload).setProtectedHeader({ alg: "RS256", kid: own.kid, ...header }).sign(own.key)
const now = () => Math.floor(Date.now() / 1000)

const forged: Readonly<Record<string, () => string | Promise<string>>> = {
  "alg none": () => forge({ alg: "none" }, () => ""),
  "alg None, with a signature": () => forge({ alg: "None", kid: own.kid }, rs256),
  "no alg (CVE-2026-22817)": () => forge({ typ: "JWT", kid: own.kid }, rs256),
  "HS256 with the public key as PEM (CVE-2026-22817)": () =>
    forge({ alg: "HS256", kid: own.kid }, (input) =>
      hs256(
        input,
        createPublicKey({ key: jwk, format: "jwk" } as never).export({
          format: "pem",
          type: "spki",
        }) as string,
      ),
    ),
  "HS256 with the public key as JWK": () =>
    forge({ alg: "HS256", kid: own.kid }, (input) => hs256(input, JSON.stringify(jwk))),
  "HS256 with the modulus": () =>
    forge({ alg: "HS256", kid: own.kid }, (input) =>
      hs256(input, Buffer.from(String(jwk["n"]), "base64url")),
    ),
  "HS256 with an empty key": () => forge({ alg: "HS256", kid: "" }, (input) => hs256(input, "")),
  "HS256 with a client's secret": () =>
    forge({ alg: "HS256" }, (input) => hs256(input, clients.portal.secret)),
  "another's key under our kid": () => forge({ alg: "RS256", kid: own.kid }, rs256),
  "another's key under another kid": () => forge({ alg: "RS256", kid: "other" }, rs256),
  "no kid": () => forge({ alg: "RS256" }, rs256),
  "kid as a path": () => forge({ alg: "RS256", kid: "../../../../dev/null" }, rs256),
  "kid as SQL": () => forge({ alg: "RS256", kid: "' or '1'='1" }, rs256),
  "the key in the header": () => forge({ alg: "RS256", jwk: attackerJwk }, rs256),
  "jku in the header": () => forge({ alg: "RS256", kid: "x", jku: "https://evil.example/jwks" }, rs256),
  "x5u in the header": () => forge({ alg: "RS256", kid: "x", x5u: "https://evil.example/cert" }, rs256),
  "x5c in the header": () => forge({ alg: "RS256", kid: "x", x5c: [encode("cert")] }, rs256),
  "crit in the header": () => forge({ alg: "RS256", kid: own.kid, crit: ["b64"], b64: false }, rs256),
  "another payload": () =>
    [idToken().split(".")[0], encode({ ...part(1), sub: "someone" }), idToken().split(".")[2]].join("."),
  "a signature cut off": () => `${idToken().split(".").slice(0, 2).join(".")}.`,
  "a signature cut short": () => idToken().slice(0, -4),
  "two parts": () => idToken().split(".").slice(0, 2).join("."),
  "five parts (JWE)": () =>
    `${encode({ alg: "dir", enc: "A256GCM" })}..${encode("iv")}.${encode("text")}.${encode("tag")}`,
  "an ID token": () => idToken(),
  "our key, as an access token that is a JWT": () => signOwn(accessClaims(), { typ: "at+jwt" }),
  "our key, another issuer": () => signOwn({ ...accessClaims(), iss: "https://evil.example" }),
  "our key, this API as the audience": () => signOwn({ ...accessClaims(), aud: backend.url }),
  "our key, another audience": () => signOwn({ ...part(1), aud: "desk" }),
  "our key, expired": () => signOwn({ ...accessClaims(), exp: now() - 60 }),
  "our key, not yet good": () => signOwn({ ...accessClaims(), nbf: now() + 600 }),
  "our key, a logout token": () => signOwn({ ...part(1), events: {} }, { typ: "logout+jwt" }),
  "a refresh token": () => signedIn.tokens.refresh_token!,
  "a code": () => signedIn.callback.searchParams.get("code")!,
  "a session's token": () =>
    decodeURIComponent(signedIn.browser.cookies.get("undercroft.session_token")!).split(".")[0]!,
  "a client's secret": () => clients.portal.secret,
  "a hash of the database": async () =>
    (await backend.sql(`select token from accounts."oauthAccessToken" limit 1`))[0].token,
  "32 letters": () => "abcdefghijklmnopqrstuvwxyzABCDEF",
  much: () => "x".repeat(20_000),
}
const names = Object.keys(forged)
const basic = `Basic ${Buffer.from(`portal:${clients.portal.secret}`).toString("base64")}`

const post = async (path: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(`${backend.url}/auth/oauth2${path}`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    body: new URLSearchParams(form),
  })

describe("TR-03161-3 Auth_21: as an access token", () => {
  test.each(names)("%s: not at userinfo", async (name) => {
    const token = await forged[name]!()
    const byHeader = await fetch(`${backend.url}/auth/oauth2/userinfo`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect([byHeader.status, byHeader.headers.get("www-authenticate")]).toEqual([
      401,
      expect.stringContaining("invalid_token"),
    ])
    expect((await post("/userinfo", { access_token: token })).status).toBe(401)
  })

  test.each(names.filter((name) => name !== "a refresh token"))("%s: not active", async (name) => {
    const answer = await post("/introspect", { token: await forged[name]!() }, { authorization: basic })
    expect([answer.status, await answer.json()]).toEqual([200, { active: false }])
  })

  // A session's token is good at the API: there it is none of the provider's.
  test.each([...names.filter((name) => name !== "a session's token"), "an access token"])(
    "%s: not at the API",
    async (name) => {
      const token = name === "an access token" ? signedIn.tokens.access_token : await forged[name]!()
      for (const path of ["/rest/notes", "/graphql?query={__typename}", "/openapi.json"]) {
        const { status } = await backend.request(null, "GET", path, {
          headers: { authorization: `Bearer ${token}` },
        })
        expect([path, status]).toEqual([path, 401])
      }
    },
  )

  test("nor is it a session at /auth", async () => {
    for (const token of [signedIn.tokens.access_token, signedIn.tokens.refresh_token!, idToken()])
      for (const headers of [
        { authorization: `Bearer ${token}` },
        { cookie: `undercroft.session_token=${token}` },
      ])
        expect((await backend.request(null, "GET", "/auth/get-session", { headers })).json).toBeNull()
  })
})

test.each(names.filter((name) => name !== "a refresh token"))("as a refresh token: %s", async (name) => {
  const form = { grant_type: "refresh_token", refresh_token: await forged[name]!() }
  const answer = await post("/token", form, { authorization: basic })
  expect([answer.status, ((await answer.json()) as Json)["error"]]).toEqual([400, "invalid_grant"])
})

test.each(names.filter((name) => name !== "a code"))("as a code: %s", async (name) => {
  const { redirectUris } = clients.portal
  const form = {
    grant_type: "authorization_code",
    redirect_uri: redirectUris[0],
    code_verifier: "x".repeat(43),
  }
  const answer = await post("/token", { ...form, code: await forged[name]!() }, { authorization: basic })
  expect([answer.status, ((await answer.json()) as Json)["error"]]).toEqual([400, "invalid_grant"])
})

/** An expired ID token, of whatever kind, may end the session it names: OpenID Connect says so. */
const mayEnd = ["an ID token", "our key, expired", "our key, a logout token", "our key, not yet good"]
test.each(names.filter((name) => !mayEnd.includes(name)))(
  "as a hint at signing out: %s ends nothing",
  async (name) => {
    for (const client of ["portal", "desk"]) {
      const url = new URL("/auth/oauth2/end-session", backend.url)
      url.searchParams.set("id_token_hint", await forged[name]!())
      url.searchParams.set("client_id", client)
      if (name === "our key, another audience" && client === "desk") continue
      const answer = await fetch(url, { redirect: "manual" })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.status).toBeLessThan(500)
    }
    const known = await oidc.fetchUserInfo(signedIn.config, signedIn.tokens.access_token, signedIn.person.id)
    expect(known.email).toBe(signedIn.person.email)
  },
)

test("openid-client, held against a document and keys that are not ours, refuses our tokens", async () => {
  const { token_endpoint = "" } = signedIn.config.serverMetadata()
  const server = { issuer: "https://evil.example", token_endpoint }
  const config = new oidc.Configuration(server, "portal", clients.portal.secret)
  oidc.allowInsecureRequests(config)
  await expect(oidc.refreshTokenGrant(config, signedIn.tokens.refresh_token!)).rejects.toThrow()
})

test("an operator who configures this provider as an issuer opens nothing (CVE-2026-31813)", async () => {
  const url = "https://id.example.org"
  const strange = await startTestBackend(
    defineBackend({
      name: "clinic",
      model: [],
      accounts: { url, password: true, provider: { clients: [] } },
      callers: {
        issuers: [
          { issuer: url, namespace: "own", jwks: { keys: [attackerJwk] } },
          { issuer: "https://other.example", namespace: "other", jwks: { keys: [attackerJwk] } },
        ],
      },
    }),
    { secret: "a secret of at least thirty-two bytes", issuers: [] },
  )
  const ask = async (iss: string) => {
    const token = forge({ alg: "RS256" }, rs256, { sub: "ann", iss, exp: now() + 60 })
    return (
      await strange.request(null, "GET", "/openapi.json", { headers: { authorization: `Bearer ${token}` } })
    ).status
  }
  expect([await ask("https://other.example"), await ask(url)]).toEqual([200, 401])
  await strange.stop()
})
