/** Bearer JWTs: a token is believed only with the keys, algorithms and audience configured for its issuer. */
import { createPublicKey, createSecretKey, hash, type JsonWebKey } from "node:crypto"
import { readFileSync } from "node:fs"
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type JWTVerifyResult,
  jwtVerify,
} from "jose"
import { UndercroftError } from "../base/errors.ts"

/** Who may issue tokens, and the one kind of key (`secret`, `jwksUrl`, `jwksFile` or `jwks`) that proves it. */
export interface JwtIssuer {
  /** The `iss` claim, compared exactly. Needed when there are several issuers. */
  readonly issuer?: string
  /**
   * Put before whoever it names, with a colon: of "hospital" the `sub` 4711 is the caller "hospital:4711". Needed where ids come
   * from several issuers, or from accounts, too, and no `identify` keeps them apart.
   */
  readonly namespace?: string
  /** One of these must be in the `aud` claim. Without it, any audience will do. */
  readonly audience?: string | readonly string[]
  /** For HS256; at least 32 bytes. */
  readonly secret?: string
  /** Where the issuer publishes its JWKS: https, or http on a loopback address. */
  readonly jwksUrl?: string
  /** A file with a JWKS, or with one public key or certificate as PEM. */
  readonly jwksFile?: string
  readonly jwks?: { readonly keys: readonly object[] }
  /** Default: HS256 for a secret; RS256, ES256 and EdDSA for keys (which never take HS256). */
  readonly algorithms?: readonly JwtAlgorithm[]
  /** How far the issuer's clock may be off, in seconds. Default: 5. */
  readonly clockToleranceSeconds?: number
}

export type JwtAlgorithm = "HS256" | "RS256" | "ES256" | "EdDSA"

/** What a token says, once proved. It is frozen to its depth: requests with the same token share it. */
export interface VerifiedToken {
  readonly claims: Readonly<Record<string, unknown>>
  /** The `exp` claim: epoch seconds, without the clock tolerance. */
  readonly expiresAt: number
  /** That of the issuer whose keys proved it. */
  readonly namespace: string | null
}

/**
 * Verifies a bearer token: at once when it was verified before, else with a promise. It never throws outside
 * the promise. Refuses with PGRST301 (not to be decoded or proved) or PGRST303 (proved, but its claims don't
 * hold); UC604 when the issuer's keys can't be fetched. No public text has any part of the token.
 */
export type VerifyToken = (token: string) => Promise<VerifiedToken> | VerifiedToken

interface KeySource {
  /** Readies the keys; epoch milliseconds until which a token proved with them may be remembered. */
  ready(): Promise<number> | number
  readonly find: JWTVerifyGetKey
}

interface Rule {
  readonly keys: KeySource
  readonly namespace: string | null
  readonly options: JWTVerifyOptions
  readonly toleranceSeconds: number
}

interface Remembered {
  readonly token: VerifiedToken
  readonly untilMs: number
}

const maxTokenLength = 8192
const keyAlgorithms: readonly JwtAlgorithm[] = ["RS256", "ES256", "EdDSA"]
const keysRefetchMs = 60_000
const keysRetryMs = 5_000
const unknownKeyCooldownMs = 10_000
const keysMaxAgeMs = 600_000

/**
 * Makes the verifier for these issuers; without any, it refuses every token. Reads key files at once.
 * `cacheSize` (default 10,000) bounds the verified tokens kept in memory, under their SHA-256.
 *
 * @throws UC601 secret too short; UC602 issuer declared wrongly; UC603 keys unusable
 * @example
 * const verify = createTokenVerifier([{ issuer: "https://id.example.org", audience: "clinic",
 *   jwksUrl: "https://id.example.org/jwks" }])
 * const { claims } = await verify(token)
 */
export function createTokenVerifier(
  issuers: readonly JwtIssuer[],
  { cacheSize = 10_000 }: { readonly cacheSize?: number } = {},
): VerifyToken {
  const rules = planRules(issuers)
  const remembered = new RecentMap<Remembered>(cacheSize)

  async function verifyNew(token: string, key: string): Promise<VerifiedToken> {
    try {
      checkShape(token)
      const rule = chooseRule(rules, token)
      const keysUntilMs = await rule.keys.ready()
      const { payload } = await verifySignature(token, rule)
      const verified = checkClaims(payload, rule)
      const expiresMs = (verified.expiresAt + rule.toleranceSeconds) * 1000
      remembered.set(key, { token: verified, untilMs: Math.min(keysUntilMs, expiresMs) })
      return verified
    } catch (error) {
      throw toRefusal(error)
    }
  }

  return (token) => {
    // The hash, not the token: what lies in memory for long can't be replayed from a heap dump.
    const key =
      typeof token === "string" && token.length <= maxTokenLength ? hash("sha256", token, "base64") : ""
    const known = remembered.get(key)
    return known !== undefined && Date.now() < known.untilMs ? known.token : verifyNew(token, key)
  }
}

