/** The export: all that there is about a person, in forms that machines and people read, and that can be imported again. */
import { Ajv2020 } from "ajv/dist/2020.js"
import { parse } from "csv-parse/sync"
import { strToU8, unzipSync, zipSync } from "fflate"
import { afterAll, beforeAll, expect, it } from "vitest"
import { buildModel } from "../src/model/build.ts"
import { accessToMeEntity } from "../src/model/record-entities.ts"
import { exportArchive } from "../src/privacy/export-archive.ts"
import { importArchive } from "../src/privacy/import-archive.ts"
import { atOneMoment } from "../src/store/export-rows.ts"
import { findSubject } from "../src/store/find-subject.ts"
import { startTestBackend } from "./support/backend.ts"
import { Person } from "./support/people.ts"
import { definition, type RightsBackend, startRights } from "./support/rights-backend.ts"

const nurse = { id: "018ce7a8-0f00-7003-8000-0000000000aa", roles: ["nurse"] }
const practice = "018ce7a8-0f00-7003-8000-000000000001"
let rights: RightsBackend
let visitor: Person
let account = ""
let patient = ""

const sql = (text: string, values?: readonly unknown[]): Promise<any[]> => rights.backend.sql(text, values)

async function post(path: string, body: unknown): Promise<any> {
  const { json } = await rights.backend.request(nurse, "POST", path, {
    body,
    headers: { prefer: "return=representation" },
  })
  return json[0]
}

async function exported(subject: string): Promise<Uint8Array> {
  const { adminUrl, model } = rights.erasing
  return atOneMoment(adminUrl, async (session) => {
    const whom = await findSubject(session, model, subject)
    const parts: Uint8Array[] = []
    const { name, processing = null } = definition
    for await (const part of exportArchive({ session, name, model, whom, ciphers: null, processing }))
      parts.push(part)
    return Buffer.concat(parts)
  })
}

const texts = (bytes: Uint8Array): Record<string, string> =>
  Object.fromEntries(
    Object.entries(unzipSync(bytes)).map(([path, one]) => [path, Buffer.from(one).toString()]),
  )

beforeAll(async () => {
  rights = await startRights()
  await sql("insert into app.practices (id, name) values ($1, 'North')", [practice])
  visitor = new Person(rights.backend, "ada@example.org")
  await visitor.signUp()
  await visitor.signIn()
  account = (await sql(`select id from accounts."user"`))[0].id
  const made = await post("/rest/patients", {
    practice,
    user: account,
    name: "=1+1",
    born: "1990-02-03",
    notes: 'a "quoted", line\nand another',
    height: -5,
  })
  patient = made.id
  const visit = await post("/rest/visits", { patient, remark: "a cough" })
  await post("/rest/bills", { visit: visit.id, payer: "Ada's aunt", cents: 100 })
  await post("/rest/patients", { practice, name: "Somebody else" })
  await visitor.ask("POST", "/rest/consents", { person: patient, purpose: "news", version: 1 })
  await visitor.ask("PATCH", "/rest/consents?status=eq.granted", { status: "withdrawn" })
  await rights.backend.request(nurse, "PATCH", `/rest/patients?id=eq.${patient}`, { body: { name: "=2+2" } })
  await rights.backend.request(nurse, "GET", `/rest/patients?id=eq.${patient}`)
  await rights.backend.app.sealer?.sealNow()
}, 60_000)
afterAll(() => rights?.stop())

it("GDPR Art. 15, TR-03161-3 Purp_5: has every row, the consents, the account, and who did what with it; nothing of others, and no secret", async () => {
  const files = texts(await exported(`user:${account}`))
  const json = (name: string): any[] => JSON.parse(files[`data/${name}.json`]!)
  expect(json("Patient")).toMatchObject([{ id: patient, name: "=2+2", height: -5 }])
  expect(json("Visit")).toMatchObject([{ remark: "a cough" }])
  expect(json("Bill")).toMatchObject([{ payer: "Ada's aunt" }])
  expect(json("Consent")).toMatchObject([{ purpose: "news", status: "withdrawn" }])
  expect(json("account")).toMatchObject([{ email: "ada@example.org" }])
  expect(json("access")).toContainEqual(
    expect.objectContaining({
      kind: "read",
      own: false,
      roles: ["nurse"],
      entity: "Patient",
      rows: [patient],
    }),
  )
  expect(json("access")).toContainEqual(
    expect.objectContaining({
      kind: "update",
      values: { before: { name: "=1+1" }, after: { name: "=2+2" } },
    }),
  )
  const all = Object.values(files).join("\n")
  expect(all).not.toContain("Somebody else")
  const [secret] = await sql("select a.password, s.token from accounts.account a, accounts.session s limit 1")
  expect(secret.password.length).toBeGreaterThan(20)
  expect(all).not.toContain(secret.password)
  expect(all).not.toContain(secret.token)
  expect(files["index.html"]).toContain("Your data")
})

