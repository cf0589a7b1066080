/** Reads all entries of the record in order, a page over each connection at the same time, in memory for a few pages. */
import { entriesBetween, outerPositions } from "../sql/audit-seal.ts"
import type { AuditReader } from "../store/audit-database.ts"
import type { EntryRow } from "./check-entry.ts"

const atOnce = 2_500

/** The last number that a position can be. */
const highest = 2n ** 63n - 1n

/** PostgreSQL makes the next pages while one is gone through. Where positions are missing, the entry after them comes last. */
export async function* readEntries({
  query,
  queries,
}: Pick<AuditReader, "query" | "queries">): AsyncGenerator<readonly EntryRow[]> {
  const [outer] = await query(outerPositions)
  if (typeof outer?.first !== "string") return
  const last = BigInt(String(outer.last))
  let from = BigInt(outer.first)
  const coming: { readonly through: bigint; readonly rows: Promise<readonly EntryRow[]> }[] = []
  let asked = 0
  const ask = (): void => {
    if (from > last) return
    const through = from + BigInt(atOnce - 1)
    const rows = readPage(queries[asked++ % queries.length]!, { from, through, limit: atOnce + 1 })
    // What failed is told when its turn comes.
    rows.catch(() => undefined)
    coming.push({ through, rows })
    from = through + 1n
  }
  for (const _ of queries) ask()
  for (let page = coming.shift(); page; page = coming.shift()) {
    const rows = await page.rows
    ask()
    yield rows
    if (rows.length < atOnce && page.through < last) {
      yield await readPage(query, { from: page.through + 1n, through: highest, limit: 1 })
      return
    }
  }
}

async function readPage(
  query: AuditReader["query"],
  { from, through, limit }: { readonly from: bigint; readonly through: bigint; readonly limit: number },
): Promise<readonly EntryRow[]> {
  const to = through < highest ? through : highest
  return (await query(entriesBetween, [String(from), String(to), limit])) as unknown as readonly EntryRow[]
}
