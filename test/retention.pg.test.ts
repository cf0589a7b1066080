/** Retention and legal holds: what is past its time goes, what is held or referred to stays, and nothing else is touched. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import {
  type AnyEntity,
  boolean,
  consentEntity,
  date,
  entity,
  instant,
  integer,
  list,
  ref,
  text,
} from "../src/index.ts"
import { buildModel } from "../src/model/build.ts"
import { ModelError } from "../src/model/model-error.ts"
import { scheduleRetention } from "../src/privacy/retention-schedule.ts"
import { addHold, holdsInForce, listHolds, releaseHolds } from "../src/store/legal-holds.ts"
import { type RetentionOptions, type RetentionReport, runRetention } from "../src/store/retention.ts"
import { openDatabase, type Rows, type TestDatabase } from "./database/database.ts"

function closed<E extends AnyEntity>(one: E): E {
  one.access(() => ({}))
  return one
}

const Patient = closed(
  entity("Patient", {
    fields: { user: ref("User").optional(), name: text().personal(), lastSeen: instant().optional() },
    subject: "user",
    retain: { years: 10, after: "lastSeen" },
  }),
)
const Consent = consentEntity(Patient, {
  news: { text: "We may write.", version: 1, basis: "consent", withdrawal: "We stop." },
})
const Visit = closed(
  entity("Visit", {
    fields: { patient: ref(Patient), heldOn: date() },
    subject: "patient",
    retain: { months: 1, after: "heldOn" },
  }),
)
const Card = closed(
  entity("Card", {
    fields: { patient: ref(Patient).onDelete("cascade"), number: integer() },
    subject: "patient",
  }),
)
const Bill = closed(entity("Bill", { fields: { card: ref(Card), cents: integer() }, subject: "card" }))
const Call = closed(
  entity("Call", {
    fields: {
      patient: ref(Patient).onDelete("cascade"),
      endedAt: instant(),
      caller: text({ min: 3 }).personal(),
      notes: text().special().optional(),
      topics: list(text()).special().default(["other"]),
      minutes: integer(),
    },
    subject: "patient",
    retain: { days: 30, after: "endedAt", end: "anonymise" },
  }),
)
const Remark = closed(
  entity("Remark", {
    fields: {
      answers: ref("Remark").optional(),
      day: date(),
      minutes: integer({ min: 0 }),
    },
    check: { even: ({ row }) => row.minutes.atLeast(0) },
    retain: { days: 1, after: "day" },
  }),
)
const model = [Patient, Consent, Consent.purposes, Visit, Card, Bill, Call, Remark]

const now = "2040-03-31T12:00:00Z"
const id = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`
let database: TestDatabase

const tables = ["patients", "visits", "cards", "bills", "calls", "remarks", "consents"]
const rows: Rows = {
  Patient: [
    { id: id(1), name: "due", lastSeen: "2030-03-31T12:00:00Z" },
    { id: id(2), name: "a second too young", lastSeen: "2030-03-31T12:00:01Z" },
    { id: id(3), name: "has a bill", lastSeen: "2020-01-01T00:00:00Z" },
    { id: id(4), name: "never seen", lastSeen: null },
    { id: id(5), name: "held", lastSeen: "2020-01-01T00:00:00Z" },
    { id: id(6), name: "visited lately", lastSeen: "2020-01-01T00:00:00Z" },
  ],
  Visit: [
    { id: id(11), patient: id(1), heldOn: "2040-02-29" },
    { id: id(12), patient: id(6), heldOn: "2040-03-30" },
    { id: id(13), patient: id(5), heldOn: "2020-01-01" },
    { id: id(14), patient: id(2), heldOn: "2020-01-01" },
  ],
  Card: [
    { id: id(21), patient: id(1), number: 1 },
    { id: id(23), patient: id(3), number: 3 },
  ],
  Bill: [{ id: id(31), card: id(23), cents: 100 }],
  Call: [
    {
      id: id(41),
      patient: id(2),
      endedAt: "2040-01-01T00:00:00Z",
      caller: "Ada",
      notes: "ill",
      topics: ["x"],
      minutes: 5,
    },
    {
      id: id(42),
      patient: id(2),
      endedAt: "2040-03-30T00:00:00Z",
      caller: "Bea",
      notes: "well",
      topics: [],
      minutes: 6,
    },
    {
      id: id(43),
      patient: id(5),
      endedAt: "2030-01-01T00:00:00Z",
      caller: "Cem",
      notes: "odd",
      topics: [],
      minutes: 7,
    },
  ],
  Remark: [1, 2, 3, 4].map((n) => ({
    id: id(50 + n),
    answers: n === 1 ? null : id(49 + n),
    day: "2040-01-01",
    minutes: n,
  })),
}

beforeAll(async () => {
  database = await openDatabase(model)
})
beforeEach(async () => {
  const all = [
    ...tables.map((one) => `app.${one}`),
    "undercroft_state.holds",
    "undercroft_state.retention_runs",
  ]
  await database.admin.query(
    `set session_replication_role = replica; truncate ${all.join(", ")}; reset session_replication_role`,
  )
  for (const [name, some] of Object.entries(rows)) await database.insert(name, some)
  await addHold(database.adminUrl, {
    subject: `Patient:${id(5)}`,
    reason: "a lawsuit",
    until: null,
    heldBy: "cli:ann",
  })
})
afterAll(() => database.drop())

const run = (options: RetentionOptions = {}): Promise<RetentionReport> =>
  runRetention(database.adminUrl, database.policies.model, { now, ...options })
const entryOf = ({ entities }: RetentionReport, name: string) => entities.find((one) => one.entity === name)!
const keysOf = async (table: string): Promise<string[]> =>
  (await database.admin.query(`select id from app.${table} order by id`)).rows.map((row) => row.id)
const everything = async (): Promise<unknown> => {
  const found = []
  for (const table of tables)
    found.push((await database.admin.query(`select * from app.${table} order by id`)).rows)
  return found
}

/** A trigger of somebody's own, for the time of a test. */
async function withTrigger(when: string, body: string, work: () => Promise<void>): Promise<void> {
  const [, table = ""] = / on (\S+)/.exec(when) ?? []
  await database.admin.query(
    `create or replace function app.strange() returns trigger language plpgsql security definer as $$ begin ${body} end $$`,
  )
  await database.admin.query(`create trigger strange ${when} execute function app.strange()`)
  try {
    await work()
  } finally {
    await database.admin.query(`drop trigger strange on ${table}`)
  }
}

