/** Second factors: asked for on every route that makes a session, each code good once. */
import { APIError, createAuthMiddleware, isAPIError } from "better-auth/api"
import { setSessionCookie } from "better-auth/cookies"
import { symmetricDecrypt } from "better-auth/crypto"
import { twoFactor } from "better-auth/plugins"
import type { BetterAuthPlugin } from "better-auth/types"
import { type RouteContext as Context, currentSession } from "./current-session.ts"
import { stepOfCode } from "./totp.ts"

type AfterHook = NonNullable<NonNullable<BetterAuthPlugin["hooks"]>["after"]>[number]
type HookContext = Parameters<AfterHook["matcher"]>[0]

interface Factor {
  readonly id: string
  readonly secret: string
  readonly lockedUntil: Date | null
}

const model = "twoFactor"
const failuresMax = 10
const lockMs = 15 * 60_000
const provingPaths: ReadonlySet<string> = new Set([
  "/two-factor/verify-totp",
  "/two-factor/verify-backup-code",
])
const proves = ({ path }: HookContext): boolean => provingPaths.has(path ?? "")

/** better-auth's plugin, whose own guard knows three routes; and what it leaves open. */
export function secondFactor(issuer: string): BetterAuthPlugin[] {
  const plugin = twoFactor({
    issuer,
    // Who has no password proves with what they have: a session, which is a whole one from then on.
    allowPasswordless: true,
    totpOptions: { digits: 6, period: 30 },
    // Attempts are counted by the guard, which locks nobody out who has signed in from there before.
    accountLockout: { enabled: false },
    backupCodeOptions: { storeBackupCodes: "encrypted", amount: 10, length: 10 },
  }) as unknown as BetterAuthPlugin
  const [challenge] = plugin.hooks?.after ?? []
  if (!challenge) throw new Error("the plugin for second factors has no guard")
  return [{ ...plugin, hooks: { after: [onEveryRoute(challenge)] } }, onceAndLimited]
}

/** Whatever made a session: with one factor of two it is taken back, and the second is asked for (GHSA-xg6x-h9c9-2m83). */
function onEveryRoute(challenge: AfterHook): AfterHook {
  return {
    matcher: ({ context }) => (context.newSession?.session["assurance"] ?? "two-factor") !== "two-factor",
    handler: async (input) => {
      // Hooks are called with what their matchers see.
      const context = input as unknown as HookContext
      const made = context.context.newSession!
      const user = await context.context.internalAdapter.findUserById(made.user.id)
      if ((user as { twoFactorEnabled?: boolean } | null)?.twoFactorEnabled !== true) return {}
      made.user["twoFactorEnabled"] = true
      const asked = (await challenge.handler(input)) as Asked
      return redirected(context, asked) ?? (await withPasskeys(context, made.user.id, asked))
    },
  }
}

/** Who came by a link in a browser goes where the link leads, and the page there asks for the second factor. */
function redirected(context: HookContext, asked: Asked): Asked | null {
  const { returned } = context.context
  if (!isAPIError(returned) || returned.statusCode !== 302) return null
  const location = new Headers(returned.headers).get("location")
  if (location === null) return null
  const url = new URL(location, context.context.baseURL)
  url.searchParams.set("twoFactor", "required")
  const headers = new Headers(asked.headers)
  headers.set("location", url.href)
  return { headers, response: new APIError("FOUND", undefined, new Headers({ location: url.href })) }
}

interface Asked {
  readonly response?: APIError | { readonly twoFactorMethods?: readonly string[] } | undefined
  readonly headers?: Headers | undefined
}

async function withPasskeys(context: HookContext, userId: string, asked: Asked): Promise<Asked> {
  const { response, headers } = asked
  if (!context.context.hasPlugin("passkey") || !response || !("twoFactorMethods" in response)) return asked
  const has = await context.context.adapter.count({
    model: "passkey",
    where: [{ field: "userId", value: userId }],
  })
  const twoFactorMethods = [...(response.twoFactorMethods ?? []), ...(has > 0 ? ["passkey"] : [])]
  return { headers, response: { ...response, twoFactorMethods } }
}

