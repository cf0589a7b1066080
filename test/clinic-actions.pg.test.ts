/** The clinic's actions, called as its apps call them, under its rules. */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import backend from "../examples/clinic/backend.ts"
import { accounts } from "../examples/clinic/data.ts"
import { startTestBackend, type TestBackend, type TestCaller } from "./support/backend.ts"
import { ask } from "./support/graphql.ts"

let clinic: TestBackend
const nurse: TestCaller = { id: accounts.nurse, roles: ["nurse"] }
const patient: TestCaller = { id: accounts.patient, roles: ["patient"] }
const doctor: TestCaller = { id: accounts.doctor, roles: ["doctor"] }
let own = ""
let berlin = ""

beforeAll(async () => {
  clinic = await startTestBackend(backend)
  const [row] = await clinic.sql(`select id, practice from app.patients where "user" = $1`, [
    accounts.patient,
  ])
  own = row.id
  berlin = row.practice
}, 120_000)
afterAll(() => clinic?.stop())

async function call(
  caller: TestCaller | null,
  name: string,
  body: unknown,
): Promise<{ status: number; json: any }> {
  const { status, json } = await clinic.request(caller, "POST", `/rest/rpc/${name}`, { body })
  return { status, json }
}

/** An open slot of the practice, so many days ahead, that nobody has. */
async function freeSlot(days: number): Promise<{ id: string; patients: string[] }> {
  const [slot] = await clinic.sql(
    `select s.id from app.slots s where s.practice = $1 and s.status = 'open' and s.starts_at > now() + make_interval(days => $2)
       and not exists (select from app.appointments a where a.doctor = s.doctor and a.status <> 'cancelled'
         and a.during && tstzrange(s.starts_at, s.ends_at)) order by s.starts_at limit 1`,
    [berlin, days],
  )
  const patients = await clinic.sql("select id from app.patients where practice = $1 order by id limit 100", [
    berlin,
  ])
  return { id: slot.id, patients: patients.map((one) => one.id) }
}

test("in an emergency, with a reason, a doctor of another practice reads one patient's record", async () => {
  const rows = async (): Promise<unknown[]> => {
    const path = `/rest/patients?select=id,allergies,prescriptions(substance)&practice=eq.${berlin}`
    return (await clinic.request(doctor, "GET", path)).json.map((one: any) => one.id)
  }
  expect(await rows()).toEqual([])
  const body = { person: own, kind: "emergency", reason: "brought in unconscious" }
  expect((await clinic.request(nurse, "POST", "/rest/overrides", { body })).status).toBe(403)
  expect((await clinic.request(doctor, "POST", "/rest/overrides", { body })).status).toBe(201)
  expect(await rows()).toEqual([own])
  // What an emergency is about: measurements and what was booked, too.
  const path = `/rest/patients?select=observations(kind,value),appointments(kind)&id=eq.${own}`
  const [found] = (await clinic.request(doctor, "GET", path)).json
  expect([found.observations.length > 0, found.appointments.length > 0]).toEqual([true, true])
  const officer: TestCaller = { id: "officer", roles: ["privacy-officer"] }
  const verdict = { verdict: "justified" }
  const review = await clinic.request(officer, "PATCH", `/rest/overrides?person=eq.${own}`, { body: verdict })
  expect(review.status).toBe(204)
  expect(await rows()).toEqual([])
})

test("a field that does not exist for the caller leaves an entry by REST, too", async () => {
  expect((await clinic.request(nurse, "GET", "/rest/staff?select=name,user")).status).toBe(400)
  const found = await clinic.sql(
    "select result from audit.pending where entity = 'Staff' and kind = 'denied' union all select result from audit.entry where entity = 'Staff' and kind = 'denied'",
  )
  expect(found).toEqual([{ result: "42703" }])
})

