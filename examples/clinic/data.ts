/** The clinic's rows: invented, plausible, and the same for the same day. */
import type { AnyEntity, Insert } from "undercroft"
import { makeCalendar } from "./data/calendar.ts"
import { makeObservations, measures } from "./data/observations.ts"
import { makePatients, type Patient, people, practices, staff } from "./data/people.ts"
import { seeded } from "./data/random.ts"
import { makeNotes, makePrescriptions } from "./data/records.ts"

export { accounts } from "./data/people.ts"

import * as model from "./model.ts"

type SeedRow = readonly [entity: string, row: Readonly<Record<string, unknown>>]

/**
 * All rows, parents before their children. `today`, such as `2026-02-28`, is the day that the calendar is
 * as of: two years of appointments lie before it, four weeks after.
 */
export function* clinicRows(today: string): Generator<SeedRow> {
  const random = seeded(20_240_108)
  const now = Date.parse(`${today}T00:00:00Z`)
  const patients = makePatients(random)
  for (const { id, name, city, phone } of practices) yield row(model.Practice, { id, name, city, phone })
  for (const person of people(patients)) yield ["User", { ...person }]
  for (const member of staff) yield row(model.Staff, { ...member, practice: member.practice.id })
  for (const patient of patients) yield row(model.Patient, { ...patient, practice: patient.practice.id })

  const { appointments, slots } = makeCalendar(random, patients, now)
  for (const { id, doctor, startsAt, endsAt, status } of slots) {
    const times = { startsAt: toMoment(startsAt), endsAt: toMoment(endsAt) }
    yield row(model.Slot, { id, practice: doctor.practice.id, doctor: doctor.id, ...times, status })
  }
  for (const { id, patient, doctor, slot, startsAt, endsAt, kind, status, reason } of appointments) {
    const during = `[${toMoment(startsAt)},${toMoment(endsAt)})`
    const what = { slot, during, kind, status, reason }
    yield row(model.Appointment, { id, ...about(patient), doctor: doctor.id, ...what })
  }

  const notes = makeNotes(random, appointments, now)
  for (const { id, patient, author, writtenAt, body, internal, signedAt } of notes) {
    const signed = signedAt === null ? null : toMoment(signedAt)
    const what = { writtenOn: toDay(writtenAt), body, internal, signedAt: signed }
    yield row(model.ClinicalNote, { id, ...about(patient), author: author.id, ...what })
  }
  for (const { id, author, addendum } of notes) {
    if (addendum) yield row(model.Addendum, { ...addendum, note: id, author: author.id })
  }

  const observations = makeObservations(random, patients, appointments, now)
  for (const { id, patient, kind, value, measuredAt, device } of observations) {
    const what = { kind, value, unit: measures[kind].unit, measuredAt: toMoment(measuredAt), device }
    yield row(model.Observation, { id, ...about(patient), ...what })
  }

  const prescriptions = makePrescriptions(random, appointments)
  for (const { id, patient, doctor, medicine, issuedAt, refills } of prescriptions) {
    const { substance, dose } = medicine
    const what = { substance, dose, issuedOn: toDay(issuedAt), refills }
    yield row(model.Prescription, { id, ...about(patient), doctor: doctor.id, ...what })
  }
}

/** A row that fits its entity's type. */
function row<E extends AnyEntity>(entity: E, values: Insert<E>): SeedRow {
  return [entity.name, values as Readonly<Record<string, unknown>>]
}

function about(patient: Patient): { readonly practice: string; readonly patient: string } {
  return { practice: patient.practice.id, patient: patient.id }
}

function toMoment(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`
}

function toDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
