/** Rules over the record: what is suspicious becomes an entry, once, and is told without naming anybody. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest"
import type { Alert } from "../../src/audit/alert.ts"
import { createAlerts } from "../../src/audit/alerts.ts"
import { heldKey, makeKey } from "../../src/audit/signing-key.ts"
import { openAudit } from "../../src/store/audit-database.ts"
import { startTestBackend, type TestBackend } from "../support/backend.ts"
import { chartBackend, people, peopleSql } from "../support/chart-backend.ts"

let backend: TestBackend
const told: Alert[] = []
const errors: string[] = []

beforeAll(async () => {
  const origin = "undercroft/charts"
  const definition = {
    ...chartBackend,
    audit: {
      ...chartBackend.audit,
      alerts: {
        denials: { count: 3, within: "PT5M" },
        massReads: { count: 4, within: "PT10M" },
        outsideHours: { from: "00:00", to: "24:00", days: [] as number[] },
        mail: ["ops@example.org"],
        channels: [
          {
            name: "test",
            tell: async (alert: Alert) => {
              told.push(alert)
            },
          },
        ],
      },
    },
  }
  backend = await startTestBackend(definition, {
    audit: { keys: heldKey(makeKey(), origin), anchors: [] },
    keepsMail: true,
    onError: (error) => errors.push(error.code),
  })
  await backend.sql(peopleSql)
  await backend.app.sealer!.sealNow()
})
afterAll(() => backend?.stop())
afterEach(() => {
  told.length = 0
  errors.length = 0
})

const alertEntries = (): Promise<any[]> =>
  backend.sql(
    "select id::text, detail from audit.entry where kind = 'alert' union all select id::text, detail from audit.pending where kind = 'alert'",
  )
const rules = (): string[] => told.map(({ rule }) => rule).toSorted()

/** The rules give themselves a pause in the measure of what they cost. */
async function evaluate(more: object = {}): Promise<void> {
  const database = openAudit(backend.adminUrl)
  const settings = {
    denials: { count: 3, within: "PT5M" },
    massReads: { count: 4, within: "PT10M" },
    ...more,
  }
  const channel = { name: "test", tell: async (alert: Alert) => void told.push(alert) }
  await createAlerts({ database, settings, channels: [channel], tell: () => undefined }).evaluate(1)
  await database.close()
}

test("TR-03161-3 Org_3: many refusals of one caller raise an alert when they are sealed, once, which names nobody", async () => {
  await backend.sql(
    "insert into audit.pending (kind, actor, door, detail) values ('denied', 'user:x', 'rest', '{\"count\": 9}')",
  )
  // Where the rules have just taken long, they are asked at a later look.
  await backend.app.sealer!.sealNow()
  await expect.poll(() => backend.app.sealer!.sealNow().then(rules), { timeout: 10_000 }).toEqual(["denials"])
  const [alert] = await alertEntries()
  expect(alert).toEqual({
    id: told[0]!.entry,
    detail: { rule: "denials", by: "user:x", count: 9, within: "PT5M" },
  })
  expect(JSON.stringify(told)).not.toContain("user:")
  await evaluate()
  expect(rules()).toEqual(["denials"])
  // The mail is shown to who develops, like the others.
  const mails = await fetch(`${backend.url}/dev/mail`, { headers: { accept: "application/json" } })
  expect(await mails.json()).toMatchObject([
    { to: "ops@example.org", text: expect.stringContaining(`in the entry ${told[0]!.entry}`) },
  ])
})

test("mass reads of one caller, reads out of hours and an override each raise theirs; the record's own reading does not", async () => {
  await backend.request(people.auditor, "GET", "/rest/auditEntries?limit=10")
  await evaluate()
  expect(told).toEqual([])
  for (const path of ["charts", "patients"])
    await backend.request(people.doctor, "GET", `/rest/${path}?select=id`)
  await backend.sql("insert into audit.pending (kind, actor, door) values ('override', 'user:y', 'rest')")
  await evaluate({ outsideHours: { from: "00:00", to: "24:00", days: [] } })
  expect(rules()).toEqual(["massReads", "outsideHours", "outsideHours", "override"])
  const found = (await alertEntries()).map(({ detail }) => detail)
  expect(found).toContainEqual({
    rule: "massReads",
    by: `user:${people.doctor.id}`,
    count: 4,
    within: "PT10M",
  })
  await evaluate({ outsideHours: { from: "00:00", to: "24:00", days: [] } })
  expect(told).toHaveLength(4)
})

test("a channel that is down is told of, and the alert is on record all the same", async () => {
  const database = openAudit(backend.adminUrl)
  const channel = { name: "down", tell: () => Promise.reject(new Error("down")) }
  const alerts = createAlerts({
    database,
    settings: {},
    channels: [channel],
    tell: (error) => errors.push(error.code),
  })
  const before = (await alertEntries()).length
  await alerts.raiseVerification(7)
  await database.close()
  expect(errors).toEqual(["UC978"])
  expect((await alertEntries()).length).toBe(before + 1)
})

test("the daily verification is on record, is not repeated within the day, and a change that it finds raises an alert", async () => {
  const verified = (): Promise<any[]> =>
    backend.sql("select detail from audit.pending where actor = 'system:verification'")
  await backend.app.verification!.run()
  await backend.app.verification!.run()
  expect(await verified()).toEqual([{ detail: { verified: expect.any(Number) } }])
  await backend.sql("delete from audit.pending where actor = 'system:verification' or kind = 'alert'")
  await backend.sql("update audit.entry set result = 'other' where position = 2")
  await backend.app.verification!.run()
  expect(errors).toEqual(["UC979"])
  expect(rules()).toEqual(["failedVerification"])
  expect(await verified()).toEqual([])
})

test.each([
  [{ denials: { count: 0, within: "PT5M" } }],
  [{ massReads: { count: 5, within: "five minutes" } }],
  [{ outsideHours: { from: "19:00", to: "07:00" } }],
  [{ outsideHours: { from: "07:00", to: "19:00", timeZone: "Mars/Olympus" } }],
])("a rule that can't be asked is refused: %j", (settings) => {
  const database = openAudit(backend.adminUrl)
  expect(() => createAlerts({ database, settings, channels: [], tell: () => undefined })).toThrow(
    expect.objectContaining({ code: "UC916" }),
  )
})
