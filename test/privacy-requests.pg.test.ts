/** What people ask for about their own data, over real HTTP: asked, decided, done in the background, on record, and nobody else's. */
import { setTimeout as wait } from "node:timers/promises"
import { unzipSync } from "fflate"
import pg from "pg"
import { afterAll, beforeAll, expect, it } from "vitest"
import { anyOf, defineBackend, privacyRequestEntity } from "../src/index.ts"
import { erasePerson } from "../src/privacy/erase.ts"
import { importArchive } from "../src/privacy/import-archive.ts"
import { addHold } from "../src/store/legal-holds.ts"
import type { TestCaller } from "./support/backend.ts"
import { Person } from "./support/people.ts"
import { definition, Patient, type RightsBackend, startRights } from "./support/rights-backend.ts"

const PrivacyRequest = privacyRequestEntity(Patient, { officer: "officer", atOnce: ["export"] })
// A model that lets others read and write: the database still judges who asks and who decides.
PrivacyRequest.access(({ row, me }) => {
  const more = anyOf(row.person.user.is(me.id), me.has("officer"), me.has("nurse"))
  return { read: more, create: more, update: more }
})
const practice = "018ce7a8-0f00-7003-8000-000000000001"
const nurse: TestCaller = { id: "018ce7a8-0f00-7003-8000-0000000000aa", roles: ["nurse"] }
const officer: TestCaller = {
  id: "018ce7a8-0f00-7003-8000-0000000000ab",
  roles: ["officer"],
  auth_time: Math.floor(Date.now() / 1000),
}
const processing = {
  controller: { name: "North", contact: "privacy@north.example" },
  purposes: [],
  recipients: ["Health insurers"],
  transfers: [],
  subprocessors: [],
}
const path = "/rest/privacyRequests"
let rights: RightsBackend
let people = 0

interface Known {
  readonly person: Person
  readonly account: string
  readonly patient: string
}

const sql = (text: string, values?: readonly unknown[]): Promise<any[]> => rights.backend.sql(text, values)

/** A patient with an account, who signed in a moment ago. */
async function newPatient(): Promise<Known> {
  const person = new Person(rights.backend, `ada${++people}@example.org`)
  await person.signUp()
  await person.signIn()
  const [{ id: account }] = await sql(`select id from accounts."user" where email = $1`, [person.email])
  const [{ id: patient }] = await sql(
    `insert into app.patients (practice, "user", name) values ($1, $2, $3) returning id`,
    [practice, account, `Ada ${people}`],
  )
  await sql("insert into app.visits (patient, remark) values ($1, 'cough')", [patient])
  return { person, account, patient }
}

async function ask({ person, patient }: Known, body: object): Promise<any> {
  person.headers["prefer"] = "return=representation"
  const { status, json } = await person.ask("POST", path, { person: patient, ...body })
  return status === 201 ? json[0] : { status, code: json.code }
}

const byOfficer = async (method: string, where: string, body?: object): Promise<any> => {
  const headers = { prefer: "return=representation" }
  const { status, json } = await rights.backend.request(officer, method, where, { body, headers })
  return status < 300 ? json : { status, code: json.code }
}

const decide = (id: string, body: object): Promise<any> => byOfficer("PATCH", `${path}?id=eq.${id}`, body)

const stateOf = async (id: string): Promise<string | null> =>
  (await sql("select status from app.privacy_requests where id = $1", [id]))[0]?.status ?? null

async function until(id: string, wanted: string | null): Promise<void> {
  for (let tries = 0; (await stateOf(id)) !== wanted; tries++) {
    if (tries > 200) throw new Error(`${await stateOf(id)} instead of ${wanted}: ${rights.told.join("; ")}`)
    await wait(50)
  }
}

const fetched = (person: Person | string, id: string, signal?: AbortSignal): Promise<Response> =>
  fetch(`${rights.backend.url}/privacy/exports/${id}`, {
    ...(signal ? { signal } : {}),
    headers:
      typeof person === "string"
        ? { authorization: `Bearer ${person}` }
        : { cookie: [...person.cookies].map((one) => one.join("=")).join("; ") },
  })

