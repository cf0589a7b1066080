/** Words through every door are in the export, and after erasure in no byte that is left: tables, indexes, logs, record, copies. */
import { expect, test } from "vitest"
import { runCanaries } from "../tools/erase/canary-run.ts"

test("TR-03161-3 Data_7, GDPR Art. 17: canaries through every door are nowhere after erasure, and were in the export", async () => {
  const { planted, foundBefore, told, ...rest } = await runCanaries()
  expect(planted).toBeGreaterThan(20)
  // The search finds what is there: rows, the record, and the write-ahead log.
  expect(foundBefore.some((one) => one.includes("/base/"))).toBe(true)
  expect(foundBefore.some((one) => one.includes("/pg_wal/"))).toBe(true)
  expect(foundBefore.some((one) => one.startsWith("ciphertext"))).toBe(true)
  // No value was ever in the clear where it is encrypted, and PostgreSQL's own log quoted nobody.
  expect(foundBefore.filter((one) => /^(findable|encrypted|later-encrypted) /.test(one))).toEqual([])
  expect(foundBefore.filter((one) => one.includes("postgres.log"))).toEqual([])
  expect(told).toEqual([])
  expect(rest).toEqual({ missingInExport: [], foundAfter: [], hasKey: false, oldCopy: "UC332" })
}, 60_000)
