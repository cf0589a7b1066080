/** Breaking the glass, over real HTTP: with a reason, for one person, for a while, in one session, on record, told and reviewed. */
import { setTimeout as wait } from "node:timers/promises"
import { afterAll, beforeAll, expect, it } from "vitest"
import { actor, anyOf, defineBackend, entity, overrideEntity, ref, text } from "../src/index.ts"
import { buildModel } from "../src/model/build.ts"
import { buildAccessMatrix } from "../src/policy/access-matrix.ts"
import { buildPolicies, policyOf } from "../src/policy/policies.ts"
import { holds, type JsonRow } from "../src/policy/to-predicate.ts"
import { waitingEntries } from "../src/sql/waiting.ts"
import { startTestBackend, type TestBackend, type TestCaller } from "./support/backend.ts"
import { mails } from "./support/people.ts"

const me = actor({})
const Patient = entity("Patient", {
  fields: { doctor: text().internal(), name: text().personal() },
  subject: "id",
  audit: { reads: true },
  reveals: true,
})
Patient.access(({ row }) => ({
  read: anyOf(row.doctor.is(me.id), me.overrides("emergency"), me.overrides("disaster")),
  update: anyOf(row.doctor.is(me.id), me.overrides("emergency")),
}))
const Note = entity("Note", {
  fields: { patient: ref(Patient), body: text().special() },
  subject: "patient",
})
Note.access(({ row }) => ({ read: anyOf(row.patient.doctor.is(me.id), me.overrides("emergency")) }))
const Remark = entity("Remark", { fields: { note: ref(Note), body: text().special() }, subject: "note" })
Remark.access(() => ({ read: me.overrides("emergency") }))
const Override = overrideEntity(Patient, {
  emergency: { who: ["doctor"], minutes: 60, review: "officer", notify: ["duty@example.org"] },
  disaster: { who: ["chief"], minutes: 5, review: "officer", twoFactor: true },
})
const definition = defineBackend({
  name: "ward",
  model: [Patient, Note, Remark, Override],
  accounts: { password: true, signUp: "open", apiKeys: true },
  seed: () => [
    ["Patient", { id: id(1), doctor: "own", name: "Ada" }],
    ["Patient", { id: id(2), doctor: "own", name: "Bea" }],
    ["Note", { id: id(11), patient: id(1), body: "allergic" }],
    ["Note", { id: id(12), patient: id(2), body: "nothing" }],
    ["Remark", { id: id(21), note: id(11), body: "to penicillin" }],
  ],
})
const reason = "unconscious, and nobody knows her allergies"
const officer: TestCaller = { id: "olga", roles: ["officer"] }
let people = 0
/** A doctor whom no other test knows. */
const doctor = (): TestCaller => ({ id: `doctor${++people}`, roles: ["doctor"] })

function id(n: number): string {
  return `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`
}

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(definition, { keepsMail: true })
})
afterAll(() => backend?.stop())

const one = { prefer: "return=representation", accept: "application/vnd.pgrst.object+json" }
type Who = TestCaller | Record<string, string>
/** A caller by token, or by the headers of a session. */
const ask = (
  who: Who,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
) => {
  const isToken = typeof who["id"] === "string"
  const more = isToken ? headers : { ...headers, ...(who as Record<string, string>) }
  return backend.request(isToken ? (who as TestCaller) : null, method, path, {
    headers: more,
    ...(body ? { body } : {}),
  })
}
const open = (who: Who, person: string = id(1), more: object = {}) =>
  ask(who, "POST", "/rest/overrides", { person, kind: "emergency", reason, ...more }, one)
const change = (who: Who, override: string, body: object) =>
  ask(who, "PATCH", `/rest/overrides?id=eq.${override}`, body, one)
const names = async (who: Who): Promise<string[]> =>
  (await ask(who, "GET", "/rest/patients?select=name&order=name")).json.map((row: any) => row.name)

