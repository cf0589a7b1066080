/** Every way in which a token can lie, and what it is told. */
import { createHmac, generateKeyPairSync, type KeyObject, sign as signBytes } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert as assertProperty, asyncProperty, constantFrom, nat } from "fast-check"
import { CompactEncrypt } from "jose"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest"
import { UndercroftError } from "../base/errors.ts"
import { createTokenVerifier, type JwtIssuer, type VerifiedToken, type VerifyToken } from "./jwt.ts"
import { signToken } from "./jwt-sign.ts"

const now = Math.floor(Date.now() / 1000)
const secret = "a-secret-of-32-bytes-for-testing!"
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 })
const rsaNext = generateKeyPairSync("rsa", { modulusLength: 2048 })
const rsaAttacker = generateKeyPairSync("rsa", { modulusLength: 2048 })
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" })
const ed = generateKeyPairSync("ed25519")
const rsaPem = rsa.publicKey.export({ format: "pem", type: "spki" }) as string
const folder = mkdtempSync(join(tmpdir(), "undercroft-jwt-"))
afterAll(() => rmSync(folder, { recursive: true }))

type Json = Readonly<Record<string, unknown>>
type Signer = (input: string) => Buffer

const encode = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url")
const hmac =
  (key: string | Buffer, digest = "sha256"): Signer =>
  (input) =>
    createHmac(digest, key).update(input).digest()
const withRsa =
  (key: KeyObject, digest = "sha256"): Signer =>
  (input) =>
    signBytes(digest, Buffer.from(input), key)
const withEc =
  (key: KeyObject): Signer =>
  (input) =>
    signBytes("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" })
const withEd =
  (key: KeyObject): Signer =>
  (input) =>
    signBytes(null, Buffer.from(input), key)

const keyOf = (key: KeyObject): { keys: object[] } => ({ keys: [publicJwk(key, { kid: "r1" })] })
const byKey = (pair: { privateKey: KeyObject }, payload: Json, header: Json = { kid: "r1" }): string =>
  forge({ alg: "RS256", ...header }, payload, withRsa(pair.privateKey))

