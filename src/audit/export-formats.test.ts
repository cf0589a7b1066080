/** What other systems read of an entry, with what was put there to be misread. */
import { expect, test } from "vitest"
import { type ExportedEntry, formatOf } from "./export-formats.ts"

const entry: ExportedEntry = {
  position: 7,
  id: "0d000000-0000-4000-8000-000000000001",
  at: "2026-01-02T03:04:05.123456Z",
  kind: "read",
  actor: "user:ann",
  onBehalf: null,
  roles: ["nurse"],
  assurance: null,
  credential: "session:s1",
  door: "rest",
  request: "req-12345678",
  address: "10.0.0.1",
  purpose: "a=b|c\\d\ne",
  entity: "Patient",
  rows: ["1", "2"],
  subjects: ["Patient:1", "Patient:2"],
  fields: ["name"],
  question: { of: "Patient" },
  result: "done",
  detail: null,
}
const lineOf = (format: Parameters<typeof formatOf>[0], more: Partial<ExportedEntry> = {}): string =>
  formatOf(format, "the|clinic").line({ ...entry, ...more })

test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "\u200b=1"])(
  "CWE-1236: a cell that begins with %j is no formula",
  (purpose) => expect(lineOf("csv", { purpose })).toContain(`,"'${purpose}",`),
)

test("CSV has a head, a line for an entry, and doubles its quotes", () => {
  expect(formatOf("csv", "c").head).toMatch(/^"position","id","at","kind","actor",/)
  expect(lineOf("csv", { purpose: 'say "so"' })).toContain(',"say ""so""",')
  expect(lineOf("csv")).toContain(',"[""Patient:1"",""Patient:2""]",')
})

test("CEF: neither a bar, an equals sign, a backslash nor a line break ends what it stands in", () => {
  const line = lineOf("cef", { kind: "re|ad\nx" })
  expect(line).not.toContain("\n")
  expect(line).toMatch(/^CEF:0\|Undercroft\|the\\\|clinic\|1\|re\\\|ad x\|re\\\|ad x Patient\|3\|rt=\d+ /)
  expect(line).toContain(String.raw` cs4=a\=b|c\\d\ne cs4Label=purpose `)
  expect(lineOf("cef", { address: "2001:db8::1" })).toContain(
    "c6a2=2001:db8::1 c6a2Label=Source IPv6 Address",
  )
  expect(lineOf("cef", { kind: "denied", result: "42501" })).toContain(" outcome=failure reason=42501 ")
})

test("OCSF: API activity, account change and authentication, by what was done", () => {
  const of = (more: Partial<ExportedEntry>): any => JSON.parse(lineOf("ocsf", more))
  expect(of({})).toMatchObject({
    class_uid: 6003,
    category_uid: 6,
    activity_id: 2,
    type_uid: 600302,
    time: Date.UTC(2026, 0, 2, 3, 4, 5, 123),
    status_id: 1,
    actor: { user: { uid: "user:ann" }, session: { uid: "session:s1" } },
    api: { operation: "read", request: { uid: "req-12345678" } },
    src_endpoint: { ip: "10.0.0.1" },
    resources: [
      { type: "Patient", uid: "1" },
      { type: "Patient", uid: "2" },
    ],
    metadata: { version: "1.3.0", sequence: 7, product: { name: "the|clinic", vendor_name: "Undercroft" } },
  })
  const event = (name: string): any => of({ kind: "event", detail: { event: name } })
  expect(event("password-changed")).toMatchObject({
    class_uid: 3001,
    activity_id: 3,
    user: { uid: "Patient:1" },
  })
  expect(event("role-changed")).toMatchObject({ class_uid: 3001, type_uid: 300199 })
  expect(event("signed-in")).toMatchObject({ class_uid: 3002, type_uid: 300201 })
  expect(of({ kind: "denied", result: "42501" })).toMatchObject({
    status_id: 2,
    status_code: "42501",
    activity_id: 99,
  })
})

test("syslog: the header of RFC 5424 with what it may hold, then the entry", () => {
  const line = lineOf("syslog", { kind: "re ad", position: 2_147_483_648 })
  expect(line).toMatch(
    /^<110>1 2026-01-02T03:04:05\.123456Z [\x21-\x7e]+ the\|clinic - re_ad \[origin software="the\|clinic"\]\[meta sequenceId="1"\] CEF:0\|/,
  )
  const named = formatOf("syslog", 'a "b" ] \\ é').line(entry)
  expect(named).toContain(
    String.raw` a_"b"_]_\__ - read [origin software="a \"b\" \] \\ é"][meta sequenceId="7"] CEF:`,
  )
  expect(lineOf("syslog", { kind: "alert" })).toMatch(/^<105>1 /)
  expect(lineOf("syslog", { kind: "denied", result: "42501" })).toMatch(/^<108>1 /)
  expect(lineOf("syslog", { purpose: "a\nb" })).not.toContain("\n")
})