test("a whole record is handed out when the privacy officer approves; both are on record, and the patient sees it", async () => {
  const officer: TestCaller = { id: accounts.officer, roles: ["privacy-officer"] }
  const [staff] = await clinic.sql(
    "select \"user\" from app.staff where practice = $1 and job = 'doctor' limit 1",
    [berlin],
  )
  const vogel: TestCaller = { id: staff.user, roles: ["doctor"] }
  const wish = { patient: own, to: "an insurer", basis: "law" }
  expect((await call(nurse, "releaseRecord", wish)).status).toBe(403)
  const asked = await call(vogel, "releaseRecord", wish)
  expect([asked.status, asked.json.code]).toEqual([202, "UC989"])
  const [waiting] = (await clinic.request(officer, "GET", "/rest/rpc/approvals")).json
  expect(waiting).toMatchObject({ action: "releaseRecord", input: wish })
  const approve = `/rest/rpc/approvals/${waiting.id}/approve`
  expect((await clinic.request(vogel, "POST", approve)).status).toBeGreaterThanOrEqual(400)
  expect((await clinic.request(officer, "POST", approve)).status).toBeLessThan(300)
  const { status, json } = await call(vogel, "releaseRecord", wish)
  expect(status).toBe(200)
  expect(json).toMatchObject({ name: "Renate Köhler", born: "1957-03-14", allergies: ["Penicillin"] })
  expect(json.notes.length).toBeGreaterThan(1)
  expect(json.notes.every(({ body }: { body: string }) => / /.test(body))).toBe(true)
  // A doctor of another practice finds no such patient, also with an approval.
  const other = await call(doctor, "releaseRecord", wish)
  expect(other.status).toBe(202)
  const [later] = (await clinic.request(officer, "GET", "/rest/rpc/approvals")).json
  await clinic.request(officer, "POST", `/rest/rpc/approvals/${later.id}/approve`)
  expect((await call(doctor, "releaseRecord", wish)).json.code).toBe("UC703")

  const record = (caller: TestCaller) =>
    clinic.request(
      caller,
      "GET",
      `/rest/auditEntries?select=kind,actor&actor=eq.user:${staff.user}&kind=eq.read`,
    )
  expect((await record(officer)).json.length).toBeGreaterThan(0)
  expect((await record(vogel)).json).toEqual([])
  const seen = await clinic.request(
    patient,
    "GET",
    "/rest/accesses-to-me?select=roles,kind,entity&own=is.false",
  )
  expect(seen.json).toContainEqual({ roles: ["doctor"], kind: "read", entity: "ClinicalNote" })
})

describe("bookAppointment", () => {
  test("of a hundred who try at once, one gets the slot", async () => {
    const slot = await freeSlot(3)
    const answers = await Promise.all(
      slot.patients.map((one) =>
        call(nurse, "bookAppointment", { slot: slot.id, patient: one, kind: "checkup" }),
      ),
    )
    const told = answers.map(({ status, json }) =>
      `${status} ${json.code ?? ""} ${json.message ?? ""}`.trim(),
    )
    expect(answers).toHaveLength(100)
    expect(told.filter((one) => one === "200")).toHaveLength(1)
    expect(told.filter((one) => one === "409 UC702 this time is not free")).toHaveLength(99)
    const rows = await clinic.sql(
      "select status from app.appointments where slot = $1 and status = 'booked'",
      [slot.id],
    )
    expect(rows).toHaveLength(1)
    expect((await clinic.sql("select status from app.slots where id = $1", [slot.id]))[0].status).toBe(
      "booked",
    )
  }, 60_000)

  test("of twenty who try at once through GraphQL, one gets the slot", async () => {
    const slot = await freeSlot(3)
    const query = `mutation ($slot: UUID!, $patient: UUID!) {
      booked: bookAppointment(slot: $slot, patient: $patient, kind: checkup) { id during }
    }`
    const patients = slot.patients.slice(0, 20)
    const answers = await Promise.all(
      patients.map((one) => ask(clinic, nurse, query, { slot: slot.id, patient: one })),
    )
    const told = answers.map(
      ({ errors }) => errors?.map((one) => `${one.path} ${one.message}`).join() ?? "booked",
    )
    expect(told.filter((one) => one === "booked")).toHaveLength(1)
    expect(told.filter((one) => one === "booked this time is not free")).toHaveLength(19)
    const rows = await clinic.sql("select id from app.appointments where slot = $1", [slot.id])
    expect(rows).toEqual([{ id: answers.find((one) => one.data)!.data.booked.id }])
  }, 60_000)

  test("patients book for themselves, and for nobody else", async () => {
    const slot = await freeSlot(3)
    const other = slot.patients.find((one) => one !== own)
    const refused = await call(patient, "bookAppointment", { slot: slot.id, patient: other, kind: "checkup" })
    expect([refused.status, refused.json.code]).toEqual([404, "UC703"])
    const booked = await call(patient, "bookAppointment", {
      slot: slot.id,
      patient: own,
      kind: "acute",
      reason: "cough",
    })
    expect([booked.status, Object.keys(booked.json)]).toEqual([200, ["id", "during"]])
    const again = await call(nurse, "bookAppointment", { slot: slot.id, patient: other, kind: "checkup" })
    expect([again.status, again.json.code]).toEqual([409, "UC702"])
  })

  test("staff of another practice find no such patient, and nobody without signing in gets in", async () => {
    const slot = await freeSlot(3)
    const input = { slot: slot.id, patient: own, kind: "checkup" }
    expect((await call(doctor, "bookAppointment", input)).json.code).toBe("UC703")
    const anonymous = await call(null, "bookAppointment", input)
    expect([anonymous.status, anonymous.json.code]).toEqual([401, "42501"])
  })
})

