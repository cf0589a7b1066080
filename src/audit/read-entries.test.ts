/** Every entry comes once and in order, whatever positions there are, and a gap of any length ends it. */
import { expect, test } from "vitest"
import type { AuditQuery } from "../store/audit-database.ts"
import { readEntries } from "./read-entries.ts"

/** A record that has just these positions, in order. */
function recordOf(positions: readonly bigint[]): {
  query: AuditQuery
  queries: AuditQuery[]
  asked: number[]
} {
  const asked = [0, 0]
  const query: AuditQuery = async (_text, values) => {
    if (!values)
      return [{ first: positions[0]?.toString() ?? null, last: positions.at(-1)?.toString() ?? null }]
    const [from, to, limit] = [BigInt(values[0] as string), BigInt(values[1] as string), values[2] as number]
    return positions
      .filter((one) => one >= from && one <= to)
      .slice(0, limit)
      .map((one) => ({ position: String(one) }))
  }
  const queries = asked.map((_, at): AuditQuery => {
    return async (text, values) => {
      asked[at]!++
      // The second connection is the slower one.
      if (at === 1) await new Promise((resolve) => setImmediate(resolve))
      return query(text, values)
    }
  })
  return { query, queries, asked }
}

const from = (first: number, count: number): bigint[] =>
  Array.from({ length: count }, (_, at) => BigInt(first + at))

async function read(record: ReturnType<typeof recordOf>): Promise<(string | null)[]> {
  const found: (string | null)[] = []
  for await (const rows of readEntries(record)) found.push(...rows.map((one) => one.position))
  return found
}

test("over several connections they come in order, and none of a record without any", async () => {
  for (const positions of [[], from(1, 1), from(1, 2500), from(1, 2501), from(4000, 12_345)]) {
    const record = recordOf(positions)
    expect(await read(record)).toEqual(positions.map(String))
    if (positions.length > 2500) expect(Math.min(...record.asked)).toBeGreaterThan(0)
  }
})

test("the entry after a gap comes, be it the last number that there is", async () => {
  const far = 2n ** 63n - 1n
  expect((await read(recordOf([...from(1, 30), far]))).at(-1)).toBe(String(far))
  expect((await read(recordOf([...from(1, 30), ...from(90_000, 10)]))).at(30)).toBe("90000")
  expect((await read(recordOf([-(2n ** 63n), ...from(1, 30)])))[0]).toBe(String(-(2n ** 63n)))
})

test("of more entries than numbers, as many come as show it", async () => {
  const twice = recordOf([...from(1, 10), ...Array.from({ length: 9000 }, () => 11n)])
  expect((await read(twice)).filter((one) => one === "11").length).toBeGreaterThan(1)
})

test("what a connection refuses is thrown when its turn comes", async () => {
  const record = recordOf(from(1, 6000))
  record.queries[1] = () => Promise.reject(new Error("gone"))
  await expect(read(record)).rejects.toThrow("gone")
})
