/** An OpenID Connect provider whose ID tokens are believed: found when it is needed, its tokens checked by the issuer's keys alone. */

import { createRemoteJWKSet, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose"
import { isSafeAddress } from "./oauth-settings.ts"

export interface IssuerMetadata {
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  readonly userinfoEndpoint: string | null
  /** How a client's secret is sent. */
  readonly authentication: "basic" | "post"
  /** RFC 9207: its answers always say whose they are. */
  readonly saysIssuer: boolean
  readonly algorithms: readonly string[]
  readonly keys: JWTVerifyGetKey
}

export interface FoundIssuer {
  readonly issuer: string
  metadata(): Promise<IssuerMetadata>
  /** Throws where the token is not this issuer's, for this client, of now and for this sign-in. */
  verify(
    token: string,
    expected: { readonly clientId: string; readonly nonce: string },
  ): Promise<JWTPayload & { readonly sub: string }>
  /** What the issuer tells of whom its access token is about. */
  userinfo(accessToken: string): Promise<Readonly<Record<string, unknown>>>
}

// None by which a public key could be taken for a shared secret.
const safeAlgorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
]
const keptMs = 3_600_000
const timeoutMs = 5_000
const tokenAgeSeconds = 600

/** Nothing is asked yet: an issuer that is away does not keep the backend from starting. */
export function findIssuer(issuer: string): FoundIssuer {
  let found: { readonly metadata: Promise<IssuerMetadata>; readonly until: number } | null = null
  const metadata = (): Promise<IssuerMetadata> => {
    if (found === null || found.until < Date.now()) {
      const asked = { metadata: discover(issuer), until: Date.now() + keptMs }
      found = asked
      asked.metadata.catch(() => {
        if (found === asked) found = null
      })
    }
    return found.metadata
  }
  return {
    issuer,
    metadata,
    async verify(token, { clientId, nonce }) {
      const { keys, algorithms } = await metadata()
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience: clientId,
        algorithms: [...algorithms],
        requiredClaims: ["sub", "exp", "iat", "nonce"],
        maxTokenAge: tokenAgeSeconds,
        clockTolerance: 30,
      })
      // OpenID Connect Core, 3.1.3.7: one of several audiences is the one that it was issued to.
      const isShared = Array.isArray(payload.aud) && payload.aud.length > 1
      if ((isShared || payload["azp"] !== undefined) && payload["azp"] !== clientId)
        throw new Error("an ID token of another client")
      if (payload["nonce"] !== nonce) throw new Error("an ID token of another sign-in")
      const { sub } = payload
      if (typeof sub !== "string" || sub === "" || sub.length > 255)
        throw new Error("an ID token about nobody")
      return { ...payload, sub }
    },
    async userinfo(accessToken) {
      const { userinfoEndpoint } = await metadata()
      return userinfoEndpoint === null
        ? {}
        : fetchObject(userinfoEndpoint, { authorization: `Bearer ${accessToken}` })
    },
  }
}

async function discover(issuer: string): Promise<IssuerMetadata> {
  const told = await fetchObject(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`)
  if (told["issuer"] !== issuer) throw new Error("the issuer calls itself something else")
  const address = (name: string): string => {
    const value = told[name]
    if (!isSafeAddress(value)) throw new Error(`the issuer has no ${name}`)
    return value
  }
  const listed = (name: string): readonly unknown[] | null =>
    Array.isArray(told[name]) ? (told[name] as readonly unknown[]) : null
  const offered = listed("id_token_signing_alg_values_supported") ?? ["RS256"]
  const secrets = listed("token_endpoint_auth_methods_supported") ?? ["client_secret_basic"]
  return {
    authorizationEndpoint: address("authorization_endpoint"),
    tokenEndpoint: address("token_endpoint"),
    userinfoEndpoint: told["userinfo_endpoint"] === undefined ? null : address("userinfo_endpoint"),
    authentication: secrets.includes("client_secret_basic") ? "basic" : "post",
    saysIssuer: told["authorization_response_iss_parameter_supported"] === true,
    algorithms: safeAlgorithms.filter((one) => offered.includes(one)),
    keys: createRemoteJWKSet(new URL(address("jwks_uri")), { timeoutDuration: timeoutMs }),
  }
}

/** Redirections are not followed: they could lead to where only this server may ask. */
async function fetchObject(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await fetch(url, {
    headers: { accept: "application/json", ...headers },
    redirect: "error",
    signal: AbortSignal.timeout(timeoutMs),
  })
  const body: unknown = answer.ok ? await answer.json() : null
  if (typeof body !== "object" || body === null) throw new Error("the issuer did not answer with an object")
  return body as Readonly<Record<string, unknown>>
}
