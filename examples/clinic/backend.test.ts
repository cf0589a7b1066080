/** The clinic builds, its rows fit its model, and its rules let each caller see what the README says. */
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { buildModel } from "../../src/model/build.ts"
import { compareValues } from "../../src/model/value.ts"
import { buildPolicies, type EntityPolicy, policyOf } from "../../src/policy/policies.ts"
import type { Fact, Rule } from "../../src/policy/rule.ts"
import { factOf, holds, type JsonRow, type PredicateWorld } from "../../src/policy/to-predicate.ts"
import backend from "./backend.ts"
import { accounts, clinicRows } from "./data.ts"

const today = "2026-02-18"
const seed = [...clinicRows(today)]
const policies = buildPolicies(buildModel(backend.model))

function rowsOf(entity: string): readonly JsonRow[] {
  return seed.filter(([name]) => name === entity).map(([, row]) => row)
}

function policyNamed(entity: string): EntityPolicy {
  return policyOf(policies, policies.model.byName.get(entity)!)
}

const rows = new Map(policies.model.entities.map((entity) => [entity.name, rowsOf(entity.name)]))
const [berlin, hamburg, cologne] = rowsOf("Practice").map((row) => row.id)
const self = rowsOf("Patient").find((row) => row.user === accounts.patient)!

describe("the model", () => {
  it("is read in one sitting", () => {
    const text = readFileSync(new URL("model.ts", import.meta.url), "utf8")
    expect(text.split("\n").length - 1).toBeLessThanOrEqual(200)
  })

  it("classifies everything about a patient", () => {
    const unclassified = policyNamed("Patient").entity.fields.filter(
      (field) => field.classification === "internal" && field.automatic === null,
    )
    expect(unclassified.map((field) => field.name)).toEqual(["user", "practice"])
  })
})

describe("the rows", () => {
  it("are as many as a small clinic has", () => {
    const counts = Object.fromEntries([...rows].map(([name, { length }]) => [name, length]))
    expect(counts).toMatchObject({ Practice: 3, Staff: 14, Patient: 2000 })
    expect(counts).toMatchObject({ Appointment: 20_000, Observation: 50_000 })
    expect(counts.ClinicalNote).toBeGreaterThan(3500)
    expect(counts.Prescription).toBeGreaterThan(2500)
    expect(counts.Addendum).toBeGreaterThan(100)
    expect(counts.Slot).toBeGreaterThan(1000)
  })

  it("are the same for the same day, and the people for any day", () => {
    expect(JSON.stringify([...clinicRows(today)]) === JSON.stringify(seed)).toBe(true)
    const people = 3 + 14 + 2000
    expect(rowsAt("2026-11-21", people)).toEqual(seed.slice(0, people))
  })

  it("have the fields of their entity, and values of their kinds", () => {
    for (const [name, row] of seed) {
      const { fields, fieldByName } = policies.model.byName.get(name)!
      for (const [field, value] of Object.entries(row)) {
        const info = fieldByName.get(field)
        if (!info || info.readonly) expect.fail(`${name}.${field} can't be set`)
        if (value !== null) info.kind.parse(value)
      }
      const absent = fields.filter(
        (one) => (row[one.name] ?? null) === null && !one.optional && !one.defaulted,
      )
      expect(absent.map((field) => field.name)).toEqual([])
    }
  })

  it("refer only to rows that came before", () => {
    const known = new Set<string>()
    for (const [name, row] of seed) {
      for (const field of policies.model.byName.get(name)!.fields) {
        const target = row[field.name] ?? null
        if (!field.reference || target === null) continue
        if (!known.has(`${field.reference.entity.name} ${target}`))
          expect.fail(`${name}.${field.name} ${target}`)
      }
      const key = `${name} ${row.id}`
      if (known.has(key)) expect.fail(`${key} is there twice`)
      known.add(key)
    }
  })

  it("stay within one practice", () => {
    const practiceOf = new Map(["Staff", "Patient"].flatMap(rowsOf).map((row) => [row.id, row.practice]))
    for (const [name, row] of seed) {
      for (const field of ["patient", "doctor", "author"].filter((one) => one in row && "practice" in row)) {
        if (practiceOf.get(row[field]) !== row.practice) expect.fail(`${name} ${row.id}: another ${field}`)
      }
    }
  })

  it("are unique where the model says so, and meet its checks", () => {
    for (const { entity, checks } of policies.of.values()) {
      for (const unique of entity.unique) {
        const keys = rows.get(entity.name)!.map((row) => unique.map((field) => row[field.name] ?? null))
        const filled = keys.filter((key) => !key.includes(null)).map(String)
        expect(new Set(filled).size).toBe(filled.length)
      }
      for (const { rule } of checks) {
        expect(rows.get(entity.name)!.filter((row) => !holds(rule, { row }, worldOf(null)))).toEqual([])
      }
    }
  })

  it("never give a doctor two patients at once", () => {
    const active = rowsOf("Appointment").filter((row) => row.status !== "cancelled")
    for (const doctor of new Set(active.map((row) => row.doctor))) {
      const during = active.filter((row) => row.doctor === doctor).map((row) => timesOf(row))
      during.sort((a, b) => compareValues(a.from, b.from))
      for (const [at, { from, to }] of during.entries()) {
        expect(from < to && (at === 0 || during[at - 1]!.to <= from)).toBe(true)
      }
    }
  })

  it("give the patient of the ready callers something to come, whatever day it is", () => {
    for (const day of ["2026-02-16", "2026-02-17", "2026-02-21", "2026-02-22", "2028-02-29"]) {
      const coming = rowsAt(day, 26_000).filter(
        ([entity, row]) => entity === "Appointment" && row.patient === self.id && row.status === "booked",
      )
      expect(coming.some(([, row]) => timesOf(row).from > day)).toBe(true)
    }
  })
})

