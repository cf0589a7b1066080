/** Restriction of processing: the rows stay, and nobody but the person and the privacy officer sees or changes them. */
import { afterAll, beforeAll, expect, it } from "vitest"
import { liftRestriction, restrictPerson } from "../src/store/restrictions.ts"
import { type RightsBackend, startRights } from "./support/rights-backend.ts"

const nurse = { id: "018ce7a8-0f00-7003-8000-0000000000aa", roles: ["nurse"] }
const officer = { id: "018ce7a8-0f00-7003-8000-0000000000ab", roles: ["nurse", "officer"] }
const practice = "018ce7a8-0f00-7003-8000-000000000001"
const [ada, bea] = ["018ce7a8-0f00-7003-8000-000000000002", "018ce7a8-0f00-7003-8000-000000000003"]
const own = { id: "018ce7a8-0f00-7003-8000-0000000000ac" }
let rights: RightsBackend

const names = async (who: typeof nurse | typeof own, path: string): Promise<unknown> =>
  (await rights.backend.request(who, "GET", path)).json

beforeAll(async () => {
  rights = await startRights()
  const { sql } = rights.backend
  await sql("insert into app.practices (id, name) values ($1, 'North')", [practice])
  await sql("insert into app.users (id, name, email, roles) values ($1, 'Ada', 'ada@example.org', '{}')", [
    own.id,
  ])
  await sql(
    `insert into app.patients (id, practice, "user", name) values ($1, $3, $4, 'Ada'), ($2, $3, null, 'Bea')`,
    [ada, bea, practice, own.id],
  )
  await sql("insert into app.visits (patient, remark) values ($1, 'cough'), ($2, 'fever')", [ada, bea])
  await sql("insert into app.bills (visit, payer, cents) select id, remark, 1 from app.visits")
}, 60_000)
afterAll(() => rights?.stop())

it("GDPR Art. 18: restricted rows are neither read nor written, at one step and at several, until it is lifted", async () => {
  const { adminUrl, model } = rights.erasing
  const change = { said: `Patient:${ada}`, by: "test", reason: "disputed" }
  const seen = async (who: typeof nurse | typeof own): Promise<unknown[]> =>
    Promise.all([
      names(who, "/rest/patients?select=name&order=name"),
      names(who, "/rest/visits?select=remark&order=remark"),
    ])
  const all = [
    [{ name: "Ada" }, { name: "Bea" }],
    [{ remark: "cough" }, { remark: "fever" }],
  ]
  expect(await seen(nurse)).toEqual(all)
  expect(await restrictPerson(adminUrl, model, change)).toEqual([`Patient:${ada}`])
  expect(await seen(nurse)).toEqual([[{ name: "Bea" }], [{ remark: "fever" }]])
  expect(await names(nurse, "/rest/bills?select=payer")).toEqual([{ payer: "fever" }])
  expect(await names(nurse, "/rest/visits?select=count()")).toEqual([{ count: 1 }])
  expect(await seen(own)).toEqual([[{ name: "Ada" }], [{ remark: "cough" }]])
  expect(await seen(officer)).toEqual(all)

  const write = (method: string, path: string, body: unknown): Promise<{ status: number; json: any }> =>
    rights.backend.request(nurse, method, path, { body, headers: { prefer: "return=representation" } })
  expect((await write("PATCH", `/rest/patients?id=eq.${ada}`, { notes: "x" })).json).toEqual([])
  expect((await write("PATCH", `/rest/patients?id=eq.${bea}`, { notes: "x" })).json).toHaveLength(1)
  expect((await write("POST", "/rest/visits", { patient: ada, remark: "new" })).status).toBe(403)
  expect((await write("POST", "/rest/visits", { patient: bea, remark: "new" })).status).toBe(201)
  expect(await rights.backend.sql("select name, notes from app.patients where id = $1", [ada])).toEqual([
    { name: "Ada", notes: null },
  ])

  await liftRestriction(adminUrl, model, change)
  expect(await names(nurse, "/rest/patients?select=name&order=name")).toEqual(all[0])
  await expect(liftRestriction(adminUrl, model, change)).rejects.toMatchObject({ code: "UC992" })
  expect(
    await rights.backend.sql("select subject, reason, lift_reason from undercroft_state.restrictions"),
  ).toEqual([{ subject: `Patient:${ada}`, reason: "disputed", lift_reason: "disputed" }])
})
