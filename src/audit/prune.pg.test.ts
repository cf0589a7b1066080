/** What is past its time goes in whole batches; the rest verifies and is proved, and nothing goes that was not to go. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { randomFrom } from "../../tools/tamper/random.ts"
import { addEntry, makeRecord, type TestRecord } from "../../tools/tamper/record.ts"
import { defineBackend } from "../index.ts"
import { openAudit, readAudit } from "../store/audit-database.ts"
import { addHold, releaseHolds } from "../store/legal-holds.ts"
import { fileAnchor } from "./file-anchor.ts"
import { proveConsistency, proveEntry } from "./prove.ts"
import { type Pruned, pruneRecord } from "./prune.ts"
import { sealBatch } from "./seal-batch.ts"
import { checkProof } from "./verifier.mts"
import type { Verdict } from "./verify-record.ts"

const random = randomFrom(17)
let backend: TestBackend
let record: TestRecord

beforeAll(async () => {
  backend = await startTestBackend(defineBackend({ name: "pruned", model: [] }))
  record = await makeRecord(backend.adminUrl, random, 0)
  // A batch every two weeks, through years, and so partitions that go as a whole and one that goes in part.
  for (let month = 0; month < 20; month++) await sealAt(new Date(Date.UTC(2015, 0, 1 + 14 * month)))
  await record.seal()
})
afterAll(async () => {
  await record?.close()
  await backend?.stop()
})

async function sealAt(at: Date): Promise<void> {
  for (let left = 1 + random.below(5); left > 0; left--) await addEntry(record.admin, random)
  const database = openAudit(record.auditUrl)
  const { head } = await sealBatch(database, { keys: record.keys, at })
  if (head) await fileAnchor(record.anchorPath).put(head)
  await database.close()
}

const prune = (
  now: string,
  more: { isDryRun?: boolean; seal?: () => Promise<void> } = {},
): Promise<Pruned | null> =>
  pruneRecord({
    adminUrl: backend.adminUrl,
    years: 10,
    actor: "system:audit",
    door: "system",
    seal: record.seal,
    now: new Date(now),
    ...more,
  })

async function verify(): Promise<Verdict> {
  await record.admin.query("begin isolation level repeatable read")
  const verdict = await record.verify()
  await record.admin.query("rollback")
  return verdict
}

const first = async (): Promise<number> =>
  (await backend.sql("select min(position)::integer as first from audit.entry"))[0].first
const partitions = async (): Promise<number> =>
  (
    await backend.sql(
      "select count(*)::integer as n from pg_inherits where inhparent = 'audit.entry'::regclass",
    )
  )[0].n

test("a dry run says what would go, and nothing goes before its announcement is sealed", async () => {
  const dry = await prune("2025-03-20", { isDryRun: true })
  expect(dry).toMatchObject({ first: 1, before: "2015-03-20T00:00:00.000Z" })
  await expect(prune("2025-03-20", { seal: async () => undefined })).rejects.toMatchObject({ code: "UC974" })
  await record.seal()
  expect(await first()).toBe(1)
  expect(await verify()).toMatchObject({ intact: true, prunedThrough: 0 })
})

test("GDPR Art. 5(1)(e): whole batches go with their values and partitions; the rest verifies, again and again, and is proved", async () => {
  const heads = await backend.sql("select size, checkpoint from audit.batch order by size")
  const before = await partitions()
  for (const now of ["2025-03-20", "2025-06-01"]) {
    const pruned = await prune(now)
    const [{ last }] = await backend.sql(
      "select max(size)::integer as last from audit.batch where sealed_at < $1::timestamptz - interval '10 years'",
      [now],
    )
    expect(pruned).toMatchObject({ through: last })
    expect(await first()).toBe(last + 1)
    expect(await verify()).toMatchObject({ intact: true, prunedThrough: last, notes: [] })
    for (const table of ["personal", "about"])
      expect(await backend.sql(`select from audit.${table} where position <= $1`, [last])).toEqual([])
    expect(await prune(now)).toBeNull()
  }
  expect(await partitions()).toBeLessThan(before - 3)
  const kept = await backend.sql("select size, checkpoint from audit.batch order by size")
  expect(kept.slice(0, heads.length)).toEqual(heads)
  const reader = await readAudit(backend.adminUrl)
  for (const { position } of await reader.query("select position::text from audit.entry"))
    expect(checkProof(await proveEntry(reader, String(position)))).toBeNull()
  const through = (await first()) - 1
  for (const { size } of await reader.query("select size::integer from audit.batch where size >= $1", [
    through,
  ]))
    expect(checkProof(await proveConsistency(reader, Number(size)))).toBeNull()
  for (const proof of [() => proveEntry(reader, "1"), () => proveConsistency(reader, Number(heads[0].size))])
    await expect(proof()).rejects.toMatchObject({ code: "UC944" })
  await reader.close()
})

test("what goes without an announcement, with another's, or too early is found", async () => {
  const [{ size, root }] = await backend.sql(
    `select size::integer, split_part(checkpoint, chr(10), 3) as root from audit.batch where sealed_at between '2015-06-01' and '2016-01-01' order by size limit 1`,
  )
  const last = await backend.sql("select max(size)::integer as size from audit.batch")
  const announce = (detail: object): string =>
    `insert into audit.pending (kind, actor, door, detail) values ('prune', 'system:audit', 'system', '${JSON.stringify(detail)}')`
  const cut = (through: number): string =>
    ["personal", "about", "entry"]
      .map((one) => `delete from audit.${one} where position <= ${through}`)
      .join(";")
  const good = { through: size, root, years: 10, before: "2015-12-01T00:00:00Z" }
  const rows: readonly (readonly [string, object | null, number, RegExp | null])[] = [
    ["no announcement", null, size, /no entry says/],
    ["one entry too many", good, size + 1, /no entry says/],
    ["another root", { ...good, root: "AAAA" }, size, /not to be pruned/],
    [
      "what was not due by its own words",
      { ...good, before: "2015-01-01T00:00:00Z" },
      size,
      /not to be pruned/,
    ],
    ["nonsense", { ...good, before: "soon" }, size, /not to be pruned/],
    ["what is good", good, size, null],
  ]
  const head = await backend.sql(
    "select split_part(checkpoint, chr(10), 3) as root from audit.batch where size = $1",
    [last[0].size],
  )
  const fresh = { through: last[0].size, root: head[0].root, years: 0, before: "2999-01-01T00:00:00Z" }
  for (const [what, detail, through, said] of [
    ...rows,
    ["what is fresh", fresh, last[0].size, /not to be pruned/] as const,
  ]) {
    const other = await makeCopy()
    if (detail) await other.sql(announce(detail))
    await other.seal()
    await other.sql(cut(through))
    expect({ what, bad: (await other.verify()).bad?.what ?? null }).toEqual({
      what,
      bad: said === null ? null : expect.stringMatching(said),
    })
    await other.undo()
  }
})

test("what a forged announcement had pruned before its time is not found, and is told where the definition keeps it longer", async () => {
  const [{ size, root }] = await backend.sql(
    `select size::integer, split_part(checkpoint, chr(10), 3) as root from audit.batch where sealed_at > '2015-06-01' order by size limit 1`,
  )
  const detail = { through: size, root, years: 1, before: "2025-01-01T00:00:00Z" }
  const other = await makeCopy()
  await other.sql(
    `insert into audit.pending (kind, actor, door, detail) values ('prune', 'system:audit', 'system', '${JSON.stringify(detail)}')`,
  )
  await other.seal()
  for (const one of ["personal", "about", "entry"])
    await other.sql(`delete from audit.${one} where position <= ${size}`)
  const told = [expect.stringContaining(`Entries 1 to ${size} were pruned as older than 1 year, and`)]
  for (const [years, notes] of [
    [1, []],
    [10, told],
    [null, told],
  ] as const) {
    const verdict = await record.verify({ years, witnesses: [] })
    expect({ years, ...verdict }).toMatchObject({ intact: true, prunedThrough: size, notes })
  }
  await other.undo()
})

test("heads of what was pruned can't be changed either, nor frontiers", async () => {
  const through = (await first()) - 1
  for (const change of [
    "delete from audit.batch where size = $1",
    "delete from audit.batch where size = (select min(size) from audit.batch) and $1 > 0",
    "update audit.batch set frontier = set_bit(frontier, 1, 1 - get_bit(frontier, 1)) where size = $1",
    "update audit.batch set checkpoint = replace(checkpoint, 'time 2', 'time 1') where size = $1",
    "update audit.batch set first = -first where size = $1",
  ]) {
    await record.admin.query("begin isolation level repeatable read")
    await record.admin.query(change, [through])
    expect((await record.verify()).bad?.position, change).toBeLessThanOrEqual(through + 1)
    await record.admin.query("rollback")
  }
})

test("a legal hold keeps what tells of its person, and all after it", async () => {
  const [{ position, subject }] = await backend.sql(
    "select position::integer, subject from audit.about order by position limit 1",
  )
  const hold = { subject, reason: "a case", until: null, heldBy: "ann" }
  await addHold(backend.adminUrl, hold)
  const pruned = await prune("2026-01-01")
  expect(pruned?.through ?? 0).toBeLessThan(position)
  await releaseHolds(backend.adminUrl, { subject, by: "ann", reason: "closed" })
  expect((await prune("2026-01-01"))?.through).toBeGreaterThanOrEqual(position)
  expect(await verify()).toMatchObject({ intact: true })
})

/** The record as it is, in a transaction of the superuser that is undone. */
async function makeCopy(): Promise<{
  sql(text: string): Promise<unknown>
  seal(): Promise<void>
  verify(): Promise<Verdict>
  undo(): Promise<unknown>
}> {
  const { admin } = record
  await admin.query("begin")
  return {
    sql: (text) => admin.query(text),
    async seal() {
      const transaction = async <T>(work: (query: any) => Promise<T>): Promise<T> =>
        work(
          async (text: string, values: readonly unknown[] = []) =>
            (await admin.query(text, [...values])).rows,
        )
      const database = { transaction, close: async () => undefined }
      await sealBatch(database, { keys: record.keys })
    },
    verify: () => record.verify(),
    undo: () => admin.query("rollback"),
  }
}
