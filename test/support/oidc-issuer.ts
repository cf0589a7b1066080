/** An OpenID Connect provider for tests: it tells of whom it is told to, and forges what it is told to. */
import { createHash, randomBytes } from "node:crypto"
import fastify from "fastify"
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose"
import type { Person, PersonAnswer } from "./people.ts"

export interface TestIssuer {
  readonly url: string
  readonly key: CryptoKey
  readonly publicKey: CryptoKey
  /** Where the browser is sent back to after somebody was told of. */
  comeBack(authorize: URL, claims: JWTPayload, forging?: Forging): string
  stop(): Promise<void>
}

export interface Forging {
  /** In place of the ID token that would be right; undefined: none. */
  readonly idToken?: (claims: JWTPayload) => Promise<string | undefined>
  /** What userinfo tells; without it there is no such endpoint's answer. */
  readonly userinfo?: JWTPayload
  /** Added to the answer in the browser; undefined takes away. */
  readonly params?: Readonly<Record<string, string | undefined>>
}

export const testClient = { clientId: "undercroft-test", clientSecret: "a secret with % and + in it" }

/** What no dump of a database may have. */
export const issuedTokens: string[] = []

export interface TestIssuerOptions {
  /** Whether it promises `iss` in each answer (RFC 9207). */
  readonly saysIssuer?: boolean
  /** What it calls itself, in place of its address. */
  readonly name?: string
  readonly port?: number
}

/** Starts one. */
export async function startTestIssuer({
  saysIssuer = true,
  name,
  port = 0,
}: TestIssuerOptions = {}): Promise<TestIssuer> {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid: "one", alg: "RS256", use: "sig" }
  const codes = new Map<string, { authorize: URLSearchParams; claims: JWTPayload; forging: Forging }>()
  const infos = new Map<string, JWTPayload | undefined>()
  const server = fastify()
  let url = ""
  server.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, (_, body, done) =>
    done(null, new URLSearchParams(body as string)),
  )
  server.get("/.well-known/openid-configuration", async () => ({
    issuer: name ?? url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    userinfo_endpoint: `${url}/userinfo`,
    jwks_uri: `${url}/jwks`,
    id_token_signing_alg_values_supported: ["RS256", "HS256", "none"],
    authorization_response_iss_parameter_supported: saysIssuer,
  }))
  server.get("/jwks", async () => ({ keys: [jwk] }))
  server.post("/token", async (request, reply) => {
    const body = request.body as URLSearchParams
    const asked = codes.get(body.get("code") ?? "")
    codes.delete(body.get("code") ?? "")
    const { clientId, clientSecret } = testClient
    const basic = `Basic ${Buffer.from([clientId, clientSecret].map((one) => new URLSearchParams({ one }).toString().slice(4)).join(":")).toString("base64")}`
    const challenge = createHash("sha256")
      .update(body.get("code_verifier") ?? "")
      .digest("base64url")
    if (
      asked === undefined ||
      request.headers.authorization !== basic ||
      body.get("redirect_uri") !== asked.authorize.get("redirect_uri") ||
      challenge !== asked.authorize.get("code_challenge")
    )
      return reply.code(400).send({ error: "invalid_grant" })
    const claims = {
      iss: url,
      aud: clientId,
      nonce: asked.authorize.get("nonce") ?? undefined,
      iat: Math.floor(Date.now() / 1000),
      exp: Math.floor(Date.now() / 1000) + 300,
      ...asked.claims,
    }
    const forge = asked.forging.idToken ?? ((all: JWTPayload) => signed(all, privateKey))
    const told = {
      access_token: randomBytes(24).toString("base64url"),
      refresh_token: randomBytes(24).toString("base64url"),
      id_token: await forge(claims),
    }
    infos.set(`Bearer ${told.access_token}`, asked.forging.userinfo)
    issuedTokens.push(...Object.values(told).filter((one) => one !== undefined))
    return { ...told, token_type: "Bearer", expires_in: 300 }
  })
  server.get("/userinfo", (request) => infos.get(String(request.headers.authorization)) ?? {})
  url = await server.listen({ host: "127.0.0.1", port })
  return {
    url,
    key: privateKey,
    publicKey,
    comeBack(authorize, claims, forging = {}) {
      const code = randomBytes(16).toString("base64url")
      codes.set(code, { authorize: authorize.searchParams, claims, forging })
      const back = new URL(authorize.searchParams.get("redirect_uri")!)
      const state = authorize.searchParams.get("state")!
      for (const [name, value] of Object.entries({ code, state, iss: url, ...forging.params }))
        if (value !== undefined) back.searchParams.set(name, value)
      return back.href
    },
    stop: () => server.close(),
  }
}

/** A JWT as an issuer signs it. */
export function signed(claims: JWTPayload, key: CryptoKey, kid: string = "one"): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid }).sign(key)
}

/** What an issuer tells of somebody whose address it has verified. */
export const claimsOf = ({ email }: Person): JWTPayload => ({
  sub: `subject of ${email}`,
  email,
  email_verified: true,
  name: "Some Body",
})

/** Begins a sign-in, or at `path` a link; gives the place of the issuer to which the browser is sent. */
export async function begin(
  person: Person,
  provider: string = "one",
  more: object = {},
  path: string = "/sign-in/social",
): Promise<URL> {
  const { status, json, text } = await person.post(path, { provider, callbackURL: "/home", ...more })
  if (status !== 200) throw new Error(text)
  return new URL(json.url)
}

/** How somebody signs in through an issuer, which is called `one`. */
export function comesBy(
  issuer: () => TestIssuer,
): (person: Person, claims?: JWTPayload, forging?: Forging) => Promise<PersonAnswer> {
  return async (person, claims = claimsOf(person), forging) =>
    person.get(issuer().comeBack(await begin(person), claims, forging))
}

/** What a redirection says went wrong; null: nothing. */
export function errorOf({ headers }: PersonAnswer): string | null {
  return new URL(headers.get("location") ?? "/", "http://here.example").searchParams.get("error")
}
