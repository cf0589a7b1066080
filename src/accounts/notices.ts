/** What happens when what proves who somebody is changes, and what people are told by mail: that, and that they were signed in where they were not before. */
import { createHmac } from "node:crypto"
import type { AuthContext } from "@better-auth/core"
import { APIError, createAuthMiddleware, isAPIError } from "better-auth/api"
import type { BetterAuthPlugin } from "better-auth/types"
import { currentSession } from "./current-session.ts"
import { deviceOf, networkOf } from "./device.ts"
import type { Post } from "./mail.ts"
import type { MailTexts } from "./mail-texts.ts"
import { type Undoing, undoLink } from "./undo.ts"

export interface NoticeParts {
  /** Null: nobody can be told. */
  readonly post: Post | null
  readonly texts: MailTexts
}

/** Each change of what proves who somebody is, by the route that made it. */
const changes: Readonly<Record<string, string>> = {
  "/change-password": "Your password was changed, and all your other sessions have ended.",
  "/two-factor/verify-totp": "A second factor was switched on, and all your other sessions have ended.",
  "/two-factor/disable": "Your second factor was switched off, and all your other sessions have ended.",
  "/two-factor/generate-backup-codes": "You have new recovery codes; the old ones are void.",
  "/passkey/verify-registration": "A passkey was added, and all your other sessions have ended.",
  "/passkey/delete-passkey": "A passkey was removed, and all your other sessions have ended.",
}

/** Where no password is asked for by better-auth, or not of everybody. */
const freshPaths: ReadonlySet<string> = new Set([
  "/change-email",
  "/two-factor/enable",
  "/two-factor/disable",
  "/two-factor/generate-backup-codes",
  "/passkey/generate-register-options",
  "/passkey/verify-registration",
  "/passkey/delete-passkey",
])
const freshMs = 15 * 60_000

/** Changing what proves who somebody is ends their other sessions, and they are told. */
export function changeNotices(parts: NoticeParts): BetterAuthPlugin {
  return {
    id: "change-notices",
    hooks: {
      before: [
        {
          matcher: ({ path }) => path === "/change-password",
          handler: createAuthMiddleware(async () => ({ context: { body: { revokeOtherSessions: true } } })),
        },
        {
          matcher: ({ path }) => freshPaths.has(path ?? ""),
          handler: createAuthMiddleware(async (ctx) => {
            const found = await currentSession(ctx)
            if (
              found &&
              !(new Date(found.session["authenticatedAt"] as Date).getTime() > Date.now() - freshMs)
            )
              throw APIError.from("FORBIDDEN", { code: "SESSION_NOT_FRESH", message: "Sign in again first" })
          }),
        },
      ],
      after: [
        {
          matcher: ({ path, context }) =>
            Object.hasOwn(changes, path ?? "") && !isAPIError(context.returned) && Boolean(context.session),
          handler: createAuthMiddleware(async (ctx) => {
            const { user } = ctx.context.session!
            // A code that was asked for again changes nothing.
            if (ctx.path === "/two-factor/verify-totp" && user["twoFactorEnabled"] === true) return
            await endOtherSessions(
              ctx.context,
              user.id,
              (ctx.context.newSession ?? ctx.context.session!).session.id,
            )
            const { id } = (ctx.context.returned ?? {}) as { readonly id?: unknown }
            const added = ctx.path === "/passkey/verify-registration" && typeof id === "string"
            tell(parts, ctx.context, user, changes[ctx.path]!, added ? { passkey: id } : {})
          }),
        },
      ],
    },
  }
}

/** In the background: the last known address gets what happened, and the way to undo it. */
export function tell(
  { post, texts }: NoticeParts,
  context: AuthContext,
  user: { readonly id: string; readonly email: string },
  what: string,
  more: Omit<Undoing, "userId"> = {},
): void {
  post?.send(async () =>
    texts.changed(user.email, what, await undoLink(context, { userId: user.id, ...more })),
  )
}

/** Ends all of somebody's sessions but one. */
export async function endOtherSessions(context: AuthContext, userId: string, kept: string): Promise<void> {
  await context.adapter.deleteMany({
    model: "session",
    where: [
      { field: "userId", value: userId },
      { field: "id", operator: "ne", value: kept },
    ],
  })
}

/** Devices are remembered as keyed digests: that one was seen before, and nothing else. */
export function deviceNotices(post: Post, texts: MailTexts): BetterAuthPlugin {
  return {
    id: "device-notices",
    schema: {
      knownDevice: {
        fields: {
          userId: {
            type: "string",
            required: true,
            references: { model: "user", field: "id", onDelete: "cascade" },
            index: true,
          },
          mark: { type: "string", required: true },
          seenAt: { type: "date", required: true },
        },
      },
    },
    init: () => ({
      options: {
        databaseHooks: {
          session: {
            create: {
              after: async (session, context) => {
                if (!context || session["impersonatedBy"]) return
                const user = await context.context.internalAdapter.findUserById(session.userId)
                // Who has only one factor of two is not signed in yet.
                const isHalf = (user as { twoFactorEnabled?: boolean } | null)?.twoFactorEnabled === true
                if (!user || (isHalf && session["assurance"] !== "two-factor")) return
                if (await isKnown(context.context, user.id, session)) return
                const device = deviceOf(session.userAgent)
                post.send(async () =>
                  texts.newDevice(user.email, device, await undoLink(context.context, { userId: user.id })),
                )
              },
            },
          },
        },
      },
    }),
  }
}

/** The first device of an account is no news. */
async function isKnown(
  { adapter, secret }: AuthContext,
  userId: string,
  {
    userAgent,
    ipAddress,
  }: { readonly userAgent?: string | null | undefined; readonly ipAddress?: string | null | undefined },
): Promise<boolean> {
  const marks = [deviceOf(userAgent), networkOf(ipAddress)].map((part) =>
    createHmac("sha256", secret)
      .update(JSON.stringify(["known-device", userId, part]))
      .digest("hex"),
  )
  const known = await adapter.findMany<{ readonly mark: string }>({
    model: "knownDevice",
    where: [{ field: "userId", value: userId }],
    limit: 500,
  })
  const unseen = marks.filter((mark) => !known.some((one) => one.mark === mark))
  for (const mark of unseen)
    await adapter.create({ model: "knownDevice", data: { userId, mark, seenAt: new Date() } })
  return unseen.length === 0 || known.length === 0
}
