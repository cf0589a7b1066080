/**
 * Reads what belongs to a row in a query of our own. better-auth's adapter would do the same, and where that query fails print
 * the error with its values to the console, whatever is said about logs.
 */
import type { DBAdapter, DBTransactionAdapter, JoinOption } from "@better-auth/core/db/adapter"

type Row = Readonly<Record<string, unknown>>

/** As many as better-auth takes where it does not say how many. */
const mostRows = 100

/** The same adapter, which is never asked to join. */
export function plainJoins(adapter: DBAdapter): DBAdapter {
  return { ...wrap(adapter), transaction: (work) => adapter.transaction((inner) => work(wrap(inner))) }
}

function wrap<A extends DBTransactionAdapter>(adapter: A): A {
  return {
    ...adapter,
    async findOne({ join, ...options }) {
      if (!join) return adapter.findOne(options) as never
      const row = await adapter.findOne<Row>({ model: options.model, where: options.where })
      return (row && (await withJoined(adapter, options.model, row, join))) as never
    },
    async findMany({ join, ...options }) {
      if (!join) return adapter.findMany(options) as never
      const { select: _, ...all } = options
      const joined: Row[] = []
      for (const row of await adapter.findMany<Row>(all))
        joined.push(await withJoined(adapter, options.model, row, join))
      return joined as never
    },
  }
}

/** `userId` of a session leads to one user; that of accounts leads from a user to all of theirs. */
async function withJoined(
  adapter: DBTransactionAdapter,
  model: string,
  row: Row,
  join: JoinOption,
): Promise<Row> {
  const joined: Record<string, unknown> = {}
  for (const [name, asked] of Object.entries(join)) {
    if (!asked) continue
    const reference = `${name}Id`
    if (!(reference in row))
      joined[name] = await adapter.findMany({
        model: name,
        where: [{ field: `${model}Id`, value: row["id"] as string }],
        limit: (asked === true ? undefined : asked.limit) ?? mostRows,
      })
    else
      joined[name] =
        row[reference] == null
          ? null
          : await adapter.findOne({
              model: name,
              where: [{ field: "id", value: row[reference] as string }],
            })
  }
  return { ...row, ...joined }
}