it("GDPR Art. 15(4): of a page that others stood on, too, the person is told their own rows, and of staff no account and no address", async () => {
  const others = await sql(
    "insert into app.patients (practice, name) values ($1, 'Bea'), ($1, 'Cyd') returning id",
    [practice],
  )
  const page = await rights.backend.request(nurse, "GET", "/rest/patients?select=name&order=id&limit=3")
  expect(page.json).toHaveLength(3)
  await rights.backend.app.sealer?.sealNow()
  await rights.backend.request(nurse, "GET", "/rest/patients?select=name&limit=10")
  for (const subject of [`user:${account}`, `Patient:${patient}`]) {
    const files = texts(await exported(subject))
    const access: any[] = JSON.parse(files["data/access.json"]!)
    const reads = access.filter((one) => one.kind === "read" && one.entity === "Patient")
    expect(reads.length).toBeGreaterThan(2)
    expect(new Set(reads.map((one) => String(one.rows)))).toEqual(new Set([patient]))
    const told = `${files["data/access.json"]}\n${files["csv/access.csv"]}`
    for (const { id } of others) expect(told).not.toContain(id)
    expect(told).not.toContain(nurse.id)
    expect(told).not.toContain("127.0.0.1")
    const shown = buildModel([accessToMeEntity()])
      .byName.get("AccessToMe")!
      .fields.map((one) => one.name)
    expect(Object.keys(access[0])).toEqual([...shown.filter((one) => one !== "who"), "rows", "values"])
    expect(access.some((one) => one.own)).toBe(true)
    const { items } = JSON.parse(files["schema/access.json"]!)
    for (const one of Object.keys(access[0]))
      expect([one, items.properties[one].type]).toEqual([one, expect.anything()])
  }
})

it("GDPR Art. 20: each table meets its schema, and its CSV runs nothing", async () => {
  const files = texts(await exported(`Patient:${patient}`))
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  const names = Object.keys(files).flatMap((path) => /^data\/(.*)\.json$/.exec(path)?.[1] ?? [])
  expect(names).toContain("Patient")
  for (const name of names) {
    const check = ajv.compile(JSON.parse(files[`schema/${name}.json`]!))
    expect(check(JSON.parse(files[`data/${name}.json`]!)), name).toBe(true)
    expect(check([{ ...JSON.parse(files[`data/${name}.json`]!)[0], id: {} }]) && name === "Patient").toBe(
      false,
    )
  }
  const [row] = parse(files["csv/Patient.csv"]!, { columns: true }) as Record<string, string>[]
  expect(row).toMatchObject({
    name: "'=2+2",
    height: "-5",
    notes: 'a "quoted", line\nand another',
    born: "1990-02-03",
  })
})

it("GDPR Art. 20: an empty backend of the same model has equal rows after the import; what does not fit is refused whole", async () => {
  const archive = await exported(`Patient:${patient}`)
  const fresh = await startTestBackend(definition)
  const target = { ...rights.erasing, adminUrl: fresh.adminUrl }
  try {
    await expect(importArchive(target, archive)).rejects.toMatchObject({ code: "UC993" })
    expect(await fresh.sql("select from app.patients")).toEqual([])
    await fresh.sql("insert into app.practices (id, name) values ($1, 'North')", [practice])
    expect((await importArchive(target, archive)).rows).toEqual({
      Patient: 1,
      Visit: 1,
      Bill: 1,
      Consent: 1,
    })
    for (const [table, key] of Object.entries({ patients: "id", visits: "patient", consents: "person" })) {
      const mine = `select to_jsonb(t) - 'user' as row from app.${table} t where ${key} = $1`
      expect(await fresh.sql(mine, [patient])).toEqual(await sql(mine, [patient]))
    }
    expect(await fresh.sql("select to_jsonb(t) as row from app.bills t")).toEqual(
      await sql("select to_jsonb(t) as row from app.bills t"),
    )
    await expect(importArchive(target, archive)).rejects.toThrow("is here already")
    await expect(importArchive(target, strToU8("no zip"))).rejects.toThrow("no zip")
    const strange = zipSync({
      "manifest.json": strToU8('{"format":"undercroft-export-1","entities":["Practice"]}'),
    })
    await expect(importArchive(target, strange)).rejects.toThrow("no Practice whose rows")
  } finally {
    await fresh.stop()
  }
})
