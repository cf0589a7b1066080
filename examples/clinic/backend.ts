/** The clinic's backend: its model, who may be tried out, and rows to start with. */
import { defineBackend } from "undercroft"
import { accounts, clinicRows } from "./data.ts"
import * as model from "./model.ts"

export default defineBackend({
  name: "clinic",
  model: [
    model.Practice,
    model.Staff,
    model.Patient,
    model.Slot,
    model.OpenSlot,
    model.Appointment,
    model.ClinicalNote,
    model.Addendum,
    model.Observation,
    model.Prescription,
  ],
  callers: {
    ready: [
      {
        name: "nurse",
        description: "Mira Hoffmann, nurse at the Praxis am Lindenplatz in Berlin",
        claims: { sub: accounts.nurse, roles: ["nurse"] },
      },
      {
        name: "patient",
        description: "Renate Köhler, a patient of the same practice",
        claims: { sub: accounts.patient, roles: ["patient"] },
      },
      {
        name: "doctor",
        description: "Dr. Hanna Lindqvist, doctor at the Hausärzte Elbufer in Hamburg",
        claims: { sub: accounts.doctor, roles: ["doctor"] },
      },
    ],
  },
  seed: () => clinicRows(new Date().toISOString().slice(0, 10)),
})