const codeOf = async (answer: Response): Promise<string> => ((await answer.json()) as { code: string }).code

/** Lets the time of an export be over. */
const past = (id: string): Promise<unknown> =>
  sql(
    `set session_replication_role = replica; update app.privacy_requests set expires_at = now() - interval '1 second' where id = '${id}'`,
  )

beforeAll(async () => {
  rights = await startRights(
    defineBackend({ ...definition, model: [...definition.model, PrivacyRequest], processing }),
  )
  await sql("insert into app.practices (id, name) values ($1, 'North')", [practice])
}, 60_000)
afterAll(() => rights?.stop())

it("GDPR Art. 15, GDPR Art. 20: people fetch a copy of their data by themselves, once, made while it is fetched", async () => {
  const [ada, bea] = [await newPatient(), await newPatient()]
  const request = await ask(ada, { kind: "export", scope: "account", reason: "my new doctor" })
  expect(request).toMatchObject({
    status: "granted",
    progress: 0,
    decidedBy: null,
    askedBy: `user:${ada.account}`,
  })
  const days = (Date.parse(request.dueAt) - Date.parse(request.askedAt)) / 86_400_000
  expect(days).toBeGreaterThan(27)
  expect(days).toBeLessThan(32)
  expect(await ask(ada, { kind: "export", scope: "account" })).toEqual({ status: 409, code: "UC401" })

  expect(await codeOf(await fetched(bea.person, request.id))).toBe("UC406")
  const recent = await rights.backend.tokenOf({ ...officer, roles: ["nurse"] })
  expect(await codeOf(await fetched(recent, request.id))).toBe("UC406")
  expect((await fetched("", request.id)).status).toBe(401)
  const head = await fetch(`${rights.backend.url}/privacy/exports/${request.id}`, { method: "HEAD" })
  expect(head.status).toBe(404)

  const answer = await fetched(ada.person, request.id)
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/zip"])
  expect(answer.headers.get("cache-control")).toContain("no-store")
  const files = unzipSync(new Uint8Array(await answer.arrayBuffer()))
  const table = (name: string): any[] => JSON.parse(Buffer.from(files[`data/${name}.json`]!).toString())
  expect(table("Patient")).toMatchObject([{ id: ada.patient }])
  expect(table("account")).toMatchObject([{ email: ada.person.email }])
  expect(table("PrivacyRequest")).toMatchObject([{ id: request.id, reason: "my new doctor" }])
  await until(request.id, "done")
  expect(await codeOf(await fetched(ada.person, request.id))).toBe("UC406")
  const entries = await sql(
    "select actor, subjects from audit.pending where kind = 'export' and question ->> 'request' = $1",
    [request.id],
  )
  expect(entries).toEqual([
    {
      actor: `user:${ada.account}`,
      subjects: expect.arrayContaining([`Patient:${ada.patient}`, `User:${ada.account}`]),
    },
  ])
})

it("an export that breaks off can be fetched again, and one whose time is over can't", async () => {
  const ada = await newPatient()
  const { id } = await ask(ada, { kind: "export" })
  await sql(
    "insert into app.visits (patient, remark) select $1, md5(n::text) || md5((-n)::text) from generate_series(1, 20000) n",
    [ada.patient],
  )
  const leaving = new AbortController()
  const first = await fetched(ada.person, id, leaving.signal)
  await first.body!.getReader().read()
  expect(await codeOf(await fetched(ada.person, id))).toBe("UC407")
  leaving.abort()
  await until(id, "granted")
  await past(id)
  expect(await codeOf(await fetched(ada.person, id))).toBe("UC406")
  await until(id, "expired")
  expect(await ask(ada, { kind: "export" })).toMatchObject({ status: "granted" })
})

