/** Whatever a superuser does to the sealed record is found, and the first entry that is bad is named. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { randomFrom } from "../../tools/tamper/random.ts"
import { makeRecord, type TestRecord } from "../../tools/tamper/record.ts"
import { tamper } from "../../tools/tamper/tamper.ts"
import { defineBackend } from "../index.ts"

let backend: TestBackend
let record: TestRecord

beforeAll(async () => {
  backend = await startTestBackend(defineBackend({ name: "tampered", model: [] }))
  record = await makeRecord(backend.adminUrl, randomFrom(1), 12)
})
afterAll(async () => {
  await record?.close()
  await backend?.stop()
})

test("an untouched record is intact", async () => {
  await record.admin.query("begin isolation level repeatable read")
  const verdict = await record.verify()
  await record.admin.query("rollback")
  expect(verdict).toMatchObject({ intact: true, waiting: 0, bad: null, notes: [] })
  expect(verdict.size).toBeGreaterThan(12)
})

test("HIPAA 164.312(c), TR-03161-3 Arch_11: a hundred tamperings of every kind are found and named", async () => {
  const report = await tamper(record, { times: 132, randomOf: (at) => randomFrom(1000 + at) })
  expect(report.missed).toEqual([])
  expect(report.misnamed).toEqual([])
  expect(Object.values(report.byName).every((count) => count >= 5)).toBe(true)
})
