/** Alerts by webhook: signed, known by their identifiers, without a name, and not lost while nobody takes them. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest"
import { checkAuditSettings } from "../../src/audit/audit-settings.ts"
import { signatureOf } from "../../src/audit/signed-post.ts"
import { heldKey, makeKey } from "../../src/audit/signing-key.ts"
import { defineBackend } from "../../src/index.ts"
import { startTestBackend, type TestBackend } from "../support/backend.ts"
import { type Answered, type Receiver, startReceiver } from "../support/receiver.ts"

const secret = `whsec_${Buffer.alloc(24, 7).toString("base64")}`
const answers: Answered[] = []
const errors: string[] = []
let receiver: Receiver
let backend: TestBackend

beforeAll(async () => {
  receiver = await startReceiver(() => answers.shift() ?? { status: 204 })
  const origin = "undercroft/alerts"
  const audit = {
    privateHosts: ["127.0.0.1"],
    sealEveryMs: 3_600_000,
    alerts: {
      denials: { count: 3, within: "PT5M" },
      webhook: { url: `${receiver.url}/alerts?token=t0p`, secret },
    },
  }
  backend = await startTestBackend(defineBackend({ name: "alerts", model: [], audit }), {
    audit: { keys: heldKey(makeKey(), origin), anchors: [] },
    onError: ({ code, message }) => errors.push(`${code} ${message}`),
  })
  await backend.app.feeder!.feedNow()
})
afterEach(() => {
  receiver.received.length = 0
  errors.length = 0
})
afterAll(async () => {
  await backend?.stop()
  await receiver?.stop()
})

/** Refusals of somebody, sealed; then the alert that they raise, sealed. */
async function raise(actor: string): Promise<void> {
  await backend.sql(
    `insert into audit.pending (kind, actor, address, door, detail) values ('denied', $1, '203.0.113.9', 'rest', '{"count": 9}')`,
    [actor],
  )
  const isRaised = async (): Promise<boolean> => {
    await backend.app.sealer!.sealNow()
    const [found] = await backend.sql(
      "select exists (select from audit.entry where kind = 'alert' and detail->>'by' = $1) as sealed",
      [actor],
    )
    return found.sealed
  }
  // The rules give themselves a pause in the measure of what they cost.
  await expect.poll(isRaised, { timeout: 20_000 }).toBe(true)
}

test("TR-03161-3 Org_3: an alert is posted, signed, and names nobody; while it is not taken it waits in the record", async () => {
  answers.push({ status: 500 }, { status: 302, headers: { location: "/elsewhere" } })
  await raise("user:somebody")
  for (let at = 0; at < 4; at++) {
    await backend.app.feeder!.feedNow()
    await backend.sql("update audit.delivery set next_at = clock_timestamp()")
  }
  const { received } = receiver
  // Twice refused, then taken, then never again; no redirect is followed.
  expect(received.map(({ path }) => path)).toEqual(Array(3).fill("/alerts?token=t0p"))
  expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(1)
  const { headers, body } = received[2]!
  const id = String(headers["webhook-id"])
  expect(headers["webhook-signature"]).toBe(
    signatureOf({ id, seconds: Number(headers["webhook-timestamp"]), body }, secret),
  )
  const { type, data } = JSON.parse(body)
  const [entry] = await backend.sql(
    "select id::text from audit.entry where kind = 'alert' and detail->>'rule' = 'denials'",
  )
  expect({ type, data }).toEqual({
    type: "audit.alert",
    data: {
      product: "alerts",
      rule: "denials",
      says: "one caller was refused many times",
      entry: entry.id,
      at: expect.any(String),
      count: 9,
    },
  })
  expect(body).not.toMatch(/somebody|203\.0/)
  // The outage is told and on record once, without the address's secret.
  expect(errors).toEqual([expect.stringMatching(/^UC922 .*it answered 500/)])
  expect(errors.join()).not.toContain("t0p")
  const outages = await backend.sql(
    "select detail from audit.entry where detail->>'alert' = 'export' union all select detail from audit.pending where detail->>'alert' = 'export'",
  )
  expect(outages).toHaveLength(1)
})

test("a record that is not intact is told at once, sealed or not", async () => {
  await backend.sql("update audit.entry set result = 'other' where position = 1")
  await backend.app.verification!.run()
  expect(receiver.received.map(({ body }) => JSON.parse(body).data.rule)).toEqual(["failedVerification"])
})

test("CVE-2026-35409: a webhook for alerts has https, a secret that is long enough, and no password in its address", () => {
  const rows = [
    { url: "https://hooks.example.org/x", secret: "s3cret" },
    { url: "http://hooks.example.org/s3cret", secret },
    { url: "https://ann:s3cret@hooks.example.org/", secret },
    { url: "s3cret", secret },
  ]
  for (const webhook of rows) {
    const check = (): void => checkAuditSettings({ alerts: { webhook } })
    expect(check, webhook.url).toThrow(expect.objectContaining({ code: "UC970" }))
    expect(check).not.toThrow(/s3cret/)
  }
})