it("TR-03161-3 Data_7, GDPR Art. 17: people have all their data and their account erased, as an officer grants; the signed report stays", async () => {
  const ada = await newPatient()
  const { id, status } = await ask(ada, { kind: "erase", scope: "account", reason: "I move away" })
  expect(status).toBe("asked")
  expect(await decide(id, { status: "granted" })).toMatchObject([{ decidedBy: `user:${officer.id}` }])
  await until(id, null)
  for (const [table, where] of [
    ["app.patients", `id = '${ada.patient}'`],
    ["app.visits", `patient = '${ada.patient}'`],
    ['accounts."user"', `id = '${ada.account}'`],
    ["accounts.session", `"userId" = '${ada.account}'`],
    ["accounts.account", `"userId" = '${ada.account}'`],
  ])
    expect([table, await sql(`select from ${table} where ${where}`)]).toEqual([table, []])
  expect((await ada.person.get("/get-session")).json).toBe(null)
  expect(await sql("select from audit.pending where personal::text like '%I move away%'")).toEqual([])

  expect((await byOfficer("GET", "/privacy/reports")).map((one: { id: string }) => one.id)).toContain(id)
  const note = await fetch(`${rights.backend.url}/privacy/reports/${id}`, {
    headers: { authorization: `Bearer ${await rights.backend.tokenOf(officer)}` },
  })
  const [body = "", signature = ""] = (await note.text()).split("\n\n")
  const bytes = Buffer.from(signature.split(" ").at(-1)!, "base64").subarray(4)
  expect(rights.publicKey.verify(`${body}\n`, bytes)).toBe(true)
  expect(JSON.parse(body)).toMatchObject({ id, by: `user:${officer.id}`, account: "removed" })
  for (const who of [nurse, null])
    expect((await rights.backend.request(who, "GET", `/privacy/reports/${id}`)).status).toBe(who ? 403 : 401)
  const lines = await rights.erasing.ledger!.read()
  expect(lines.filter((one) => one.id === id)).toMatchObject([{ account: ada.account }])
})

it("a request that comes back with an archive is never done", async () => {
  const ada = await newPatient()
  const { id } = await ask(ada, { kind: "export" })
  const archive = new Uint8Array(await (await fetched(ada.person, id)).arrayBuffer())
  await erasePerson(rights.erasing, `Patient:${ada.patient}`, { by: "test" })
  expect(await stateOf(id)).toBe(null)
  await importArchive(rights.erasing, archive)
  expect(await sql("select from app.patients where id = $1", [ada.patient])).toHaveLength(1)
  expect(await stateOf(id)).toBe("failed")
})

it("an erasure that is killed in the middle is resumed, and done once", async () => {
  const ada = await newPatient()
  const { id } = await ask(ada, { kind: "erase" })
  const blocker = new pg.Client({ connectionString: rights.backend.adminUrl })
  await blocker.connect()
  await blocker.query(`begin; select from app.visits where patient = '${ada.patient}' for update`)
  await decide(id, { status: "granted" })
  await until(id, "running")
  expect(await byOfficer("GET", `${path}?id=eq.${id}&select=status,progress`)).toMatchObject([
    { status: "running" },
  ])
  // All that works for the backend itself, as the end of its process would: the leader and the erasure.
  const killed = await sql(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'undercroft internal' and datname = current_database()",
  )
  expect(killed.length).toBeGreaterThan(1)
  await blocker.query("rollback")
  await blocker.end()
  await until(id, null)
  expect(await sql("select from app.patients where id = $1", [ada.patient])).toEqual([])
  expect(await sql(`select from accounts."user" where id = $1`, [ada.account])).toHaveLength(1)
  expect(await sql("select from undercroft_state.erasures where id = $1", [id])).toHaveLength(1)
  expect(
    await sql("select from audit.pending where kind = 'erase' and detail ->> 'erasure' = $1", [id]),
  ).toHaveLength(1)
}, 30_000)

