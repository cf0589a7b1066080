/** Encrypted fields and the rights of persons: given in the clear, taken back encrypted, and ended with their keys. */
import { join } from "node:path"
import { parse } from "csv-parse/sync"
import { unzipSync } from "fflate"
import { afterAll, beforeAll, expect, test } from "vitest"
import { z } from "zod"
import { UndercroftError } from "../../src/base/errors.ts"
import { action, anyone, defineBackend, entity, integer, list, ref, signedIn, text } from "../../src/index.ts"
import { FieldCiphers } from "../../src/keys/field-ciphers.ts"
import type { KeyRing } from "../../src/keys/key-ring.ts"
import { type Erasing, erasePerson } from "../../src/privacy/erase.ts"
import { erasureLedger } from "../../src/privacy/erasure-ledger.ts"
import { exportArchive } from "../../src/privacy/export-archive.ts"
import { importArchive } from "../../src/privacy/import-archive.ts"
import { atOneMoment } from "../../src/store/export-rows.ts"
import { findSubject } from "../../src/store/find-subject.ts"
import { runSql, startTestBackend, type TestBackend } from "../support/backend.ts"
import { testDirectory, testKeys } from "../support/keys.ts"

const Patient = entity("Patient", {
  fields: {
    name: text().personal(),
    number: text().personal().encrypted({ findable: true }).optional(),
    allergies: list(text()).special().encrypted().optional(),
  },
  subject: "id",
})
const Note = entity("Note", {
  fields: { patient: ref(Patient).immutable(), body: text().special().encrypted() },
  subject: "patient",
})
const Card = entity("Card", {
  fields: { patient: ref(Patient).immutable(), code: text().personal().encrypted().optional() },
  subject: "patient",
  erase: "anonymise",
})
/** Nobody's, so that it keeps the note that it refers to. */
const Receipt = entity("Receipt", { fields: { note: ref(Note), cents: integer() } })
for (const one of [Patient, Note, Card, Receipt]) one.access(() => ({ read: anyone, create: signedIn }))
const greet = action({
  uses: [Patient],
  input: z.object({ patient: z.uuid() }),
  output: z.object({ name: z.string() }),
  access: () => signedIn,
  async run({ input, db }) {
    const found = db.selectFrom("patients").select("name").where("id", "=", input.patient)
    return await found.executeTakeFirstOrThrow()
  },
})
const rename = action({
  uses: [Patient],
  input: z.object({ name: z.string() }),
  output: z.null(),
  access: () => signedIn,
  approval: { by: () => signedIn, within: { hours: 24 } },
  run: async () => null,
})
const definition = defineBackend({
  name: "ward",
  model: [Patient, Note, Card, Receipt],
  actions: { greet, rename },
})

const nurse = { id: "018ce7a8-0f00-7003-8000-0000000000aa" }
const options = {
  keys: await testKeys(),
  erasures: { ledger: erasureLedger(join(await testDirectory(), "erasures.jsonl")), sign: null },
}
let backend: TestBackend
let erasing: Erasing

async function post(path: string, body: unknown): Promise<any> {
  const headers = { prefer: "return=representation" }
  const {
    json,
    text: said,
    status,
  } = await backend.request(nurse, "POST", `/rest/${path}`, { body, headers })
  expect(status, said).toBe(201)
  return json[0]
}

/** A patient with a value in every encrypted field. */
async function makePatient(word: string): Promise<{ readonly id: string; readonly note: string }> {
  const { id } = await post("patients", {
    name: `name ${word}`,
    number: `number ${word}`,
    allergies: ["a, b", 'c "d"'],
  })
  const note = await post("notes", { patient: id, body: `body ${word}` })
  await post("cards", { patient: id, code: `code ${word}` })
  return { id, note: note.id }
}

function use(started: TestBackend, url: string = started.adminUrl): void {
  backend = started
  const { model } = started.app.policies
  const ciphers = new FieldCiphers(started.app.keys!, model)
  erasing = { adminUrl: url, model, ciphers, ...options.erasures }
}

beforeAll(async () => use(await startTestBackend(definition, options)))
afterAll(async () => {
  await backend?.app.stop()
  const admin = new URL(erasing.adminUrl)
  const name = admin.pathname.slice(1)
  admin.pathname = "/postgres"
  await runSql(admin.href, `drop database if exists ${name} with (force)`)
})

async function exported(id: string): Promise<Uint8Array> {
  const { adminUrl, model, ciphers } = erasing
  return atOneMoment(adminUrl, async (session) => {
    const whom = await findSubject(session, model, `Patient:${id}`)
    const parts: Uint8Array[] = []
    for await (const part of exportArchive({
      session,
      name: "ward",
      model,
      whom,
      ciphers,
      processing: null,
    }))
      parts.push(part)
    return Buffer.concat(parts)
  })
}

