/** Ending a session by its identifier, one's own or as an administrator: its token is known to its holder alone. */
import type { BetterAuthPlugin } from "better-auth"
import {
  APIError,
  createAuthEndpoint,
  createAuthMiddleware,
  isAPIError,
  sessionMiddleware,
} from "better-auth/api"
import { z } from "zod"
import { endOtherSessions } from "./notices.ts"

/** Routes of better-auth that name a session by its token, which nobody but its holder has. */
export const byToken: readonly string[] = ["/revoke-session", "/admin/revoke-user-session"]

/** In which header somebody says why they act as somebody else. */
const reasonHeader = "x-reason"

const impersonation = "/admin/impersonate-user"

/** The reason that a request gives for acting as somebody else; null for every other request. */
export function reasonOf(path: string | undefined, headers: Headers | null | undefined): string | null {
  return path === impersonation ? (headers?.get(reasonHeader)?.trim().slice(0, 200) ?? null) : null
}

/** `POST /auth/sessions/end` with `{"id":"…"}`, ending all others, and no acting as somebody else without a reason. */
export function ownSessions(): BetterAuthPlugin {
  return {
    id: "undercroft-sessions",
    endpoints: {
      endSession: createAuthEndpoint(
        "/sessions/end",
        { method: "POST", body: z.object({ id: z.uuid() }), use: [sessionMiddleware] },
        async (context) => {
          const { adapter, session } = context.context
          const user = session.user as { readonly id: string; readonly role?: string | null }
          const isAdmin = (user.role ?? "").split(",").includes("admin")
          const ended = await adapter.deleteMany({
            model: "session",
            where: [
              { field: "id", value: context.body.id },
              ...(isAdmin ? [] : [{ field: "userId", value: user.id }]),
            ],
          })
          if (ended === 0)
            throw new APIError("NOT_FOUND", {
              code: "SESSION_NOT_FOUND",
              message: "There is no such session",
            })
          return context.json({ ended: true })
        },
      ),
    },
    hooks: {
      before: [
        {
          matcher: ({ path }) => path === impersonation,
          handler: createAuthMiddleware(async ({ path, headers }) => {
            if ((reasonOf(path, headers) ?? "").length < 5)
              throw new APIError("BAD_REQUEST", {
                code: "REASON_REQUIRED",
                message: "Say why in the header X-Reason, in five characters or more",
              })
          }),
        },
      ],
      after: [
        {
          matcher: ({ path, context }) => path === "/revoke-other-sessions" && !isAPIError(context.returned),
          // better-auth ends them by their tokens, which nobody has but their holders.
          handler: createAuthMiddleware(async ({ context }) => {
            const { user, session } = context.session!
            await endOtherSessions(context, user.id, session.id)
          }),
        },
      ],
    },
  }
}
