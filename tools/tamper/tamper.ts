/** Tampers with a record many times, each undone, and counts what was found. */
import type { Random } from "./random.ts"
import type { TestRecord } from "./record.ts"
import { type Target, tamperings } from "./tamperings.ts"

export interface TamperCount {
  readonly name: string
  readonly seed: number
  readonly verdict: string
  readonly expected: readonly number[]
}

export interface TamperReport {
  readonly done: number
  readonly byName: Readonly<Record<string, number>>
  /** Not found at all. */
  readonly missed: readonly TamperCount[]
  /** Found, and another entry named. */
  readonly misnamed: readonly TamperCount[]
}

/** `randomOf` gives the choices of each time, so that one can be looked at alone. */
export async function tamper(
  record: TestRecord,
  {
    times,
    from = 0,
    randomOf,
    onProgress,
  }: {
    times: number
    from?: number
    randomOf: (at: number) => Random
    onProgress?: (done: number) => void
  },
): Promise<TamperReport> {
  const { rows } = await record.admin.query(
    "select first::integer, size::integer from audit.batch order by size",
  )
  const batches = rows as Target["batches"]
  const size = batches.at(-1)!.size
  const names = Object.keys(tamperings)
  const byName: Record<string, number> = {}
  const missed: TamperCount[] = []
  const misnamed: TamperCount[] = []
  for (let at = from; at < from + times; at++) {
    const name = names[at % names.length]!
    await record.admin.query("begin isolation level repeatable read")
    const expected = [await tamperings[name]!({ record, random: randomOf(at), batches, size })].flat()
    const { bad } = await record.verify()
    await record.admin.query("rollback")
    const count = { name, seed: at, verdict: bad ? `${bad.position}: ${bad.what}` : "intact", expected }
    if (!bad) missed.push(count)
    else if (!expected.includes(bad.position)) misnamed.push(count)
    byName[name] = (byName[name] ?? 0) + 1
    onProgress?.(at - from + 1)
  }
  return { done: times, byName, missed, misnamed }
}