it("what a legal hold keeps is not erased, and the request says so; granted again it is tried again", async () => {
  const ada = await newPatient()
  const { id } = await ask(ada, { kind: "erase" })
  await addHold(rights.backend.adminUrl, {
    subject: `Patient:${ada.patient}`,
    reason: "lawsuit",
    until: null,
    heldBy: "test",
  })
  await decide(id, { status: "granted" })
  await until(id, "failed")
  expect(await byOfficer("GET", `${path}?id=eq.${id}`)).toMatchObject([
    { answer: expect.stringMatching(/legal hold/) },
  ])
  expect(await sql("select from app.visits where patient = $1", [ada.patient])).toHaveLength(1)
  await decide(id, { status: "granted" })
  await until(id, "failed")
})

it("GDPR Art. 18: processing is restricted and lifted as people ask and an officer grants", async () => {
  const ada = await newPatient()
  const seen = async (): Promise<number> =>
    (await rights.backend.request(nurse, "GET", `/rest/patients?id=eq.${ada.patient}`)).json.length
  const { id } = await ask(ada, { kind: "restrict", reason: "it is not true" })
  expect(await seen()).toBe(1)
  await decide(id, { status: "granted" })
  await until(id, "done")
  expect(await seen()).toBe(0)
  expect((await ada.person.get(`/rest/patients?id=eq.${ada.patient}`)).json).toHaveLength(1)
  const lift = await ask(ada, { kind: "lift" })
  expect(lift.status).toBe("asked")
  await decide(lift.id, { status: "granted" })
  await until(lift.id, "done")
  expect(await seen()).toBe(1)
})

it("GDPR Art. 16: people ask for a correction, which an officer grants; who was given the data is named, and the value goes with them", async () => {
  const [ada, bea] = [await newPatient(), await newPatient()]
  const correction = {
    kind: "rectify",
    entity: "Patient",
    row: ada.patient,
    field: "name",
    value: "Ada Byron-King",
  }
  for (const wrong of [
    { field: "practice" },
    { field: "id" },
    { field: "nothing" },
    { entity: "Practice" },
    { row: null },
  ])
    expect([wrong, await ask(ada, { ...correction, ...wrong })]).toEqual([
      wrong,
      { status: 400, code: "UC411" },
    ])
  const { id, status } = await ask(ada, { ...correction, reason: "I married" })
  expect(status).toBe("asked")
  await decide(id, { status: "granted" })
  await until(id, "done")
  expect((await ada.person.get(`/rest/patients?select=name`)).json).toEqual([{ name: "Ada Byron-King" }])
  expect((await ada.person.get(`${path}?id=eq.${id}`)).json).toMatchObject([
    { answer: "To be told of it: Health insurers.", decidedBy: `user:${officer.id}` },
  ])
  expect(
    await sql(
      "select actor, fields, detail from audit.pending where kind = 'admin' and detail ->> 'rectify' = $1",
      [id],
    ),
  ).toEqual([
    { actor: "system:privacy", fields: ["name"], detail: { rectify: id, by: `user:${officer.id}` } },
  ])

  const foreign = await ask(ada, { ...correction, row: bea.patient })
  await decide(foreign.id, { status: "granted" })
  await until(foreign.id, "failed")
  const unfit = await ask(ada, { ...correction, field: "born", value: "not a day" })
  await decide(unfit.id, { status: "granted" })
  await until(unfit.id, "failed")
  expect((await ada.person.get(`${path}?id=eq.${unfit.id}&select=answer`)).json[0].answer).toMatch(
    /does not fit/,
  )
  expect(await sql("select name from app.patients where id = $1", [bea.patient])).toEqual([
    { name: expect.stringMatching(/^Ada \d/) },
  ])

  const erase = await ask(ada, { kind: "erase" })
  await decide(erase.id, { status: "granted" })
  await until(erase.id, null)
  for (const table of ["app.privacy_requests", "audit.pending", "undercroft_state.once"])
    expect([table, await sql(`select from ${table} t where t::text like '%Byron%'`)]).toEqual([table, []])
})

