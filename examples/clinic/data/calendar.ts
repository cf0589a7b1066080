/** Two years of appointments up to a few weeks ahead, and the slots that are still to come. */
import { idsOf } from "./ids.ts"
import { type Patient, practices, type StaffMember, staff } from "./people.ts"
import { between, choose, pick, type Random } from "./random.ts"
import { type Case, cases, type VisitKind } from "./words.ts"

export const dayMs = 86_400_000
export const appointmentCount = 20_000

export const minuteMs = 60_000
const hourMs = 60 * minuteMs
const cellMs = 30 * minuteMs
const daysBack = 728
const daysAhead = 28
/** Half-hours from 7:00 to 15:00 UTC without those of lunch: a doctor has one patient in each at most. */
const cells = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15].map((cell) => 7 * hourMs + cell * cellMs)
const visitKinds: readonly VisitKind[] = ["consultation", "followUp", "acute", "checkup", "vaccination"]

export interface Appointment {
  readonly id: string
  readonly patient: Patient
  readonly doctor: StaffMember
  readonly slot: string | null
  readonly startsAt: number
  readonly endsAt: number
  readonly kind: VisitKind
  readonly status: "booked" | "arrived" | "done" | "missed" | "cancelled"
  readonly occasion: Case
  /** Some leave it out when they book. */
  readonly reason: string | null
}

export interface Slot {
  readonly id: string
  readonly doctor: StaffMember
  readonly startsAt: number
  readonly endsAt: number
  readonly status: "open" | "booked" | "blocked"
}

export interface Calendar {
  readonly appointments: Appointment[]
  readonly slots: Slot[]
}

/** The calendar as it is on the morning of a day, given in milliseconds. */
export function makeCalendar(random: Random, patients: readonly Patient[], today: number): Calendar {
  const calendar: Calendar = { appointments: [], slots: [] }
  const panels = new Map(practices.map((one) => [one, patients.filter(({ practice }) => practice === one)]))
  const makeAppointment = appointmentsOf(random, today)
  const slotId = idsOf(4)
  for (const { day, doctors } of shifts(random, today)) {
    const seen = new Set<Patient>()
    for (const { doctor, count } of doctors) {
      const panel = panels.get(doctor.practice) ?? []
      const taken = new Set(choose(random, count, cells.length))
      for (const [cell, time] of cells.entries()) {
        const startsAt = day + time
        const status = taken.has(cell) ? makeStatus(random(), startsAt, today) : null
        const offer = day > today ? slotStatus(random(), status) : null
        const slot = offer && {
          id: slotId(today),
          doctor,
          startsAt,
          endsAt: startsAt + cellMs,
          status: offer,
        }
        if (slot) calendar.slots.push(slot)
        if (!status) continue
        const patient = isRegular(day, today, seen) ? (panel[0] as Patient) : unseen(random, panel, seen)
        seen.add(patient)
        calendar.appointments.push(makeAppointment(doctor, patient, startsAt, slot?.id ?? null, status))
      }
    }
  }
  return calendar
}

interface Shift {
  readonly day: number
  readonly doctors: readonly { readonly doctor: StaffMember; readonly count: number }[]
}

/** How many appointments each doctor has on each workday: as many as their practice has patients for. */
function shifts(random: Random, today: number): readonly Shift[] {
  const doctors = staff.filter((member) => member.job === "doctor")
  const days = workdays(today)
  const patientCount = practices.reduce((sum, practice) => sum + practice.patientCount, 0)
  let due = 0
  let given = 0
  const countOf = (doctor: StaffMember, isLast: boolean): number => {
    const colleagues = doctors.filter(({ practice }) => practice === doctor.practice).length
    due += (appointmentCount / days.length) * (doctor.practice.patientCount / colleagues / patientCount)
    const target = isLast ? appointmentCount : Math.round(due - random() * 3)
    const count = Math.min(cells.length, Math.max(0, target - given))
    given += count
    return count
  }
  return days.map((day) => ({
    day,
    doctors: doctors.map((doctor) => ({
      doctor,
      count: countOf(doctor, day === days.at(-1) && doctor === doctors.at(-1)),
    })),
  }))
}

function workdays(today: number): readonly number[] {
  return Array.from({ length: daysBack + daysAhead }, (_, at) => today + (at - daysBack) * dayMs).filter(
    (day) => new Date(day).getUTCDay() % 6 !== 0,
  )
}

/** On Tuesdays to come the first patient comes first, so that the caller made ready has appointments. */
function isRegular(day: number, today: number, seen: ReadonlySet<Patient>): boolean {
  return day > today && seen.size === 0 && new Date(day).getUTCDay() === 2
}

/** Some patients come often, and no one twice a day. */
function unseen(random: Random, panel: readonly Patient[], seen: ReadonlySet<Patient>): Patient {
  let patient = pick(random, panel, 1.25)
  while (seen.has(patient)) patient = pick(random, panel)
  return patient
}

function slotStatus(luck: number, appointment: Appointment["status"] | null): Slot["status"] | null {
  if (appointment) return appointment === "cancelled" ? "open" : "booked"
  return luck < 0.45 ? "open" : luck < 0.5 ? "blocked" : null
}

type MakeAppointment = (
  doctor: StaffMember,
  patient: Patient,
  startsAt: number,
  slot: string | null,
  status: Appointment["status"],
) => Appointment

function appointmentsOf(random: Random, today: number): MakeAppointment {
  const id = idsOf(5)
  return (doctor, patient, startsAt, slot, status) => {
    const kind = pick<VisitKind>(random, visitKinds, 1.3)
    const minutes = kind === "vaccination" ? 15 : between(random, 2, 3) * 10
    const occasion = pick(random, cases[kind])
    const reason = random() < 0.7 ? occasion.reason : null
    const times = { startsAt, endsAt: startsAt + minutes * minuteMs }
    return {
      id: id(Math.min(startsAt, today)),
      patient,
      doctor,
      slot,
      ...times,
      kind,
      occasion,
      status,
      reason,
    }
  }
}

/** Long past or still to come; this morning's patients sit in the waiting room. */
function makeStatus(luck: number, startsAt: number, today: number): Appointment["status"] {
  if (startsAt >= today + 8 * hourMs) return luck < 0.95 ? "booked" : "cancelled"
  if (startsAt >= today) return "arrived"
  return luck < 0.86 ? "done" : luck < 0.91 ? "missed" : "cancelled"
}
