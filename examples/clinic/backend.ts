/** The clinic's backend: its model, who may be tried out, and rows to start with. */
import { defineBackend } from "undercroft"
import { bookAppointment, cancelAppointment, recordObservations } from "./actions.ts"
import { Consent } from "./consent.ts"
import { accounts, clinicRows } from "./data.ts"
import { visits } from "./datasets.ts"
import * as model from "./model.ts"
import { Override } from "./override.ts"
import { PrivacyRequest } from "./privacy.ts"
import { processing } from "./processing.ts"
import { releaseRecord } from "./release.ts"

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
  datasets: { visits },
  actions: { bookAppointment, cancelAppointment, recordObservations, releaseRecord },
  audit: { readers: ["privacy-officer"], accessesToMe: true },
  processing,
  accounts: {
    password: true,
    twoFactor: true,
    apiKeys: true,
    requireTwoFactor: ["nurse", "doctor", "privacy-officer"],
  },
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
      {
        name: "officer",
        description: "Ida Brandt, privacy officer of all three",
        claims: { sub: accounts.officer, roles: ["privacy-officer"] },
        account: { email: "ida.brandt@clinic.example", name: "Ida Brandt", secondFactor: true },
      },
    ],
  },
  tryOut: [
    {
      what: "the nurse's patients, each with their latest appointment and its doctor; that she reads them is on record",
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
      what: "what of all that is on record, as the privacy officer: read, refused, overridden, sealed with its position after two seconds",
      caller: "officer",
      path: "/rest/auditEntries?select=position,at,kind,actor,roles,entity,fields,result&order=at.desc&limit=4",
    },
    {
      what: "who saw and changed the patient's data, as the patient",
      caller: "patient",
      path: "/rest/accesses-to-me?select=at,who,roles,kind,entity,fields,emergency&own=is.false&entity=neq.User&order=at.desc&limit=3",
    },
    {
      what: "a whole record for an insurer: it takes the privacy officer's approval, at /rest/rpc/approvals",
      caller: "doctor",
      method: "POST",
      path: "/rest/rpc/releaseRecord",
      body: { patient: "018ce7a8-0f00-7003-8000-00000000047f", to: "AOK Nordwest", basis: "law" },
    },
  ],
  seed: () => clinicRows(new Date().toISOString().slice(0, 10)),
})
