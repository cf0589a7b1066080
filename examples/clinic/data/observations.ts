/** Fifty thousand values, measured in the practice and by devices at home; each patient's own, slowly drifting. */
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

/** Those from appointments first, then those from home, back in time until there are enough. */
export function* makeObservations(
  random: Random,
  patients: readonly Patient[],
  appointments: readonly Appointment[],
  today: number,
): Generator<Observation> {
  const id = idsOf(8)
  const courses = patients.map(() => makeCourses(random))
  const numberOf = new Map(patients.map((patient, number) => [patient, number]))
  const measure = (number: number, kind: Kind, measuredAt: number, device: string): Observation => {
    const { level, drift, spread } = (courses[number] as Record<Kind, Course>)[kind]
    const years = (measuredAt - today) / (365 * dayMs)
    const value = level + drift * years + spread * noise(random)
    return {
      id: id(measuredAt),
      patient: patients[number] as Patient,
      kind,
      value: value.toFixed(decimals[kind]),
      measuredAt,
      device,
    }
  }
  let left = observationCount
  for (const { patient, kind, status, startsAt, doctor } of appointments) {
    if (status !== "done" || random() > 0.4) continue
    const kinds: readonly Kind[] =
      kind === "acute"
        ? [...circulation, "temperature"]
        : kind === "checkup"
          ? [...circulation, "weight"]
          : circulation
    for (const one of kinds) {
      yield measure(
        numberOf.get(patient) as number,
        one,
        startsAt + 5 * 60_000,
        deviceOf(one, `P-${doctor.id.slice(-2)}`),
      )
      left--
    }
  }
  const atHome = patients.map((_, number) => number).filter((number) => number % 9 === 0)
  for (let round = 1; left > 0; round++) {
    for (const number of atHome) {
      const measuredAt =
        today - round * 3 * dayMs + between(random, 0, 2) * dayMs + between(random, 300, 400) * 60_000
      for (const kind of number % 2 === 0 ? circulation : diabetes) {
        if (left-- <= 0) return
        yield measure(number, kind, measuredAt, deviceOf(kind, `H-${number}`))
      }
    }
  }
}

const circulation: readonly Kind[] = ["systolic", "diastolic", "pulse"]
const diabetes: readonly Kind[] = ["glucose", "weight"]

function makeCourses(random: Random): Readonly<Record<Kind, Course>> {
  const systolic = 118 + 40 * random() ** 2
  const course = (level: number, drift: number, spread: number): Course => ({
    level,
    drift: drift * noise(random),
    spread,
  })
  return {
    systolic: course(systolic, 6, 8),
    diastolic: course(systolic * 0.45 + 22 + 8 * random(), 3, 5),
    pulse: course(between(random, 58, 86), 2, 7),
    temperature: course(37.6, 0, 1),
    weight: course(48 + 55 * random(), 3, 0.6),
    glucose: course(85 + 70 * random() ** 2, 8, 12),
  }
}

function deviceOf(kind: Kind, place: string): string {
  const name = {
    systolic: "cuff",
    diastolic: "cuff",
    pulse: "cuff",
    temperature: "thermometer",
    weight: "scale",
    glucose: "glucometer",
  }[kind]
  return `${name} ${place}`
}
