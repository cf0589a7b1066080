/** What the clinic does by name: booking, cancelling, and taking in what devices measure. */

import { sql } from "kysely"
import { action, anyOf, fail, signedIn } from "undercroft"
import { z } from "zod"
import { Appointment, me, Observation, Patient, Slot } from "./model.ts"

const dayMs = 86_400_000

/** Books a slot: of all who try at once, one gets it. */
export const bookAppointment = action({
  description: "Books an open slot for a patient.",
  uses: [Slot, Appointment, Patient],
  input: z.object({
    slot: z.uuid(),
    patient: z.uuid(),
    kind: z.enum(["checkup", "consultation", "followUp", "acute", "vaccination"]),
    reason: z.string().max(500).optional(),
  }),
  output: z.object({ id: z.uuid(), during: z.string() }),
  access: () => signedIn,
  async run({ input, db, now }) {
    const patient = await db
      .selectFrom("patients")
      .select("id")
      .where("id", "=", input.patient)
      .executeTakeFirst()
    if (!patient) fail("UC703", { what: "the patient" })
    // Whoever comes second waits here, and then finds the slot booked: a patient does not see it any more.
    const slot = await db
      .selectFrom("slots")
      .selectAll()
      .where("id", "=", input.slot)
      .forUpdate()
      .executeTakeFirst()
    if (slot?.status !== "open") fail("UC702", { why: "this time is not free" })
    if (Date.parse(slot.startsAt) <= now.getTime()) fail("UC702", { why: "this time is over" })
    const booked = await db
      .insertInto("appointments")
      .values({
        practice: slot.practice,
        patient: patient.id,
        doctor: slot.doctor,
        slot: slot.id,
        during: `[${slot.startsAt},${slot.endsAt})`,
        kind: input.kind,
        ...(input.reason === undefined ? {} : { reason: input.reason }),
      })
      .returning(["id", "during"])
      .executeTakeFirstOrThrow()
    await db.updateTable("slots").set({ status: "booked" }).where("id", "=", slot.id).execute()
    return booked
  },
})

/** Cancels: the practice at any time, patients until a day before. */
export const cancelAppointment = action({
  description: "Cancels an appointment and gives its time free.",
  uses: [Slot, Appointment],
  input: z.object({ appointment: z.uuid() }),
  output: z.object({ id: z.uuid(), status: z.literal("cancelled") }),
  access: () => signedIn,
  async run({ input, db, me, now, log }) {
    const found = await db
      .selectFrom("appointments")
      .select(["id", "slot", "status", sql<string>`lower(${sql.ref("during")})`.as("startsAt")])
      .where("id", "=", input.appointment)
      .forUpdate()
      .executeTakeFirst()
    if (!found) fail("UC703", { what: "the appointment" })
    if (found.status !== "booked") fail("UC702", { why: `the appointment is ${found.status}` })
    const isStaff = me.has("doctor") || me.has("nurse") || me.has("desk")
    if (!isStaff && Date.parse(found.startsAt) - now.getTime() < dayMs)
      fail("UC704", { why: "less than a day before, please call the practice" })
    // First the slot: it is the patient's to give back as long as the appointment is booked.
    if (found.slot !== null)
      await db.updateTable("slots").set({ status: "open" }).where("id", "=", found.slot).execute()
    await db.updateTable("appointments").set({ status: "cancelled" }).where("id", "=", found.id).execute()
    log.info("cancelled", { byStaff: isStaff })
    return { id: found.id, status: "cancelled" as const }
  },
})

/** Takes in what a device measured; what it sends twice is recorded once. */
export const recordObservations = action({
  description: "Records a device's measurements, all or none; known ones are passed over.",
  uses: [Observation, Patient],
  input: z.object({
    device: z.string().min(1).max(40),
    readings: z
      .array(
        z.object({
          patient: z.uuid(),
          kind: z.enum(["systolic", "diastolic", "pulse", "temperature", "weight", "glucose"]),
          value: z.string().regex(/^\d{1,4}(\.\d{1,2})?$/),
          unit: z.enum(["mmHg", "bpm", "°C", "kg", "mg/dL"]),
          measuredAt: z.iso.datetime({ offset: true }),
        }),
      )
      .min(1)
      .max(500),
  }),
  output: z.object({ recorded: z.int(), known: z.int() }),
  access: () => anyOf(me.has("nurse"), me.has("doctor")),
  async run({ input, db, now }) {
    if (input.readings.some((one) => Date.parse(one.measuredAt) > now.getTime() + dayMs))
      fail("UC702", { why: "a measurement is from the future: set the device's clock" })
    const ids = [...new Set(input.readings.map((one) => one.patient))]
    const patients = await db
      .selectFrom("patients")
      .select(["id", "practice"])
      .where("id", "in", ids)
      .execute()
    const practiceOf = new Map(patients.map((one) => [one.id, one.practice]))
    const rows = input.readings.map((one) => {
      const practice = practiceOf.get(one.patient) ?? fail("UC703", { what: "a patient of these readings" })
      return { ...one, practice, device: input.device }
    })
    const made = await db
      .insertInto("observations")
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow()
    const recorded = Number(made.numInsertedOrUpdatedRows)
    return { recorded, known: rows.length - recorded }
  },
})