describe("a run", () => {
  it("TR-03161-3 Data_2, Data_7: what is past its time is gone, children before their parents, and nothing else is touched", async () => {
    const report = await run()
    expect(
      report.entities.map((one) => [one.entity, one.due, one.deleted, one.anonymised, one.held]),
    ).toEqual([
      ["Visit", 3, 2, 0, 1],
      ["Call", 2, 0, 1, 1],
      ["Patient", 4, 1, 0, 1],
      ["Remark", 4, 4, 0, 0],
    ])
    expect(entryOf(report, "Patient")).toMatchObject({
      refused: { "Bill.card": 1, "Visit.patient": 1 },
      undated: 1,
    })
    expect(await keysOf("patients")).toEqual([2, 3, 4, 5, 6].map(id))
    expect(await keysOf("visits")).toEqual([12, 13].map(id))
    expect(await keysOf("cards")).toEqual([id(23)])
    expect(await keysOf("remarks")).toEqual([])
    const calls = (await database.admin.query("select * from app.calls order by id")).rows
    expect(calls.map(({ caller, notes, topics, minutes }) => [caller, notes, topics, minutes])).toEqual([
      ["removed", null, ["other"], 5],
      ["Bea", "well", [], 6],
      ["Cem", "odd", [], 7],
    ])
    const before = await everything()
    const again = await run()
    expect(again.entities.map((one) => one.deleted + one.anonymised)).toEqual([0, 0, 0, 0])
    expect(await everything()).toEqual(before)
  })

  it("a dry run says what the real run then does, and changes nothing", async () => {
    const before = await everything()
    const dry = await run({ isDryRun: true })
    expect(await everything()).toEqual(before)
    expect((await database.admin.query("select from undercroft_state.retention_runs")).rowCount).toBe(0)
    const real = await run()
    expect(dry).toEqual({ ...real, isDryRun: true })
    const { rows } = await database.admin.query("select report from undercroft_state.retention_runs")
    expect(rows).toEqual([{ report: real }])
  })

  it.each([1, 2])("batches of %i rows do the same as one", async (batchRows) => {
    const whole = await run({ isDryRun: true })
    const sizes: number[] = []
    const report = await run({ batchRows, onBatch: (_, rows) => void sizes.push(rows) })
    expect(report).toEqual({ ...whole, isDryRun: false })
    expect(Math.max(...sizes)).toBe(batchRows)
  })

  it("goes on where a run was cut off, and is on record as the system's", async () => {
    const whole = await run({ isDryRun: true })
    let batches = 0
    const cut = run({
      batchRows: 1,
      onBatch() {
        if (++batches === 3) throw new Error("the power went")
      },
    })
    await expect(cut).rejects.toThrow("the power went")
    const rest = await run()
    const sum = (report: RetentionReport): number =>
      report.entities.reduce((all, one) => all + one.deleted + one.anonymised, 0)
    expect(sum(rest)).toBe(sum(whole) - 3)
  })

  it("is ended by the database in the middle of a batch: that batch is undone, and the next run does it", async () => {
    const dies = "perform pg_terminate_backend(pg_backend_pid()); return null;"
    await withTrigger("after delete on app.patients for each row", dies, async () => {
      await expect(run()).rejects.toThrow()
      expect(await keysOf("visits")).toEqual([12, 13].map(id))
      expect(await keysOf("patients")).toHaveLength(6)
    })
    expect(entryOf(await run(), "Patient").deleted).toBe(1)
  })

  it("passes over the row that a constraint or a trigger keeps, and does the others", async () => {
    const when = `before delete on app.visits for each row when (old.id = '${id(11)}')`
    const refuses = "raise exception using errcode = '23514', constraint = 'kept_by_hand';"
    await withTrigger(when, refuses, async () => {
      const dry = await run({ isDryRun: true })
      const report = await run()
      expect(entryOf(report, "Visit")).toMatchObject({
        due: 3,
        deleted: 1,
        held: 1,
        refused: { kept_by_hand: 1 },
      })
      expect(entryOf(report, "Patient").refused).toEqual({ "Bill.card": 1, "Visit.patient": 2 })
      expect(dry).toEqual({ ...report, isDryRun: true })
    })
  })

  it("leaves rows that somebody has locked to the next run", async () => {
    await database.admin.query("begin")
    await database.admin.query("select from app.visits where id = $1 for update", [id(14)])
    expect(entryOf(await run(), "Visit")).toMatchObject({ deleted: 1, refused: { "another transaction": 1 } })
    await database.admin.query("rollback")
    expect(entryOf(await run(), "Visit").deleted).toBe(1)
  })

  it("is one at a time, and the schedule leaves it to whoever runs", async () => {
    await database.admin.query("select pg_advisory_lock(hashtext('undercroft retention'))")
    await expect(run()).rejects.toMatchObject({ code: "UC940" })
    const errors: unknown[] = []
    const { model } = database.policies
    const schedule = scheduleRetention({
      adminUrl: database.adminUrl,
      model,
      onError: (one) => errors.push(one),
      everyMs: 3_600_000,
    })
    expect(await schedule.run()).toBeNull()
    await database.admin.query("select pg_advisory_unlock_all()")
    expect((await schedule.run())!.isDryRun).toBe(false)
    await schedule.stop()
    expect(errors).toEqual([])
  })

  it("tells triggers who acts, which no caller of the API can claim", async () => {
    await database.admin.query("create table app.seen (who jsonb); grant insert on app.seen to public")
    const sees = "insert into app.seen values (undercroft.me()); return null;"
    await withTrigger("after delete on app.visits for each row", sees, async () => void (await run()))
    const { rows } = await database.admin.query("select distinct who ->> 'system' as who from app.seen")
    expect(rows).toEqual([{ who: "retention" }])
    const session = await database.connect()
    const outcome = await session.raw("select undercroft.enter_system('retention')")
    expect(outcome).toMatchObject({ error: { code: "42501" } })
  })
})

