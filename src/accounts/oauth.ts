/** Sign-in through others: how it begins, what is kept of it, and what its owner is told. */
import type { AuthContext } from "@better-auth/core"
import {
  APIError,
  addOAuthServerContext,
  createAuthMiddleware,
  getOAuthState,
  isAPIError,
} from "better-auth/api"
import type { BetterAuthPlugin } from "better-auth/types"
import { currentSession, type RouteContext } from "./current-session.ts"
import { endOtherSessions, type NoticeParts, tell } from "./notices.ts"
import { oauthProviders, stateProvider } from "./oauth-providers.ts"
import type { KnownSaml } from "./saml-answer.ts"
import type { AccountSettings } from "./settings.ts"

/** Where the browser comes back to. */
const callbackPath = "/callback/:id"

/** Routes that give out a provider's tokens: none are kept. */
export const tokenPaths: readonly string[] = ["/get-access-token", "/refresh-token", "/account-info"]

/** What an administrator who acts as somebody else leaves alone: it would outlast their acting. */
const ownPaths: ReadonlySet<string> = new Set(["/link-social", "/unlink-account"])
const startingPaths: ReadonlySet<string> = new Set(["/sign-in/social", "/link-social"])
const password = "credential"
const tokens = ["accessToken", "refreshToken", "idToken"] as const
const none = Object.fromEntries(tokens.map((one) => [one, null]))

/** Brings in the providers of `settings.oauth`, and those of SAML, who are the same to all that follows. */
export function oauth(
  settings: AccountSettings,
  samls: readonly KnownSaml[],
  parts: NoticeParts,
): BetterAuthPlugin {
  const providers = oauthProviders(settings.oauth ?? {}, samls, settings.signUp === "open")
  const names = new Map(providers.map(({ id, name }) => [id, name]))
  const organizations = new Map(
    [...(settings.oauth?.issuers ?? []), ...samls].map((one) => [one.id, one.organization]),
  )
  // Requests in which somebody new came in.
  const newcomers = new WeakSet<object>()
  return {
    id: "oauth",
    // Of two who link the same at once, one does.
    schema: { account: { fields: {}, indexes: [{ fields: ["providerId", "accountId"], unique: true }] } },
    hooks: {
      before: [
        {
          matcher: ({ path }) => startingPaths.has(path ?? ""),
          handler: createAuthMiddleware(async (ctx) => {
            const { provider } = (ctx.body ?? {}) as { readonly provider?: unknown }
            await addOAuthServerContext({ [stateProvider]: provider })
          }),
        },
        {
          matcher: ({ path }) => ownPaths.has(path ?? ""),
          handler: createAuthMiddleware(async (ctx) => {
            if ((await currentSession(ctx))?.session["impersonatedBy"])
              throw APIError.from("FORBIDDEN", {
                code: "NOT_AS_SOMEBODY_ELSE",
                message: "Only its owner changes how an account is entered",
              })
          }),
        },
      ],
      after: [
        {
          matcher: ({ path, context }) =>
            path === "/unlink-account" && !isAPIError(context.returned) && Boolean(context.session),
          handler: createAuthMiddleware(async (ctx) => {
            const { user, session } = ctx.context.session!
            await endOtherSessions(ctx.context, user.id, session.id)
            tell(
              parts,
              ctx.context,
              user,
              "A way to sign in was removed, and all your other sessions have ended.",
            )
          }),
        },
      ],
    },
    init: () => ({
      context: { socialProviders: [...providers] },
      options: {
        databaseHooks: {
          user: {
            create: {
              before: async (_, context) => {
                if (context) newcomers.add(context)
              },
            },
            update: {
              // Another may have made the account: only the mailbox proves whose it is, and takes away what was there.
              before: async (user, context) =>
                context?.path === callbackPath && user.emailVerified
                  ? { data: { emailVerified: false } as never }
                  : undefined,
            },
          },
          account: {
            create: {
              before: async (account) =>
                account.providerId === password ? undefined : { data: { ...account, ...none } as never },
              after: async (account, context) => {
                if (!context || context.path !== callbackPath) return
                await join(context.context, account.userId, organizations.get(account.providerId))
                if (newcomers.has(context)) return
                await tellLinked(parts, context as unknown as RouteContext, account, names)
              },
            },
            update: {
              before: async (account) =>
                tokens.some((one) => account[one]) ? { data: { ...none } as never } : undefined,
            },
          },
        },
      },
    }),
  }
}

/** Whether somebody can still sign in without one of their accounts elsewhere, or one of their passkeys. */
export async function hasOtherWay(
  { internalAdapter, adapter, socialProviders }: AuthContext,
  settings: AccountSettings,
  post: NoticeParts["post"],
  userId: string,
  without: string,
): Promise<boolean> {
  const others = (await internalAdapter.findAccounts(userId)).filter((one) => one.id !== without)
  const isGood = (provider: string): boolean =>
    provider === password ? settings.password === true : socialProviders.some((one) => one.id === provider)
  if (others.some((one) => isGood(one.providerId))) return true
  if (post && (settings.magicLink || settings.emailCode)) return true
  return (
    settings.passkeys === true &&
    (await adapter.count({
      model: "passkey",
      where: [
        { field: "userId", value: userId },
        { field: "id", operator: "ne", value: without },
      ],
    })) > 0
  )
}

/** An organization that is not there has no members. */
async function join({ adapter }: AuthContext, userId: string, id: string | undefined): Promise<void> {
  if (id === undefined) return
  const where = [{ field: "id", value: id }]
  if (!(await adapter.findOne({ model: "organization", where }))) return
  const mine = [
    { field: "organizationId", value: id },
    { field: "userId", value: userId },
  ]
  if ((await adapter.count({ model: "member", where: mine })) > 0) return
  const data = { organizationId: id, userId, role: "member", createdAt: new Date() }
  await adapter.create({ model: "member", data })
}

async function tellLinked(
  parts: NoticeParts,
  ctx: RouteContext,
  account: { readonly id: string; readonly userId: string; readonly providerId: string },
  names: ReadonlyMap<string, string>,
): Promise<void> {
  const { context } = ctx
  const user = await context.internalAdapter.findUserById(account.userId)
  if (!user) return
  // Whoever asked for it while signed in keeps the session in which they did.
  const session = (await getOAuthState())?.link ? await currentSession(ctx) : null
  if (session) await endOtherSessions(context, user.id, String(session.session["id"]))
  const others = session ? ", and all your other sessions have ended" : ""
  const name = names.get(account.providerId) ?? account.providerId
  tell(parts, context, user, `${name} is now a way into your account${others}.`, { account: account.id })
}
