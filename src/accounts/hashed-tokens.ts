/** Keeps session tokens out of the database: it is given their SHA-256, and what is looked up by a token comes back with it. */
import type { DBAdapter, DBTransactionAdapter, Where } from "@better-auth/core/db/adapter"
import { hashToken } from "../base/hash-token.ts"

type Row = Record<string, unknown>

/** The same adapter, for which a session's token never leaves the process. */
export function hashTokens(adapter: DBAdapter): DBAdapter {
  return {
    ...wrap(adapter),
    transaction: (work) => adapter.transaction((inner) => work(wrap(inner))),
  }
}

function wrap<A extends DBTransactionAdapter>(adapter: A): A {
  const isSession = (model: string): boolean => model === "session"
  return {
    ...adapter,
    async create(options) {
      if (!isSession(options.model)) return adapter.create(options)
      const data = options.data as Row
      const made = await adapter.create<Row>({ ...options, data: hashIn(data) as never })
      return { ...made, token: data["token"] } as never
    },
    async findOne(options) {
      const found = await adapter.findOne<Row>(hashWhere(options))
      return giveBack(found, options) as never
    },
    async findMany(options) {
      const found = await adapter.findMany<Row>(hashWhere(options))
      return found.map((one) => giveBack(one, options)) as never
    },
    async update(options) {
      const update = isSession(options.model) ? hashIn(options.update) : options.update
      const found = await adapter.update<Row>({ ...hashWhere(options), update })
      return giveBack(found, options) as never
    },
    updateMany: (options) =>
      adapter.updateMany({
        ...hashWhere(options),
        update: isSession(options.model) ? hashIn(options.update) : options.update,
      }),
    count: (options) => adapter.count(hashWhere(options)),
    delete: (options) => adapter.delete(hashWhere(options)),
    deleteMany: (options) => adapter.deleteMany(hashWhere(options)),
    async consumeOne(options) {
      const found = await adapter.consumeOne<Row>(hashWhere(options))
      return giveBack(found, options) as never
    },
  }
}

function hashIn(data: Row): Row {
  return typeof data["token"] === "string" ? { ...data, token: hashToken(data["token"]) } : data
}

function hashWhere<O extends { readonly model: string; readonly where?: Where[] | undefined }>(
  options: O,
): O {
  if (options.model !== "session" || !options.where) return options
  const hash = (value: Where["value"]): Where["value"] => {
    if (typeof value === "string") return hashToken(value)
    if (Array.isArray(value)) return (value as string[]).map(hashToken)
    return value
  }
  return {
    ...options,
    where: options.where.map((one) => (one.field === "token" ? { ...one, value: hash(one.value) } : one)),
  }
}

/** Who came with a token gets it back; who did not, gets what can't be used as one. */
function giveBack(
  row: Row | null,
  { model, where = [] }: { readonly model: string; readonly where?: readonly Where[] | undefined },
): Row | null {
  if (row === null || model !== "session") return row
  const tokens = where.flatMap((one) => (one.field === "token" ? [one.value].flat() : []))
  const token = tokens.find((one) => typeof one === "string" && hashToken(one) === row["token"])
  return token === undefined ? row : { ...row, token }
}