describe("legal holds", () => {
  const subject = `Patient:${id(5)}`

  it("end at their day, or when they are released, and stay on record", async () => {
    await addHold(database.adminUrl, {
      subject,
      reason: "again",
      until: "2041-01-01T00:00:00Z",
      heldBy: "cli:bob",
    })
    const released = await releaseHolds(database.adminUrl, { subject, by: "cli:ann", reason: "settled" })
    expect(released).toHaveLength(2)
    await expect(releaseHolds(database.adminUrl, { subject, by: "x", reason: "y" })).rejects.toMatchObject({
      code: "UC941",
    })
    expect(entryOf(await run({ isDryRun: true }), "Patient").held).toBe(0)
    await addHold(database.adminUrl, {
      subject,
      reason: "until",
      until: "2040-03-31T12:00:01Z",
      heldBy: "cli:bob",
    })
    expect(await holdsInForce(database.admin, [subject])).toMatchObject([
      { reason: "until", releasedAt: null },
    ])
    expect(entryOf(await run({ isDryRun: true }), "Patient").held).toBe(1)
    expect(entryOf(await run({ isDryRun: true, now: "2040-03-31T12:00:01Z" }), "Patient").held).toBe(0)
    expect((await listHolds(database.adminUrl)).map((one) => one.reason)).toEqual([
      "a lawsuit",
      "again",
      "until",
    ])
  })

  it.each([
    "delete from undercroft_state.holds",
    "update undercroft_state.holds set reason = 'other'",
    "update undercroft_state.holds set released_at = now(), released_by = 'x', release_reason = 'y', subject = 'Patient:z'",
  ])("are never removed or rewritten: %s", async (text) => {
    await expect(database.admin.query(text)).rejects.toMatchObject({ code: "42501" })
  })

  it("keep what a cascade would take with a row of somebody else", async () => {
    await releaseHolds(database.adminUrl, { subject, by: "cli:ann", reason: "settled" })
    const House = closed(
      entity("House", { fields: { closedOn: date() }, retain: { days: 1, after: "closedOn" } }),
    )
    const Tenant = closed(
      entity("Tenant", {
        fields: { house: ref(House).onDelete("cascade"), name: text().personal() },
        subject: "id",
      }),
    )
    const other = await openDatabase([House, Tenant], {
      House: [1, 2].map((n) => ({ id: id(n), closedOn: "2020-01-01" })),
      Tenant: [1, 2].map((n) => ({ id: id(10 + n), house: id(n), name: "x" })),
    })
    try {
      await addHold(other.adminUrl, { subject: `Tenant:${id(12)}`, reason: "r", until: null, heldBy: "x" })
      const report = await runRetention(other.adminUrl, other.policies.model, { now })
      expect(report.entities).toMatchObject([{ entity: "House", due: 2, deleted: 1, held: 1 }])
      expect((await other.admin.query("select id from app.tenants")).rows).toEqual([{ id: id(12) }])
    } finally {
      await other.drop()
    }
  })
})