/** A code of an app counts once (RFC 6238, 5.2); who is signed in guesses no more often than who signs in. */
const onceAndLimited: BetterAuthPlugin = {
  id: "second-factor-once",
  schema: {
    twoFactor: {
      fields: {
        lastStep: { type: "number", required: false, defaultValue: 0, input: false, returned: false },
      },
    },
  },
  hooks: {
    before: [
      {
        matcher: proves,
        handler: createAuthMiddleware(async (ctx) => {
          const { userId, isSession } = await whoProves(ctx)
          const factor = userId === null ? null : await factorOf(ctx, userId)
          if (factor && isSession && factor.lockedUntil && factor.lockedUntil.getTime() > Date.now())
            throw new APIError("TOO_MANY_REQUESTS", {
              code: "LOCKED",
              message: "Too many attempts; wait a while",
            })
          if (factor && ctx.path === "/two-factor/verify-totp") await claimStep(ctx, factor)
          // A device is not trusted for having been used once, and no code is used up for nothing.
          return { context: { body: { trustDevice: false, disableSession: false } } }
        }),
      },
    ],
    after: [
      {
        matcher: (context) =>
          proves(context) && Boolean(context.context.session) && !context.context.newSession,
        handler: createAuthMiddleware(async (ctx) => {
          const { session, user } = ctx.context.session!
          if (isAPIError(ctx.context.returned)) return countFailure(ctx, user.id)
          // Proving it again is a rise: the old token ends, and the new one tells when.
          const made = await ctx.context.internalAdapter.createSession(user.id)
          await setSessionCookie(ctx, { session: made, user })
          await ctx.context.internalAdapter.deleteSession(session.token)
          return ctx.json({ token: made.token, user })
        }),
      },
    ],
  },
}

async function whoProves(ctx: Context): Promise<{ userId: string | null; isSession: boolean }> {
  const session = await currentSession(ctx)
  if (session) return { userId: session.user.id, isSession: true }
  const cookie = await ctx.getSignedCookie(
    ctx.context.createAuthCookie("two_factor").name,
    ctx.context.secret,
  )
  const challenge = cookie ? await ctx.context.internalAdapter.findVerificationValue(cookie) : null
  return { userId: challenge?.value ?? null, isSession: false }
}

function factorOf(ctx: Context, userId: string): Promise<Factor | null> {
  return ctx.context.adapter.findOne<Factor>({ model, where: [{ field: "userId", value: userId }] })
}

/** Of many at once with the same code one goes on. */
async function claimStep(ctx: Context, { id, secret }: Factor): Promise<void> {
  const { code } = ctx.body as { readonly code?: unknown }
  const plain = await symmetricDecrypt({ key: ctx.context.secretConfig, data: secret })
  const step = stepOfCode(plain, String(code ?? ""))
  if (step === null) return
  const claimed = await ctx.context.adapter.incrementOne({
    model,
    where: [
      { field: "id", value: id },
      { field: "lastStep", operator: "lt", value: step },
    ],
    increment: {},
    set: { lastStep: step },
  })
  if (!claimed) throw new APIError("UNAUTHORIZED", { code: "INVALID_CODE", message: "Invalid code" })
}

async function countFailure(ctx: Context, userId: string): Promise<void> {
  const where = [{ field: "userId", value: userId }]
  const counted = await ctx.context.adapter.incrementOne<{ readonly failedVerificationCount: number }>({
    model,
    where,
    increment: { failedVerificationCount: 1 },
  })
  if ((counted?.failedVerificationCount ?? 0) < failuresMax) return
  const update = { lockedUntil: new Date(Date.now() + lockMs), failedVerificationCount: 0 }
  await ctx.context.adapter.update({ model, where, update })
}
