/**
 * Changing one's e-mail address. The new one is proved by a link sent there, and that link is good only for whoever is signed
 * in to the account that asked: nobody is made the owner of a stranger's account by opening a mail (CVE-2026-44166).
 */
import { randomBytes } from "node:crypto"
import type { AuthContext } from "@better-auth/core"
import { APIError, createAuthEndpoint, sessionMiddleware } from "better-auth/api"
import type { BetterAuthPlugin } from "better-auth/types"
import { z } from "zod"
import { voidLinks } from "./former-address.ts"
import { linkPage } from "./link-page.ts"
import type { Post } from "./mail.ts"
import type { MailTexts } from "./mail-texts.ts"
import { endOtherSessions, tell } from "./notices.ts"

const minutes = 30
const what = "The e-mail address of your account was changed, and all your other sessions have ended."

interface Change {
  readonly userId: string
  readonly from: string
  readonly to: string
}

/** `POST /auth/change-email`, and the page to which its link leads; both in place of better-auth's, whose link signs in. */
export function emailChange(post: Post, texts: MailTexts): BetterAuthPlugin {
  return {
    id: "email-change",
    endpoints: {
      changeEmail: createAuthEndpoint(
        "/change-email",
        { method: "POST", body: z.object({ newEmail: z.string() }), use: [sessionMiddleware] },
        async (ctx) => {
          const { user } = ctx.context.session
          const to = ctx.body.newEmail
          if (to !== user.email) {
            // The same is done and answered whether the address is taken; the mail alone tells it, to whoever reads there.
            const link = await changeLink(ctx.context, { userId: user.id, from: user.email, to })
            post.send(async () =>
              (await ctx.context.internalAdapter.findUserByEmail(to))
                ? texts.exists(to)
                : texts.newAddress(to, link),
            )
          }
          return ctx.json({ status: true })
        },
      ),
      askConfirmEmail: createAuthEndpoint("/change-email/confirm", { method: "GET" }, async () =>
        linkPage(question),
      ),
      confirmEmail: createAuthEndpoint(
        "/change-email/confirm",
        {
          method: "POST",
          use: [sessionMiddleware],
          metadata: { allowedMediaTypes: ["application/x-www-form-urlencoded", "application/json"] },
        },
        async (ctx) => {
          const { session, user } = ctx.context.session
          const change = await claim(ctx.context, ctx.query?.["token"], user)
          const former = { email: change.from, since: new Date().toISOString() }
          await setEmail(ctx.context, change)
          await endOtherSessions(ctx.context, user.id, session.id)
          await voidLinks(ctx.context, user.id)
          tell({ post, texts }, ctx.context, user, what, { former })
          return linkPage(done)
        },
      ),
    },
  }
}

async function changeLink({ internalAdapter, baseURL }: AuthContext, change: Change): Promise<string> {
  const token = randomBytes(24).toString("base64url")
  await internalAdapter.createVerificationValue({
    identifier: `change-email:${token}`,
    value: JSON.stringify(change),
    expiresAt: new Date(Date.now() + minutes * 60_000),
  })
  return `${baseURL}/change-email/confirm?token=${token}`
}

/** The change of a link, which is used up by its own account alone. */
async function claim(
  { internalAdapter }: AuthContext,
  token: unknown,
  user: { readonly id: string; readonly email: string },
): Promise<Change> {
  const identifier = `change-email:${token}`
  const found = await internalAdapter.findVerificationValue(identifier)
  const change = found && found.expiresAt > new Date() ? (JSON.parse(found.value) as Change) : null
  if (change && change.userId !== user.id)
    throw new APIError("FORBIDDEN", {
      code: "ANOTHER_ACCOUNT",
      message: "Sign in to the account that asked for this, and open the link again",
    })
  if (!change || change.from !== user.email || !(await internalAdapter.consumeVerificationValue(identifier)))
    throw invalid()
  return change
}

async function setEmail({ internalAdapter }: AuthContext, { userId, to }: Change): Promise<void> {
  // Somebody else may have made an account with it since; of two at once the table lets one.
  if (await internalAdapter.findUserByEmail(to)) throw invalid()
  try {
    await internalAdapter.updateUser(userId, { email: to, emailVerified: true })
  } catch (error) {
    throw (error as { readonly code?: unknown } | null)?.code === "23505" ? invalid() : error
  }
}

const invalid = (): APIError =>
  new APIError("BAD_REQUEST", { code: "INVALID_TOKEN", message: "This link is good no more: ask again" })
const question =
  '<h1>Use this address?</h1><p>From now on your account has the address to which this link was sent. You must be signed in to it here.</p><form method="post"><button>Use this address</button></form>'
const done = "<h1>Done</h1><p>Your account has its new address. The one of before was told.</p>"