async function session(
  role: string,
): Promise<{ id: string; email: string; headers: Record<string, string> }> {
  const email = `person${++people}@example.org`
  const body = { email, name: "A person", password: "correct horse battery" }
  const { json } = await backend.request(null, "POST", "/auth/sign-up/email", { body })
  await backend.sql(`update accounts."user" set role = $2 where id = $1`, [json.user.id, role])
  return { id: json.user.id, email, headers: { authorization: `Bearer ${json.token}` } }
}

it("HIPAA 164.312(a)(2)(ii): in an emergency, with a reason, a doctor reads and writes one person's data, and what hangs on it", async () => {
  const who = doctor()
  expect(await names(who)).toEqual([])
  const { status, json } = await open(who)
  expect({ status, json }).toMatchObject({
    status: 201,
    json: { person: id(1), openedBy: who.id, status: "open", endedAt: null, verdict: null },
  })
  const [from, to] = [new Date(json.openedAt), new Date(json.expiresAt)]
  expect(to.getTime() - from.getTime()).toBe(3_600_000)
  expect(json.session ?? null).toBe(null)
  expect(await names(who)).toEqual(["Ada"])
  expect((await ask(who, "GET", "/rest/notes?select=body,remarks(body)")).json).toEqual([
    { body: "allergic", remarks: [{ body: "to penicillin" }] },
  ])
  expect((await ask(who, "PATCH", `/rest/patients?id=eq.${id(1)}`, { name: "Ada" })).status).toBe(204)
  const graphql = { query: "{ patientCollection { edges { node { name } } } }" }
  expect((await ask(who, "POST", "/graphql", graphql)).text).toContain("Ada")
  expect(await names(doctor())).toEqual([])
})

it("through GraphQL, too, one is opened and ended", async () => {
  const who = doctor()
  const create = `mutation { insertIntoOverrideCollection(objects: [{ personId: "${id(2)}", kind: emergency, reason: "${reason}" }]) { records { id } } }`
  const made = await ask(who, "POST", "/graphql", { query: create })
  expect(made.json.errors).toBeUndefined()
  expect(await names(who)).toEqual(["Bea"])
})

it("none without a reason, without the role, for nobody, or with a moment of the caller's choice", async () => {
  const who = doctor()
  for (const [caller, more, code] of [
    [who, { reason: "short" }, /23514|UC203/],
    [who, { reason: " ".repeat(20) }, /^UC380$/],
    [who, { reason: "x".repeat(501) }, /22001|UC203/],
    [who, { person: id(99) }, /^23503$/],
    [who, { kind: "disaster" }, /^42501$/],
    [who, { kind: "other" }, /./],
    [who, { expiresAt: "2099-01-01T00:00:00Z" }, /./],
    [who, { openedBy: "somebody" }, /./],
    [who, { verdict: "justified" }, /^UC383$/],
    [{ id: "nurse", roles: ["nurse"] }, {}, /^42501$/],
  ] as const) {
    const { status, json } = await open(caller, id(1), more)
    expect({ more, status }).toEqual({ more, status: expect.toSatisfy((n: number) => n >= 400 && n < 500) })
    expect(json.code).toMatch(code)
  }
  expect(
    (
      await backend.request(null, "POST", "/rest/overrides", {
        body: { person: id(1), kind: "emergency", reason },
      })
    ).status,
  ).toBe(401)
  expect(await names(who)).toEqual([])
})

it("TR-03161-3 Auth_4: one that takes a second factor is not opened without, and does not hold without", async () => {
  const chief: TestCaller = { id: "chief", roles: ["chief"], amr: ["pwd"] }
  expect(await open(chief, id(1), { kind: "disaster" })).toMatchObject({
    status: 401,
    json: { code: "UC612" },
  })
  const strong = { ...chief, amr: ["pwd", "mfa"] }
  expect((await open(strong, id(1), { kind: "disaster" })).status).toBe(201)
  expect(await names(strong)).toEqual(["Ada"])
  expect(await names(chief)).toEqual([])
})

