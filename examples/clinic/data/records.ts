/** What comes of appointments: notes and prescriptions. */
import { type Appointment, dayMs } from "./calendar.ts"
import { idsOf } from "./ids.ts"
import type { Patient, StaffMember } from "./people.ts"
import { between, pick, type Random } from "./random.ts"
import { addendumBodies, internalBodies, type Medicine, medicines, type VisitKind } from "./words.ts"

export interface Note {
  readonly id: string
  readonly patient: Patient
  readonly author: StaffMember
  readonly writtenAt: number
  readonly body: string
  readonly internal: boolean
  readonly signedAt: number | null
  readonly addendum: { readonly id: string; readonly body: string } | null
}

/** A note for about every fourth appointment; those of the last days are drafts still. */
export function makeNotes(
  random: Random,
  appointments: readonly Appointment[],
  today: number,
): readonly Note[] {
  const id = idsOf(6)
  const addendumId = idsOf(7)
  return appointments
    .filter(({ status }) => status === "done" && random() < 0.25)
    .map(({ patient, doctor, occasion, endsAt }) => {
      const { reason, finding, plan } = occasion
      const internal = random() < 0.06
      const signedAt = endsAt < today - 3 * dayMs ? endsAt + between(random, 1, 300) * 60_000 : null
      const isAmended = signedAt !== null && random() < 0.05
      return {
        id: id(endsAt),
        patient,
        author: doctor,
        writtenAt: endsAt,
        body: internal ? pick(random, internalBodies) : `${reason}. ${finding} ${plan}`,
        internal,
        signedAt,
        addendum: isAmended ? { id: addendumId(signedAt), body: pick(random, addendumBodies) } : null,
      }
    })
}

export interface Prescription {
  readonly id: string
  readonly patient: Patient
  readonly doctor: StaffMember
  readonly medicine: Medicine
  readonly issuedAt: number
  readonly refills: number
}

const prescribed: Readonly<Partial<Record<VisitKind, number>>> = {
  followUp: 0.4,
  consultation: 0.2,
  acute: 0.2,
}

/** A prescription for about every fifth appointment; people keep to the few medicines that they have. */
export function makePrescriptions(
  random: Random,
  appointments: readonly Appointment[],
): readonly Prescription[] {
  const id = idsOf(9)
  const usual = new Map<Patient, readonly Medicine[]>()
  return appointments
    .filter(({ status, kind }) => status === "done" && random() < (prescribed[kind] ?? 0))
    .map(({ patient, doctor, startsAt }) => {
      const known = usual.get(patient) ?? [pick(random, medicines, 1.3), pick(random, medicines, 1.3)]
      usual.set(patient, known)
      const medicine = pick(random, known)
      const refills = medicine.lasting ? between(random, 0, 3) : 0
      return { id: id(startsAt), patient, doctor, medicine, issuedAt: startsAt, refills }
    })
}
