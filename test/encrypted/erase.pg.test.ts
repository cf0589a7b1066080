/** Encrypted fields and the rights of persons: given in the clear, taken back encrypted, and ended with their keys. */
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { UndercroftError } from "../../src/base/errors.ts"
import { anyone, defineBackend, entity, integer, ref, signedIn, text } from "../../src/index.ts"
import { FieldCiphers } from "../../src/keys/field-ciphers.ts"
import type { KeyRing } from "../../src/keys/key-ring.ts"
import { type Erasing, erasePerson } from "../../src/privacy/erase.ts"
import { erasureLedger } from "../../src/privacy/erasure-ledger.ts"
import { runSql, startTestBackend, type TestBackend } from "../support/backend.ts"
import { testDirectory, testKeys } from "../support/keys.ts"

const Patient = entity("Patient", {
  fields: { name: text().personal(), number: text().personal().encrypted({ findable: true }).optional() },
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
const definition = defineBackend({ name: "ward", model: [Patient, Note, Card, Receipt] })

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
  const { id } = await post("patients", { name: `name ${word}`, number: `number ${word}` })
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

test("TR-03161-3 Cryp_6, GDPR Art. 17: with a person goes their key: no old copy opens, and a restored backup is erased again", async () => {
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
