/** What an administrator changes of what proves who somebody is ends that person's sessions, and is told at the address they had. */
import { APIError, createAuthMiddleware, isAPIError } from "better-auth/api"
import type { BetterAuthPlugin } from "better-auth/types"
import { endOtherSessions, type NoticeParts, tell } from "./notices.ts"

const passwordPath = "/admin/set-user-password"
const updatePath = "/admin/update-user"

interface Owner {
  readonly id: string
  readonly email: string
  readonly twoFactorEnabled?: boolean | null
}

/** The plugin; it stands behind better-auth's own for administrators. */
export function adminChanges(parts: NoticeParts): BetterAuthPlugin {
  // As they were before the request did its work.
  const owners = new WeakMap<object, Owner>()
  const changes = (path: string | undefined): boolean => path === passwordPath || path === updatePath
  return {
    id: "undercroft-admin-changes",
    hooks: {
      before: [
        {
          matcher: ({ path }) => changes(path),
          handler: createAuthMiddleware(async (ctx) => {
            const { userId } = ctx.body as { readonly userId?: unknown }
            if (!ctx.request) throw new APIError("INTERNAL_SERVER_ERROR")
            if (typeof userId !== "string") return
            const found: Owner | null = await ctx.context.internalAdapter.findUserById(userId)
            if (found) owners.set(ctx.request, { ...found })
          }),
        },
      ],
      after: [
        {
          matcher: ({ path, context }) => changes(path) && !isAPIError(context.returned),
          handler: createAuthMiddleware(async (ctx) => {
            const before = ctx.request && owners.get(ctx.request)
            const after: Owner | null = before
              ? await ctx.context.internalAdapter.findUserById(before.id)
              : null
            if (!before || !after) return
            const what =
              ctx.path === passwordPath ? "gave your account a new password" : changeOf(before, after)
            if (what === null) return
            // An administrator who changes their own stays where they are.
            await endOtherSessions(ctx.context, before.id, ctx.context.session!.session.id)
            const former = { email: before.email, since: new Date().toISOString() }
            const undoing = after.email === before.email ? {} : { former }
            tell(parts, ctx.context, before, `An administrator ${what}; your sessions have ended.`, undoing)
          }),
        },
      ],
    },
  }
}

/** Null where nothing changed that proves who somebody is. */
function changeOf(before: Owner, after: Owner): string | null {
  if (before.email !== after.email) return "gave your account another address"
  if ((before.twoFactorEnabled ?? false) === (after.twoFactorEnabled ?? false)) return null
  return `switched your second factor ${after.twoFactorEnabled ? "on" : "off"}`
}
