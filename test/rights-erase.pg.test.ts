/** Erasure: what was planted through every door is nowhere any more, and all else is as it was. */
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { verifyRecord } from "../src/audit/verify-record.ts"
import { erasePerson } from "../src/privacy/erase.ts"
import { readAudit } from "../src/store/audit-database.ts"
import { addHold, releaseHolds } from "../src/store/legal-holds.ts"
import { scrubDatabase } from "../src/store/scrub.ts"
import { Person } from "./support/people.ts"
import { type RightsBackend, startRights } from "./support/rights-backend.ts"

const nurse = { id: "018ce7a8-0f00-7003-8000-0000000000aa", roles: ["nurse"] }
const practice = "018ce7a8-0f00-7003-8000-000000000001"
const other = "018ce7a8-0f00-7003-8000-000000000002"
let rights: RightsBackend
let account = ""
let patient = ""
const planted = new Set<string>()

/** A word that stands nowhere else. */
function plant(where: string): string {
  const word = `canary-${where}-${Math.random().toString(36).slice(2, 10)}`
  planted.add(word)
  return word
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<any> {
  const all = { prefer: "return=representation", ...headers }
  const { json } = await rights.backend.request(nurse, "POST", path, { body, headers: all })
  return json
}

const sql = (text: string, values?: readonly unknown[]): Promise<any[]> => rights.backend.sql(text, values)

/** Where the words stand: every column of every table, as text. */
async function tablesWith(words: ReadonlySet<string>): Promise<string[]> {
  const tables = await sql(
    "select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables where schemaname in ('app', 'accounts', 'audit', 'undercroft_state')",
  )
  const found: string[] = []
  for (const { name } of tables) {
    const rows = await sql(
      `select w from unnest($1::text[]) w where exists (select from ${name} t where strpos(t::text, w) > 0)`,
      [[...words]],
    )
    found.push(...rows.map(({ w }) => `${name}: ${w}`))
  }
  return found
}

/** Where they stand in the files of tables and indexes. */
async function filesWith(words: ReadonlySet<string>): Promise<string[]> {
  const [at] = await sql(
    "select current_setting('data_directory') as top, oid::text from pg_database where datname = current_database()",
  )
  const folder = join(at.top, "base", at.oid)
  const found: string[] = []
  for (const name of await readdir(folder)) {
    const bytes = await readFile(join(folder, name)).catch(() => Buffer.alloc(0))
    for (const word of words) if (bytes.includes(word)) found.push(`${name}: ${word}`)
  }
  return found
}

beforeAll(async () => {
  rights = await startRights()
  await sql("insert into app.practices (id, name) values ($1, 'North')", [practice])
  await sql("insert into app.patients (id, practice, name, notes) values ($1, $2, 'Ola Other', 'well')", [
    other,
    practice,
  ])
  const visitor = new Person(rights.backend, `${plant("mail")}@example.org`)
  visitor.headers["user-agent"] = plant("agent")
  await visitor.post("/sign-up/email", {
    email: visitor.email,
    name: plant("account"),
    password: "correct horse battery",
  })
  await visitor.signIn()
  account = (await sql(`select id from accounts."user"`))[0].id
  const [made] = await post(
    "/rest/patients",
    { practice, user: account, name: plant("row"), notes: plant("notes") },
    { "idempotency-key": "first" },
  )
  patient = made.id
  const [visit] = await post("/rest/visits", { patient, remark: plant("child") })
  await post("/rest/bills", { visit: visit.id, payer: plant("grandchild"), cents: 100 })
  await post("/rest/rpc/file", { patient, remark: plant("action"), fails: false })
  await post("/rest/rpc/file", { patient, remark: plant("failed-action"), fails: true })
  await post("/rest/patients", { practice, name: plant("failed"), height: "tall" })
  await post("/graphql", {
    query: `mutation { insertIntoVisitCollection(objects: [{ patientId: "${patient}", remark: "${plant("graphql")}" }]) { affectedCount } }`,
  })
  await rights.backend.request(nurse, "PATCH", `/rest/patients?id=eq.${patient}`, {
    body: { name: plant("later") },
  })
  await rights.backend.request(nurse, "GET", `/rest/patients?name=eq.${plant("asked")}&select=id`)
  await visitor.ask("POST", "/rest/consents", { person: patient, purpose: "news", version: 1 })
  await rights.backend.app.sealer?.sealNow()
  // This one waits to be sealed.
  await rights.backend.request(nurse, "PATCH", `/rest/patients?id=eq.${patient}`, {
    body: { notes: plant("waiting") },
  })
}, 60_000)
afterAll(() => rights?.stop())

it("plants through every door: each word that was taken stands somewhere", async () => {
  const words = [...planted].filter((one) => !/failed|asked/.test(one))
  const found = (await tablesWith(planted)).join("\n")
  expect(words.filter((one) => !found.includes(one))).toEqual([])
  // What was refused, and what was asked for, is not kept at all.
  for (const word of [...planted].filter((one) => /failed|asked/.test(one))) expect(found).not.toContain(word)
})

it("GDPR Art. 17: a rehearsal changes nothing, and a legal hold keeps all", async () => {
  const before = await tablesWith(planted)
  const dry = await erasePerson(rights.erasing, `user:${account}`, { by: "test", isDryRun: true })
  expect(dry.report).toMatchObject({ isDryRun: true, account: "removed" })
  expect(await tablesWith(planted)).toEqual(before)
  const subject = `Patient:${patient}`
  await addHold(rights.erasing.adminUrl, { subject, reason: "lawsuit", until: null, heldBy: "test" })
  const held = await erasePerson(rights.erasing, `user:${account}`, { by: "test" })
  expect(held.report.entities).toContainEqual({
    entity: "Patient",
    deleted: 0,
    anonymised: 0,
    kept: { held: 1 },
  })
  expect(held.report).toMatchObject({ account: "kept", holds: [{ subject, reason: "lawsuit" }] })
  expect(await sql("select name from app.patients where id = $1", [patient])).toHaveLength(1)
  expect(await rights.erasing.ledger?.read()).toEqual([])
  await releaseHolds(rights.erasing.adminUrl, { subject, by: "test", reason: "settled" })
})

it("TR-03161-3 Data_7, GDPR Art. 17: after erasure none of it is in a table, a file, an index, a log or the record, which still holds", async () => {
  const url = new URL(rights.erasing.adminUrl)
  const name = url.pathname.slice(1)
  url.pathname = "/postgres"
  const { runSql } = await import("./support/backend.ts")
  await rights.backend.app.stop()
  await runSql(url.href, `create database ${name}_backup template ${name}`)
  await rights.restart()
  const { report, note } = await erasePerson(rights.erasing, `user:${account}`, { by: "test" })
  expect(report.account).toBe("removed")
  expect(
    Object.fromEntries(report.entities.map((one) => [one.entity, one.deleted + one.anonymised])),
  ).toMatchObject({
    Patient: 1,
    Visit: 3,
    Bill: 1,
    Consent: 1,
  })
  await rights.backend.app.sealer?.sealNow()
  expect(await tablesWith(planted)).toEqual([])
  await scrubDatabase(rights.erasing.adminUrl)
  expect(await filesWith(planted)).toEqual([])
  expect(rights.told.filter((one) => one.includes("canary-"))).toEqual([])

  // The report is signed, and says whom, without their values.
  const [body, signature] = note!.split("\n\n— ")
  const bytes = Buffer.from(signature!.split(" ")[1]!, "base64").subarray(4)
  expect(rights.publicKey.verify(`${body}\n`, bytes)).toBe(true)
  expect(rights.publicKey.verify(`${body} \n`, bytes)).toBe(false)
  expect(JSON.parse(body!)).toMatchObject({ subject: `user:${account}`, id: report.id })

  const reader = await readAudit(rights.erasing.adminUrl)
  const verdict = await verifyRecord({ reader, anchored: null, keys: [] })
  await reader.close()
  expect(verdict).toMatchObject({ intact: true })
  const [entry] = await sql("select subjects from audit.entry where kind = 'erase'")
  expect(entry.subjects.toSorted()).toEqual([`Patient:${patient}`, `User:${account}`])

  // Nobody else's rows were touched, and a second run finds nothing.
  // A bill is anonymised by the model, and what it refers to stays without a word.
  expect(await sql("select name, notes from app.patients order by name desc")).toEqual([
    { name: "Ola Other", notes: "well" },
    { name: "", notes: null },
  ])
  const again = await erasePerson(rights.erasing, `Patient:${patient}`, { by: "test" })
  expect(again.note).toBeNull()
  expect(await rights.erasing.ledger?.read()).toHaveLength(1)

  // An old backup is restored: they come back with it, and are gone before the server listens.
  await rights.backend.app.stop()
  // Rights on the database itself are the one thing that a template does not give.
  await runSql(
    url.href,
    "update pg_database set datacl = (select datacl from pg_database where datname = $1) where datname = $2",
    [name, `${name}_backup`],
  )
  await runSql(url.href, `drop database ${name} with (force)`)
  await runSql(url.href, `alter database ${name}_backup rename to ${name}`)
  expect((await tablesWith(planted)).length).toBeGreaterThan(5)
  await rights.restart()
  expect(await tablesWith(planted)).toEqual([])
  expect(await sql("select id from undercroft_state.erasures")).toEqual([{ id: report.id }])
}, 60_000)

it("GDPR Art. 17: people are erased while others write, each row once, nobody else's", async () => {
  await sql(
    "insert into app.patients (practice, name) select $1, 'many ' || n from generate_series(1, 30) n",
    [practice],
  )
  const many = await sql("select id::text from app.patients where name like 'many %' order by name")
  const goes = many.slice(0, 20)
  const work = { isDone: false }
  let refused = 0
  const writer = (async () => {
    for (let n = 0; !work.isDone; n++) {
      const { id } = many[n % many.length]!
      const { status } = await rights.backend.request(nurse, "POST", "/rest/visits", {
        body: { patient: id, remark: `remark ${n}` },
      })
      if (status !== 201) refused++
    }
  })()
  try {
    for (const { id } of goes) await erasePerson(rights.erasing, `Patient:${id}`, { by: "test" })
  } finally {
    work.isDone = true
    await writer.catch(() => undefined)
  }
  const left = await sql("select id::text from app.patients where name like 'many %' order by name")
  expect(left).toEqual(many.slice(20))
  expect(
    await sql(
      "select 1 from app.visits v where not exists (select from app.patients p where p.id = v.patient)",
    ),
  ).toEqual([])
  // Those who were gone were refused, the others were written for.
  expect(refused).toBeGreaterThan(0)
  expect((await sql("select count(*)::integer as n from app.visits"))[0].n).toBeGreaterThan(0)
}, 60_000)