describe("cancelAppointment", () => {
  async function book(days: number): Promise<{ id: string; slot: string }> {
    const slot = await freeSlot(days)
    const { status, json } = await call(patient, "bookAppointment", {
      slot: slot.id,
      patient: own,
      kind: "checkup",
    })
    expect([status, json]).toEqual([200, expect.anything()])
    return { id: json.id, slot: slot.id }
  }

  test("gives the slot free, once", async () => {
    const { id, slot } = await book(5)
    const done = await call(patient, "cancelAppointment", { appointment: id })
    expect(done).toEqual({ status: 200, json: { id, status: "cancelled" } })
    expect((await clinic.sql("select status from app.slots where id = $1", [slot]))[0].status).toBe("open")
    const again = await call(patient, "cancelAppointment", { appointment: id })
    expect(again.status).toBe(404)
    // Whoever had it has no more say over it.
    await clinic.request(patient, "PATCH", `/rest/slots?id=eq.${slot}`, { body: { status: "booked" } })
    expect((await clinic.sql("select status from app.slots where id = $1", [slot]))[0].status).toBe("open")
  })

  test("patients too late call the practice, which can", async () => {
    const { id } = await book(5)
    await clinic.sql(
      "update app.appointments set during = tstzrange(now() + interval '3 hours', now() + interval '4 hours') where id = $1",
      [id],
    )
    const late = await call(patient, "cancelAppointment", { appointment: id })
    expect([late.status, late.json.code]).toEqual([403, "UC704"])
    expect((await call(doctor, "cancelAppointment", { appointment: id })).status).toBe(404)
    expect((await call(nurse, "cancelAppointment", { appointment: id })).status).toBe(200)
  })
})

describe("recordObservations", () => {
  const reading = (minute: number, of = own) => ({
    patient: of,
    kind: "pulse",
    value: "71.5",
    unit: "bpm",
    measuredAt: `2026-01-02T08:${String(minute).padStart(2, "0")}:00Z`,
  })

  test("what a device sends twice is recorded once", async () => {
    const readings = [reading(1), reading(2), reading(2)]
    const first = await call(nurse, "recordObservations", { device: "cuff", readings })
    expect(first).toEqual({ status: 200, json: { recorded: 2, known: 1 } })
    const second = await call(nurse, "recordObservations", {
      device: "cuff",
      readings: [...readings, reading(3)],
    })
    expect(second).toEqual({ status: 200, json: { recorded: 1, known: 3 } })
  })

  test("all or none, by those who may", async () => {
    const [elsewhere] = await clinic.sql("select id from app.patients where practice <> $1 limit 1", [berlin])
    const readings = [reading(10), reading(11, elsewhere.id)]
    expect((await call(nurse, "recordObservations", { device: "cuff", readings })).json.code).toBe("UC703")
    const rows = await clinic.sql("select 1 from app.observations where measured_at = '2026-01-02T08:10:00Z'")
    expect(rows).toEqual([])
    const refused = await call(patient, "recordObservations", { device: "cuff", readings: [reading(10)] })
    expect([refused.status, refused.json.code]).toEqual([403, "42501"])
  })

  test("what does not fit is named", async () => {
    const { status, json } = await call(nurse, "recordObservations", {
      device: "cuff",
      readings: [{ ...reading(1), value: 7 }],
    })
    expect([status, json.code, json.message]).toEqual([
      400,
      "UC701",
      expect.stringMatching(/^input\.readings\.0\.value /),
    ])
  })
})
