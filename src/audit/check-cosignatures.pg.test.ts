/** What witnesses signed holds the record to what it was, also where no anchor is at hand. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { randomFrom } from "../../tools/tamper/random.ts"
import { addEntry, makeRecord, type TestRecord } from "../../tools/tamper/record.ts"
import { defineBackend } from "../index.ts"
import { type AuditQuery, readerOver } from "../store/audit-database.ts"
import { cosign, witnessKeyOf } from "./cosignature.ts"
import { sealBatch } from "./seal-batch.ts"
import { makeKey, readSigningKey } from "./signing-key.ts"
import { type Verdict, verifyRecord } from "./verify-record.ts"

const first = readSigningKey(makeKey(), "undercroft-witness/first")
const second = readSigningKey(makeKey(), "undercroft-witness/second")
const keys = [first, second].map(witnessKeyOf)
let backend: TestBackend
let record: TestRecord
let heads: { size: number; checkpoint: string }[]

beforeAll(async () => {
  backend = await startTestBackend(defineBackend({ name: "cosigned", model: [] }))
  record = await makeRecord(backend.adminUrl, randomFrom(29), 6)
  heads = await backend.sql("select size::integer, checkpoint from audit.batch order by size")
  for (const [at, { size, checkpoint }] of heads.entries())
    for (const one of at % 2 === 0 ? [first, second] : [first])
      await backend.sql("insert into audit.cosignature (size, witness, line) values ($1, $2, $3)", [
        size,
        witnessKeyOf(one),
        cosign(one, checkpoint, 1_790_000_000 + at),
      ])
})
afterAll(async () => {
  await record?.close()
  await backend?.stop()
})

/** After a change, which is undone; without an anchor. */
async function verdictAfter(
  change: string,
  values: readonly unknown[] = [],
  witnesses: readonly string[] = keys,
  more: () => Promise<void> = async () => undefined,
): Promise<Verdict> {
  await record.admin.query("begin isolation level repeatable read")
  try {
    if (change !== "") await record.admin.query(change, [...values])
    await more()
    const reader = readerOver(record.admin)
    const declared = { years: null, witnesses }
    return await verifyRecord({ reader, anchored: null, keys: [record.signing.key.text], declared })
  } finally {
    await record.admin.query("rollback")
  }
}

const cut = `with a as (delete from audit.entry where position > $1), b as (delete from audit.batch where size > $1),
  c as (delete from audit.personal where position > $1) delete from audit.about where position > $1`
const nameOf = (key: string): string => key.split("+").slice(0, 2).join("+")

test("it is told how many heads carry which witness's signature", async () => {
  const verdict = await verdictAfter("")
  expect(verdict).toMatchObject({
    intact: true,
    notes: [],
    cosigned: [
      { witness: nameOf(keys[0]!), heads: 6, last: heads[5]!.size },
      { witness: nameOf(keys[1]!), heads: 3, last: heads[4]!.size },
    ],
  })
})

test("a witness that the definition does not name is told", async () => {
  const { intact, notes } = await verdictAfter("", [], keys.slice(0, 1))
  expect({ intact, notes }).toEqual({
    intact: true,
    notes: [
      `The witness ${nameOf(keys[1]!)} is none that the definition names: anybody may have made its signatures.`,
    ],
  })
})

test("a changed signature, one of another head, of a witness that has another key, and of heads that were cut off are found", async () => {
  const [, second, third, , , last] = heads
  const line = cosign(first, third!.checkpoint, 1_790_000_000)
  const forged = cosign(
    readSigningKey(makeKey(), "undercroft-witness/first"),
    second!.checkpoint,
    1_790_000_000,
  )
  const change = "update audit.cosignature set line = $1 where size = $2 and witness = $3"
  const rows: readonly (readonly [string, string, readonly unknown[], number, RegExp])[] = [
    ["another head's", change, [line, second!.size, keys[0]], second!.size, /signature .* is not good/],
    ["another key's", change, [forged, second!.size, keys[0]], second!.size, /not signed by the witness/],
    ["none", change, ["x", second!.size, keys[0]], second!.size, /not signed by the witness/],
    ["a cut tail", cut, [heads[4]!.size], last!.size, /the head itself is gone/],
  ]
  for (const [what, text, values, size, said] of rows) {
    const { intact, bad } = await verdictAfter(text, values)
    expect({ what, intact, says: bad?.what }).toEqual({
      what,
      intact: false,
      says: expect.stringMatching(said),
    })
    expect(bad!.what, what).toContain(
      `the head of ${size} entries is not as the witness undercroft-witness/first signed it`,
    )
    expect(bad!.position, what).toBeLessThanOrEqual(size)
  }
})

test("who has the record's key and seals another past has not the witness's signature", async () => {
  const [before, last] = [heads[4]!.size, heads[5]!.size]
  const verdict = await verdictAfter(cut, [before], keys, async () => {
    for (let left = last - before; left > 0; left--) await addEntry(record.admin, randomFrom(1000 + left))
    const transaction = <T>(work: (query: AuditQuery) => Promise<T>): Promise<T> =>
      work(readerOver(record.admin).query)
    await sealBatch({ transaction, close: async () => undefined }, { keys: record.keys })
  })
  expect(verdict).toMatchObject({ intact: false, size: last })
  expect(verdict.bad?.what).toMatch(
    /the head of \d+ entries is not as the witness .* signed it: the signature .* is not good/,
  )
})
