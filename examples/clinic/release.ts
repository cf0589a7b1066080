/** Handing out a whole record takes two: a doctor asks for it, the privacy officer approves, and both are on record. */
import { action, fail } from "undercroft"
import { z } from "zod"
import { ClinicalNote, me, Patient, Prescription } from "./model.ts"

export const releaseRecord = action({
  description: "Hands out a patient's record to an insurer, a court or another clinic.",
  uses: [Patient, ClinicalNote, Prescription],
  input: z.object({
    patient: z.uuid(),
    to: z.string().min(3).max(200),
    basis: z.enum(["consent", "law", "courtOrder"]),
  }),
  output: z.object({
    name: z.string().nullable(),
    born: z.string(),
    allergies: z.array(z.string()).readonly().nullable(),
    history: z.string().nullable(),
    notes: z.array(z.object({ writtenOn: z.string(), body: z.string() })),
    prescriptions: z.array(z.object({ issuedOn: z.string(), substance: z.string(), dose: z.string() })),
  }),
  access: () => me.has("doctor"),
  approval: { by: () => me.has("privacy-officer"), within: { hours: 24 } },
  async run({ input, db }) {
    const patient = await db
      .selectFrom("patients")
      .select(["name", "born", "allergies", "history"])
      .where("id", "=", input.patient)
      .executeTakeFirst()
    if (!patient) fail("UC703", { what: "the patient" })
    // Internal notes and drafts stay in the practice.
    const notes = await db
      .selectFrom("clinicalNotes")
      .select(["writtenOn", "body"])
      .where("patient", "=", input.patient)
      .where("internal", "=", false)
      .where("signedAt", "is not", null)
      .orderBy("writtenOn")
      .execute()
    const prescriptions = await db
      .selectFrom("prescriptions")
      .select(["issuedOn", "substance", "dose"])
      .where("patient", "=", input.patient)
      .orderBy("issuedOn")
      .execute()
    return { ...patient, notes, prescriptions }
  },
})
