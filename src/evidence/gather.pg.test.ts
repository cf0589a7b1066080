/** Evidence of a running system: what is met, what turns red when somebody tampers, and what the reports say. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startTestBackend, type TestBackend, testSecret } from "../../test/support/backend.ts"
import { actor, anyone, defineBackend, entity, ref, text, userEntity } from "../index.ts"
import { type Inspection, inspectDatabase } from "../store/inspect-database.ts"
import { type Evidence, gatherEvidence, type PartName, partNames } from "./gather.ts"
import type { CheckContext } from "./live-check.ts"
import { reportHtml } from "./report-html.ts"
import { reportJson } from "./report-json.ts"
import { reportMarkdown } from "./report-markdown.ts"
import { type StandardName, standards } from "./standards.ts"

const me = actor({})
const User = userEntity()
User.access(({ row }) => ({ read: row.id.is(me.id) }))
const Patient = entity("Patient", {
  fields: {
    user: ref(User).immutable(),
    phone: text().personal(),
    illness: text().special().describe("<img src=x> | what"),
    scar: text().special().encrypted().optional(),
    hue: text().public(),
  },
  subject: "user",
})
Patient.access(({ row }) => ({ read: row.user.is(me.id), create: row.user.is(me.id) }))
const Plain = entity("Plain", { fields: { title: text() } })
Plain.access(() => ({ read: anyone }))

const definition = defineBackend({
  name: "<b>notes</b> & |co|",
  model: [User, Patient, Plain],
  accounts: { password: true, signUp: "open", apiKeys: true },
  callers: { issuers: [{ secret: testSecret, namespace: "other" }] },
  processing: {
    controller: { name: "<i>Ann</i>", contact: "ann@example.org" },
    purposes: [{ name: "Care", basis: "Art. 9(2)(h)", entities: ["Patient", "User"], retention: "10 years" }],
    recipients: [],
    transfers: [],
    subprocessors: [{ name: "Host", service: "hosting", place: "Berlin", data: "all of it" }],
  },
})

let backend: TestBackend
let database: Inspection
let folder: string
let context: CheckContext
beforeAll(async () => {
  backend = await startTestBackend(definition, { issuers: [] })
  folder = await mkdtemp(join(tmpdir(), "undercroft-evidence-"))
  const lock = {
    packages: {
      "": { name: "notes", dependencies: { "@a/b": "1" } },
      "node_modules/@a/b": { version: "1.0.0", license: "(MIT OR Apache-2.0)", integrity: "sha512-AAAA" },
    },
  }
  await writeFile(join(folder, "package-lock.json"), JSON.stringify(lock))
  database = await inspectDatabase(backend.adminUrl, backend.app.policies)
  context = { definition, policies: backend.app.policies, folder, databaseUrl: backend.adminUrl, database }
  const signUp = await fetch(`${backend.url}/auth/sign-up/email`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: "ann@example.org", name: "Ann", password: "correct horse battery" }),
  })
  expect(signUp.status).toBe(200)
})
afterAll(async () => {
  await database?.close()
  await backend?.stop()
  await rm(folder, { recursive: true, force: true })
})

const all = Object.keys(standards) as StandardName[]
const at = new Date("2026-01-02T03:04:05Z")
const gather = (parts: readonly PartName[] = [], names = all, one = context): Promise<Evidence> =>
  gatherEvidence(one, { standards: names, parts }, at)

async function statusOf(name: StandardName, id: string): Promise<string | undefined> {
  const { findings } = await gather([], [name])
  return findings[0]?.[1].find((one) => one.requirement.id === id)?.status
}

describe("live checks", () => {
  test("of a system in order", async () => {
    const { checks } = await gather()
    const is = Object.fromEntries([...checks].map(([name, { ok }]) => [name, ok]))
    expect(is).toMatchObject({
      "rows-secured": true,
      "api-least-rights": true,
      "database-as-made": true,
      "database-version": true,
      "sessions-hashed": true,
      "passwords-hashed": true,
      "api-keys-hashed": true,
      "sessions-end": true,
      "account-events-recorded": true,
      "personal-not-public": true,
      "subjects-known": true,
      "purposes-declared": true,
      "secrets-not-in-files": true,
      "dependencies-locked": true,
      "subprocessors-declared": null,
    })
    expect(checks.get("passwords-hashed")?.says).toContain("All 1 passwords")
  })

  const digest = "a".repeat(64)
  test.each<[string, string, string, StandardName, string]>([
    [
      "rows-secured",
      "alter table app.plains no force row level security",
      "alter table app.plains force row level security",
      "asvs",
      "8.2.2",
    ],
    [
      "rows-secured",
      "alter table app.plains disable row level security",
      "alter table app.plains enable row level security",
      "gdpr",
      "Art. 25(1)",
    ],
    [
      "api-least-rights",
      'alter role "$api" bypassrls',
      'alter role "$api" nobypassrls',
      "tr-03161-3",
      "Arch_10",
    ],
    [
      "database-as-made",
      "alter policy read on app.patients using (true)",
      "$again",
      "hipaa",
      "164.312(a)(1)",
    ],
    [
      "passwords-hashed",
      "update accounts.account set password = 'in clear ' || password",
      "update accounts.account set password = substr(password, 10)",
      "tr-03161-3",
      "Pass_5",
    ],
    [
      "sessions-hashed",
      "update accounts.session set token = 'x' || token",
      "update accounts.session set token = substr(token, 2)",
      "tr-03161-3",
      "Auth_18",
    ],
    [
      "account-events-recorded",
      "do $$ begin execute (select format('alter table accounts.session disable trigger %I', tgname) from pg_trigger where tgrelid = 'accounts.session'::regclass and tgname like 'record %' limit 1); end $$",
      "do $$ declare t name; begin for t in select tgname from pg_trigger where tgrelid = 'accounts.session'::regclass and tgname like 'record %' loop execute format('alter table accounts.session enable always trigger %I', t); end loop; end $$",
      "tr-03161-3",
      "Pass_4",
    ],
    [
      "record-kept-apart",
      'grant usage on schema audit to "$api"; grant select on audit.pending to "$api"',
      'revoke select on audit.pending from "$api"; revoke usage on schema audit from "$api"',
      "asvs",
      "16.4.2",
    ],
  ])("%s turns red by: %s", async (name, tamper, mend, standard, id) => {
    const sql = async (statement: string): Promise<unknown> =>
      backend.sql(statement.replaceAll("$api", database.roles.api))
    const [policy] = await backend.sql(
      "select pg_get_expr(polqual, polrelid) as text from pg_policy where polrelid = 'app.patients'::regclass and polname = 'read'",
    )
    await sql(tamper)
    try {
      const { checks } = await gather()
      expect([name, checks.get(name)?.ok]).toEqual([name, false])
      expect(await statusOf(standard, id)).toBe("failed")
      expect(checks.get(name)?.says).not.toContain(digest)
    } finally {
      await sql(mend === "$again" ? `alter policy read on app.patients using (${policy.text})` : mend)
    }
    expect((await gather()).checks.get(name)?.ok).toBe(true)
  })

  test("a secret that stands in a file is found, and not repeated", async () => {
    await writeFile(join(folder, "notes.txt"), `it is ${testSecret}\n`)
    const { checks } = await gather()
    expect(checks.get("secrets-not-in-files")).toMatchObject({
      ok: false,
      says: expect.stringContaining("notes.txt"),
    })
    await rm(join(folder, "notes.txt"))
  })

  test.each<[string, Partial<typeof definition>, boolean | null]>([
    ["sessions-end", { accounts: { password: true, sessions: { idleMinutes: 600 } } }, false],
    ["addresses-encrypted", { origins: ["http://example.org"] }, false],
    ["development-off", { allowsRollback: true }, false],
    ["purposes-declared", { processing: { ...definition.processing!, purposes: [] } }, null],
  ])("%s asks the definition: %j", async (name, change, ok) => {
    const { checks } = await gather([], all, {
      ...context,
      definition: { ...definition, ...change } as typeof definition,
    })
    expect(checks.get(name)?.ok).toBe(ok)
  })

  const because = "it is compared"
  const clear = { ...definition.processing!, inClear: [{ fields: ["Patient.illness"], because }] }
  test.each<[string, unknown, unknown, RegExp]>([
    ["nothing is said", definition.processing, null, /^1 of 2 fields are not encrypted: Patient\.illness\.$/],
    ["it is", clear, true, /^1 of 2 are\. .*builder decided: Patient\.illness \(it is compared\)\.$/],
    [
      "a reason is empty",
      { ...clear, inClear: [{ fields: ["Patient.illness"], because: " " }] },
      null,
      /not encrypted/,
    ],
    [
      "it names another",
      { ...clear, inClear: [{ fields: ["Patient.phone"], because }] },
      false,
      /Patient\.phone/,
    ],
    [
      "it names what is encrypted",
      { ...clear, inClear: [{ fields: ["Patient.scar"], because }] },
      false,
      /scar/,
    ],
  ])(
    "TR-03161-3 Data_1: what is in the clear is met only where the builder says why: %s",
    async (_, processing, ok, says) => {
      const one = { ...context, definition: { ...definition, processing } as typeof definition }
      const evidence = await gather(["data"], all, one)
      expect(evidence.checks.get("special-encrypted")).toMatchObject({
        ok,
        says: expect.stringMatching(says),
      })
      expect(reportMarkdown(evidence).includes("No: it is compared")).toBe(ok === true)
    },
  )

  test("look, and can't change anything", async () => {
    await expect(database.query("create table app.extra (a int)")).rejects.toThrow(/read-only/)
  })
})

describe("reports", () => {
  test("as a page: every number once, nothing from outside, no markup of what a project says", async () => {
    const page = reportHtml(await gather(partNames))
    for (const { requirements } of Object.values(standards))
      for (const { id } of requirements) expect(page).toContain(`<th scope="row">${id}<`)
    for (const { id } of standards["tr-03161-3"].requirements)
      expect([id, page.split(`<th scope="row">${id}<`).length - 1]).toEqual([id, 1])
    expect(page).toContain("&#60;b&#62;notes&#60;/b&#62; &#38; |co|")
    expect(page).toContain("&#60;img src=x&#62;")
    expect(page).not.toMatch(/<b>notes|<i>|<script|<link|<img|url\(|href="[^#]|@import|<\w+[^>]* on\w+=/)
    expect(page).toContain("default-src 'none'")
  })

  test("as JSON: all that was found, and no secret", async () => {
    const told = reportJson(await gather(partNames))
    const { standards: found, parts } = JSON.parse(told)
    for (const name of all) {
      const { counts, requirements } = found[name] as {
        counts: Record<string, number>
        requirements: { id: string; status: string }[]
      }
      expect(requirements.map((one) => one.id)).toEqual(standards[name].requirements.map((one) => one.id))
      for (const [status, count] of Object.entries(counts))
        expect(count).toBe(requirements.filter((one) => one.status === status).length)
    }
    expect(Object.keys(parts)).toEqual(partNames)
    for (const secret of [
      testSecret,
      new URL(backend.adminUrl).password,
      "argon2id$v",
      'ann@example.org","password',
    ])
      if (secret !== "") expect(told).not.toContain(secret)
  })

  test("as Markdown: a table stays a table", async () => {
    const lines = reportMarkdown(await gather(partNames)).split("\n")
    expect(lines[0]).toBe("# Evidence: \\<b\\>notes\\</b\\> & \\|co\\|")
    let columns = 0
    for (const line of lines.filter((one) => one.startsWith("|"))) {
      const cells = line.replaceAll("\\|", "").split("|").length - 2
      if (/^\|(---\|)+$/.test(line)) expect(cells).toBe(columns)
      columns = cells
    }
    expect(lines.filter((one) => /^\|(---\|)+$/.test(one)).length).toBeGreaterThan(8)
  })
})

describe("records", () => {
  const record = async (name: PartName): Promise<any> => JSON.parse(reportJson(await gather([name], [])))

  test("GDPR Art. 30: the record of processing activities says what the model and the definition say", async () => {
    expect(await record("processing")).toMatchObject({
      controller: { name: "<i>Ann</i>" },
      purposes: [{ name: "Care", basis: "Art. 9(2)(h)" }],
      recipients: [],
      transfers: [],
      categories: expect.arrayContaining([
        expect.objectContaining({
          entity: "Patient",
          people: "User",
          personal: ["phone"],
          special: ["illness", "scar"],
          purposes: ["Care"],
        }),
      ]),
    })
  })

  test("the data inventory has every field with its class", async () => {
    const { entities } = await record("data")
    const classes = Object.fromEntries(
      entities
        .find((one: any) => one.entity === "Patient")
        .fields.map((one: any) => [one.field, one.classification]),
    )
    expect(classes).toMatchObject({ phone: "personal", illness: "special", hue: "public", user: "internal" })
  })

  test("keys are listed, and none is told", async () => {
    const [own] = await backend.sql(
      "select encode(process_key, 'hex') as hex, encode(process_key, 'base64') as base64 from undercroft_state.keys",
    )
    const { keys } = await record("keys")
    expect(keys.map((one: any) => one.name)).toContain("Process key")
    for (const text of [own.hex, own.base64, testSecret]) expect(JSON.stringify(keys)).not.toContain(text)
  })

  test("software alone is a CycloneDX document", async () => {
    expect(await record("software")).toMatchObject({
      bomFormat: "CycloneDX",
      specVersion: "1.6",
      components: [
        { group: "@a", name: "b", licenses: [{ expression: "MIT OR Apache-2.0" }] },
        { name: "postgresql" },
      ],
    })
  })
})
