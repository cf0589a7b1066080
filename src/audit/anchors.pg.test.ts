/** Heads on their way out: to a witness that is another backend, to a webhook that fails, to an object store that overwrites nothing. */
import { createHash, createHmac } from "node:crypto"
import { afterAll, afterEach, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { type Answered, type Received, type Receiver, startReceiver } from "../../test/support/receiver.ts"
import { randomFrom } from "../../tools/tamper/random.ts"
import { addEntry, makeRecord, origin, type TestRecord } from "../../tools/tamper/record.ts"
import { defineBackend } from "../index.ts"
import { openAudit } from "../store/audit-database.ts"
import type { RemoteAnchor } from "./anchor.ts"
import { type AuditSettings, checkAuditSettings, remoteAnchors } from "./audit-settings.ts"
import { readCosignature, witnessKeyOf } from "./cosignature.ts"
import { type Courier, startCourier } from "./courier.ts"
import { send } from "./send.ts"
import { signatureOf } from "./signed-post.ts"
import { heldKey, makeKey, readSigningKey } from "./signing-key.ts"

const random = randomFrom(11)
const privateHosts = ["127.0.0.1"]
const witnessSigning = readSigningKey(makeKey(), "undercroft-witness/other")
let backend: TestBackend
let record: TestRecord
let other: TestBackend
let receiver: Receiver | undefined
const couriers: Courier[] = []
const told: string[] = []

beforeAll(async () => {
  backend = await startTestBackend(defineBackend({ name: "anchored", model: [] }))
  record = await makeRecord(backend.adminUrl, random, 3)
  const logs = [record.signing.key.text]
  const otherKeys = heldKey(makeKey(), "undercroft/other")
  other = await startTestBackend(defineBackend({ name: "other", model: [], audit: { witness: { logs } } }), {
    audit: { keys: otherKeys, anchors: [], witness: witnessSigning },
  })
})
afterEach(async () => {
  for (const one of couriers.splice(0)) await one.stop()
  await receiver?.stop()
  receiver = undefined
  told.length = 0
})
afterAll(async () => {
  await record?.close()
  await other?.stop()
  await backend?.stop()
})

function courier(...anchors: readonly RemoteAnchor[]): Courier {
  const one = startCourier({
    database: openAudit(record.auditUrl),
    anchors,
    everyMs: 60_000,
    tell: ({ code, message }) => told.push(`${code} ${message}`),
  })
  couriers.push(one)
  return one
}

async function grow(): Promise<void> {
  for (let left = 1 + random.below(6); left > 0; left--) await addEntry(record.admin, random)
  await record.seal()
}

const settingsOf = (audit: AuditSettings): readonly RemoteAnchor[] =>
  remoteAnchors({ privateHosts, ...audit })
const lastBatch = async (): Promise<{ size: number; checkpoint: string }> =>
  (await backend.sql("select size::integer, checkpoint from audit.batch order by batch.size desc limit 1"))[0]
const dueAgain = (): Promise<unknown> => backend.sql("update audit.delivery set next_at = clock_timestamp()")
const alertsOf = (one: TestBackend, alert: string): Promise<any[]> =>
  one.sql(
    "select detail from (select kind, detail from audit.pending union all select kind, detail from audit.entry) e where kind = 'alert' and detail->>'alert' = $1",
    [alert],
  )
const add = (body: string): Promise<Response> =>
  fetch(`${other.url}/witness/add-checkpoint`, { method: "POST", body })
/** A head that the record's key signs. */
const forge = (size: number, text: string): string =>
  record.signing.note(
    `${origin}\n${size}\n${createHash("sha256").update(text).digest("base64")}\ntime 2026-01-01T00:00:00.000Z\n`,
  )

test("another backend as witness cosigns each head that goes on from the last one, whichever process brings it", async () => {
  const key = witnessKeyOf(witnessSigning)
  const witness = { witness: `${other.url}/witness`, key, everySeconds: 0 }
  for (let at = 0; at < 4; at++) {
    // A new process knows nothing of what the witness knows.
    const one = courier(...settingsOf({ anchors: [witness] }))
    await grow()
    await one.deliverNow()
    await grow()
    await one.deliverNow()
    const { size, checkpoint } = await lastBatch()
    const [kept] = await backend.sql("select witness, line from audit.cosignature where size = $1", [size])
    expect(kept.witness).toBe(key)
    expect(readCosignature(kept.line, checkpoint, key)).toBeGreaterThan(Date.now() / 1000 - 60)
    expect(() =>
      readCosignature(kept.line, checkpoint.replace(`\n${size}\n`, `\n${size + 1}\n`), key),
    ).toThrow(/not good/)
    const last = await fetch(`${other.url}/witness/last?origin=${encodeURIComponent(origin)}`)
    expect(await last.json()).toEqual({ key: record.signing.key.text, checkpoint })
  }
  expect(told).toEqual([])
})

test("a witness refuses a fork, an earlier head, what it can't check, and whom it does not know; a fork is on its record", async () => {
  const { size, checkpoint } = await lastBatch()
  const path = createHash("sha256").update("x").digest("base64")
  const stranger = readSigningKey(makeKey(), origin).note(`${forge(size, "x").split("\n\n")[0]}\n`)
  const rows: readonly (readonly [string, string, number, string | RegExp])[] = [
    ["an earlier head", `old 0\n\n${forge(1, "x")}`, 409, `${size}\n`],
    ["another head of the size", `old ${size}\n\n${forge(size, "x")}`, 409, `${size}\n`],
    ["a head that does not go on", `old ${size}\n${path}\n\n${forge(size + 1, "x")}`, 422, /UC973/],
    ["no proof", `old ${size}\n\n${forge(size + 1, "x")}`, 422, /UC973/],
    ["a size that it does not know", `old ${size + 1}\n${path}\n\n${forge(size + 2, "x")}`, 409, `${size}\n`],
    ["a step back", `old ${size}\n\n${forge(size - 1, "x")}`, 400, /UC971/],
    ["a record of somebody else", `old 0\n\n${checkpoint.replace(origin, "undercroft/else")}`, 404, /UC972/],
    ["a key of somebody else", `old ${size}\n\n${stranger}`, 403, /UC972/],
    ["a proof of 64", `old ${size}\n${`${path}\n`.repeat(64)}\n${checkpoint}`, 400, /UC971/],
    ["nonsense", "old -1\n\nx", 400, /UC971/],
    ["nothing", "", 400, /UC971/],
    ["the same head once more", `old ${size}\n\n${checkpoint}`, 200, /^— undercroft-witness\/other /],
  ]
  for (const [what, body, status, said] of rows) {
    const answer = await add(body)
    expect({ what, status: answer.status, text: await answer.text() }).toEqual({
      what,
      status,
      text: said instanceof RegExp ? expect.stringMatching(said) : said,
    })
  }
  // Once, though it was tried three times.
  const alerts = await alertsOf(other, "witness")
  expect(alerts.map(({ detail }) => detail)).toEqual([
    { alert: "witness", origin, size, known: size, why: "two heads of one size: a fork" },
  ])
})

test("a record whose end was cut off is told by its witness, and sealing goes on", async () => {
  await other.sql("update audit.witnessed set size = size + 100")
  const anchors = settingsOf({
    anchors: [{ witness: `${other.url}/witness`, key: witnessKeyOf(witnessSigning), everySeconds: 0 }],
  })
  const one = courier(...anchors)
  await grow()
  await one.deliverNow()
  expect(told).toEqual([expect.stringMatching(/^UC553 .*the end of it is gone/)])
  await other.sql("update audit.witnessed set size = size - 100")
  await dueAgain()
  await one.deliverNow()
  expect(
    (await backend.sql("select failures from audit.delivery where anchor like 'witness%'"))[0].failures,
  ).toBe(0)
})

test("CVE-2026-35409: a webhook gets the head until it takes it, signed, never by a redirect; an outage is one alert", async () => {
  const answers: Answered[] = [
    { status: 500 },
    { status: 302, headers: { location: "/elsewhere" } },
    { status: 204 },
  ]
  receiver = await startReceiver(() => answers.shift() ?? { status: 204 })
  const secret = `whsec_${Buffer.alloc(24, 5).toString("base64")}`
  const anchors = settingsOf({
    anchors: [{ webhook: `${receiver.url}/heads?token=t0p`, secret, everySeconds: 0 }],
  })
  const one = courier(...anchors)
  await grow()
  for (let at = 0; at < 2; at++) {
    await one.deliverNow()
    // It waits before it tries again, and so does another process.
    await courier(...anchors).deliverNow()
    expect(receiver.received).toHaveLength(at + 1)
    await dueAgain()
  }
  await record.seal()
  await one.deliverNow()
  await dueAgain()
  await one.deliverNow()
  expect(receiver.received.map(({ path }) => path)).toEqual(Array(3).fill("/heads?token=t0p"))
  const { headers, body } = receiver.received[2] as Received
  const id = String(headers["webhook-id"])
  const seconds = Number(headers["webhook-timestamp"])
  expect(headers["webhook-signature"]).toBe(signatureOf({ id, seconds, body }, secret))
  const { size, checkpoint } = await lastBatch()
  expect(JSON.parse(body)).toMatchObject({
    type: "audit.head",
    data: { size, checkpoint, key: record.signing.key.text },
  })
  expect(told).toHaveLength(1)
  const alerts = await alertsOf(backend, "anchor")
  expect(alerts.map(({ detail }) => detail).filter(({ anchor }) => anchor.startsWith("webhook"))).toEqual([
    { alert: "anchor", anchor: expect.stringMatching(/^webhook 127.*\/heads$/), why: "it answered 500" },
  ])
  expect(JSON.stringify([told, alerts])).not.toContain("t0p")
})

test("Standard Webhooks: the signature is that of the specification's example", () => {
  // https://github.com/standard-webhooks/standard-webhooks
  const body = '{"test": 2432232314}'
  expect(
    signatureOf(
      { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", seconds: 1614265330, body },
      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ),
  ).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
})

test("an object store gets a head once, as its own object; another one there is a fork", async () => {
  const kept = new Map<string, string>()
  const badly: string[] = []
  receiver = await startReceiver((one) => {
    if (!isSigned(one)) badly.push(one.path)
    if (one.method === "GET") return { status: 200, body: kept.get(one.path) ?? "" }
    if (kept.has(one.path) && one.headers["if-none-match"] === "*") return { status: 412 }
    kept.set(one.path, one.body)
    return { status: 200 }
  })
  const anchors = settingsOf({
    anchors: [
      {
        bucket: `${receiver.url}/our heads/clinic`,
        region: "eu-central-1",
        accessKeyId: "AKIDEXAMPLE",
        secretAccessKey: storeSecret,
        everySeconds: 0,
      },
    ],
  })
  await grow()
  const { size, checkpoint } = await lastBatch()
  const one = courier(...anchors)
  await one.deliverNow()
  const path = `/our%20heads/clinic/${String(size).padStart(16, "0")}.json`
  expect([...kept]).toEqual([[path, `${JSON.stringify({ key: record.signing.key.text, checkpoint })}\n`]])
  // The answer to the first was lost: it is there.
  await backend.sql("update audit.delivery set size = 0 where anchor like 'bucket%'")
  await one.deliverNow()
  expect(told).toEqual([])
  await backend.sql("update audit.delivery set size = 0 where anchor like 'bucket%'")
  kept.set(path, "another")
  await one.deliverNow()
  expect(told).toEqual([expect.stringContaining("a fork")])
  expect(badly).toEqual([])
})

test("CVE-2026-35409, CVE-2026-24767: no anchor is looked for in a private network, by name, by number or in disguise, unless it was named", async () => {
  const places = [
    "https://localhost/",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0.0.0.0/",
    "https://10.1.2.3/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1]/",
    "http://example.org/",
  ]
  for (const place of places) {
    const sent = send({
      url: new URL(place),
      method: "GET",
      headers: {},
      body: "",
      privateHosts: ["intranet"],
    })
    await expect(sent, place).rejects.toThrow(/privateHosts/)
  }
})

test("settings that make no sense are refused at the start, and no secret is told", () => {
  const secret = `whsec_${Buffer.alloc(24).toString("base64")}`
  const bad: readonly AuditSettings[] = [
    { anchors: [{ webhook: "https://hooks.example.org/x", secret: "s3cret" }] },
    { anchors: [{ webhook: "http://hooks.example.org/s3cret", secret }] },
    { anchors: [{ webhook: "https://ann:s3cret@hooks.example.org/", secret }] },
    { anchors: [{ webhook: "s3cret", secret }] },
    {
      anchors: [
        { bucket: "https://s3.example.org/b", region: "x", accessKeyId: "", secretAccessKey: "s3cret" },
      ],
    },
    { anchors: [{ witness: "https://w.example.org", key: "s3cret" }] },
    {
      anchors: [
        { webhook: "https://h.example.org/", secret },
        { webhook: "https://h.example.org/?2", secret },
      ],
    },
    { anchors: [{} as never] },
    { witness: { logs: ["s3cret"] } },
    { keep: { years: 0.5 } },
  ]
  for (const audit of bad) {
    const read = (): void => {
      checkAuditSettings(audit)
      remoteAnchors(audit)
    }
    expect(read, JSON.stringify(audit)).toThrow(expect.objectContaining({ code: "UC970" }))
    expect(read).not.toThrow(/s3cret/)
  }
})

const storeSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

/** AWS Signature Version 4, as its description has it. */
function isSigned({ method, path, headers, body }: Received): boolean {
  const said = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]+)$/.exec(
    String(headers.authorization),
  )
  const [, credential = "", names = "", signature] = said ?? []
  const scope = credential.split("/").slice(1)
  const hash = (text: string): string => createHash("sha256").update(text).digest("hex")
  const lines = names.split(";").map((name) => `${name}:${String(headers[name]).trim()}\n`)
  const asked = [method, path, "", lines.join(""), names, hash(body)].join("\n")
  const toSign = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope.join("/"), hash(asked)].join("\n")
  const key = scope.reduce<Buffer | string>(
    (last, part) => createHmac("sha256", last).update(part).digest(),
    `AWS4${storeSecret}`,
  )
  return (
    createHmac("sha256", key).update(toSign).digest("hex") === signature &&
    headers["x-amz-content-sha256"] === hash(body) &&
    ["host", ...(method === "PUT" ? ["if-none-match"] : [])].every((name) => names.split(";").includes(name))
  )
}