/** A token as an attacker would make it: any header and payload (text is taken as it is), any signature. */
function forge(header: Json | string, payload: Json | string, signer: Signer): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${signer(input).toString("base64url")}`
}

const publicJwk = (key: KeyObject, more: Json = {}): object => ({ ...key.export({ format: "jwk" }), ...more })
const claims: Json = { sub: "ada", exp: now + 600 }
const hs256 = (payload: Json | string, header: Json = {}): string =>
  forge({ alg: "HS256", typ: "JWT", ...header }, payload, hmac(secret))
const rs256 = (payload: Json | string, header: Json = {}): string =>
  forge({ alg: "RS256", kid: "r1", ...header }, payload, withRsa(rsa.privateKey))

async function refusal(verify: VerifyToken, token: string): Promise<UndercroftError> {
  let result: VerifiedToken
  try {
    result = await verify(token)
  } catch (error) {
    expect(error).toBeInstanceOf(UndercroftError)
    return error as UndercroftError
  }
  throw new Error(`verified to ${JSON.stringify(result.claims)}`)
}

/** Nothing of a token may be in what is sent, nor in the cause, which is logged. */
function expectNoTrace(error: UndercroftError, token: string): void {
  const said = JSON.stringify([error.toBody(), String(error.cause), error.stack])
  for (const part of token.split(".")) if (part.length > 8) expect(said).not.toContain(part)
  for (const word of ["mallory", "etc/passwd", "x-secret-ext"]) expect(said).not.toContain(word)
}

interface Row {
  readonly name: string
  readonly token: string
  readonly code?: "PGRST301" | "PGRST303"
  readonly message?: string
}

/** Rows whose token is accepted, with the claims that it carries. */
const accepted = (tokens: Readonly<Record<string, string>>): Row[] =>
  Object.entries(tokens).map(([name, token]) => ({ name, token }))

/** Rows whose token is refused, all with this code and message. */
const refused = (code: "PGRST301" | "PGRST303", message: string, tokens: Record<string, string>): Row[] =>
  Object.entries(tokens).map(([name, token]) => ({ name, token, code, message }))

/** Names and tokens, one for each value. */
const each = (name: string, values: readonly unknown[], toToken: (value: unknown) => string) =>
  Object.fromEntries(values.map((value) => [`${name} ${JSON.stringify(value)}`, toToken(value)]))

function testRows(issuers: readonly JwtIssuer[], rows: readonly Row[]): void {
  it.each(rows)("$name: $code $message", async ({ token, code, message }) => {
    const verify = createTokenVerifier(issuers)
    if (code === undefined) {
      const payload = Buffer.from(token.split(".")[1] ?? "", "base64url").toString()
      expect((await verify(token)).claims).toEqual(JSON.parse(payload))
      return
    }
    const error = await refusal(verify, token)
    expect(error).toMatchObject({ code, message, status: 401 })
    expectNoTrace(error, token)
    await refusal(verify, token) // a refusal is not remembered as anything else
  })
}

const advance = (seconds: number): void => void vi.setSystemTime(Date.now() + seconds * 1000)
const unreadable = "JWT cryptographic operation failed"
const noKey = "No suitable key or wrong key type"
const wrongAlgorithm = "Wrong or unsupported encoding algorithm"
const wrongType = "Unsupported token type"
const mustBeNumber = (claim: string): string => `The JWT '${claim}' claim must be a number`
const mustBeText = (claim: string): string => `The JWT '${claim}' claim must be a string that is not empty`
const mustBeAudience = "The JWT 'aud' claim must be a string or an array of strings"

describe("a secret", () => {
  const good = hs256(claims)
  const [header, payload, signature] = good.split(".") as [string, string, string]
  const soon = now + 60
  const otherAlgorithms = [
    "none",
    "None",
    "NONE",
    "nOnE",
    "HS512",
    "hs256",
    "RS256",
    "dir",
    "__proto__",
    "constructor",
  ]

  testRows(
    [{ secret }],
    [
      accepted({
        good,
        "typ at+jwt": hs256(claims, { typ: "at+jwt" }),
        "typ application/AT+JWT": hs256(claims, { typ: "application/AT+JWT" }),
        "no typ": forge({ alg: "HS256" }, claims, hmac(secret)),
        "any audience when none is asked for": hs256({ ...claims, aud: ["a", "b"] }),
        "exp within the tolerance": hs256({ exp: now - 2 }),
        "nbf and iat within the tolerance": hs256({ exp: soon, nbf: now + 4, iat: now + 4 }),
      }),

      // Shape.
      refused("PGRST301", "Empty JWT is sent in Authorization header", { empty: "" }),
      refused("PGRST301", "Expected 3 parts in JWT; got 1", {
        "one part": "mallory",
        "JSON serialization": JSON.stringify({ protected: header, payload, signature }),
      }),
      refused("PGRST301", "Expected 3 parts in JWT; got 2", { "two parts": `${header}.${payload}` }),
      refused("PGRST301", "JWT couldn't be decoded", {
        "over 8 KB": hs256({ ...claims, pad: "x".repeat(8192) }),
      }),
      refused("PGRST301", unreadable, {
        "no signature": `${header}.${payload}.`,
        "not base64url": "mal.l§ory.x",
        "white space": `${header}.${payload}. ${signature}`,
        padding: `${good}=`,
        "line end": `${good}\n`,
        "header not JSON": forge("{mallory", claims, hmac(secret)),
        "header a list": forge("[]", claims, hmac(secret)),
        "header null": forge("null", claims, hmac(secret)),
      }),

      // Proof.
      refused("PGRST301", wrongAlgorithm, {
        ...each("CVE-2026-22817 Hono: alg", otherAlgorithms, (alg) => hs256(claims, { alg })),
        "CVE-2026-22817 Hono: HS512": forge({ alg: "HS512" }, claims, hmac(secret, "sha512")),
      }),
      refused("PGRST301", unreadable, {
        "CVE-2026-22817 Hono: none without a signature": `${encode({ alg: "none" })}.${payload}.`,
        "CVE-2026-22817 Hono: missing alg": forge({ typ: "JWT" }, claims, hmac(secret)),
        ...each("CVE-2026-22817 Hono: alg", ["", null, ["HS256"], 0], (alg) => hs256(claims, { alg })),
        "wrong secret": forge({ alg: "HS256" }, claims, hmac("mallory's own secret of 32 bytes.")),
        "another payload": `${header}.${encode({ ...claims, sub: "mallory" })}.${signature}`,
        "truncated signature": good.slice(0, -4),
        "a key in the header": forge(
          { alg: "HS256", jwk: { kty: "oct", k: encode("mallory") } },
          claims,
          hmac("mallory"),
        ),
        "kid /dev/null, empty key": forge({ alg: "HS256", kid: "../../dev/null" }, claims, hmac("")),
        "kid as SQL": forge({ alg: "HS256", kid: "' union select 'mallory" }, claims, hmac("mallory")),
      }),
      refused("PGRST301", wrongType, {
        "crit unknown": hs256(claims, { crit: ["x-secret-ext"], "x-secret-ext": 1 }),
        "crit b64": hs256(claims, { crit: ["b64"], b64: true }),
        "crit empty": hs256(claims, { crit: [] }),
        "crit null": hs256(claims, { crit: null }),
        "a logout token": hs256(claims, { typ: "logout+jwt" }),
        "a DPoP proof": hs256(claims, { typ: "dpop+jwt" }),
        "typ not text": hs256(claims, { typ: 7 }),
      }),

      // Claims.
      refused("PGRST303", "Parsing claims failed", {
        "payload not JSON": hs256("mallory"),
        "payload a list": hs256("[]"),
        "payload null": hs256("null"),
        "__proto__ in the payload": hs256(`{"exp":${soon},"a":[{"__proto__":{"role":"mallory"}}]}`),
      }),
      refused("PGRST303", "JWT expired", {
        expired: hs256({ ...claims, exp: now - 60 }),
        "exp twice, the last one past": hs256(`{"exp":${soon},"exp":1}`),
      }),
      refused("PGRST303", "The JWT 'exp' claim is missing or wrong", { "no exp": hs256({ sub: "mallory" }) }),
      refused("PGRST303", mustBeNumber("exp"), {
        ...each("exp", [null, String(soon), [soon], true], (exp) => hs256({ ...claims, exp })),
        "exp infinite": hs256(`{"sub":"mallory","exp":1e999}`),
      }),
      refused("PGRST303", mustBeNumber("nbf"), { "nbf as text": hs256({ ...claims, nbf: "0" }) }),
      refused("PGRST303", mustBeNumber("iat"), { "iat as text": hs256({ ...claims, iat: "0" }) }),
      refused("PGRST303", "JWT not yet valid", { "not yet valid": hs256({ ...claims, nbf: soon }) }),
      refused("PGRST303", "JWT issued at future", {
        "issued in the future": hs256({ ...claims, iat: soon }),
        "iat infinite": hs256(`{"exp":${soon},"iat":1e999}`),
      }),
      refused(
        "PGRST303",
        mustBeText("sub"),
        each("sub", [7, null, ["ada"], { id: "ada" }, true, ""], (sub) => hs256({ ...claims, sub })),
      ),
      refused(
        "PGRST303",
        mustBeText("iss"),
        each("iss", [7, null, ["mallory"], ""], (iss) => hs256({ ...claims, iss })),
      ),
      refused(
        "PGRST303",
        mustBeAudience,
        each("aud", [7, null, [7], { mallory: 1 }], (aud) => hs256({ ...claims, aud })),
      ),
    ].flat(),
  )
})

describe("public keys", () => {
  const jwks = {
    keys: [
      publicJwk(rsa.publicKey, { kid: "r1" }), // no alg: it is the list that decides, not the token
      publicJwk(ec.publicKey, { kid: "e1" }),
      publicJwk(ed.publicKey, { kid: "d1", alg: "EdDSA", use: "sig" }),
      publicJwk(rsaNext.publicKey, { kid: "enc", use: "enc" }),
    ],
  }
  const pem = join(folder, "rsa.pem")
  const file = join(folder, "jwks.json")
  writeFileSync(pem, rsaPem)
  writeFileSync(file, JSON.stringify(jwks))
  const publicForms = {
    PEM: rsaPem,
    "PEM trimmed": rsaPem.trim(),
    DER: rsa.publicKey.export({ format: "der", type: "spki" }),
    JWK: JSON.stringify(publicJwk(rsa.publicKey)),
    modulus: Buffer.from((publicJwk(rsa.publicKey) as { n: string }).n, "base64url"),
  }
  const byAttacker = (more: Json): string =>
    forge({ alg: "RS256", kid: "r1", ...more }, claims, withRsa(rsaAttacker.privateKey))
  const attacks = [
    ...Object.entries(publicForms).map(([name, key]) =>
      refused("PGRST301", wrongAlgorithm, {
        [`CVE-2026-22817 Hono: RS256 to HS256 by the ${name}`]: forge({ alg: "HS256" }, claims, hmac(key)),
        [`CVE-2026-22817 Hono: RS256 to HS256 by the ${name}, with kid`]: forge(
          { alg: "HS256", kid: "r1" },
          claims,
          hmac(key),
        ),
      }),
    ),
    refused("PGRST301", wrongAlgorithm, {
      "CVE-2026-22817 Hono: none": forge({ alg: "none", kid: "r1" }, claims, () => Buffer.from("x")),
      "CVE-2026-22817 Hono: RS512": forge(
        { alg: "RS512", kid: "r1" },
        claims,
        withRsa(rsa.privateKey, "sha512"),
      ),
    }),
    refused("PGRST301", unreadable, {
      "CVE-2026-22817 Hono: missing alg": forge({ kid: "r1" }, claims, withRsa(rsa.privateKey)),
      "another's key": byAttacker({}),
      "jwk in the header": byAttacker({ jwk: publicJwk(rsaAttacker.publicKey) }),
      "x5c in the header": byAttacker({ x5c: ["bWFsbG9yeQ=="] }),
    }),
  ].flat()
  const badKids = [
    "../../etc/passwd",
    "r1\0",
    "R1",
    "__proto__",
    "",
    1,
    null,
    ["r1"],
    { r1: 1 },
    `file://${pem}`,
  ]

  describe.each([
    { as: "inline", issuer: { jwks } },
    { as: "in a file", issuer: { jwksFile: file } },
  ])("as a JWKS $as", ({ issuer }) => {
    testRows(
      [issuer],
      [
        accepted({
          RS256: rs256(claims),
          "RS256 without kid": forge({ alg: "RS256" }, claims, withRsa(rsa.privateKey)),
          ES256: forge({ alg: "ES256", kid: "e1" }, claims, withEc(ec.privateKey)),
          EdDSA: forge({ alg: "EdDSA", kid: "d1" }, claims, withEd(ed.privateKey)),
        }),
        attacks,
        refused("PGRST301", unreadable, {
          "CVE-2022-21449: ES256 of zeros": forge({ alg: "ES256", kid: "e1" }, claims, () =>
            Buffer.alloc(64),
          ),
        }),
        refused("PGRST301", noKey, {
          "an encryption key": forge({ alg: "RS256", kid: "enc" }, claims, withRsa(rsaNext.privateKey)),
          "the kid of another kind": forge({ alg: "ES256", kid: "r1" }, claims, withEc(ec.privateKey)),
          ...each("kid", badKids, (kid) => rs256(claims, { kid })),
        }),
      ].flat(),
    )
  })

  describe("as a PEM", () => {
    testRows(
      [{ jwksFile: pem }],
      [
        accepted({
          RS256: forge({ alg: "RS256" }, claims, withRsa(rsa.privateKey)),
          "any kid": rs256(claims, { kid: "../../etc/passwd" }),
        }),
        attacks,
        refused("PGRST301", noKey, { ES256: forge({ alg: "ES256" }, claims, withEc(ec.privateKey)) }),
      ].flat(),
    )
  })

  describe("of one kind only", () => {
    testRows(
      [{ jwks, algorithms: ["ES256"] }],
      [
        accepted({ ES256: forge({ alg: "ES256", kid: "e1" }, claims, withEc(ec.privateKey)) }),
        refused("PGRST301", wrongAlgorithm, { RS256: rs256(claims) }),
      ].flat(),
    )
  })

  describe("without kid, two that fit", () => {
    testRows(
      [{ jwks: { keys: [publicJwk(rsaNext.publicKey), publicJwk(rsa.publicKey)] } }],
      [
        accepted({ "the first": byKey(rsaNext, claims, {}), "the second": byKey(rsa, claims, {}) }),
        refused("PGRST301", unreadable, { neither: byKey(rsaAttacker, claims, {}) }),
        refused("PGRST303", "JWT expired", { expired: byKey(rsa, { exp: 1 }, {}) }),
      ].flat(),
    )
  })

  it("refuses a JWE, which has five parts", async () => {
    const jwe = await new CompactEncrypt(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A256GCM" })
      .encrypt(rsa.publicKey)
    const error = await refusal(createTokenVerifier([{ jwks }]), jwe)
    expect(error).toMatchObject({ code: "PGRST301", message: "Expected 3 parts in JWT; got 5" })
  })
})

