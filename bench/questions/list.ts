/** How fast is a page of a list: twenty appointments of a practice from a day on, of one status, in order? */
import {
  type Access,
  collectionFor,
  fixedPath,
  idSchema,
  objectSchema,
  type Question,
  type Sample,
} from "../question.ts"

function ask(user: string, practice: string, from: string, access: Access): Sample {
  const appointments = collectionFor(access, "appointments")
  const filter = `practice=eq.${practice}&status=eq.booked&startsAt=gte.${from}`
  return {
    user,
    rest: {
      path: `/rest/${appointments}?select=id,patient,doctor,startsAt,status,room&${filter}&order=startsAt,id&limit=20`,
    },
    fixed: { path: fixedPath(access, `/appointments?practice=${practice}&status=booked&from=${from}`) },
  }
}

export const list: Question = {
  name: "list",
  asks: "a list of 20, filtered and ordered",
  method: "GET",
  status: 200,
  route: "/appointments",
  schema: {
    querystring: objectSchema({
      practice: idSchema,
      status: { enum: ["booked", "arrived", "done", "missed"] },
      from: { type: "string", format: "date-time" },
    }),
  },
  sql: (prefix) => `
    select coalesce(json_agg(r), '[]')::text
    from (
      select id, patient, doctor, starts_at as "startsAt", status, room
      from app.${prefix}appointments
      where practice = $1 and status = $2 and starts_at >= $3
      order by starts_at, id
      limit 20
    ) r`,
  parameters: ({ query }) => [query.practice!, query.status!, query.from!],
  sample({ random, practices, staffOf }, access) {
    const practice = random.pick(practices).id
    return ask(staffOf(practice).user, practice, random.instant("2025-01-01", 600), access)
  },
  forbidden({ random, practices, strangerTo }) {
    const practice = random.pick(practices).id
    return ask(strangerTo(practice).user, practice, random.instant("2025-01-01", 600), "signed-in")
  },
}
