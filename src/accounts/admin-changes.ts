/** What an administrator changes of what proves who somebody is ends that person's sessions, and is told at the address they had. */
import { APIError, createAuthMiddleware, isAPIError } from "better-auth/api"
import type { BetterAuthPlugin } from "better-auth/types"
import { endOtherSessions, type NoticeParts, tell } from "./notices.ts"

const passwordPath = "/admin/set-user-password"
const updatePath = "/admin/update-user"

interface Owner {
  readonly id: string
  /** As it was before. */
  readonly email: string
}

/** The plugin; it stands behind better-auth's own for administrators. */
export function adminChanges(parts: NoticeParts): BetterAuthPlugin {
  // Between what stands before a request's work and what stands behind it.
  const owners = new WeakMap<object, Owner>()
  const matcher = ({ path }: { readonly path?: string | undefined }): boolean =>
    path === passwordPath || path === updatePath
  return {
    id: "undercroft-admin-changes",
    hooks: {
      before: [
        {
          matcher,
          handler: createAuthMiddleware(async (ctx) => {
            const { userId } = ctx.body as { readonly userId?: unknown }
            if (!ctx.request) throw new APIError("INTERNAL_SERVER_ERROR")
            if (typeof userId !== "string") return
            const found = await ctx.context.internalAdapter.findUserById(userId)
            if (found) owners.set(ctx.request, { id: found.id, email: found.email })
          }),
        },
      ],
      after: [
        {
          matcher: ({ path, context }) => matcher({ path }) && !isAPIError(context.returned),
          handler: createAuthMiddleware(async (ctx) => {
            const owner = ctx.request && owners.get(ctx.request)
            if (!owner) return
            const now = await ctx.context.internalAdapter.findUserById(owner.id)
            const isMoved = now !== null && now.email !== owner.email
            if (ctx.path === updatePath && !isMoved) return
            // An administrator who changes their own stays where they are.
            await endOtherSessions(ctx.context, owner.id, ctx.context.session!.session.id)
            if (isMoved)
              tell(
                parts,
                ctx.context,
                owner,
                "An administrator gave your account another address; your sessions have ended.",
                {
                  email: owner.email,
                },
              )
            else
              tell(
                parts,
                ctx.context,
                owner,
                "An administrator gave your account a new password; your sessions have ended.",
              )
          }),
        },
      ],
    },
  }
}
