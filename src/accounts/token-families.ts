/**
 * Keeps together what came of one refresh token, so that all of it ends when one of them comes again: also what is made at
 * that very moment. The plugin deletes and makes rows with nothing between them that would wait for the other.
 */
import type { DBAdapter, DBTransactionAdapter } from "@better-auth/core/db/adapter"
import { APIError } from "better-auth/api"

type Row = Record<string, unknown>

const model = "oauthRefreshToken"
const byId = (value: string) => [{ field: "id", value }]
const hasNoParent = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === "23503"
const ended = (): APIError =>
  new APIError("BAD_REQUEST", { error: "invalid_grant", error_description: "the token has been revoked" })

/** The same adapter, for which families end as a whole. */
export function keepFamilies(adapter: DBAdapter): DBAdapter {
  // What was just given up, by the code that it came of, until what takes its place is made: in the same request.
  const givenUp = new Map<unknown, string>()
  return {
    ...wrap(adapter, givenUp),
    transaction: (work) => adapter.transaction((inner) => work(wrap(inner, givenUp))),
  }
}

function wrap<A extends DBTransactionAdapter>(adapter: A, givenUp: Map<unknown, string>): A {
  return {
    ...adapter,
    async incrementOne(options) {
      const row = await adapter.incrementOne<Row>(options)
      if (row && options.model === model && options.set?.["rotatedAt"])
        givenUp.set(row["authorizationCodeId"], String(row["id"]))
      return row as never
    },
    async create(options) {
      const data = options.data as Row
      const parent = options.model === model ? givenUp.get(data["authorizationCodeId"]) : undefined
      if (parent !== undefined) givenUp.delete(data["authorizationCodeId"])
      const made = await adapter.create<Row>(options as never).catch((error) => {
        // The refresh token that it belongs to was just deleted.
        throw options.model === "oauthAccessToken" && hasNoParent(error) ? ended() : error
      })
      if (parent !== undefined) await checkParent(adapter, parent, String(made["id"]))
      return made as never
    },
    async deleteMany(options) {
      if (options.model !== model) return adapter.deleteMany(options)
      // Its access tokens go with it, by the tables' references.
      let count = 0
      for (let tries = 0; tries < 5; tries++) {
        const found = await adapter.deleteMany(options)
        if (found === 0) break
        count += found
      }
      return count
    },
  }
}

/** A write, so that it waits for who is deleting the row. */
async function checkParent(adapter: DBTransactionAdapter, parent: string, child: string): Promise<void> {
  const update = { rotatedAt: new Date() }
  if (await adapter.update({ model, where: byId(parent), update })) return
  await adapter.delete({ model, where: byId(child) })
  throw ended()
}
