/** The clinic's backend: its model, who may be tried out, and rows to start with. */
import { defineBackend } from "undercroft"
import { bookAppointment, cancelAppointment, recordObservations } from "./actions.ts"
import { Consent } from "./consent.ts"
import { accounts, clinicRows } from "./data.ts"
import * as model from "./model.ts"
import { Override } from "./override.ts"
import { PrivacyRequest } from "./privacy.ts"
import { processing } from "./processing.ts"

export default defineBackend({
  name: "clinic",
  model: [
    model.User,
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
    Consent,
    Consent.purposes,
    Override,
    PrivacyRequest,
  ],
  actions: { bookAppointment, cancelAppointment, recordObservations },
  processing,
  accounts: { password: true, twoFactor: true, apiKeys: true, requireTwoFactor: ["nurse", "doctor"] },
  callers: {
    ready: [
      {
        name: "nurse",
        description: "Mira Hoffmann, nurse at the Praxis am Lindenplatz in Berlin",
        claims: { sub: accounts.nurse, roles: ["nurse"] },
        account: { email: "mira.hoffmann@clinic.example", name: "Mira Hoffmann", secondFactor: true },
      },
      {
        name: "patient",
        description: "Renate Köhler, a patient of the same practice",
        claims: { sub: accounts.patient, roles: ["patient"] },
        account: { email: "renate.koehler@example.org", name: "Renate Köhler" },
      },
      {
        name: "doctor",
        description: "Dr. Hanna Lindqvist, doctor at the Hausärzte Elbufer in Hamburg",
        claims: { sub: accounts.doctor, roles: ["doctor"] },
        account: { email: "hanna.lindqvist@clinic.example", name: "Dr. Hanna Lindqvist", secondFactor: true },
      },
    ],
  },
  tryOut: [
    {
      what: "the nurse's patients, each with their latest appointment and its doctor",
      caller: "nurse",
      path: "/rest/patients?select=name,born,appointments(during,status,doctor(name))&appointments.order=during.desc&appointments.limit=1&order=lastName&limit=3",
    },
    {
      what: "a field for doctors alone: for the nurse there is no such field",
      caller: "nurse",
      path: "/rest/staff?select=name,user",
    },
    {
      what: "a patient of the nurse's practice, as the doctor of the other one: no such row",
      caller: "doctor",
      path: "/rest/patients?id=eq.018ce7a8-0f00-7003-8000-000000000001",
    },
    {
      what: "the same patient in an emergency, with a reason: for an hour the doctor reads the record, and it is reviewed",
      caller: "doctor",
      path: "/rest/overrides",
      body: {
        person: "018ce7a8-0f00-7003-8000-000000000001",
        kind: "emergency",
        reason: "brought in unconscious, her allergies are not known here",
      },
    },
    {
      what: "the patient's own record, with the newest measurements",
      caller: "patient",
      path: "/rest/patients?select=name,history,observations(kind,value,unit,measuredAt)&observations.order=measuredAt.desc&observations.limit=3",
    },
    {
      what: "measurements from a device, recorded by an action: sent again, they are known already",
      caller: "nurse",
      method: "POST",
      path: "/rest/rpc/recordObservations",
      body: {
        device: "cuff-12",
        readings: [
          {
            patient: "018ce7a8-0f00-7003-8000-000000000001",
            kind: "pulse",
            value: "72",
            unit: "bpm",
            measuredAt: "2026-01-01T08:00:00Z",
          },
        ],
      },
    },
  ],
  seed: () => clinicRows(new Date().toISOString().slice(0, 10)),
})
