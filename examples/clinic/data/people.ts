/** The practices, their staff, and two thousand patients. */
import { idsOf, userId } from "./ids.ts"
import { femaleNames, lastNames, maleNames, streets } from "./names.ts"
import { between, choose, pick, type Random } from "./random.ts"
import { allergies, histories, remarks } from "./words.ts"

export interface Practice {
  readonly id: string
  readonly name: string
  readonly city: string
  readonly phone: string
  readonly postcode: number
  readonly patientCount: number
}

export interface StaffMember {
  readonly id: string
  readonly user: string | null
  readonly practice: Practice
  readonly name: string
  readonly job: "doctor" | "nurse" | "desk"
}

const practiceId = idsOf(1)
const staffId = idsOf(2)

function practice(
  name: string,
  city: string,
  postcode: number,
  phone: string,
  patientCount: number,
): Practice {
  return { id: practiceId(), name, city, postcode, phone, patientCount }
}

const berlin = practice("Praxis am Lindenplatz", "Berlin", 10_115, "+49 30 23125 100", 1150)
const hamburg = practice("Hausärzte Elbufer", "Hamburg", 20_095, "+49 40 66969 200", 800)
const cologne = practice("Praxis Dr. Baum", "Köln", 50_667, "+49 221 4710 330", 50)

export const practices: readonly Practice[] = [berlin, hamburg, cologne]

/** Account 1 is the first member's, and so on; who has left has none. */
const roster: readonly (readonly [Practice, StaffMember["job"], string, "left"?])[] = [
  [berlin, "doctor", "Dr. Katrin Vogel"],
  [berlin, "doctor", "Dr. Emre Yıldız"],
  [berlin, "doctor", "Dr. Sofia Marković"],
  [berlin, "doctor", "Dr. Jonas Petersen"],
  [berlin, "nurse", "Mira Hoffmann"],
  [berlin, "nurse", "Tobias Krüger"],
  [berlin, "desk", "Leyla Demir"],
  [berlin, "desk", "Uwe Brandt", "left"],
  [hamburg, "doctor", "Dr. Hanna Lindqvist"],
  [hamburg, "doctor", "Dr. Martin Reuter"],
  [hamburg, "doctor", "Dr. Amara Okafor"],
  [hamburg, "nurse", "Paul Seidel"],
  [hamburg, "desk", "Inês Carvalho"],
  [cologne, "doctor", "Dr. Friedrich Baum"],
]

export const staff: readonly StaffMember[] = roster.map(([practice, job, name, left], at) => ({
  id: staffId(),
  user: left ? null : userId(at + 1),
  practice,
  job,
  name,
}))

const firstPatientAccount = 1000

/** Accounts that exist in the data, for trying the backend out. */
export const accounts: Readonly<Record<"nurse" | "desk" | "doctor" | "officer" | "patient", string>> = {
  nurse: userId(5),
  desk: userId(7),
  doctor: userId(9),
  officer: userId(900),
  patient: userId(firstPatientAccount),
}

export interface Patient {
  readonly id: string
  readonly user: string | null
  readonly practice: Practice
  readonly firstName: string
  readonly lastName: string
  readonly born: string
  readonly gender: "female" | "male" | "diverse"
  readonly insuranceNumber: string
  readonly email: string | null
  readonly phone: string | null
  readonly address: string
  readonly allergies: readonly string[]
  readonly history: string | null
  readonly remarks: string | null
}

/** Whom the caller made ready signs in as. */
const firstPatient: Partial<Patient> = {
  firstName: "Renate",
  lastName: "Köhler",
  born: "1957-03-14",
  gender: "female",
  email: "renate.koehler@example.org",
  allergies: ["Penicillin"],
  history: "Essential hypertension since 2014, well controlled.",
  remarks: "Takes tablets irregularly; ask openly.",
}

/** The patients, practice by practice; the first ones come most often. */
export function makePatients(random: Random): readonly Patient[] {
  const id = idsOf(3)
  return practices
    .flatMap((practice) => Array.from({ length: practice.patientCount }, () => practice))
    .map((practice, number) => {
      const patient = makePatient(random, id(), practice, number)
      return number === 0 ? { ...patient, user: accounts.patient, ...firstPatient } : patient
    })
}

