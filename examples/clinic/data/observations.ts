/** Fifty thousand values, measured in the practice and at home; each patient's own, slowly drifting. */
import { type Appointment, dayMs } from "./calendar.ts"
import { idsOf } from "./ids.ts"
import type { Patient } from "./people.ts"
import { between, noise, type Random } from "./random.ts"

export const observationCount = 50_000

export type Kind = "systolic" | "diastolic" | "pulse" | "temperature" | "weight" | "glucose"

export interface Observation {
  readonly id: string
  readonly patient: Patient
  readonly kind: Kind
  readonly value: string
  readonly measuredAt: number
  readonly device: string
}

interface Course {
  /** The value on the reference day, how it changes in a year, and how it jumps about. */
  readonly level: number
  readonly drift: number
  readonly spread: number
}

const decimals: Readonly<Record<Kind, number>> = {
  systolic: 0,
  diastolic: 0,
  pulse: 0,
  temperature: 1,
  weight: 1,
  glucose: 0,
}

const circulation: readonly Kind[] = ["systolic", "diastolic", "pulse"]
const kindsAtHome: readonly (readonly Kind[])[] = [circulation, ["glucose", "weight"]]
const kindsAtVisit: Readonly<Record<VisitKind, readonly Kind[]>> = {
  checkup: [...circulation, "weight"],
  consultation: circulation,
  followUp: circulation,
  acute: [...circulation, "temperature"],
  vaccination: ["temperature"],
}

/** Those from appointments first, then those from home, back in time until there are enough. */
export function* makeObservations(
  random: Random,
  patients: readonly Patient[],
  appointments: readonly Appointment[],
  today: number,
): Generator<Observation> {
  const id = idsOf(8)
  let left = observationCount
  for (const { patient, kinds, measuredAt, place } of occasions(random, patients, appointments, today)) {
    for (const kind of kinds) {
      if (left-- === 0) return
      const value = valueAt(random, patient.courses[kind], (measuredAt - today) / (365 * dayMs))
      const device = `${devices[kind]} ${place}`
      yield { id: id(measuredAt), patient, kind, value: value.toFixed(decimals[kind]), measuredAt, device }
    }
  }
}

interface Occasion {
  readonly patient: Patient
  readonly kinds: readonly Kind[]
  readonly measuredAt: number
  readonly place: string
}

function* occasions(
  random: Random,
  patients: readonly Patient[],
  appointments: readonly Appointment[],
  today: number,
): Generator<Occasion> {
  for (const { patient, kind, status, startsAt, doctor } of appointments) {
    if (status !== "done" || random() > 0.45) continue
    const measuredAt = startsAt + 5 * minuteMs
    yield { patient, kinds: kindsAtVisit[kind], measuredAt, place: `P-${doctor.id.slice(-2)}` }
  }
  const equipped = patients.filter((_, number) => number % 9 === 0)
  for (let round = 1; ; round++) {
    for (const [number, patient] of equipped.entries()) {
      const day = today - (round * 3 - between(random, 0, 2)) * dayMs
      const measuredAt = day + between(random, 300, 400) * minuteMs
      yield { patient, kinds: kindsAtHome[number % 2] ?? [], measuredAt, place: `H-${number + 1}` }
    }
  }
}