it.each<[string, () => AnyEntity, string]>([
  ["no period", () => entity("Bad", { fields: { day: date() }, retain: { after: "day" } }), "says no period"],
  [
    "half a day",
    () => entity("Bad", { fields: { day: date() }, retain: { days: 0.5, after: "day" } }),
    "says no period",
  ],
  [
    "another field",
    () => entity("Bad", { fields: { day: text() }, retain: { days: 1, after: "day" } }),
    "no date or instant",
  ],
  [
    "nothing personal",
    () => entity("Bad", { fields: { day: date() }, retain: { days: 1, after: "day", end: "anonymise" } }),
    "nothing personal",
  ],
  [
    "a fact that has no neutral value",
    () =>
      entity("Bad", {
        fields: { day: date(), smokes: boolean().special() },
        subject: false,
        retain: { days: 1, after: "day", end: "anonymise" },
      }),
    "can't anonymise smokes",
  ],
  [
    "a unique name",
    () =>
      entity("Bad", {
        fields: { day: date(), name: text().personal().unique() },
        subject: false,
        retain: { days: 1, after: "day", end: "anonymise" },
      }),
    "can't anonymise name",
  ],
])("TR-03161-3 Data_7: a period that can't be kept to does not build: with %s", (_, make, why) => {
  let found: unknown
  try {
    buildModel([closed(make())])
  } catch (cause) {
    found = cause
  }
  expect(found).toBeInstanceOf(ModelError)
  expect((found as ModelError).problems.map((one) => one.message).join()).toContain(why)
})
