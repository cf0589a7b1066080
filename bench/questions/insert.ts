/** How fast is a small write that commits to disk: one appointment, given back as it now is? */

import type { BenchRows, PatientRow } from "../data.ts"
import {
  type Access,
  collectionFor,
  fixedPath,
  idSchema,
  objectSchema,
  type Question,
  type Sample,
} from "../question.ts"

const mark = "added by the bench"

function ask(user: string, patient: PatientRow, { random, staffOf }: BenchRows, access: Access): Sample {
  const body = {
    practice: patient.practice,
    patient: patient.id,
    doctor: staffOf(patient.practice).id,
    startsAt: random.instant("2027-01-01", 300),
    status: "booked",
    room: mark,
  }
  const appointments = collectionFor(access, "appointments")
  return {
    user,
    rest: {
      path: `/rest/${appointments}?select=id,practice,patient,doctor,startsAt,status,room`,
      headers: { prefer: "return=representation", accept: "application/vnd.pgrst.object+json" },
      body,
    },
    fixed: { path: fixedPath(access, "/appointments"), body },
  }
}

export const insert: Question = {
  name: "insert",
  asks: "one appointment inserted and given back",
  method: "POST",
  status: 201,
  route: "/appointments",
  schema: {
    body: objectSchema({
      practice: idSchema,
      patient: idSchema,
      doctor: idSchema,
      startsAt: { type: "string", format: "date-time" },
      status: { enum: ["booked", "arrived", "done", "missed"] },
      room: { type: "string", maxLength: 400 },
    }),
  },
  sql: (prefix) => `
    with w as (
      insert into app.${prefix}appointments (practice, patient, doctor, starts_at, status, room)
      values ($1, $2, $3, $4, $5, $6)
      returning id, practice, patient, doctor, starts_at as "startsAt", status, room
    )
    select row_to_json(w)::text from w`,
  parameters: ({ body }) => [
    body.practice!,
    body.patient!,
    body.doctor!,
    body.startsAt!,
    body.status!,
    body.room!,
  ],
  sample(rows, access) {
    const patient = rows.random.pick(rows.patients)
    return ask(rows.staffOf(patient.practice).user, patient, rows, access)
  },
  forbidden(rows) {
    const patient = rows.random.pick(rows.patients)
    return ask(rows.strangerTo(patient.practice).user, patient, rows, "signed-in")
  },
  effect: ({ rest }, prefix) => ({
    text: `select count(*)::int as now from app.${prefix}appointments where patient = $1`,
    values: [(rest.body as { patient: string }).patient],
  }),
  cleanup: `
    delete from app.appointments where room = '${mark}';
    delete from app.open_appointments where room = '${mark}'`,
}
