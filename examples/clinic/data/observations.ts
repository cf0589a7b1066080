/** Fifty thousand values, measured in the practice and at home; each patient's own, slowly drifting. */
import { type Appointment, dayMs, minuteMs } from "./calendar.ts"
import { idsOf } from "./ids.ts"
import type { Patient } from "./people.ts"
import { between, noise, type Random } from "./random.ts"
import type { VisitKind } from "./words.ts"

export const observationCount = 50_000

export const measures = {
  systolic: { unit: "mmHg", digits: 0, device: "cuff" },
  diastolic: { unit: "mmHg", digits: 0, device: "cuff" },
  pulse: { unit: "bpm", digits: 0, device: "cuff" },
  temperature: { unit: "°C", digits: 1, device: "thermometer" },
  weight: { unit: "kg", digits: 1, device: "scale" },
  glucose: { unit: "mg/dL", digits: 0, device: "glucometer" },
} as const

export type Kind = keyof typeof measures

export interface Observation {
  readonly id: string
  readonly patient: Patient
  readonly kind: Kind
  readonly value: string
  readonly measuredAt: number
  readonly device: string
}

const yearMs = 365.25 * dayMs
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
  const courses = new Map(patients.map((patient) => [patient, makeCourses(random, patient, today)]))
  let left = observationCount
  for (const { patient, kinds, measuredAt, place } of occasions(random, patients, appointments, today)) {
    for (const kind of kinds) {
      if (left-- === 0) return
      const { level, drift, spread } = (courses.get(patient) as Courses)[kind]
      const { digits, device } = measures[kind]
      const value = level + drift * ((measuredAt - today) / yearMs) + spread * noise(random)
      yield {
        id: id(measuredAt),
        patient,
        kind,
        value: value.toFixed(digits),
        measuredAt,
        device: `${device} ${place}`,
      }
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

type Courses = Readonly<Record<Kind, Course>>

/** The value on the reference day, how it changes in a year, and how it jumps about. */
interface Course {
  readonly level: number
  readonly drift: number
  readonly spread: number
}

function makeCourses(random: Random, { born }: Patient, today: number): Courses {
  const age = (today - Date.parse(born)) / yearMs
  const isGrown = age >= 18
  const systolic = isGrown ? 112 + age / 4 + 25 * random() ** 2 : 92 + 1.5 * age
  return {
    systolic: { level: systolic, drift: 4 * noise(random), spread: 8 },
    diastolic: { level: systolic * 0.5 + between(random, 12, 20), drift: 2 * noise(random), spread: 5 },
    pulse: { level: between(random, 58, 84) + (isGrown ? 0 : 15), drift: noise(random), spread: 7 },
    temperature: { level: 37.3, drift: 0, spread: 0.8 },
    weight: {
      level: isGrown ? 50 + 55 * random() ** 1.3 : 5 + 3.1 * age,
      drift: 2 * noise(random),
      spread: 0.5,
    },
    glucose: { level: 85 + 65 * random() ** 2, drift: 6 * noise(random), spread: 12 },
  }
}
