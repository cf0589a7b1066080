/** How fast is a change that commits to disk: status and room of one appointment, with nothing given back? */

import type { AppointmentRow, BenchRows } from "../data.ts"
import {
  type Access,
  collectionFor,
  fixedPath,
  idSchema,
  objectSchema,
  type Question,
  type Sample,
} from "../question.ts"

function ask(user: string, { id }: AppointmentRow, { random }: BenchRows, access: Access): Sample {
  const body = { status: random.pick(["booked", "arrived", "done"]), room: `Room ${random.below(1e9)}` }
  return {
    user,
    rest: { path: `/rest/${collectionFor(access, "appointments")}?id=eq.${id}`, body },
    fixed: { path: fixedPath(access, `/appointments/${id}`), body },
  }
}

export const update: Question = {
  name: "update",
  asks: "two fields of one appointment changed",
  method: "PATCH",
  status: 204,
  route: "/appointments/:id",
  schema: {
    params: objectSchema({ id: idSchema }),
    body: objectSchema({
      status: { enum: ["booked", "arrived", "done", "missed"] },
      room: { type: "string", maxLength: 400 },
    }),
  },
  // `returning` tells a row that is not there, or not the caller's, from one that was changed.
  sql: (prefix) =>
    `update app.${prefix}appointments set status = $2, room = $3 where id = $1 returning null::text`,
  parameters: ({ params, body }) => [params.id!, body.status!, body.room!],
  sample(rows, access) {
    const appointment = rows.random.pick(rows.appointments)
    return ask(rows.staffOf(appointment.practice).user, appointment, rows, access)
  },
  forbidden(rows) {
    const appointment = rows.random.pick(rows.appointments)
    return ask(rows.strangerTo(appointment.practice).user, appointment, rows, "signed-in")
  },
  effect: ({ fixed }, prefix) => ({
    text: `select status, room, version as now from app.${prefix}appointments where id = $1`,
    values: [fixed.path.slice(fixed.path.lastIndexOf("/") + 1)],
  }),
}