/** One rule for each `iss`. A single issuer may stay unnamed: its rule stands under `undefined`. */
function planRules(issuers: readonly JwtIssuer[]): ReadonlyMap<string | undefined, Rule> {
  const rules = new Map<string | undefined, Rule>()
  for (const issuer of issuers) {
    if (issuer.issuer === "" || (issuers.length > 1 && issuer.issuer === undefined)) {
      throw misdeclared(issuer, "with several issuers each needs its name in `issuer`, and it can't be empty")
    }
    if (rules.has(issuer.issuer)) throw misdeclared(issuer, "it is declared twice")
    rules.set(issuer.issuer, planRule(issuer))
  }
  return rules
}

function planRule(issuer: JwtIssuer): Rule {
  const kinds = (["secret", "jwksUrl", "jwksFile", "jwks"] as const).filter(
    (kind) => issuer[kind] !== undefined,
  )
  if (kinds.length !== 1) {
    throw misdeclared(
      issuer,
      `it needs exactly one of secret, jwksUrl, jwksFile and jwks, not ${kinds.length}`,
    )
  }
  const possible = kinds[0] === "secret" ? (["HS256"] as const) : keyAlgorithms
  const algorithms = issuer.algorithms ?? possible
  if (algorithms.length === 0 || algorithms.some((algorithm) => !possible.includes(algorithm as never))) {
    throw misdeclared(issuer, `its ${kinds[0]} allows the algorithms ${possible.join(", ")}`)
  }
  const toleranceSeconds = issuer.clockToleranceSeconds ?? 5
  if (!(toleranceSeconds >= 0 && toleranceSeconds <= 300)) {
    throw misdeclared(issuer, "clockToleranceSeconds must be from 0 to 300")
  }
  return {
    keys: loadKeys(issuer, algorithms),
    namespace: issuer.namespace ?? null,
    toleranceSeconds,
    options: {
      algorithms: [...algorithms],
      clockTolerance: toleranceSeconds,
      requiredClaims: ["exp"],
      ...(issuer.issuer !== undefined && { issuer: issuer.issuer }),
      ...(issuer.audience !== undefined && { audience: [issuer.audience].flat() as string[] }),
    },
  }
}

function loadKeys(issuer: JwtIssuer, algorithms: readonly JwtAlgorithm[]): KeySource {
  if (issuer.secret !== undefined) return secretKey(issuer, issuer.secret)
  if (issuer.jwksUrl !== undefined) return fetchedKeys(issuer, parseKeysUrl(issuer, issuer.jwksUrl))
  if (issuer.jwks !== undefined) return fixedKeys(issuer, issuer.jwks, algorithms)
  try {
    const text = readFileSync(issuer.jwksFile ?? "", "utf8")
    if (text.includes("-----BEGIN ")) return pemKey(issuer, text, algorithms)
    return fixedKeys(issuer, JSON.parse(text), algorithms)
  } catch (cause) {
    if (cause instanceof UndercroftError) throw cause
    throw unusableKeys(issuer, `${issuer.jwksFile} can't be read as a JWKS or PEM`, cause)
  }
}

function secretKey(issuer: JwtIssuer, secret: string): KeySource {
  const bytes = Buffer.byteLength(secret)
  if (bytes < 32) throw new UndercroftError("UC601", { issuer: nameOf(issuer), bytes })
  const key = createSecretKey(secret, "utf8").toCryptoKey({ name: "HMAC", hash: "SHA-256" }, false, [
    "verify",
  ])
  return { ready: () => Number.POSITIVE_INFINITY, find: () => key }
}

/** A PEM has no `kid`, so the token's is not looked at. */
function pemKey(issuer: JwtIssuer, pem: string, algorithms: readonly JwtAlgorithm[]): KeySource {
  if (pem.includes("PRIVATE KEY-----")) {
    throw unusableKeys(issuer, "the file holds a private key; only the public one belongs here")
  }
  if (pem.split("-----BEGIN ").length !== 2)
    throw unusableKeys(issuer, "the file holds several keys; use a JWKS")
  const { find } = fixedKeys(issuer, { keys: [createPublicKey(pem).export({ format: "jwk" })] }, algorithms)
  return { ready: () => Number.POSITIVE_INFINITY, find: ({ alg }, jws) => find({ alg }, jws) }
}