/** The first rows of another day. */
function rowsAt(day: string, count: number): typeof seed {
  const found: typeof seed = []
  for (const row of clinicRows(day)) {
    if (found.push(row) === count) break
  }
  return found
}

interface Times {
  readonly from: string
  readonly to: string
}

function timesOf({ during }: Readonly<Record<string, unknown>>): Times {
  const [from = "", to = ""] = String(during).slice(1, -1).split(",")
  return { from, to }
}

interface Caller {
  readonly id: string
  readonly roles: readonly string[]
}

const nurse: Caller = { id: accounts.nurse, roles: ["nurse"] }
const desk: Caller = { id: accounts.desk, roles: ["desk"] }
const doctor: Caller = { id: accounts.doctor, roles: ["doctor"] }
const patient: Caller = { id: accounts.patient, roles: ["patient"] }
/** Works in Hamburg, and is a patient in Berlin. */
const sickDoctor: Caller = { id: accounts.patient, roles: ["patient", "doctor"] }
const berlinDoctor: Caller = { id: rowsOf("Staff")[0]!.user as string, roles: ["doctor"] }

function worldOf(caller: Caller | null): PredicateWorld {
  const world = {
    caller: { ...(caller ?? { id: null, roles: [] }), claims: {} },
    now: `${today}T09:00:00Z`,
    rowsOf: (entity: { readonly name: string }) => rows.get(entity.name) ?? [],
  }
  // Each is looked up once, and only where it is asked for.
  const facts = new Map<Fact, readonly unknown[]>()
  const factValues = (fact: Fact): readonly unknown[] => {
    const values = facts.get(fact) ?? factOf(fact, world)
    facts.set(fact, values)
    return values
  }
  return { ...world, factValues }
}

function visible(caller: Caller | null, entity: string): readonly JsonRow[] {
  const world = worldOf(caller)
  return rows.get(entity)!.filter((row) => holds(policyNamed(entity).read, { row }, world))
}

function of(practice: unknown, entity: string): readonly JsonRow[] {
  return rowsOf(entity).filter((row) => row.practice === practice)
}

const medical = ["ClinicalNote", "Observation", "Prescription"]

