/** A model that uses everything changes, and its backend starts again: what was made of the former one stands nowhere in the way. */
import { afterAll, beforeAll, expect, it } from "vitest"
import { z } from "zod"
import {
  type AnyEntity,
  action,
  anyOf,
  type BackendDefinition,
  consentEntity,
  dataset,
  date,
  defineBackend,
  entity,
  integer,
  overrideEntity,
  privacyRequestEntity,
  ref,
  text,
  userEntity,
} from "../src/index.ts"
import { waitingEntries } from "../src/sql/waiting.ts"
import {
  createDatabase,
  runSql,
  startTestBackend,
  type TestBackend,
  type TestCaller,
} from "./support/backend.ts"
import { testKeys } from "./support/keys.ts"

interface Version {
  /** Of the patient. */
  readonly more?: Record<string, any>
  readonly rooms?: boolean
  readonly overrides?: boolean
  readonly requests?: boolean
}

/** Everything that leaves something in the database: registers, the record, four eyes, encryption, datasets, retention, accounts. */
function ward({ more = {}, rooms = false, overrides = true, requests = true }: Version): BackendDefinition {
  const User = userEntity()
  User.access(({ row, me }) => ({ read: row.id.is(me.id) }))
  const Patient = entity("Patient", {
    fields: { user: ref(User).optional(), name: text().personal(), born: date().personal(), ...more },
    subject: "user",
    audit: { reads: true },
  })
  Patient.access(({ row, me }) => {
    const seen = anyOf(row.user.is(me.id), me.has("nurse"))
    return { read: overrides ? anyOf(seen, me.overrides("emergency")) : seen, update: me.has("nurse") }
  })
  const Note = entity("Note", {
    fields: {
      patient: ref(Patient).immutable(),
      writtenOn: date(),
      body: text().special().encrypted(),
      mood: text()
        .special()
        .optional()
        .visibleTo(({ me }) => me.has("doctor")),
    },
    subject: "patient",
    audit: { reads: true },
    retain: { years: 10, after: "writtenOn" },
  })
  Note.access(({ row, me }) => ({ read: anyOf(me.has("nurse"), row.consentsTo("research")) }))
  const Consent = consentEntity(Patient, {
    research: { text: "You may read it.", version: 1, basis: "consent", withdrawal: "We stop." },
  })
  const Room = entity("Room", { fields: { name: text() } })
  Room.access(({ me }) => ({ read: me.has("nurse") }))
  const release = action({
    uses: [Patient],
    input: z.object({ patient: z.uuid() }),
    output: z.object({ name: z.string() }),
    access: ({ me }) => me.has("nurse"),
    approval: { by: ({ me }) => me.has("officer"), within: { hours: 1 } },
    run: ({ input, db }) =>
      db.selectFrom("patients").select("name").where("id", "=", input.patient).executeTakeFirstOrThrow(),
  })
  const model: AnyEntity[] = [User, Patient, Note, Consent, Consent.purposes]
  if (rooms) model.push(Room)
  if (overrides)
    model.push(overrideEntity(Patient, { emergency: { who: ["doctor"], minutes: 60, review: "officer" } }))
  if (requests) model.push(privacyRequestEntity(Patient, { officer: "officer" }))
  return defineBackend({
    name: "ward",
    model,
    actions: { release },
    datasets: {
      ages: dataset(Patient, {
        purpose: "research",
        k: 5,
        quasi: ({ row, by }) => ({ born: by.years(row.born, 20) }),
        values: () => ({}),
      }),
    },
    audit: { readers: ["officer"], accessesToMe: true },
    accounts: { password: true, signUp: "open", apiKeys: true, twoFactor: true },
    seed: () => [
      ["Patient", { id: patient, name: "Ada", born: "1990-02-03" }],
      ["Note", { id: note, patient, writtenOn: "2026-01-02", body: "a cough" }],
    ],
  })
}

const patient = "00000000-0000-7000-8000-000000000001"
const note = "00000000-0000-7000-8000-000000000002"
const nurse: TestCaller = { id: "nora", roles: ["nurse"] }
const doctor: TestCaller = { id: "dora", roles: ["doctor"] }
const officer: TestCaller = { id: "olga", roles: ["officer"] }
const reason = "unconscious, and nobody knows her allergies"
const database = await createDatabase()
const keys = await testKeys()
let running: TestBackend

/** Starts the backend anew with a changed model, on the same database. */
async function change(version: Version): Promise<void> {
  await running?.app.stop()
  running = await startTestBackend(ward(version), { databaseUrl: database.url, keys })
}

/** What works with every version of it. */
async function works(): Promise<void> {
  const { json, status } = await running.request(nurse, "GET", "/rest/patients?select=name,notes(body)")
  expect([status, json]).toEqual([200, [{ name: "Ada", notes: [{ body: "a cough" }] }]])
  expect((await running.request(officer, "GET", "/rest/auditEntries?limit=1")).json).toHaveLength(1)
  const call = await running.request(nurse, "POST", "/rest/rpc/release", { body: { patient } })
  expect(call.status).toBe(202)
}

const breakGlass = (): Promise<{ status: number }> =>
  running.request(doctor, "POST", "/rest/overrides", { body: { person: patient, kind: "emergency", reason } })

/** The latest read of the patient's row by the doctor names the override. */
async function isMarked(): Promise<boolean> {
  await running.request(doctor, "GET", `/rest/patients?id=eq.${patient}`)
  const [entry] = await runSql(
    database.url,
    `select detail from (select at, kind, actor, entity, detail from ${waitingEntries()} w union all select at, kind, actor, entity, detail from audit.entry) e where kind = 'read' and actor = 'user:dora' and entity = 'Patient' order by at desc limit 1`,
  )
  return Array.isArray(entry?.detail?.overrides)
}

beforeAll(() => change({}), 60_000)
afterAll(async () => {
  await running?.app.stop()
  await database.drop()
})

it("a register is taken away, and comes back", async () => {
  await works()
  await change({ overrides: false })
  await works()
  // Nothing of it is left at the record.
  expect(await runSql(database.url, "select from pg_trigger where tgname = 'override'")).toEqual([])
  await change({ requests: false })
  await works()
  await change({})
  await works()
}, 60_000)

it("a field is added and an entity is, while an override is open; entries go on naming it", async () => {
  expect((await breakGlass()).status).toBe(201)
  expect(await isMarked()).toBe(true)
  await change({ more: { height: integer().optional() } })
  await works()
  expect(await isMarked()).toBe(true)
  await change({ more: { height: integer().optional() }, rooms: true })
  await works()
  expect(await isMarked()).toBe(true)
}, 60_000)

it("nothing of what a model is made into is bound to what the next one drops", async () => {
  const bound = await runSql(
    database.url,
    `select d.classid::regclass::text as kind, pg_describe_object(d.classid, d.objid, d.objsubid) as what
    from pg_depend d join pg_proc p on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid join pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('undercroft', 'undercroft_rules') and d.deptype = 'n' and d.classid not in ('pg_policy'::regclass, 'pg_trigger'::regclass, 'pg_rewrite'::regclass)`,
  )
  expect(bound).toEqual([])
})
