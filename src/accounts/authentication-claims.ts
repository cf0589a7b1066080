/** How somebody proved who they are, in the words that other applications know: `amr` (RFC 8176) and `acr`. */
import type { BetterAuthPlugin, GenericEndpointContext } from "better-auth"
import { createAuthMiddleware, isAPIError } from "better-auth/api"
import { type JwtOptions, signJWT } from "better-auth/plugins"
import { decodeJwt } from "jose"

/** The levels, as the API names them where it asks for more (`acr_values="two-factor"`). */
export const acrValues: readonly string[] = ["one-factor", "two-factor"]

/** RFC 8176, 2. It has no word for a link by mail, nor for what another provider vouches for. */
const amrValues: readonly (readonly [way: RegExp, values: readonly string[]])[] = [
  [/^sign-(in|up)\/email$/, ["pwd"]],
  [/^(two-factor\/verify-|sign-in\/email-otp$)/, ["otp"]],
  [/^passkey\//, ["pop", "user"]],
]

/** The claims of a session with these fields. */
export function authenticationClaims(session: { readonly assurance?: unknown; readonly methods?: unknown }): {
  readonly acr: string
  readonly amr?: readonly string[]
} {
  const isTwo = session.assurance === "two-factor"
  const found = amrValues.find(([way]) => way.test(String(session.methods)))?.[1] ?? []
  const amr = [...found, ...(isTwo ? ["mfa"] : [])]
  return { acr: isTwo ? "two-factor" : "one-factor", ...(amr.length > 0 ? { amr } : {}) }
}

/** Says it in ID tokens, for which the plugin knows one level alone and no methods. `options`: by whose keys they are signed. */
export function tellAuthentication(options: JwtOptions): BetterAuthPlugin {
  return {
    id: "undercroft-authentication-claims",
    hooks: {
      after: [
        {
          matcher: ({ path, context }) => path === "/oauth2/token" && !isAPIError(context.returned),
          handler: createAuthMiddleware(async (ctx) => {
            const answer = ctx.context.returned as { readonly id_token?: unknown } | undefined
            if (typeof answer?.id_token !== "string") return
            const claims = decodeJwt(answer.id_token)
            const session = await ctx.context.adapter.findOne<Record<string, unknown>>({
              model: "session",
              where: [{ field: "id", value: String(claims["sid"]) }],
            })
            const payload = { ...claims, ...authenticationClaims(session ?? {}) }
            const signing = ctx as unknown as GenericEndpointContext
            return ctx.json({ ...answer, id_token: await signJWT(signing, { options, payload }) })
          }),
        },
      ],
    },
  }
}