describe("who sees which rows", () => {
  it("callers made ready are people of the data", () => {
    const subjects = backend.callers!.ready!.map(({ claims }) => claims.sub)
    expect(subjects).toEqual([accounts.nurse, accounts.patient, accounts.doctor, accounts.officer])
    expect(visible(nurse, "Staff").find((row) => row.user === accounts.nurse)?.practice).toBe(berlin)
    expect(visible(doctor, "Staff").find((row) => row.user === accounts.doctor)?.practice).toBe(hamburg)
    expect(self.practice).toBe(berlin)
  })

  it.each([
    ["nurse", nurse, berlin],
    ["doctor", doctor, hamburg],
  ] as const)("a %s: all of the own practice", (_, caller, practice) => {
    for (const entity of ["Patient", "Appointment", ...medical]) {
      expect(visible(caller, entity)).toEqual(of(practice, entity))
    }
    expect(visible(caller, "Addendum").length).toBeGreaterThan(20)
    expect(visible(caller, "Practice")).toHaveLength(3)
  })

  it("the desk: patients and appointments, nothing medical", () => {
    expect(visible(desk, "Patient")).toHaveLength(1150)
    expect(visible(desk, "Appointment")).toEqual(of(berlin, "Appointment"))
    for (const entity of [...medical, "Addendum"]) expect(visible(desk, entity)).toEqual([])
  })

  it("a patient: what is about them, without internal notes and drafts", () => {
    expect(visible(patient, "Patient")).toEqual([self])
    for (const entity of ["Appointment", "Observation", "Prescription"]) {
      const own = rowsOf(entity).filter((row) => row.patient === self.id)
      expect(own.length).toBeGreaterThan(1)
      expect(visible(patient, entity)).toEqual(own)
    }
    const released = rowsOf("ClinicalNote").filter(
      (row) => row.patient === self.id && !row.internal && row.signedAt !== null,
    )
    expect(released.length).toBeGreaterThan(1)
    expect(visible(patient, "ClinicalNote")).toEqual(released)
    const ids = new Set(released.map((row) => row.id))
    const addenda = rowsOf("Addendum").filter((row) => ids.has(row.note))
    expect(visible(patient, "Addendum")).toEqual(addenda)
  })

  it("anyone: practices, doctors and open slots", () => {
    expect(visible(null, "Practice").map((row) => row.id)).toEqual([berlin, hamburg, cologne])
    expect(new Set(visible(null, "Staff").map((row) => row.job))).toEqual(new Set(["doctor"]))
    expect(new Set(visible(null, "Slot").map((row) => row.status))).toEqual(new Set(["open"]))
    for (const entity of ["Patient", "Appointment", "Addendum", ...medical]) {
      expect(visible(null, entity)).toEqual([])
    }
  })

  it("a role without a practice opens nothing", () => {
    const stranger: Caller = { id: "nobody", roles: ["doctor", "nurse", "desk", "patient"] }
    for (const entity of ["Patient", "Appointment", "Addendum", ...medical]) {
      expect(visible(stranger, entity)).toEqual([])
    }
  })
})

describe("who sees which fields of a patient", () => {
  it.each([
    ["berlinDoctor", berlinDoctor, ["allergies", "history", "remarks"]],
    ["nurse", nurse, ["allergies"]],
    ["desk", desk, []],
    ["patient", patient, ["allergies", "history"]],
    ["sickDoctor", sickDoctor, ["allergies", "history"]],
  ] as const)("%s", (_, caller, expected) => {
    const world = worldOf(caller)
    const fields = [...policyNamed("Patient").fields]
      .filter(([, { visibleTo }]) => visibleTo && holds(visibleTo, { row: self }, world))
      .map(([name]) => name)
    expect(fields).toEqual(expected)
  })

  it("only doctors link an account to a record", () => {
    const { writableBy } = policyNamed("Patient").fields.get("user")!
    const may = (caller: Caller) => holds(writableBy!, { row: self }, worldOf(caller))
    expect([berlinDoctor, nurse, desk, patient].map(may)).toEqual([true, false, false, false])
  })
})