function fixedKeys(issuer: JwtIssuer, jwks: unknown, algorithms: readonly JwtAlgorithm[]): KeySource {
  const keys = (jwks as JSONWebKeySet | null)?.keys
  if (!Array.isArray(keys)) throw unusableKeys(issuer, "a JWKS is an object with a list of `keys`")
  // All are looked at, also behind a usable one.
  if (keys.filter((key) => isUsableKey(issuer, key as JsonWebKey, algorithms)).length === 0) {
    throw unusableKeys(issuer, `none is a public signature key for ${algorithms.join(", ")}`)
  }
  return { ready: () => Number.POSITIVE_INFINITY, find: createLocalJWKSet(jwks as JSONWebKeySet) }
}

function isUsableKey(issuer: JwtIssuer, key: JsonWebKey, algorithms: readonly JwtAlgorithm[]): boolean {
  if (typeof key !== "object" || key === null) throw unusableKeys(issuer, "a key is not an object")
  // An `oct` key among public keys is how a public key comes to be taken for a secret.
  if (key.kty === "oct" || key.d !== undefined) {
    throw unusableKeys(issuer, "a key is private or symmetric; only public keys belong here")
  }
  const algorithm = { RSA: "RS256", "EC P-256": "ES256", "OKP Ed25519": "EdDSA" }[
    [key.kty, key.crv].filter(Boolean).join(" ")
  ] as JwtAlgorithm | undefined
  if (algorithm === undefined || !algorithms.includes(algorithm)) return false
  if ((key.alg ?? algorithm) !== algorithm || (key.use ?? "sig") !== "sig") return false
  try {
    const details = createPublicKey({ key, format: "jwk" }).asymmetricKeyDetails
    if ((details?.modulusLength ?? 2048) >= 2048) return true
  } catch (cause) {
    throw unusableKeys(issuer, "a key can't be decoded", cause)
  }
  throw unusableKeys(issuer, "an RSA key is shorter than 2048 bits") // RFC 7518 section 3.3
}

function parseKeysUrl(issuer: JwtIssuer, text: string): URL {
  const url = URL.parse(text)
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url?.hostname ?? "")
  if (url?.protocol !== "https:" && !(url?.protocol === "http:" && isLoopback)) {
    throw unusableKeys(issuer, "jwksUrl must be an https URL (http only on a loopback address)")
  }
  if (url.username || url.password)
    throw unusableKeys(issuer, "jwksUrl must not hold a user name or password")
  return url
}

/**
 * Fetches every minute while in use, so that a key the issuer withdrew is refused within that minute, and for a
 * key not yet known. An issuer that can't be reached keeps its last keys for ten minutes.
 */
function fetchedKeys(issuer: JwtIssuer, url: URL): KeySource {
  // Refetching for unknown keys is ours: jose's cooldown starts with a success only, so that while the issuer
  // is down every forged token would cost a connection.
  const remote = createRemoteJWKSet(url, {
    cacheMaxAge: keysMaxAgeMs,
    cooldownDuration: Number.POSITIVE_INFINITY,
  })
  let triedMs = Number.NEGATIVE_INFINITY
  let dueMs = Number.NEGATIVE_INFINITY
  let failure: unknown

  async function fetchKeys(): Promise<void> {
    triedMs = Date.now()
    dueMs = triedMs + keysRefetchMs
    try {
      await remote.reload()
      failure = undefined
    } catch (cause) {
      failure = cause
      dueMs = triedMs + keysRetryMs
    }
  }

  return {
    async ready() {
      if (Date.now() >= dueMs || (!remote.fresh && remote.reloading)) await fetchKeys()
      if (!remote.fresh) throw new UndercroftError("UC604", { issuer: nameOf(issuer) }, { cause: failure })
      return remote.reloading ? Date.now() : dueMs
    },
    async find(header, jws) {
      try {
        return await remote(header, jws)
      } catch (error) {
        const mayFetch = remote.reloading || Date.now() - triedMs >= unknownKeyCooldownMs
        if (!(error instanceof errors.JWKSNoMatchingKey && mayFetch)) throw error
        await fetchKeys()
        return remote(header, jws)
      }
    },
  }
}

/** What can be refused before any key is looked for. */
function checkShape(token: string): void {
  if (token === "") throw undecodable("Empty JWT is sent in Authorization header")
  if (typeof token !== "string") throw undecodable("JWT couldn't be decoded")
  if (token.length > maxTokenLength) {
    throw undecodable("JWT couldn't be decoded", `The token is longer than ${maxTokenLength} bytes.`)
  }
  const parts = token.split(".").length
  if (parts !== 3) throw undecodable(`Expected 3 parts in JWT; got ${parts}`)
  // jose skips white space inside base64url; RFC 7515 section 2 has none.
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) throw undecodable("JWT cryptographic operation failed")
  const { crit, typ } = decodeHeader(token)
  if (crit !== undefined)
    throw undecodable("Unsupported token type", "Critical header extensions are not supported.")
  // RFC 8725 section 3.11: another kind of token of the same issuer (a logout token, say) is not an access token.
  if (typ !== undefined && !/^(application\/)?(at\+)?jwt$/i.test(String(typ))) {
    throw undecodable("Unsupported token type", "The header's typ must be JWT or at+jwt.")
  }
}