describe("several issuers", () => {
  const clinic = { issuer: "https://clinic.example", audience: "app", jwks: keyOf(rsa.publicKey) }
  const lab = { issuer: "https://lab.example", audience: ["app", "lab"], jwks: keyOf(rsaNext.publicKey) }
  const inner = { issuer: "inner", secret }
  const ofClinic = { ...claims, iss: clinic.issuer, aud: "app" }
  const otherIssuers = [
    "https://mallory.example",
    "",
    `${clinic.issuer}/`,
    clinic.issuer.toUpperCase(),
    ` ${clinic.issuer}`,
    `${clinic.issuer}@mallory.example`,
    "__proto__",
    null,
    7,
    [clinic.issuer],
    undefined,
  ]

  testRows(
    [clinic, lab, inner],
    [
      accepted({
        "the first": rs256(ofClinic),
        "the second": byKey(rsaNext, { ...claims, iss: lab.issuer, aud: ["x", "lab"] }),
        "the third": hs256({ ...claims, iss: "inner" }),
      }),
      refused("PGRST301", noKey, {
        ...each("CVE-2026-31813: iss", otherIssuers, (iss) => rs256({ ...ofClinic, iss })),
        "CVE-2026-31813: the attacker's issuer and key": byKey(rsaAttacker, {
          ...ofClinic,
          iss: "https://mallory.example",
        }),
      }),
      refused("PGRST301", unreadable, {
        "CVE-2026-31813: the attacker's key": byKey(rsaAttacker, ofClinic),
        "CVE-2026-31813: another issuer's key": byKey(rsaNext, ofClinic),
        "CVE-2026-31813: iss twice": rs256(
          `{"iss":"${clinic.issuer}","iss":"${lab.issuer}","aud":"app","exp":${now + 60}}`,
        ),
      }),
      refused("PGRST301", wrongAlgorithm, {
        "CVE-2026-31813: another issuer's kind of key": hs256(ofClinic),
        "CVE-2026-31813: another issuer's kind of key, the other way": rs256({ ...claims, iss: "inner" }),
      }),
      refused("PGRST303", "JWT not in audience", {
        ...each("CVE-2026-31813: aud", ["mallory", "app2", "ap", "", [], ["lab"], 7, null], (aud) =>
          rs256({ ...ofClinic, aud }),
        ),
        "CVE-2026-31813: no aud": rs256({ ...ofClinic, aud: undefined }),
      }),
      refused("PGRST303", mustBeAudience, {
        "CVE-2026-31813: aud among what isn't text": rs256({ ...ofClinic, aud: ["app", 7] }),
      }),
    ].flat(),
  )

  describe("one that is named", () => {
    testRows(
      [clinic],
      [
        accepted({ good: rs256(ofClinic) }),
        refused(
          "PGRST301",
          noKey,
          each("CVE-2026-31813: the same key, iss", otherIssuers, (iss) => rs256({ ...ofClinic, iss })),
        ),
      ].flat(),
    )
  })

  describe("none", () => {
    testRows([], refused("PGRST301", noKey, { "any token": hs256(claims) }))
  })
})

