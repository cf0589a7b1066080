/** The link by which whoever did not change their account stops whoever did: all are signed out, the password is void, a new one is chosen. */
import { randomBytes } from "node:crypto"
import type { AuthContext } from "@better-auth/core"
import { APIError, createAuthEndpoint } from "better-auth/api"
import type { BetterAuthPlugin } from "better-auth/types"
import { type FormerAddress, giveBackAddress } from "./former-address.ts"
import { linkPage } from "./link-page.ts"
import type { Post } from "./mail.ts"
import type { MailTexts } from "./mail-texts.ts"
import { newPasswordPath } from "./password-pages.ts"

const days = 7
const resetMinutes = 30

/** Which change, and what takes it back. */
export interface Undoing {
  readonly userId: string
  /** A passkey that was added: it goes. */
  readonly passkey?: string
  /** An account elsewhere that was linked: it goes. */
  readonly account?: string
  /** The address that the account had before: it has it again, and what came to the account since goes. */
  readonly former?: FormerAddress
}

/** A link for one change. It is kept as a digest and good once. */
export async function undoLink(context: AuthContext, undoing: Undoing): Promise<string> {
  const token = randomBytes(24).toString("base64url")
  await context.internalAdapter.createVerificationValue({
    identifier: `undo:${token}`,
    value: JSON.stringify(undoing),
    expiresAt: new Date(Date.now() + days * 86_400_000),
  })
  return `${context.baseURL}/undo?token=${token}`
}

/** What the link leads to. Opening it does nothing yet: mail programs open links, too. */
export function undo(post: Post, texts: MailTexts): BetterAuthPlugin {
  return {
    id: "undo",
    endpoints: {
      askUndo: createAuthEndpoint("/undo", { method: "GET" }, async () => linkPage(question)),
      undo: createAuthEndpoint(
        "/undo",
        {
          method: "POST",
          metadata: { allowedMediaTypes: ["application/x-www-form-urlencoded", "application/json"] },
        },
        async (ctx) => {
          const found = await ctx.context.internalAdapter.consumeVerificationValue(
            `undo:${ctx.query?.["token"]}`,
          )
          if (!found) throw new APIError("BAD_REQUEST", { code: "INVALID_TOKEN", message: "Invalid token" })
          const undoing = JSON.parse(found.value) as Undoing
          const { userId, former } = undoing
          if (!(await ctx.context.internalAdapter.findUserById(userId)))
            throw new APIError("BAD_REQUEST", { code: "INVALID_TOKEN", message: "Invalid token" })
          const isBack = former === undefined || (await giveBackAddress(ctx.context, userId, former))
          await lock(ctx.context, undoing)
          if (!isBack) return linkPage(locked)
          const user = (await ctx.context.internalAdapter.findUserById(userId))!
          const link = await resetLink(ctx.context, userId)
          post.send(() => texts.reset(user.email, link))
          return linkPage(done)
        },
      ),
    },
  }
}

async function lock(context: AuthContext, { userId, passkey, account }: Undoing): Promise<void> {
  const { internalAdapter, adapter } = context
  if (await internalAdapter.findCredentialAccount(userId))
    await internalAdapter.updatePassword(userId, "void")
  for (const [model, id] of Object.entries({ passkey, account }))
    if (id !== undefined)
      await adapter.deleteMany({
        model,
        where: [
          { field: "id", value: id },
          { field: "userId", value: userId },
        ],
      })
  await internalAdapter.deleteUserSessions(userId)
}

async function resetLink(context: AuthContext, userId: string): Promise<string> {
  const token = randomBytes(24).toString("base64url")
  await context.internalAdapter.createVerificationValue({
    identifier: `reset-password:${token}`,
    value: userId,
    expiresAt: new Date(Date.now() + resetMinutes * 60_000),
  })
  return `${context.baseURL}/reset-password/${token}?callbackURL=${encodeURIComponent(newPasswordPath)}`
}

const question =
  '<h1>Was it not you?</h1><p>Everybody who is signed in to your account is signed out, and you get a mail to choose a new password.</p><form method="post"><button>It was not me</button></form>'
const done = "<h1>Done</h1><p>Everybody was signed out. Choose a new password by the mail that we sent.</p>"
const locked =
  "<h1>Locked</h1><p>Your address has another account now, so nobody can sign in to this one until those who run the service have looked at it. Ask them.</p>"