function decodeHeader(token: string): Readonly<Record<string, unknown>> {
  try {
    return decodeProtectedHeader(token)
  } catch {
    throw undecodable("JWT cryptographic operation failed")
  }
}

/** The unproved `iss` chooses the rule, and nothing else; the proof then covers `iss` too. */
function chooseRule(rules: ReadonlyMap<string | undefined, Rule>, token: string): Rule {
  const rule = rules.get(undefined) ?? rules.get(peekIssuer(token))
  if (rule !== undefined) return rule
  throw undecodable("No suitable key or wrong key type", "The token's issuer is not accepted here.")
}

function peekIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

async function verifySignature(token: string, { keys, options }: Rule): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(token, keys.find, options)
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    // No `kid`: any of the issuer's keys for this algorithm may have signed.
    for await (const key of error) {
      try {
        return await jwtVerify(token, key, options)
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure
      }
    }
    throw new errors.JWSSignatureVerificationFailed()
  }
}

/** What jose leaves open: types of claims that we rely on, and `iat` in the future. */
function checkClaims(
  claims: Readonly<Record<string, unknown>>,
  { toleranceSeconds, namespace }: Rule,
): VerifiedToken {
  const { exp, iat, aud, sub, iss } = claims
  // JSON's 1e999 is a number, and Infinity.
  if (typeof exp !== "number" || !Number.isFinite(exp))
    throw unfounded("The JWT 'exp' claim must be a number")
  if (typeof iat === "number" && iat > Date.now() / 1000 + toleranceSeconds)
    throw unfounded("JWT issued at future")
  if (aud !== undefined && ![aud].flat().every((one) => typeof one === "string")) {
    throw unfounded("The JWT 'aud' claim must be a string or an array of strings")
  }
  for (const [name, value] of Object.entries({ sub, iss })) {
    // PostgreSQL reads an unset setting as an empty string: an empty `sub` would be nobody.
    if (value !== undefined && (typeof value !== "string" || value === "")) {
      throw unfounded(`The JWT '${name}' claim must be a string that is not empty`)
    }
  }
  freezeDeep(claims)
  return Object.freeze({ claims, expiresAt: exp, namespace })
}

function freezeDeep(value: unknown): void {
  if (typeof value !== "object" || value === null) return
  if (Object.hasOwn(value, "__proto__")) throw unfounded("Parsing claims failed")
  Object.freeze(value)
  for (const member of Object.values(value)) freezeDeep(member)
}

/** jose's errors quote the token and carry its claims: they are told apart here, and never kept as a cause. */
function toRefusal(error: unknown): UndercroftError {
  if (error instanceof UndercroftError) return error
  if (error instanceof errors.JWTExpired) return unfounded("JWT expired")
  if (error instanceof errors.JWTInvalid) return unfounded("Parsing claims failed")
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === "invalid") return unfounded(`The JWT '${error.claim}' claim must be a number`)
    if (error.claim === "aud") return unfounded("JWT not in audience")
    return unfounded(
      error.claim === "nbf" ? "JWT not yet valid" : `The JWT '${error.claim}' claim is missing or wrong`,
    )
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return undecodable("Wrong or unsupported encoding algorithm")
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWSSignatureVerificationFailed) {
    return undecodable("JWT cryptographic operation failed")
  }
  const cause = error instanceof errors.JOSEError ? undefined : error
  return new UndercroftError("PGRST301", { why: "No suitable key or wrong key type" }, { cause })
}

/** PostgREST's texts, as of v14. */
function undecodable(why: string, details?: string): UndercroftError {
  return new UndercroftError("PGRST301", { why }, details === undefined ? {} : { details })
}

function unfounded(why: string): UndercroftError {
  return new UndercroftError("PGRST303", { why })
}

function misdeclared(issuer: JwtIssuer, why: string): UndercroftError {
  return new UndercroftError("UC602", { issuer: nameOf(issuer), why })
}

function unusableKeys(issuer: JwtIssuer, why: string, cause?: unknown): UndercroftError {
  return new UndercroftError("UC603", { issuer: nameOf(issuer), why }, { cause })
}

function nameOf({ issuer }: JwtIssuer): string {
  return issuer ? `JWT issuer '${issuer}'` : "JWT issuer"
}

/** A bounded map in two generations: what is not read while half of `size` newcomers arrive is dropped. */
class RecentMap<Value> {
  readonly #half: number
  #young = new Map<string, Value>()
  #old = new Map<string, Value>()

  constructor(size: number) {
    this.#half = Math.ceil(size / 2)
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set(key: string, value: Value): void {
    if (this.#half === 0) return
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }
}