describe("TR-03161-3 Auth_21: with the clock", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }))
  afterEach(() => void vi.useRealTimers())

  it("answers at once from the second time on, and looks at the expiry each time", async () => {
    const verify = createTokenVerifier([{ secret }])
    const exp = Math.floor(Date.now() / 1000) + 100
    const token = hs256({ sub: "ada", exp })
    const first = verify(token)
    expect(first).toBeInstanceOf(Promise)
    expect(await first).toEqual({ claims: { sub: "ada", exp }, expiresAt: exp, namespace: null })
    expect(verify(token)).toBe(await first)
    advance(103) // within the tolerance
    expect(verify(token)).toBe(await first)
    advance(3)
    expect((await refusal(verify, token)).message).toBe("JWT expired")
  })

  it("refuses with a promise, never outside it", async () => {
    const verify = createTokenVerifier([{ secret }])
    for (const token of ["", "x", "x".repeat(9000), hs256({ exp: 1 }), undefined, 7]) {
      const answer = verify(token as string)
      expect(answer).toBeInstanceOf(Promise)
      await expect(answer).rejects.toBeInstanceOf(UndercroftError)
    }
  })

  it("CVE-2026-44457 Hono: callers share claims but can't change them, and never get each other's", async () => {
    const verify = createTokenVerifier([{ secret }])
    const tokens = ["ada", "bob"].map((sub) => hs256({ ...claims, sub, roles: [{ name: "doctor" }] }))
    for (const token of [...tokens, ...tokens]) await verify(token)
    const seen = (tokens as [string, string]).map((token) => verify(token) as VerifiedToken)
    expect(seen.map((token) => token.claims.sub)).toEqual(["ada", "bob"])
    const { roles } = (seen[0] as VerifiedToken).claims as { roles: { name: string }[] }
    expect(() => roles.push({ name: "admin" })).toThrow(TypeError)
    expect(() => Object.assign(roles[0] as object, { name: "admin" })).toThrow(TypeError)
    expect(() => Object.assign((seen[0] as VerifiedToken).claims, { sub: "bob" })).toThrow(TypeError)
  })

  it("remembers no more than cacheSize, the lately used before the others", async () => {
    const verify = createTokenVerifier([{ secret }], { cacheSize: 4 })
    const [used, ...others] = Array.from({ length: 20 }, (_, id) =>
      hs256({ ...claims, sub: String(id) }),
    ) as [string, ...string[]]
    await verify(used)
    for (const token of others) {
      await verify(token)
      expect(verify(used)).not.toBeInstanceOf(Promise)
    }
    expect(others.filter((token) => !(verify(token) instanceof Promise)).length).toBeLessThanOrEqual(3)
    const forgetful = createTokenVerifier([{ secret }], { cacheSize: 0 })
    await forgetful(used)
    expect(forgetful(used)).toBeInstanceOf(Promise)
  })

  it("keeps to the tolerance of the issuer", async () => {
    const strict = createTokenVerifier([{ secret, clockToleranceSeconds: 0 }])
    const lax = createTokenVerifier([{ secret, clockToleranceSeconds: 60 }])
    const at = Math.floor(Date.now() / 1000)
    for (const [name, payload] of Object.entries({
      exp: { exp: at - 10 },
      nbf: { exp: at + 99, nbf: at + 10 },
      iat: { exp: at + 99, iat: at + 10 },
    })) {
      expect((await refusal(strict, hs256(payload))).code, name).toBe("PGRST303")
      expect((await lax(hs256(payload))).claims, name).toEqual(payload)
    }
  })
})