test("GDPR Art. 15, Art. 20: the export has encrypted values in the clear, and the import encrypts them under keys of its own", async () => {
  const { id, note } = await makePatient("exported")
  const archive = await exported(id)
  const files = unzipSync(archive)
  const file = (name: string): string => Buffer.from(files[name]!).toString()
  expect(JSON.parse(file("data/Patient.json"))).toMatchObject([
    { id, name: "name exported", number: "number exported", allergies: ["a, b", 'c "d"'] },
  ])
  expect(JSON.parse(file("data/Note.json"))).toMatchObject([{ id: note, body: "body exported" }])
  const [row] = parse(file("csv/Patient.csv"), { columns: true }) as Record<string, string>[]
  expect(row).toMatchObject({ number: "number exported", allergies: '{"a, b","c \\"d\\""}' })

  const fresh = await startTestBackend(definition)
  try {
    const { model } = erasing
    const target = { adminUrl: fresh.adminUrl, model, ciphers: new FieldCiphers(fresh.app.keys!, model) }
    const refused = importArchive({ ...target, ciphers: null }, archive)
    await expect(refused).rejects.toMatchObject({ code: "UC545" })
    expect((await importArchive(target, archive)).rows).toEqual({ Patient: 1, Note: 1, Card: 1 })
    for (const path of ["patients?number=eq.number exported", "notes?select=*", "cards?select=*"]) {
      const mine = path.startsWith("patients") ? path : `${path}&patient=eq.${id}`
      const there = await backend.request(nurse, "GET", `/rest/${mine}`)
      expect(there.json).toHaveLength(1)
      expect((await fresh.request(nurse, "GET", `/rest/${mine}`)).json).toEqual(there.json)
    }
    const [{ stored }] = await fresh.sql("select t::text as stored from app.notes t")
    expect(stored).not.toContain(Buffer.from("body exported").toString("hex"))
    const [{ body }] = await fresh.sql("select body from app.notes")
    const field = model.byName.get("Note")!.fieldByName.get("body")!
    await expect(erasing.ciphers!.open([{ field, row: note, link: id, bytes: body }])).rejects.toThrow()
  } finally {
    await fresh.stop()
  }
})

test("GDPR Art. 17: without the keys, or where the store is lost, nothing is erased", async () => {
  const { id } = await makePatient("kept")
  const subject = `Patient:${id}`
  const none = erasePerson({ ...erasing, ciphers: null }, subject, { by: "test" })
  await expect(none).rejects.toMatchObject({ code: "UC545" })
  const ring = Object.create(erasing.ciphers!.ring, { lost: { value: "the key store is empty" } }) as KeyRing
  const ciphers = new FieldCiphers(ring, erasing.model)
  const lost = erasePerson({ ...erasing, ciphers }, subject, { by: "test" })
  await expect(lost).rejects.toMatchObject({ code: "UC543" })
  const { json } = await backend.request(nurse, "GET", `/rest/notes?patient=eq.${id}&select=body`)
  expect(json).toEqual([{ body: "body kept" }])
})

test("GDPR Art. 17: a key that could not be destroyed is told, and the second run destroys it", async () => {
  const { id } = await makePatient("twice")
  const subject = `Patient:${id}`
  const { ring } = erasing.ciphers!
  const destroy = (): Promise<void> =>
    Promise.reject(new UndercroftError("UC541", { place: "p", why: "full" }))
  const broken = Object.create(ring, { destroy: { value: destroy } }) as KeyRing
  const parts = { ...erasing, ciphers: new FieldCiphers(broken, erasing.model) }
  await expect(erasePerson(parts, subject, { by: "test" })).rejects.toMatchObject({ code: "UC994" })
  expect(await ring.has(subject)).toBe(true)
  const { report, note } = await erasePerson(erasing, subject, { by: "test" })
  expect(report).toMatchObject({ keys: 1 })
  expect(note).not.toBeNull()
  expect(await ring.has(subject)).toBe(false)
  expect((await erasePerson(erasing, subject, { by: "test" })).note).toBeNull()
})

test("GDPR Art. 17: a row that something keeps keeps its key, and can be read", async () => {
  const { id, note } = await makePatient("receipt")
  await post("receipts", { note, cents: 100 })
  const { report } = await erasePerson(erasing, `Patient:${id}`, { by: "test" })
  expect(report).toMatchObject({ keys: 0 })
  expect(report.entities).toContainEqual({
    entity: "Note",
    deleted: 0,
    anonymised: 0,
    kept: { "Receipt.note": 1 },
  })
  expect((await backend.request(nurse, "GET", `/rest/notes?id=eq.${note}`)).json).toMatchObject([
    { body: "body receipt" },
  ])
})

