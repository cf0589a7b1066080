/** What the provider's plugin leaves open, closed: which of its routes exist, who gets a code, and what is looked at as a token. */
import type { BetterAuthPlugin, GenericEndpointContext } from "better-auth"
import { APIError, createAuthMiddleware, getSessionFromCtx } from "better-auth/api"
import { isLiveSession } from "./live-session.ts"
import { declareClients } from "./provider-clients.ts"
import type { ProviderClient } from "./provider-settings.ts"
import type { NeedsTwoFactors } from "./settings.ts"

/** All others of the plugins (clients and resources made by requests, tokens for the asking) do not exist. */
export const providerOpenPaths: ReadonlySet<string> = new Set([
  "/jwks",
  "/oauth2/authorize",
  "/oauth2/consent",
  "/oauth2/token",
  "/oauth2/userinfo",
  "/oauth2/introspect",
  "/oauth2/revoke",
  "/oauth2/end-session",
  "/oauth2/end-session/confirm",
])

/** RFC 6749, 4.1.2: short. The page to sign in has longer. */
const codeSeconds = 60

/** Stands before the plugins that it guards. */
export function providerGuard(
  clients: readonly ProviderClient[],
  guarded: readonly BetterAuthPlugin[],
  needsTwo: NeedsTwoFactors,
): BetterAuthPlugin {
  const closedPaths = guarded
    .flatMap((plugin) => Object.values(plugin.endpoints ?? {}).map(({ path = "" }) => path))
    .filter((path) => path !== "" && !providerOpenPaths.has(path))
  const at = (...paths: string[]) => ({
    matcher: ({ path }: { path?: string }) => paths.includes(path ?? ""),
  })
  return {
    id: "undercroft-provider-guard",
    async init(context) {
      await declareClients(context.adapter, clients)
      const before = async (data: { readonly value: string }) => {
        const sessionId = sessionOfCode(data.value)
        if (sessionId === null) return
        // Whatever led here, a half-finished sign-in gives no code.
        if (!(await isLiveSession(context.adapter, sessionId, needsTwo)))
          throw new APIError("UNAUTHORIZED", { error: "login_required" })
        return { data: { expiresAt: new Date(Date.now() + codeSeconds * 1000) } }
      }
      return { options: { databaseHooks: { verification: { create: { before } } } } }
    },
    hooks: {
      before: [
        {
          ...at(...closedPaths),
          handler: createAuthMiddleware(async () => {
            throw new APIError("NOT_FOUND")
          }),
        },
        {
          ...at("/oauth2/authorize"),
          handler: createAuthMiddleware(async (ctx) => checkRedirect(ctx as GenericEndpointContext, clients)),
        },
        {
          ...at("/oauth2/authorize", "/oauth2/consent"),
          handler: createAuthMiddleware(async (ctx) =>
            endDeadSession(ctx as GenericEndpointContext, needsTwo),
          ),
        },
        {
          ...at("/oauth2/userinfo"),
          handler: createAuthMiddleware(async ({ headers, body }) => {
            const token = headers?.get("authorization")?.split(" ").at(-1) ?? body?.access_token
            if (typeof token === "string" && !isOurs(token)) throw invalidToken()
          }),
        },
        {
          ...at("/oauth2/introspect", "/oauth2/revoke"),
          // RFC 7662, 2.1 and RFC 7009, 2.1: a hint that is wrong must not hide a token, so none is heard.
          handler: createAuthMiddleware(async ({ body }) => ({
            context: { body: { ...body, token: tokenOf(body?.token), token_type_hint: "" } },
          })),
        },
      ],
    },
  }
}

/** The plugin lets the port of a redirect to one's own machine vary; what is declared here is meant as it stands. */
function checkRedirect(ctx: GenericEndpointContext, clients: readonly ProviderClient[]): void {
  const asked = (ctx.method === "POST" ? ctx.body : ctx.query) as Record<string, unknown> | undefined
  const client = clients.find((one) => one.id === asked?.["client_id"])
  const uri = asked?.["redirect_uri"]
  if (client && typeof uri === "string" && !client.redirectUris.includes(uri))
    throw new APIError("BAD_REQUEST", {
      error: "invalid_request",
      error_description: "this redirect_uri is not registered",
    })
}

/** A session that is idle, or whose person may no longer enter, is over: they sign in anew. */
async function endDeadSession(ctx: GenericEndpointContext, needsTwo: NeedsTwoFactors): Promise<void> {
  const found = await getSessionFromCtx(ctx)
  if (!found || (await isLiveSession(ctx.context.adapter, found.session.id, needsTwo))) return
  await ctx.context.internalAdapter.deleteSession(found.session.token)
  ctx.context.session = null
}

/**
 * Access and refresh tokens are 32 random letters. Anything else (a JWT above all, which the plugin would check as one and
 * answer with 500 where it is forged) is none of ours, an ID token too.
 */
function isOurs(token: unknown): boolean {
  return typeof token === "string" && /^[A-Za-z]{32}$/.test(token)
}

/** What is none of ours is looked up as what can't be there, once it is clear who asks. */
function tokenOf(token: unknown): unknown {
  return typeof token !== "string" || token === "" || isOurs(token) ? token : "unknown"
}

function invalidToken(): APIError {
  return new APIError(
    "UNAUTHORIZED",
    { error: "invalid_token", error_description: "Invalid access token" },
    { "WWW-Authenticate": 'Bearer error="invalid_token"' },
  )
}

function sessionOfCode(value: string): string | null {
  try {
    const { type, sessionId } = JSON.parse(value)
    return type === "authorization_code" ? String(sessionId ?? "") : null
  } catch {
    return null
  }
}
