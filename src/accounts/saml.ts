/** The routes of SAML sign-on: where it begins, where answers are posted to, and what a provider reads of this backend. */
import { APIError, addOAuthServerContext, createAuthEndpoint, originCheck } from "better-auth/api"
import { generateState } from "better-auth/oauth2"
import type { BetterAuthPlugin } from "better-auth/types"
import { z } from "zod"
import { stateProvider } from "./oauth-providers.ts"
import { believe, clientOf, type KnownSaml, requestOf } from "./saml-answer.ts"
import { maxLength, NotBelieved } from "./saml-form.ts"
import { keepAnswer } from "./saml-provider.ts"

interface State {
  readonly expiresAt: number
  readonly errorURL?: string
  readonly serverContext?: Readonly<Record<string, unknown>>
}

const places = ["callbackURL", "errorCallbackURL", "newUserCallbackURL"] as const
const query = z.object({
  callbackURL: z.string().max(2000).default("/"),
  errorCallbackURL: z.string().max(2000).optional(),
  newUserCallbackURL: z.string().max(2000).optional(),
})
const answer = z.object({ SAMLResponse: z.string().max(maxLength), RelayState: z.string().max(80) })

/** Brings in the routes of `providers`. */
export function saml(providers: readonly KnownSaml[]): BetterAuthPlugin {
  const find = (id: string): KnownSaml => {
    const found = providers.find((one) => one.id === id)
    if (!found)
      throw APIError.from("NOT_FOUND", { code: "PROVIDER_NOT_FOUND", message: "There is no such provider" })
    return found
  }
  return {
    id: "saml",
    endpoints: {
      signInSaml: createAuthEndpoint(
        "/saml/:id/sign-in",
        {
          method: "GET",
          query,
          use: [originCheck(({ query: asked }) => places.flatMap((one) => asked?.[one] ?? []))],
        },
        async (ctx) => {
          const setting = find(ctx.params.id)
          await addOAuthServerContext({ [stateProvider]: setting.id })
          const { state } = await generateState({ ...ctx, body: ctx.query })
          const client = await clientOf(setting, requestOf(state))
          throw redirect("FOUND", new URL(await client.getAuthorizeUrlAsync(state, undefined, {})))
        },
      ),
      answerSaml: createAuthEndpoint("/saml/:id/acs", { method: "POST", body: answer }, async (ctx) => {
        const setting = find(ctx.params.id)
        const { context } = ctx
        const { SAMLResponse: encoded, RelayState: relayed } = ctx.body
        const refuse = (error: string, state?: State): APIError => {
          const url = new URL(state?.errorURL ?? `${context.baseURL}/error`, context.baseURL)
          url.searchParams.set("error", error)
          return redirect("SEE_OTHER", url)
        }
        // What is relayed is looked up, and leads nowhere by itself. Nothing is read of an answer that nobody asked for.
        const found = await context.internalAdapter.findVerificationValue(`auth-state:${relayed}`)
        const state = found ? (JSON.parse(found.value) as State) : undefined
        if (!state || state.expiresAt < Date.now() || state.serverContext?.[stateProvider] !== setting.id)
          throw refuse("state_mismatch")
        const told = await believe(encoded, setting, requestOf(relayed)).catch((error: unknown) => {
          // Whatever else goes wrong with somebody's XML is no answer, either.
          throw refuse(error instanceof NotBelieved ? error.code : "odd_form", state)
        })
        const code = await keepAnswer(context, setting, relayed, told)
        if (code === null) throw refuse("answer_used", state)
        // This request came from another site, without cookies: the browser comes again with the one that holds the state.
        const url = new URL(`${context.baseURL}/callback/${setting.id}`)
        url.search = new URLSearchParams({ code, state: relayed }).toString()
        throw redirect("SEE_OTHER", url)
      }),
      describeSaml: createAuthEndpoint("/saml/:id/metadata", { method: "GET" }, async (ctx) => {
        const { entityId, acs, key } = find(ctx.params.id)
        const { generateServiceProviderMetadata } = await import("@node-saml/node-saml")
        const text = generateServiceProviderMetadata({
          issuer: entityId,
          callbackUrl: acs,
          identifierFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
          wantAssertionsSigned: true,
          generateUniqueId: () => "_metadata",
          ...(key ? { privateKey: key.privateKey, publicCerts: key.certificate } : {}),
        })
        return new Response(text, { headers: { "content-type": "application/samlmetadata+xml" } })
      }),
    },
  }
}

function redirect(status: "FOUND" | "SEE_OTHER", { href }: URL): APIError {
  return new APIError(status, undefined, new Headers({ location: href }))
}
