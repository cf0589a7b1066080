/** The provider's own routes: the documents by which applications find it, and the pages on which people sign in and agree. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import { pagePolicy } from "./account-page.ts"
import { acrValues } from "./authentication-claims.ts"
import { ask, checkOrigin, passCookies, readForm, readJson, sendPage } from "./page-requests.ts"
import type { People } from "./people.ts"
import { consentPath, signInPath } from "./provider.ts"
import { consentPage, leavePage, secondFactorPage, signInPage, stopPage } from "./provider-pages.ts"
import {
  type ProviderClient,
  type ProviderScope,
  type ProviderSettings,
  policySource,
  providerScopes,
} from "./provider-settings.ts"
import { passkeyPolicy, type SignInWays } from "./provider-ways.ts"

export interface ProviderDoorParts {
  readonly name: string
  readonly provider: ProviderSettings
  readonly people: People
  readonly ways: SignInWays
}

/** Adds the routes. */
export function addProviderDoor(server: FastifyInstance, parts: ProviderDoorParts): void {
  addDocuments(server, parts)
  if (parts.provider.loginPage === undefined) addSignInPage(server, parts)
  if (parts.provider.consentPage === undefined) addConsentPage(server, parts)
}

/** RFC 8414 and OpenID Connect Discovery. */
function addDocuments(server: FastifyInstance, { people, provider }: ProviderDoorParts): void {
  for (const path of ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"])
    server.get(path, async (_request, reply) => {
      const answer = await people.handle(new Request(new URL(path, people.url)), "127.0.0.1")
      const methods = provider.clients.some((one) => one.secret === undefined) ? ["none"] : []
      const document = (await answer.json()) as Record<string, unknown>
      return reply
        .header("cache-control", "public, max-age=300")
        .header("content-type", "application/json; charset=utf-8")
        .send(
          JSON.stringify({
            ...document,
            // The plugin tells of what it could do; this is what is done.
            acr_values_supported: acrValues,
            claims_supported: [
              ...new Set([...((document["claims_supported"] ?? []) as string[]), "auth_time", "acr", "amr"]),
            ],
            prompt_values_supported: ["none", "login", "consent"],
            token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", ...methods],
            introspection_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
            revocation_endpoint_auth_methods_supported: [
              "client_secret_basic",
              "client_secret_post",
              ...methods,
            ],
            backchannel_logout_supported: false,
            backchannel_logout_session_supported: false,
          }),
        )
    })
}

function addSignInPage(server: FastifyInstance, parts: ProviderDoorParts): void {
  const { name, people, ways } = parts
  const send = (reply: FastifyReply, { client, policy, query }: Asked, wrong?: string): FastifyReply =>
    client
      ? sendPage(
          reply,
          wrong ? 401 : 200,
          policy,
          signInPage({ name, client: client.name, wrong, ways, query }),
        )
      : sendPage(reply, 400, policy, stopPage({ name, wrong: "No application that is known here asks." }))
  server.get(signInPath, (request, reply) => {
    const asked = askedBy(request, parts)
    const { searchParams } = new URL(request.url, people.url)
    // Whoever comes back from another provider may have a second factor here, or have come for nothing.
    if (asked.client && searchParams.get("twoFactor") === "required")
      return sendPage(reply, 200, asked.policy, secondFactorPage({ name, ways, query: asked.query }))
    return send(
      reply,
      asked,
      searchParams.has("error") ? "That did not work. Try again, or another way." : undefined,
    )
  })
  server.post(signInPath, async (request, reply) => {
    checkOrigin(request, people)
    const asked = askedBy(request, parts)
    if (!asked.client) return send(reply, asked)
    const form = readForm(request)
    const provider = form.get("provider")
    if (provider !== null) {
      const back = new URL(`${signInPath}?${asked.query}`, people.url).href
      const answer = await ask(server, request, "/sign-in/social", {
        provider,
        callbackURL: back,
        errorCallbackURL: back,
        oauth_query: asked.query,
      })
      passCookies(reply, answer)
      const { url: to } = readJson(answer)
      return answer.statusCode === 200 && typeof to === "string"
        ? sendPage(reply, 200, asked.policy, leavePage({ name, to }))
        : send(reply, asked, "That did not work. Try again, or another way.")
    }
    const code = form.get("code")?.trim()
    const [path, body] =
      code === undefined
        ? ["/sign-in/email", { email: form.get("email") ?? "", password: form.get("password") ?? "" }]
        : /^\d{6}$/.test(code)
          ? ["/two-factor/verify-totp", { code }]
          : ["/two-factor/verify-backup-code", { code }]
    const answer = await ask(server, request, path, { ...body, oauth_query: asked.query })
    passCookies(reply, answer)
    const { url, twoFactorRedirect, error } = readJson(answer)
    if (twoFactorRedirect === true)
      return sendPage(reply, 200, asked.policy, secondFactorPage({ name, ways, query: asked.query }))
    if (answer.statusCode === 200 && typeof url === "string")
      return reply.code(303).header("location", url).send()
    if (error === "invalid_signature")
      return sendPage(reply, 400, asked.policy, stopPage({ name, wrong: expired }))
    if (code !== undefined)
      return sendPage(
        reply,
        401,
        asked.policy,
        secondFactorPage({ name, wrong: "That code is wrong.", ways, query: asked.query }),
      )
    return send(
      reply,
      asked,
      answer.statusCode === 429 ? "Too many tries. Wait a while." : "Address or password is wrong.",
    )
  })
}

function addConsentPage(server: FastifyInstance, parts: ProviderDoorParts): void {
  const { name, people } = parts
  server.get(consentPath, async (request, reply) => {
    const { client, scopes, policy, query } = askedBy(request, parts)
    if (!client)
      return sendPage(
        reply,
        400,
        policy,
        stopPage({ name, wrong: "No application that is known here asks." }),
      )
    const { user } = readJson(await ask(server, request, "/get-session")) as { user?: { email: string } }
    if (!user) return reply.code(303).header("location", `${signInPath}?${query}`).send()
    const page = consentPage({ name, client: client.name, person: user.email, scopes })
    return sendPage(reply, 200, policy, page)
  })
  server.post(consentPath, async (request, reply) => {
    checkOrigin(request, people)
    const { policy, query } = askedBy(request, parts)
    const accept = readForm(request).get("decision") === "allow"
    const answer = await ask(server, request, "/oauth2/consent", { accept, oauth_query: query })
    passCookies(reply, answer)
    if (answer.statusCode === 401) return reply.code(303).header("location", `${signInPath}?${query}`).send()
    const { url } = readJson(answer)
    if (answer.statusCode === 200 && typeof url === "string")
      return reply.code(303).header("location", url).send()
    return sendPage(reply, 400, policy, stopPage({ name, wrong: expired }))
  })
}

const expired = "This request has expired."

interface Asked {
  /** As the plugin signed it: what is changed in it is refused when it is used. */
  readonly query: string
  readonly client: ProviderClient | undefined
  readonly scopes: readonly ProviderScope[]
  readonly policy: string
}

/** What an application asks, by the address of the page. */
function askedBy(request: FastifyRequest, { provider, ways }: ProviderDoorParts): Asked {
  const sent = request.url.split("?").slice(1).join("?")
  const params = new URLSearchParams(sent)
  // Another provider, or a second factor, adds what it has to say to what was signed; without a signature it is refused as it is.
  const signed = ["sig", "ba_param", ...params.getAll("ba_param")]
  const query = params.has("sig")
    ? new URLSearchParams([...params].filter(([one]) => signed.includes(one))).toString()
    : sent
  const client = provider.clients.find((one) => one.id === params.get("client_id"))
  const uri = params.get("redirect_uri") ?? ""
  const asked = (params.get("scope") ?? "").split(" ")
  return {
    query,
    client,
    scopes: providerScopes.filter((one) => asked.includes(one)),
    policy: pagePolicy(
      client?.redirectUris.includes(uri) ? [policySource(uri)] : [],
      ways.passkeys ? passkeyPolicy : [],
    ),
  }
}