it("an officer refuses with a reason, which the person reads; who asked takes it back; history stays", async () => {
  const ada = await newPatient()
  const { id } = await ask(ada, { kind: "erase" })
  expect(await decide(id, { status: "refused" })).toMatchObject({ code: "UC404" })
  expect(await decide(id, { status: "refused", answer: "The law has us keep it." })).toHaveLength(1)
  expect(await decide(id, { status: "granted" })).toMatchObject({ code: "UC402" })
  const change = (body: object): Promise<any> => ada.person.ask("PATCH", `${path}?id=eq.${id}`, body)
  expect((await change({ status: "withdrawn" })).json.code).toBe("42501")
  expect((await ada.person.get(`${path}?id=eq.${id}`)).json).toMatchObject([
    { status: "refused", answer: "The law has us keep it." },
  ])
  const other = await ask(ada, { kind: "erase" })
  const back = await ada.person.ask("PATCH", `${path}?id=eq.${other.id}`, { status: "withdrawn" })
  expect(back.json).toMatchObject([{ status: "withdrawn" }])
  expect(await decide(other.id, { status: "granted" })).toMatchObject({ code: "UC402" })
  expect((await rights.backend.request(officer, "DELETE", `${path}?id=eq.${id}`)).status).toBe(403)
})

it("nobody asks, sees or decides what is not theirs, without a session of their own, or long after they signed in", async () => {
  const [ada, bea] = [await newPatient(), await newPatient()]
  const { id } = await ask(ada, { kind: "erase" })
  expect(await ask({ ...bea, patient: ada.patient }, { kind: "export" })).toMatchObject({ status: 403 })
  const absent = "018ce7a8-0f00-7003-8000-0000000000ff"
  expect(await ask({ ...bea, patient: absent }, { kind: "export" })).toMatchObject({ status: 403 })
  expect((await bea.person.get(`${path}?id=eq.${id}`)).json).toEqual([])
  const { request } = rights.backend
  const send = async (who: TestCaller | null, method: string, where: string, body: object): Promise<string> =>
    (await request(who, method, where, { body, headers: { prefer: "return=representation" } })).text
  const erase = { person: ada.patient, kind: "erase" }
  expect(await send(nurse, "POST", path, erase)).toContain("42501")
  expect(await send(null, "POST", path, erase)).toContain("42501")
  expect(await send(nurse, "PATCH", `${path}?id=eq.${id}`, { status: "granted" })).toContain("42501")
  const ownGrant = await ada.person.ask("PATCH", `${path}?id=eq.${id}`, { status: "granted" })
  expect(ownGrant.json.code).toBe("42501")

  const stale = { ...officer, auth_time: Math.floor(Date.now() / 1000) - 3600 }
  expect(await send(stale, "PATCH", `${path}?id=eq.${id}`, { status: "granted" })).toContain("UC612")
  expect(await send(stale, "POST", path, { person: bea.patient, kind: "export" })).toContain("UC612")
  expect(
    await send({ ...stale, auth_time: undefined }, "POST", path, { person: bea.patient, kind: "erase" }),
  ).toContain("UC612")
  await sql(`update accounts.session set "authenticatedAt" = now() - interval '1 hour' where "userId" = $1`, [
    bea.account,
  ])
  expect(await ask(bea, { kind: "export" })).toEqual({ status: 401, code: "UC612" })

  for (const body of [{ status: "granted" }, { status: "done" }, { progress: 100 }, { askedBy: "user:x" }])
    expect(await send(officer, "POST", path, { person: bea.patient, kind: "restrict", ...body })).toMatch(
      /"code":/,
    )
  const asked = await byOfficer("POST", path, { person: bea.patient, kind: "export" })
  expect(asked).toMatchObject([{ status: "asked", askedBy: `user:${officer.id}` }])
  expect(await stateOf(id)).toBe("asked")
  expect(await sql("select from app.patients where id = $1", [ada.patient])).toHaveLength(1)
})

it("an officer decides about others and never about themselves", async () => {
  const olga = await newPatient()
  const { id } = await ask(olga, { kind: "restrict" })
  const own = { ...officer, id: olga.account }
  const body = { status: "granted" }
  const answer = await rights.backend.request(own, "PATCH", `${path}?id=eq.${id}`, { body })
  expect(answer.json.code).toBe("UC403")
})
