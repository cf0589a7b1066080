/** What the clinic says about its processing of personal data; nobody in it exists. */
import type { ProcessingRecord } from "undercroft"

export const processing: ProcessingRecord = {
  controller: {
    name: "Praxisverbund Linde und Elbe (made up)",
    contact: "Lindenplatz 4, 10405 Berlin, datenschutz@clinic.example",
  },
  dpo: { name: "Ida Brandt", contact: "dsb@clinic.example" },
  purposes: [
    {
      name: "Treatment",
      basis: "Art. 6(1)(b) and Art. 9(2)(h): the treatment contract, and health care",
      entities: ["Patient", "Appointment", "ClinicalNote", "Addendum", "Observation", "Prescription"],
      retention: "10 years after the end of treatment (§ 630f BGB)",
    },
    {
      name: "Signing in",
      basis: "Art. 6(1)(b): needed for the service",
      entities: ["User"],
      retention: "Until the account is closed",
    },
    {
      name: "Showing consents",
      basis: "Art. 6(1)(c) with Art. 7(1): who processes by consent must be able to show it",
      entities: ["Consent"],
      retention: "As long as the patient's record",
    },
    {
      name: "Answering for emergency access",
      basis: "Art. 6(1)(c) with Art. 32: who looked in an emergency, and why, is reviewed",
      entities: ["Override"],
      retention: "As long as the patient's record",
    },
  ],
  recipients: ["The patients themselves", "Health insurers, where the law demands it"],
  transfers: [],
  subprocessors: [],
  // What the database has to compare; every other field of health is encrypted.
  inClear: [
    {
      fields: ["Observation.kind"],
      because:
        "the database keeps a measurement that is sent twice from being stored twice, and counts by it; the value is encrypted",
    },
  ],
  measures: ["Rooms with servers are locked", "Staff are bound to confidentiality in writing"],
}