test("GDPR Art. 17: an answer that is kept encrypted is erased where it tells of the person, and others are given again", async () => {
  const [gone, other] = [await makePatient("greeted"), await makePatient("welcome")]
  const ask = async (patient: string): Promise<any> => {
    const headers = { "idempotency-key": patient }
    return (await backend.request(nurse, "POST", "/rest/rpc/greet", { body: { patient }, headers })).json
  }
  expect([await ask(gone.id), await ask(other.id)]).toEqual([
    { name: "name greeted" },
    { name: "name welcome" },
  ])
  await erasePerson(erasing, `Patient:${gone.id}`, { by: "test" })
  expect([await ask(gone.id), await ask(other.id)]).toEqual([null, { name: "name welcome" }])
})

test("GDPR Art. 17: requests for an approval say nothing more of who asked, and can't be used; others' stay", async () => {
  const [leaver, stays, chief] = ["leaver", "stays", "chief"].map((id) => ({ id }))
  const send = async (who: { readonly id: string }, name: string): Promise<string> => {
    const { json } = await backend.request(who, "POST", "/rest/rpc/rename", { body: { name } })
    return /[0-9a-f-]{36}/.exec(json.message)![0]
  }
  const [waits, rejected, other] = [
    await send(leaver!, "a"),
    await send(leaver!, "b"),
    await send(stays!, "c"),
  ]
  const body = { reason: "words about the leaver" }
  await backend.request(chief!, "POST", `/rest/rpc/approvals/${rejected}/reject`, { body })
  const { report } = await erasePerson(erasing, "user:leaver", { by: "test" })
  expect(report).toMatchObject({ copies: 2, keys: 0 })
  const rows = await backend.sql(
    "select id, status, reason, input is null as emptied from undercroft_state.approvals order by asked_at",
  )
  expect(rows).toEqual([
    { id: waits, status: "expired", reason: null, emptied: true },
    { id: rejected, status: "rejected", reason: null, emptied: true },
    { id: other, status: "pending", reason: null, emptied: false },
  ])
  expect((await backend.request(chief!, "POST", `/rest/rpc/approvals/${waits}/approve`)).status).not.toBe(200)
})

test("TR-03161-3 Data_7, GDPR Art. 17: with a person goes their key: no old copy opens, and a restored backup is erased again", async () => {
  const { id, note } = await makePatient("canary")
  const other = await makePatient("other")
  const { app, adminUrl } = backend
  const [{ body }] = await backend.sql("select body from app.notes where id = $1", [note])
  const old = {
    field: erasing.model.byName.get("Note")!.fieldByName.get("body")!,
    row: note,
    link: id,
    bytes: body,
  }
  expect(await erasing.ciphers!.open([old])).toEqual(['"body canary"'])

  const admin = new URL(adminUrl)
  const name = admin.pathname.slice(1)
  admin.pathname = "/postgres"
  await app.stop()
  await runSql(admin.href, `create database ${name}_backup template ${name}`)
  const again = { ...options, databaseUrl: adminUrl }
  const restart = async (): Promise<void> => {
    const { app: now, url, request } = await startTestBackend(definition, again)
    use({ ...backend, app: now, url, request }, adminUrl)
  }
  await restart()
  const { report } = await erasePerson(erasing, `Patient:${id}`, { by: "test" })
  expect(report).toMatchObject({ keys: 1 })
  const isErased = async (): Promise<void> => {
    expect(await erasing.ciphers!.ring.has(`Patient:${id}`)).toBe(false)
    await expect(erasing.ciphers!.open([old])).rejects.toMatchObject({ code: "UC332" })
    const rows = await backend.request(nurse, "GET", "/rest/cards?select=code,patient")
    expect(rows.json).toContainEqual({ code: null, patient: id })
    expect(rows.json).toContainEqual({ code: "code other", patient: other.id })
    expect(await backend.sql("select from app.notes where id = $1", [note])).toEqual([])
    expect(await backend.sql("select name, number from app.patients where id = $1", [id])).toEqual([
      { name: "", number: null },
    ])
  }
  await isErased()
  expect(await erasing.ciphers!.ring.has(`Patient:${other.id}`)).toBe(true)

  await backend.app.stop()
  // Rights on the database itself are the one thing that a template does not give.
  const rights =
    "update pg_database set datacl = (select datacl from pg_database where datname = $1) where datname = $2"
  await runSql(admin.href, rights, [name, `${name}_backup`])
  await runSql(admin.href, `drop database ${name} with (force)`)
  await runSql(admin.href, `alter database ${name}_backup rename to ${name}`)
  expect(await backend.sql("select from app.notes where id = $1", [note])).toHaveLength(1)
  await restart()
  await isErased()
}, 30_000)