describe("a JWKS URL", () => {
  let server: Server
  let url: string
  let keys: object[]
  let answer: RequestListener
  let requests: string[]
  const old = publicJwk(rsa.publicKey, { kid: "r1" })
  const next = publicJwk(rsaNext.publicKey, { kid: "r2" })
  const byNext = forge(
    { alg: "RS256", kid: "r2" },
    { sub: "next", exp: now + 6000 },
    withRsa(rsaNext.privateKey),
  )
  const byOld = rs256({ sub: "old", exp: now + 6000 })
  const json: RequestListener = (_request, response) => {
    response.setHeader("content-type", "application/json").end(JSON.stringify({ keys }))
  }

  beforeAll(async () => {
    server = createServer((request, response) => {
      requests.push(request.url ?? "")
      answer(request, response)
    })
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => void server.close())
  beforeEach(() => {
    keys = [old]
    answer = json
    requests = []
    vi.useFakeTimers({ toFake: ["Date"] })
  })
  afterEach(() => void vi.useRealTimers())
  const create = (): VerifyToken => createTokenVerifier([{ jwksUrl: `${url}/jwks` }])

  it("is fetched once for many tokens, and not at creation", async () => {
    const verify = create()
    expect(requests).toEqual([])
    const tokens = Array.from({ length: 20 }, (_, id) => rs256({ sub: String(id), exp: now + 600 }))
    await Promise.all(tokens.map((token) => verify(token)))
    expect(requests).toEqual(["/jwks"])
    expect(verify(tokens[0] as string)).not.toBeInstanceOf(Promise)
  })

  it("follows a rotation: the new key after the cooldown, the old refused within a minute, remembered or not", async () => {
    const verify = create()
    expect((await verify(byOld)).claims.sub).toBe("old")
    keys = [next]
    expect((await refusal(verify, byNext)).message).toBe(noKey) // cooling down
    expect(requests.length).toBe(1)
    advance(10)
    const together = await Promise.all(
      [byNext, byKey(rsaNext, claims, { kid: "r2" })].map((token) => verify(token)),
    )
    expect(together.map((token) => token.claims.sub)).toEqual(["next", "ada"])
    expect(requests.length).toBe(2)
    expect((await refusal(verify, rs256({ sub: "old", exp: now + 6001 }))).message).toBe(noKey)
    expect(verify(byOld)).not.toBeInstanceOf(Promise) // still remembered
    advance(50)
    expect(await refusal(verify, byOld)).toMatchObject({ code: "PGRST301", message: noKey })
  })

  it("remembers a token for 60 seconds at most, and counts from when the keys were fetched", async () => {
    const verify = create()
    await verify(byOld)
    advance(59)
    const late = rs256({ sub: "late", exp: now + 6000 })
    await verify(late)
    expect(verify(late)).not.toBeInstanceOf(Promise)
    expect(requests.length).toBe(1)
    keys = [next]
    advance(1)
    expect((await refusal(verify, late)).message).toBe(noKey)
    expect((await refusal(verify, byOld)).message).toBe(noKey)
    expect(requests.length).toBe(2)
  })

  it("remembers nothing that was proved by the last keys while new ones are on their way", async () => {
    const verify = create()
    await verify(byOld)
    keys = [next]
    advance(60)
    const asks = refusal(verify, byOld)
    const meanwhile = rs256({ sub: "meanwhile", exp: now + 6000 })
    expect((await verify(meanwhile)).claims.sub).toBe("meanwhile")
    expect((await asks).message).toBe(noKey)
    expect((await refusal(verify, meanwhile)).message).toBe(noKey)
  })

  it("is not hammered with unknown keys, nor while it is down", async () => {
    const verify = create()
    await verify(byOld)
    for (let id = 0; id < 30; id++) await refusal(verify, rs256(claims, { kid: `k${id}` }))
    expect(requests.length).toBe(1)
    answer = (request) => void request.socket.destroy()
    advance(11)
    for (let id = 0; id < 30; id++) await refusal(verify, rs256(claims, { kid: `k${id}` }))
    expect(requests.length).toBe(2)
  })

  it("keeps its last keys for ten minutes while it is down, then says so with 503", async () => {
    const verify = create()
    await verify(byOld)
    answer = (_request, response) => void response.writeHead(500).end("mallory")
    for (let minute = 1; minute < 10; minute++) {
      advance(60)
      expect((await verify(byOld)).claims.sub).toBe("old")
    }
    advance(61)
    const error = await refusal(verify, byOld)
    expect(error).toMatchObject({ code: "UC604", status: 503 })
    expect(JSON.stringify(error.toBody())).not.toContain(url)
    answer = json
    advance(5)
    expect((await verify(byOld)).claims.sub).toBe("old")
  })

  it.each<{ name: string; bad: RequestListener }>([
    { name: "not found", bad: (_request, response) => void response.writeHead(404).end() },
    { name: "not JSON", bad: (_request, response) => void response.end("<html>") },
    { name: "not a JWKS", bad: (_request, response) => void response.end("[]") },
    { name: "a closed connection", bad: (request) => void request.socket.destroy() },
    {
      name: "SSRF: a redirect, which is not followed",
      bad: (request, response) =>
        request.url === "/jwks"
          ? void response.writeHead(302, { location: "/other" }).end()
          : json(request, response),
    },
  ])("answers $name with 503, and recovers", async ({ bad }) => {
    answer = bad
    const verify = create()
    expect(await refusal(verify, byOld)).toMatchObject({ code: "UC604", status: 503 })
    expect(await refusal(verify, byOld)).toMatchObject({ code: "UC604", status: 503 })
    expect(requests).toEqual(["/jwks"])
    answer = json
    advance(5)
    expect((await verify(byOld)).claims.sub).toBe("old")
  })

  it.each<{ name: string; published: () => object[]; token: () => string }>([
    {
      name: "CVE-2026-22817 Hono: a secret",
      published: () => [{ kty: "oct", k: encode(secret), kid: "r1" }],
      token: () => hs256(claims, { kid: "r1" }),
    },
    {
      name: "CVE-2026-22817 Hono: the public key as a secret",
      published: () => [old],
      token: () => forge({ alg: "HS256", kid: "r1" }, claims, hmac(rsaPem)),
    },
    {
      name: "a private key",
      published: () => [publicJwk(rsa.privateKey, { kid: "r1" })],
      token: () => rs256(claims),
    },
    { name: "a short RSA key", ...shortRsa() },
    {
      name: "another key under the kid",
      published: () => [publicJwk(rsaNext.publicKey, { kid: "r1" })],
      token: () => rs256(claims),
    },
  ])("proves nothing by $name", async ({ published, token }) => {
    keys = published()
    const forged = token()
    const error = await refusal(create(), forged)
    expect(error).toMatchObject({ code: "PGRST301", status: 401 })
    expectNoTrace(error, forged)
  })

  it("SSRF: never asks where a token's header points to", async () => {
    const verify = create()
    keys = [publicJwk(rsaAttacker.publicKey, { kid: "r1" })]
    const local = createTokenVerifier([{ jwks: { keys: [old] } }])
    for (const header of ["jku", "x5u", "iss", "kid"]) {
      const token = forge(
        { alg: "RS256", kid: "r1", [header]: `${url}/mallory` },
        claims,
        withRsa(rsaAttacker.privateKey),
      )
      await refusal(local, token)
    }
    await verify(
      forge({ alg: "RS256", kid: "r1", jku: `${url}/mallory` }, claims, withRsa(rsaAttacker.privateKey)),
    )
    expect(requests).toEqual(["/jwks"])
  })
})

function shortRsa(): { published: () => object[]; token: () => string } {
  const pair = generateKeyPairSync("rsa", { modulusLength: 1024 })
  return {
    published: () => [publicJwk(pair.publicKey, { kid: "r1" })],
    token: () => forge({ alg: "RS256", kid: "r1" }, claims, withRsa(pair.privateKey)),
  }
}

describe("an issuer declared wrongly", () => {
  const jwks = { keys: [publicJwk(rsa.publicKey)] }
  const withFile = (name: string, text: string): unknown[] => {
    writeFileSync(join(folder, name), text)
    return [{ jwksFile: join(folder, name) }]
  }
  const privatePem = rsa.privateKey.export({ format: "pem", type: "pkcs8" }) as string
  const badUrls = [
    "http://id.example/jwks",
    "http://127.0.0.1.evil.example/",
    "http://localhost.evil.example/",
    "ftp://127.0.0.1/",
    "file:///etc/passwd",
    "data:,x",
    "jwks",
    "",
    "https://user:pass@id.example/",
  ]
  const cases: Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>> = {
    UC601: {
      "a secret of 31 bytes": [{ secret: "x".repeat(31) }],
      "an empty secret": [{ issuer: "a", secret: "" }],
    },
    UC602: {
      "no key": [{ issuer: "a" }],
      "two kinds of key": [{ secret, jwks }],
      "HS256 with keys": [{ jwks, algorithms: ["RS256", "HS256"] }],
      "RS256 with a secret": [{ secret, algorithms: ["RS256"] }],
      "the algorithm none": [{ secret, algorithms: ["none"] }],
      "no algorithm": [{ secret, algorithms: [] }],
      "an unnamed among several": [{ issuer: "a", secret }, { jwks }],
      "an empty name": [{ issuer: "", secret }],
      "the same name twice": [
        { issuer: "a", secret },
        { issuer: "a", jwks },
      ],
      "a tolerance below 0": [{ secret, clockToleranceSeconds: -1 }],
      "a tolerance of NaN": [{ secret, clockToleranceSeconds: Number.NaN }],
      "a tolerance over 300": [{ secret, clockToleranceSeconds: 301 }],
    },
    UC603: {
      "a file that isn't there": [{ jwksFile: join(folder, "absent") }],
      "a file that is a folder": [{ jwksFile: folder }],
      "a file that is empty": withFile("empty", ""),
      "a broken PEM": withFile("broken", "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----"),
      "a file with null": withFile("null", "null"),
      "a file with a private key": withFile("private", privatePem),
      "a file with two keys": withFile("two", rsaPem + rsaPem),
      "a JWKS without keys": [{ jwks: { keys: [] } }],
      "a JWKS with a secret": [{ jwks: { keys: [...jwks.keys, { kty: "oct", k: encode(secret) }] } }],
      "a JWKS with null": [{ jwks: { keys: [...jwks.keys, null] } }],
      "a JWKS with a private key": [{ jwks: { keys: [publicJwk(ec.privateKey)] } }],
      "a JWKS with a short RSA key": [{ jwks: { keys: shortRsa().published() } }],
      "a JWKS with a broken key": [{ jwks: { keys: [{ kty: "RSA", n: "x" }] } }],
      "a JWKS of other algorithms": [{ jwks, algorithms: ["ES256"] }],
      ...Object.fromEntries(badUrls.map((jwksUrl) => [`the URL ${jwksUrl}`, [{ jwksUrl }]])),
    },
  }
  const rows = Object.entries(cases).flatMap(([code, declared]) =>
    Object.entries(declared).map(([name, issuers]) => ({ code, name, issuers })),
  )

  it.each(rows)("$name: $code", ({ issuers, code }) => {
    const create = (): unknown => createTokenVerifier(issuers as JwtIssuer[])
    expect(create).toThrow(expect.objectContaining({ code, status: 500 }))
  })

  it("takes https, and http on loopback addresses", () => {
    for (const jwksUrl of [
      "https://id.example/",
      "http://localhost:1/",
      "http://127.8.9.1/",
      "http://[::1]:2/",
    ]) {
      expect(createTokenVerifier([{ jwksUrl }])).toBeTypeOf("function")
    }
  })
})

describe("signToken", () => {
  it("signs what the verifier accepts", async () => {
    const verify = createTokenVerifier([{ issuer: "dev", audience: "app", secret }])
    const token = await signToken(
      { sub: "ada", role: "doctor" },
      { secret, issuer: "dev", audience: "app", expiresInSeconds: 60 },
    )
    const { claims: verified, expiresAt } = await verify(token)
    expect(verified).toMatchObject({ sub: "ada", role: "doctor", iss: "dev", aud: ["app"] })
    expect(expiresAt - (verified.iat as number)).toBe(60)
    expect(
      (await createTokenVerifier([{ secret }])(await signToken({}, { secret }))).claims.iss,
    ).toBeUndefined()
  })

  it("refuses a short secret", async () => {
    await expect(signToken({}, { secret: "short" })).rejects.toMatchObject({ code: "UC601" })
  })
})

describe("TR-03161-3 Auth_21: a token with one character changed", () => {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ "
  const verify = createTokenVerifier([
    { issuer: "secret", secret },
    { issuer: "keys", jwks: { keys: [publicJwk(ec.publicKey), publicJwk(ed.publicKey)] } },
  ])
  it.each([
    { name: "HS256", token: hs256({ ...claims, iss: "secret" }) },
    { name: "ES256", token: forge({ alg: "ES256" }, { ...claims, iss: "keys" }, withEc(ec.privateKey)) },
    { name: "EdDSA", token: forge({ alg: "EdDSA" }, { ...claims, iss: "keys" }, withEd(ed.privateKey)) },
  ])("never verifies to other claims: $name", async ({ token }) => {
    const { claims: expected } = await verify(token)
    await assertProperty(
      asyncProperty(nat(token.length - 1), constantFrom(...alphabet), async (at, character) => {
        const changed = token.slice(0, at) + character + token.slice(at + 1)
        const outcome = await Promise.resolve(verify(changed)).catch((error: unknown) => error)
        if (outcome instanceof UndercroftError) {
          expect(outcome.status).toBe(401)
          expectNoTrace(outcome, changed)
        } else {
          // Only the last character of the signature has spare bits, which are not signed.
          expect(changed === token || at === token.length - 1).toBe(true)
          expect((outcome as VerifiedToken).claims).toEqual(expected)
        }
      }),
      { numRuns: 500 },
    )
  })
})
