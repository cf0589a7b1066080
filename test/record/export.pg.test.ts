/** The record as a stream over HTTP: for those who may read it, in every format, resumable, on record. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { heldKey, makeKey } from "../../src/audit/signing-key.ts"
import { startTestBackend, type TestBackend } from "../support/backend.ts"
import { chartBackend, people, peopleSql } from "../support/chart-backend.ts"

let backend: TestBackend

beforeAll(async () => {
  const origin = "undercroft/charts"
  backend = await startTestBackend(chartBackend, {
    audit: { keys: heldKey(makeKey(), origin), anchors: [] },
  })
  await backend.sql(peopleSql)
  await backend.sql(
    "insert into audit.pending (kind, actor, door, purpose, personal) select 'read', 'user:x' || n, 'rest', '=1+' || n, '{\"after\": {\"words\": \"cough\"}}' from generate_series(1, 1200) n",
  )
  await backend.app.sealer!.sealNow()
})
afterAll(() => backend?.stop())

async function exported(
  caller: object | null,
  search: string,
): Promise<{ status: number; text: string; type: string }> {
  const headers = caller ? { authorization: `Bearer ${await backend.tokenOf(caller as { id: string })}` } : {}
  const answer = await fetch(`${backend.url}/audit/export${search}`, { headers })
  return { status: answer.status, text: await answer.text(), type: answer.headers.get("content-type") ?? "" }
}

const linesOf = (text: string): string[] => text.trimEnd().split("\n")

test("an auditor gets every sealed entry once, in order, over several pages, and goes on after a position", async () => {
  const { status, text, type } = await exported(people.auditor, "")
  expect([status, type]).toEqual([200, "application/x-ndjson"])
  const positions = linesOf(text).map((line) => JSON.parse(line).position)
  expect(positions.length).toBeGreaterThan(1200)
  expect(positions).toEqual(positions.map((_, at) => at + 1))
  expect(text).not.toContain("cough")
  const rest = await exported(people.auditor, `?after=${positions.length - 2}&format=csv`)
  const lines = linesOf(rest.text)
  expect(lines[0]).toMatch(/^"position","id","at",/)
  expect(lines.slice(1).map((line) => line.split(",")[0])).toEqual([
    `"${positions.length - 1}"`,
    `"${positions.length}"`,
  ])
  expect(rest.text).toContain(`"'=1+`)
})

test("CEF and OCSF are a line each; a period is kept to", async () => {
  const cef = linesOf((await exported(people.auditor, "?format=cef&after=1200")).text)
  for (const line of cef) expect(line).toMatch(/^CEF:0\|Undercroft\|charts\|1\|/)
  const ocsf = linesOf((await exported(people.auditor, "?format=ocsf&after=1200")).text)
  for (const line of ocsf)
    expect(JSON.parse(line)).toMatchObject({ metadata: { product: { name: "charts" } } })
  expect((await exported(people.auditor, "?to=2020-01-01")).text).toBe("")
})

test("nobody else gets anything, and what is not understood is refused", async () => {
  for (const caller of [null, people.ann, people.doctor]) {
    const { status, text } = await exported(caller, "?format=none")
    expect([status, JSON.parse(text).code]).toEqual([caller ? 403 : 401, "42501"])
  }
  for (const search of ["?format=xml", "?after=-1", "?after=x", "?from=soon", "?limit=1", "?after=1&after=2"])
    expect([search, (await exported(people.auditor, search)).status]).toEqual([search, 400])
})

test("GDPR Art. 30: who exported is on record before the first byte, and each page as a read", async () => {
  await backend.sql("delete from audit.pending")
  await exported(people.auditor, "?format=cef&after=1000")
  const rows = await backend.sql(
    "select kind, actor, door, question, cardinality(rows) as rows from audit.pending where entity = 'AuditEntry' order by at",
  )
  expect(rows[0]).toMatchObject({
    kind: "export",
    actor: `user:${people.auditor.id}`,
    door: "export",
    question: { format: "cef", after: "1000", from: null, to: null },
  })
  expect(rows.slice(1).every((one) => one.kind === "read" && one.door === "export")).toBe(true)
  expect(rows.length).toBeGreaterThan(2)
})