it("it expires by the database's clock, is ended early, and goes with the role that it needs", async () => {
  const [late, early, former] = [doctor(), doctor(), doctor()]
  const [a, b] = [await open(late), await open(early), await open(former)]
  const move = `update app.overrides set expires_at = now() - interval '1 second' where id = '${a.json.id}'`
  // Not even the database's superuser changes one past its trigger.
  await expect(backend.sql(move)).rejects.toThrow("refused")
  await backend.sql(`do $$ begin set local session_replication_role = replica; ${move}; end $$`)
  expect(await names(late)).toEqual([])
  expect((await change(early, b.json.id, { status: "ended" })).json).toMatchObject({ status: "ended" })
  expect(await names(early)).toEqual([])
  expect(await change(early, b.json.id, { status: "open" })).toMatchObject({ json: { code: "UC383" } })
  expect(await names({ ...former, roles: ["nurse"] })).toEqual([])
  expect(await names(former)).toEqual(["Ada"])
})

it("it holds in the session that opened it, in no other of the same account, and ends with it", async () => {
  const own = await session("doctor")
  expect((await open(own.headers)).status).toBe(201)
  expect(await names(own.headers)).toEqual(["Ada"])
  const again = { email: own.email, password: "correct horse battery" }
  const { json } = await backend.request(null, "POST", "/auth/sign-in/email", { body: again })
  expect(await names({ authorization: `Bearer ${json.token}` })).toEqual([])
  // Nor for a token that names the same account, nor after the role is taken away.
  expect(await names({ id: own.id, roles: ["doctor"] })).toEqual([])
  await backend.sql(`update accounts."user" set role = 'nurse' where id = $1`, [own.id])
  expect(await names(own.headers)).toEqual([])
})

it("TR-03161-3 Auth_7: nobody breaks the glass while acting as somebody else, nor reviews so", async () => {
  const own = await session("doctor")
  const made = await open(own.headers)
  await backend.sql(`update accounts.session set "impersonatedBy" = $2 where "userId" = $1`, [
    own.id,
    "admin",
  ])
  expect(await open(own.headers, id(2))).toMatchObject({ status: 403, json: { code: "UC381" } })
  expect(await change(own.headers, made.json.id, { status: "ended" })).toMatchObject({
    json: { code: "UC381" },
  })
})

it("EHDS Art. 9: everything done under it is marked on record, and nothing else is", async () => {
  const who = doctor()
  const { json } = await open(who)
  await names(who)
  await ask(who, "PATCH", `/rest/patients?id=eq.${id(1)}`, { name: "Ada B" })
  await ask(who, "PATCH", `/rest/patients?id=eq.${id(1)}`, { name: "Ada" })
  await change(who, json.id, { status: "ended" })
  await names(who)
  const entries = await backend.sql(
    `select kind, entity, detail -> 'overrides' ->> 0 as override from ${waitingEntries()} w where actor = $1 order by at`,
    [`user:${who.id}`],
  )
  expect(entries).toEqual([
    { kind: "override", entity: "Override", override: json.id },
    { kind: "read", entity: "Patient", override: json.id },
    { kind: "update", entity: "Patient", override: json.id },
    { kind: "update", entity: "Patient", override: json.id },
    { kind: "override", entity: "Override", override: null },
    { kind: "read", entity: "Patient", override: null },
  ])
  const [opened] = await backend.sql(
    "select subjects, personal from audit.pending where rows = $1 and kind = 'override' order by at limit 1",
    [[json.id]],
  )
  expect(opened).toMatchObject({ subjects: [`Patient:${id(1)}`], personal: { after: { reason } } })
})

