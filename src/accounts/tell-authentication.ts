/** Puts into ID tokens by which methods, and at which level, somebody signed in. */
import type { BetterAuthPlugin, GenericEndpointContext } from "better-auth"
import { createAuthMiddleware, isAPIError } from "better-auth/api"
import { type JwtOptions, signJWT } from "better-auth/plugins"
import { decodeJwt } from "jose"
import { authenticationClaims } from "./authentication-claims.ts"

/** The provider's plugin knows one level alone, and no methods. `options` say by whose keys tokens are signed. */
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
