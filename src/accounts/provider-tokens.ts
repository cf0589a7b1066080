/**
 * Holds the provider's tokens to the session they come from: a token of a session that has ended is as if it were not
 * there, whichever way it ended, and none is made for one. better-auth looks at the end of a session's time alone.
 */
import { randomBytes } from "node:crypto"
import type { DBAdapter, DBTransactionAdapter, Where } from "@better-auth/core/db/adapter"
import { APIError } from "better-auth/api"
import { isLiveSession } from "./live-session.ts"
import type { NeedsTwoFactors } from "./settings.ts"

type Row = Record<string, unknown>

const tokenModels: ReadonlySet<string> = new Set(["oauthAccessToken", "oauthRefreshToken"])

/** The same adapter, for which tokens live as long as their sessions. */
export function guardTokens(adapter: DBAdapter, needsTwo: NeedsTwoFactors): DBAdapter {
  return {
    ...wrap(adapter, needsTwo),
    transaction: (work) => adapter.transaction((inner) => work(wrap(inner, needsTwo))),
  }
}

function wrap<A extends DBTransactionAdapter>(adapter: A, needsTwo: NeedsTwoFactors): A {
  return {
    ...adapter,
    async findOne(options) {
      const found = await adapter.findOne<Row>(options)
      if (found === null) return null
      if (tokenModels.has(options.model))
        return ((await isLiveSession(adapter, found["sessionId"], needsTwo)) ? found : null) as never
      const isByToken = options.where.some((one) => one.field === "token")
      return (
        options.model === "session" && !isByToken ? { ...found, token: mark + found["id"] } : found
      ) as never
    },
    async create(options) {
      if (tokenModels.has(options.model))
        await checkSession(adapter, (options.data as Row)["sessionId"], needsTwo)
      return adapter.create(options) as never
    },
    findMany: (options) => adapter.findMany(byMark(options)),
    delete: (options) => adapter.delete(byMark(options)),
    deleteMany: (options) => adapter.deleteMany(byMark(options)),
  }
}

/** That an application renews its tokens is a use of the session. */
async function checkSession(
  adapter: DBTransactionAdapter,
  id: unknown,
  needsTwo: NeedsTwoFactors,
): Promise<void> {
  if (!(await isLiveSession(adapter, id, needsTwo)))
    throw new APIError("BAD_REQUEST", { error: "invalid_grant", error_description: "the session has ended" })
  await adapter.update({
    model: "session",
    where: [{ field: "id", value: id as string }],
    update: { seenAt: new Date() },
  })
}

/**
 * Signing out by an ID token finds a session by its identifier and ends it by its token, which nobody has: in the token's
 * place stands a name for the row, good for ending it and for nothing else.
 */
const mark = `${randomBytes(24).toString("hex")}:`

function byMark<O extends { readonly model: string; readonly where?: Where[] | undefined }>(options: O): O {
  if (options.model !== "session" || !options.where) return options
  return {
    ...options,
    where: options.where.map((one) =>
      one.field === "token" && typeof one.value === "string" && one.value.startsWith(mark)
        ? { ...one, field: "id", value: one.value.slice(mark.length) }
        : one,
    ),
  }
}