it("it is reviewed once, by somebody else who has the role, with a verdict that ends it", async () => {
  const who: TestCaller = { id: `doctor${++people}`, roles: ["doctor", "officer"] }
  const { json } = await open(who)
  const verdict = { verdict: "unjustified", remark: "she was awake" }
  expect(await change(who, json.id, verdict)).toMatchObject({ status: 403, json: { code: "UC382" } })
  expect((await change(doctor(), json.id, verdict)).status).toBe(406)
  const due = "/rest/overrides?verdict=is.null&select=id,reason,openedBy"
  expect((await ask(officer, "GET", due)).json).toContainEqual({ id: json.id, reason, openedBy: who.id })
  expect((await ask(doctor(), "GET", due)).json).toEqual([])
  const all = await Promise.all(Array.from({ length: 10 }, () => change(officer, json.id, verdict)))
  expect(all.filter((answer) => answer.status === 200)).toHaveLength(1)
  expect(await names(who)).toEqual([])
  const [row] = await backend.sql("select * from app.overrides where id = $1", [json.id])
  expect(row).toMatchObject({ status: "ended", verdict: "unjustified", reviewed_by: "olga" })
  expect(await change(officer, json.id, { verdict: "justified" })).toMatchObject({ json: { code: "UC383" } })
  const remove = await ask(officer, "DELETE", `/rest/overrides?id=eq.${json.id}`)
  expect(remove.status).toBeGreaterThanOrEqual(400)
})

it("those whom the declaration names are told by mail, and who opened it; neither why nor whose data", async () => {
  const own = await session("doctor")
  const { json } = await open(own.headers)
  let told: readonly { to: string; text: string }[] = []
  for (let tries = 0; tries < 300 && told.length < 2; tries++) {
    await wait(20)
    told = (await mails(backend)).filter((mail) => mail.text.includes(json.id))
  }
  expect(told.map((mail) => mail.to).toSorted()).toEqual([own.email, "duty@example.org"].toSorted())
  for (const mail of told) expect(mail.text).not.toMatch(/allergies|Ada|000000000001/)
  const noted = async (): Promise<unknown> =>
    (
      await backend.sql("select from audit.pending where rows = $1 and actor = 'system:overrides'", [
        [json.id],
      ])
    ).length
  await expect.poll(noted).toBe(1)
})

it("the predicate says what PostgreSQL says, and the access matrix says it in a sentence", async () => {
  const { policies } = backend.app
  const who = doctor()
  await open(who, id(2))
  const rows = async (table: string): Promise<JsonRow[]> =>
    (await backend.sql(`select to_jsonb(t) as row from app.${table} t`)).map(({ row }) => row)
  const overrides = (await rows("overrides")).map((row) => ({
    ...row,
    openedBy: row["opened_by"],
    expiresAt: row["expires_at"],
  }))
  const patients = await rows("patients")
  const { read } = policyOf(policies, policies.model.byName.get("Patient")!)
  const world = (caller: TestCaller) => ({
    caller: { id: caller.id, roles: caller.roles ?? [], claims: {} },
    now: new Date().toISOString(),
    rowsOf: (entity: { name: string }) => (entity.name === "Override" ? overrides : []),
  })
  for (const caller of [who, doctor(), { ...who, roles: [] }, officer]) {
    const said = patients.filter((row) => holds(read, { row }, world(caller))).map((row) => row["name"])
    expect(said.toSorted()).toEqual(await names(caller))
  }
  const matrix = buildAccessMatrix(policies).entities.find((found) => found.entity === "Note")!
  expect(matrix.grants.find((grant) => grant.operation === "read")!.sentence).toContain(
    'who broke the glass ("emergency") for its person, in an emergency, with a reason',
  )
})

it("a declaration that can't work does not build, and says why", () => {
  const Thing = entity("Thing", { fields: { name: text() } })
  Thing.access(() => ({ read: me.overrides("emergency") }))
  const bad = overrideEntity(
    Patient,
    { emergency: { who: [], minutes: 0, review: "officer" } },
    { name: "Bad" },
  )
  const build = (model: readonly any[]): unknown => buildPolicies(buildModel(model))
  expect(() => build([Patient, Note, Remark, Override, Thing])).toThrow(
    /emergency override "emergency".*about nobody/s,
  )
  expect(() => build([Patient, Override, bad])).toThrow(/no `who`/)
  expect(() => build([Patient])).toThrow(/has no register of overrides/)
})
