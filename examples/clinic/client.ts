/** The clinic's client: what an app of the clinic does, with types that come from the backend's. */
import { attempt, type Client, createClient } from "undercroft/client"
import type backend from "./backend.ts" // The type alone: nothing of the server is bundled.

export type Clinic = Client<typeof backend>

export function connect(url: string, token: () => Promise<string>): Clinic {
  return createClient<typeof backend>({ url, token })
}

/** The patients of a practice by name, each with the next appointments and their doctors. */
export function listPatients(clinic: Clinic, practice: string, now: string) {
  return clinic.patients.list({
    select: ["id", "name", "born"],
    where: { practice, or: [{ email: { not: null } }, { phone: { not: null } }] },
    include: {
      appointments: {
        select: ["during", "status"],
        where: { status: { in: ["booked", "arrived"] }, during: { overlaps: `[${now},)` } },
        order: ["during"],
        limit: 5,
        include: { doctor: { select: ["name"] } },
      },
    },
    order: ["lastName", "-born"],
    limit: 20,
  })
}

/** Books an appointment, and says in words why that can't be. */
export async function book(clinic: Clinic, practice: string, patient: string, slot: string): Promise<string> {
  const { doctor, startsAt, endsAt } = await clinic.slots.get(slot)
  const during = `[${startsAt},${endsAt})`
  const booked = await attempt(
    clinic.appointments.create({ practice, patient, doctor, slot, during, kind: "checkup" }),
  )
  if (booked.ok) return `Booked: ${booked.data.during}`
  return booked.error.code === "23P01" ? "Somebody else has this time." : booked.error.message
}

/** How many measurements of each kind a patient has, and the newest of each. */
export function summarize(clinic: Clinic, patient: string) {
  return clinic.observations.aggregate({ by: ["kind"], where: { patient }, count: true, max: ["measuredAt"] })
}