function makePatient(random: Random, id: string, practice: Practice, number: number): Patient {
  const gender = random() < 0.52 ? "female" : random() < 0.99 ? "male" : "diverse"
  const firstName = pick(random, gender === "female" ? femaleNames : maleNames)
  const lastName = pick(random, lastNames, 1.3)
  const signsIn = random() < 0.6
  return {
    id,
    user: signsIn ? userId(firstPatientAccount + number) : null,
    practice,
    firstName,
    lastName,
    born: makeBirthday(random),
    gender,
    insuranceNumber: makeInsuranceNumber(random, number),
    email: signsIn || random() < 0.3 ? makeEmail(firstName, lastName, number) : null,
    phone: random() < 0.9 ? makePhone(random) : null,
    address: makeAddress(random, practice),
    allergies: random() < 0.22 ? makeAllergies(random) : [],
    history: random() < 0.55 ? pick(random, histories) : null,
    remarks: random() < 0.12 ? pick(random, remarks) : null,
  }
}

function makeAllergies(random: Random): readonly string[] {
  return choose(random, between(random, 1, 2), allergies.length).map((at) => allergies[at] as string)
}

/** Older people go to the doctor's more. */
function makeBirthday(random: Random): string {
  const age = 96 * (1 - random() ** 1.5)
  return new Date(Date.UTC(2024, 0, 1) - age * 365.25 * 86_400_000).toISOString().slice(0, 10)
}

/** A letter, eight digits that are unique here, and the check digit of German health insurance numbers. */
function makeInsuranceNumber(random: Random, number: number): string {
  const letter = between(random, 1, 26)
  const digits = String(between(random, 1000, 9999) * 10_000 + number)
  const sum = [...String(letter).padStart(2, "0"), ...digits]
    .map((digit, at) => Number(digit) * (at % 2 === 0 ? 1 : 2))
    .reduce((total, product) => total + (product > 9 ? product - 9 : product), 0)
  return `${String.fromCharCode(64 + letter)}${digits}${sum % 10}`
}

const plainLetters: ReadonlyMap<string, string> = new Map([
  ["ä", "ae"],
  ["ö", "oe"],
  ["ü", "ue"],
  ["ß", "ss"],
  ["ı", "i"],
])

function makeEmail(firstName: string, lastName: string, number: number): string {
  const plain = `${firstName}.${lastName}`
    .toLowerCase()
    .replace(/[äöüßı]/g, (letter) => plainLetters.get(letter) as string)
    .normalize("NFD")
    .replace(/[^a-z.-]/g, "")
  return `${plain}.${number + 1}@example.org`
}

/** Numbers that the Bundesnetzagentur keeps free for films and books. */
function makePhone(random: Random): string {
  const prefix = pick(random, ["+49 30 23125 ", "+49 40 66969 ", "+49 69 90009 ", "+49 89 99998 "])
  return `${prefix}${String(between(random, 0, 999)).padStart(3, "0")}`
}

function makeAddress(random: Random, { postcode, city }: Practice): string {
  const near = String(postcode + between(random, 0, 40) * 2).padStart(5, "0")
  return `${pick(random, streets)} ${between(random, 1, 120)}, ${near} ${city}`
}

export interface Person {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly roles: readonly string[]
}

/** Who signs in: staff who have not left, and some of the patients. */
export function people(patients: readonly Patient[]): readonly Person[] {
  const person = (id: string, name: string, role: string): Person => {
    const plain = name
      .normalize("NFD")
      .replace(/[^a-zA-Z ]/g, "")
      .trim()
      .toLowerCase()
    return { id, name, email: `${plain.replace(/ +/g, ".")}.${id.slice(-4)}@clinic.example`, roles: [role] }
  }
  return [
    ...staff.flatMap(({ user, name, job }) => (user === null ? [] : [person(user, name, job)])),
    person(accounts.officer, "Ida Brandt", "privacy-officer"),
    ...patients.flatMap(({ user, firstName, lastName }) =>
      user === null ? [] : [person(user, `${firstName} ${lastName}`, "patient")],
    ),
  ]
}
