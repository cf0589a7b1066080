/** What leaves the clinic for analysis: each line stands for five people or more, and names none. */
import { dataset } from "undercroft"
import { Appointment } from "./model.ts"

export const visits = dataset(Appointment, {
  purpose: "planning", // See consent.ts: where a purpose rests on consent, only rows of those who gave it are in.
  k: 5,
  quasi: ({ row, by }) => ({
    month: by.months(row.during.from),
    born: by.years(row.patient.born, 20),
    gender: row.patient.gender,
    city: row.practice.city,
  }),
  values: ({ row }) => ({ kind: row.kind, status: row.status }),
})
