/** The calls of one collection, as they run; `client-types.ts` says what they take and give. */
import { type AnyAggregate, aggregateItems, foldAggregates } from "./aggregate.ts"
import { refuse } from "./client-error.ts"
import { cursorItems, rowsAfter, splitCursor, totalOrder } from "./each.ts"
import type { Call, Send } from "./send.ts"
import { type AnyQuery, queryParameters, toOrder, toSearch, windowParameters } from "./write-query.ts"
import { checkName, toText } from "./write-value.ts"
import { type Parameter, type Term, toParameters } from "./write-where.ts"

type AnyRow = Readonly<Record<string, unknown>>
type Options = Pick<Call, "signal" | "idempotencyKey"> & AnyQuery & { readonly version?: number }
type Each = Options & { readonly pageSize?: number; readonly key?: readonly string[] }

/** One row is asked for: none, or several, are an error, and then nothing is written. */
const one = { accept: "application/vnd.pgrst.object+json" }

/** The calls of the collection at a path. */
export function createCollection(path: string, send: Send): object {
  const read = (query: Options, parameters: readonly Parameter[], headers = {}): Promise<unknown> =>
    send({ method: "GET", path: path + toSearch(parameters), headers, signal: query.signal })

  async function write(
    method: "POST" | "PATCH",
    body: unknown,
    { signal, idempotencyKey, select, include }: Options,
    parameters: readonly Parameter[],
    headers: Record<string, string>,
  ): Promise<unknown> {
    const isBlind = select?.length === 0 && include === undefined
    const search = toSearch([...(isBlind ? [] : queryParameters({ select, include })), ...parameters])
    const prefer = [isBlind ? "return=minimal" : "return=representation", headers["prefer"]]
    const answer = await send({
      method,
      path: path + search,
      headers: { ...headers, prefer: prefer.filter((part) => part !== undefined).join() },
      body,
      signal,
      idempotencyKey,
    })
    return isBlind ? (Array.isArray(body) ? body.map(() => ({})) : {}) : answer
  }

  return {
    list: async (query: Options = {}) => read(query, queryParameters(query)),
    get: async (key: unknown, query: Options = {}) =>
      read(query, queryParameters(query, { terms: keyTerms(key) }), one),
    async count(query: Options = {}) {
      const [row] = (await read(query, [
        ["select", "count()"],
        ...windowParameters({ where: query.where }, ""),
      ])) as [{ readonly count: number }]
      return row.count
    },
    async aggregate(query: Options & AnyAggregate) {
      const select = aggregateItems(query).join()
      const rows = (await read(query, [
        ["select", select],
        ...windowParameters(query, ""),
      ])) as readonly AnyRow[]
      return rows.map((row) => foldAggregates(query, row))
    },
    async *each({ pageSize = 200, key = ["id"], ...query }: Each) {
      const order = totalOrder((query.order ?? []).map(toOrder), key)
      const page = {
        ...query,
        limit: pageSize,
        order: order.map(({ name, descending }) => (descending ? "-" : "") + name),
      }
      let after: Term[] = []
      for (let largest = 0; ; ) {
        const rows = (await read(
          query,
          queryParameters(page, { items: cursorItems(order), terms: after }),
        )) as AnyRow[]
        let last: readonly unknown[] = []
        for (const found of rows) {
          const { values, row } = splitCursor(found, order)
          last = values
          yield row
        }
        // A page may be shorter than asked for because the backend's limit is lower: only the next one tells.
        if (rows.length === 0 || rows.length < largest) return
        largest = rows.length
        after = [rowsAfter(order, last, key)]
      }
    },
    create: async (row: AnyRow, options: Options = {}) => write("POST", row, options, [], one),
    async createMany(rows: readonly AnyRow[], options: Options = {}) {
      if (rows.length === 0) return []
      const named = (row: AnyRow): string[] => Object.keys(row).filter((name) => row[name] !== undefined)
      const columns = [...new Set(rows.flatMap(named))].map(checkName).join()
      // Of rows with different fields, what one leaves out gets its default.
      const parameters: Parameter[] = columns === "" ? [] : [["columns", columns]]
      return write("POST", rows, options, parameters, { prefer: "missing=default" })
    },
    async update(key: unknown, changes: AnyRow, options: Options = {}) {
      const parameters = toParameters(keyTerms(key))
      if (!("version" in options)) return write("PATCH", changes, options, parameters, one)
      // As a list, so that a row which has changed is answered with UC308 rather than as one that is not there.
      const match = { "if-match": `"${toText(options.version, "the version")}"` }
      return [await write("PATCH", changes, options, parameters, match)].flat()[0]
    },
    async delete(key: unknown, { signal }: Options = {}) {
      const search = toSearch(toParameters(keyTerms(key)))
      await send({ method: "DELETE", path: path + search, headers: one, signal })
    },
  }
}

/** A key is an `id`, or an object of its fields. Without one the call would be about every row. */
function keyTerms(key: unknown): Term[] {
  const fields = typeof key === "object" && key !== null ? Object.entries(key) : [["id", key] as const]
  if (fields.length === 0) refuse("the key has no field")
  return fields.map(([name, value]) => ({
    name: checkName(name),
    operator: "eq",
    value: toText(value, `the key's ${name}`),
  }))
}
