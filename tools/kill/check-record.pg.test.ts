/** The check of the kill loops finds an entry that is missing, one too many, and a record that was changed. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { crashBackend } from "../../test/crash/crash-model.ts"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { randomFrom } from "../tamper/random.ts"
import { makeRecord, type TestRecord } from "../tamper/record.ts"
import { checkRecord } from "./check-record.ts"

let backend: TestBackend
let record: TestRecord

beforeAll(async () => {
  backend = await startTestBackend(crashBackend)
  record = await makeRecord(backend.adminUrl, randomFrom(5), 0)
})
afterAll(async () => {
  await record?.close()
  await backend?.stop()
})

test("rows and entries match, sealed or not, and the canary is found", async () => {
  const check = (): ReturnType<typeof checkRecord> => checkRecord(backend.adminUrl, record.anchorPath)
  const id = "00000000-0000-7000-8000-000000000001"
  await backend.request(null, "POST", "/rest/counters", { body: { id, value: 1 } })
  await record.seal()
  await backend.request(null, "PATCH", `/rest/counters?id=eq.${id}`, { body: { value: 2 } })
  expect(await check()).toMatchObject({ wrongs: [], alarm: null })
  await backend.sql("delete from audit.pending where kind = 'update'")
  expect((await check()).wrongs).toEqual([`Counter ${id}: update 1 times, on record 0`])
  await backend.sql(
    "insert into audit.pending (kind, actor, door, entity, rows) select kind, actor, door, entity, rows from audit.entry where entity = 'Counter'",
  )
  expect((await check()).wrongs).toHaveLength(2)
  await backend.sql("update audit.entry set actor = 'user:x' where entity = 'Counter'")
  expect((await check()).alarm).toMatch(/what was sealed/)
})
