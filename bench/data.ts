/** The rows that are asked for: the same in every run. */

const practices = 4
const patientsEach = 500
const appointmentsEach = 10
const staffEach = 8

export interface PracticeRow {
  readonly id: string
  readonly name: string
}

export interface StaffRow {
  readonly id: string
  readonly user: string
  readonly practice: string
  readonly name: string
}

export interface PatientRow {
  readonly id: string
  readonly user: string | null
  readonly practice: string
  readonly name: string
  readonly born: string
  readonly city: string
  readonly lastSeen: string | null
}

export interface AppointmentRow {
  readonly id: string
  readonly practice: string
  readonly patient: string
  readonly doctor: string
  readonly startsAt: string
  readonly status: string
  readonly room: string | null
}

/** All rows, and ways to draw from them. */
export interface BenchRows {
  readonly practices: readonly PracticeRow[]
  readonly staff: readonly StaffRow[]
  readonly patients: readonly PatientRow[]
  readonly appointments: readonly AppointmentRow[]
  readonly random: Random
  /** Someone who works at a practice. */
  staffOf(practice: string): StaffRow
  /** Someone who does not. */
  strangerTo(practice: string): StaffRow
}

/** The same numbers in every run (Mulberry32). */
export class Random {
  private state: number

  constructor(seed: number) {
    this.state = seed
  }

  below(bound: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound)
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!
  }

  /** A UUID of version 4, spread over the whole index as those of version 7 are not. */
  uuid(): string {
    const hex = Array.from({ length: 32 }, () => this.below(16).toString(16)).join("")
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`
  }

  /** A date from `from` on, as ISO text. */
  day(from: string, days: number): string {
    return new Date(Date.parse(from) + this.below(days) * 86_400_000).toISOString().slice(0, 10)
  }

  instant(from: string, days: number): string {
    return `${this.day(from, days)}T${String(8 + this.below(10)).padStart(2, "0")}:${this.below(2) === 0 ? "00" : "30"}:00Z`
  }
}

const givenNames = ["Anna", "Bruno", "Çelik", "Dana", "Emil", "Fatima", "Greta", "Hugo", "Ida", "Jonas"]
const familyNames = ["Amman", "Berger", "Conrad", "Dörr", "Ebert", "Falk", "Graf", "Huber", "Işık", "Jost"]
const cities = ["Aachen", "Bremen", "Chemnitz", "Dresden", "Erfurt", "Fürth", "Gera", "Halle"]
const statuses = ["booked", "arrived", "done", "missed"]

/** Makes all rows. */
export function makeRows(): BenchRows {
  const random = new Random(20_260_101)
  const name = (): string => `${random.pick(givenNames)} ${random.pick(familyNames)}-${random.below(1000)}`
  const practiceRows = Array.from({ length: practices }, (_, at) => ({
    id: random.uuid(),
    name: `Practice ${at}`,
  }))
  const staff = practiceRows.flatMap((practice) =>
    Array.from({ length: staffEach }, () => ({
      id: random.uuid(),
      user: `user-${random.uuid()}`,
      practice: practice.id,
      name: name(),
    })),
  )
  const patients = practiceRows.flatMap((practice) =>
    Array.from({ length: patientsEach }, (_, at) => ({
      id: random.uuid(),
      user: at % 2 === 0 ? `user-${random.uuid()}` : null,
      practice: practice.id,
      name: name(),
      born: random.day("1930-01-01", 32_000),
      city: random.pick(cities),
      lastSeen: at % 3 === 0 ? null : random.instant("2025-01-01", 500),
    })),
  )
  const staffOf = (practice: string): StaffRow =>
    random.pick(staff.filter((one) => one.practice === practice))
  const strangerTo = (practice: string): StaffRow =>
    random.pick(staff.filter((one) => one.practice !== practice))
  const appointments = patients.flatMap((patient) =>
    Array.from({ length: appointmentsEach }, () => ({
      id: random.uuid(),
      practice: patient.practice,
      patient: patient.id,
      doctor: staffOf(patient.practice).id,
      startsAt: random.instant("2025-01-01", 700),
      status: random.pick(statuses),
      room: random.below(2) === 0 ? null : `Room ${random.below(20)}`,
    })),
  )
  return { practices: practiceRows, staff, patients, appointments, random, staffOf, strangerTo }
}

/** As `seedDatabase` takes them: both twins of every table. */
export function* seedRows(rows: BenchRows): Generator<readonly [string, Readonly<Record<string, unknown>>]> {
  for (const row of rows.practices) yield ["Practice", { ...row }]
  for (const prefix of ["", "Open"]) {
    for (const row of rows.staff) yield [`${prefix}Staff`, { ...row }]
    for (const row of rows.patients) yield [`${prefix}Patient`, { ...row }]
    for (const row of rows.appointments) yield [`${prefix}Appointment`, { ...row }]
  }
}
