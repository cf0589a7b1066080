/**
 * The last way into an account stays. Whether there is another is asked while the person's row is locked, so that of two
 * that are taken away at once the second finds the first gone.
 */

import { getCurrentAdapter, runWithTransaction } from "@better-auth/core/context"
import type { DBTransactionAdapter } from "@better-auth/core/db/adapter"
import { APIError, createAuthEndpoint, freshSessionMiddleware, sessionMiddleware } from "better-auth/api"
import type { BetterAuthPlugin } from "better-auth/types"
import { z } from "zod"
import type { RouteContext } from "./current-session.ts"
import type { Post } from "./mail.ts"
import { hasOtherWay } from "./oauth.ts"
import type { AccountSettings } from "./settings.ts"

/** The routes that take a way in away, in place of better-auth's. */
export function lastWay(settings: AccountSettings, post: Post | null): BetterAuthPlugin {
  const remove = async (ctx: RouteContext, userId: string, model: string, id: string): Promise<void> => {
    const { adapter } = ctx.context
    if (!z.uuid().safeParse(id).success) throw notFound()
    await runWithTransaction(adapter, async () => {
      // On the transaction's own connection: with a second one each, those who wait would wait for one another.
      const own: DBTransactionAdapter = await getCurrentAdapter(adapter)
      await own.update({
        model: "user",
        where: [{ field: "id", value: userId }],
        update: { updatedAt: new Date() },
      })
      const where = [
        { field: "id", value: id },
        { field: "userId", value: userId },
      ]
      if (!(await own.findOne({ model, where }))) throw notFound()
      if (!(await hasOtherWay({ ...ctx.context, adapter: own as never }, settings, post, userId, id)))
        throw APIError.from("BAD_REQUEST", {
          code: "FAILED_TO_UNLINK_LAST_ACCOUNT",
          message: "It is the last way into this account: add another first",
        })
      await own.deleteMany({ model, where })
    })
  }
  return {
    id: "last-way",
    endpoints: {
      unlinkAccount: createAuthEndpoint(
        "/unlink-account",
        { method: "POST", body: z.object({ accountId: z.string() }), use: [freshSessionMiddleware] },
        async (ctx) => {
          await remove(ctx as RouteContext, ctx.context.session.user.id, "account", ctx.body.accountId)
          return ctx.json({ status: true })
        },
      ),
      ...(settings.passkeys
        ? {
            deletePasskey: createAuthEndpoint(
              "/passkey/delete-passkey",
              { method: "POST", body: z.object({ id: z.string() }), use: [sessionMiddleware] },
              async (ctx) => {
                await remove(ctx as RouteContext, ctx.context.session.user.id, "passkey", ctx.body.id)
                return ctx.json({ status: true })
              },
            ),
          }
        : {}),
    },
  }
}

const notFound = (): APIError =>
  new APIError("NOT_FOUND", { code: "NOT_FOUND", message: "There is no such way into this account" })