describe("who changes what", () => {
  const mayCreate = (caller: Caller, entity: string, row: JsonRow) =>
    holds(policyNamed(entity).create, { row }, worldOf(caller))
  const mayUpdate = (caller: Caller, entity: string, before: JsonRow, change: JsonRow) => {
    const { updateFrom, updateTo, updateStep } = policyNamed(entity)
    const row = { ...before, ...change }
    const world = worldOf(caller)
    const test = (rule: Rule | null, of: JsonRow) => !rule || holds(rule, { row: of, before }, world)
    return test(updateFrom, before) && test(updateTo, row) && test(updateStep, row)
  }
  const own = (entity: string, fits: JsonRow) =>
    rowsOf(entity).find(
      (row) =>
        row.patient === self.id && Object.entries(fits).every(([field, value]) => row[field] === value),
    )!
  const booked = own("Appointment", { status: "booked" })

  it("patients book open slots for themselves, at the practice where they are", () => {
    const slot = of(berlin, "Slot").find((row) => row.status === "open")!
    const wish = { ...booked, slot: slot.id, doctor: slot.doctor }
    expect(mayCreate(patient, "Appointment", wish)).toBe(true)
    expect(mayCreate(patient, "Appointment", { ...wish, status: "done" })).toBe(false)
    expect(mayCreate(patient, "Appointment", { ...wish, slot: null })).toBe(false)
    expect(mayCreate(patient, "Appointment", { ...wish, practice: hamburg })).toBe(false)
    const elsewhere = of(hamburg, "Slot").find((row) => row.status === "open")!
    expect(mayCreate(patient, "Appointment", { ...wish, slot: elsewhere.id })).toBe(false)
    const [other] = of(berlin, "Patient").slice(1)
    expect(mayCreate(patient, "Appointment", { ...wish, patient: other!.id })).toBe(false)
  })

  it("the desk books for patients and doctors of its practice", () => {
    expect(mayCreate(desk, "Appointment", booked)).toBe(true)
    const elsewhere = rowsOf("Staff").find((row) => row.practice === hamburg)!
    expect(mayCreate(desk, "Appointment", { ...booked, doctor: elsewhere.id })).toBe(false)
    expect(mayCreate(desk, "Appointment", { ...booked, patient: of(hamburg, "Patient")[0]!.id })).toBe(false)
  })

  it("patients cancel and do nothing else; what is cancelled stays cancelled", () => {
    expect(mayUpdate(patient, "Appointment", booked, { status: "cancelled" })).toBe(true)
    expect(mayUpdate(patient, "Appointment", booked, { status: "done" })).toBe(false)
    expect(mayUpdate(desk, "Appointment", booked, { status: "arrived" })).toBe(true)
    expect(mayUpdate(desk, "Appointment", { ...booked, status: "cancelled" }, { status: "booked" })).toBe(
      false,
    )
    expect(mayUpdate(doctor, "Appointment", booked, { status: "cancelled" })).toBe(false)
  })

  it("a note is its author's until it is signed, and added to from then on", () => {
    const note = rowsOf("ClinicalNote").find((row) => row.author === rowsOf("Staff")[0]!.id && row.signedAt)!
    const draft = { ...note, signedAt: null }
    expect(mayUpdate(berlinDoctor, "ClinicalNote", draft, { body: "…" })).toBe(true)
    expect(mayUpdate(berlinDoctor, "ClinicalNote", draft, { signedAt: note.signedAt })).toBe(true)
    expect(mayUpdate(berlinDoctor, "ClinicalNote", note, { body: "…" })).toBe(false)
    expect(mayUpdate(nurse, "ClinicalNote", draft, { body: "…" })).toBe(false)
    const addendum = { note: note.id, author: note.author, body: "…" }
    expect(mayCreate(berlinDoctor, "Addendum", addendum)).toBe(true)
    expect(mayCreate(nurse, "Addendum", addendum)).toBe(false)
    const staffOf = (caller: Caller) => rowsOf("Staff").find((row) => row.user === caller.id)!.id
    expect(mayCreate(nurse, "Addendum", { ...addendum, author: staffOf(nurse) })).toBe(true)
    expect(mayCreate(desk, "Addendum", { ...addendum, author: staffOf(desk) })).toBe(false)
  })

  it("refills are used up", () => {
    const prescription = { ...of(berlin, "Prescription")[0]!, refills: 2 }
    expect(mayUpdate(nurse, "Prescription", prescription, { refills: 1 })).toBe(true)
    expect(mayUpdate(nurse, "Prescription", prescription, { refills: 3 })).toBe(false)
    expect(mayUpdate(patient, "Prescription", prescription, { refills: 1 })).toBe(false)
  })

  it("devices of the practice and of the patient add observations, and no one changes them", () => {
    const observation = own("Observation", { kind: "pulse" })
    expect(mayCreate(patient, "Observation", observation)).toBe(true)
    expect(mayCreate(nurse, "Observation", observation)).toBe(true)
    expect(mayCreate(desk, "Observation", observation)).toBe(false)
    expect(mayCreate(nurse, "Observation", { ...observation, patient: of(hamburg, "Patient")[0]!.id })).toBe(
      false,
    )
    expect(mayUpdate(berlinDoctor, "Observation", observation, { value: "1" })).toBe(false)
  })
})
