/** How fast is an answer of three levels: twenty patients, five appointments of each, the doctor of each of those? */
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
  const patients = collectionFor(access, "patients")
  const select = "id,name,born,practice(name),appointments(id,startsAt,status,doctor(name))"
  const page = "order=born,id&limit=20&appointments.order=startsAt.desc,id&appointments.limit=5"
  return {
    user,
    rest: {
      path: `/rest/${patients}?select=${select}&practice=eq.${practice}&born=gte.${from}&${page}`,
    },
    fixed: { path: fixedPath(access, `/patients?practice=${practice}&from=${from}`) },
  }
}

export const nested: Question = {
  name: "nested",
  asks: "20 patients, 5 appointments of each, the doctor of each",
  method: "GET",
  status: 200,
  route: "/patients",
  schema: {
    querystring: objectSchema({ practice: idSchema, from: { type: "string", format: "date" } }),
  },
  sql: (prefix) => `
    select coalesce(json_agg(r), '[]')::text
    from (
      select p.id, p.name, p.born,
        (select row_to_json(c) from (select name from app.practices where id = p.practice) c) as practice,
        (select coalesce(json_agg(a), '[]') from (
          select id, starts_at as "startsAt", status,
            (select row_to_json(d) from (select name from app.${prefix}staff s where s.id = o.doctor) d) as doctor
          from app.${prefix}appointments o
          where o.patient = p.id
          order by starts_at desc, id
          limit 5
        ) a) as appointments
      from app.${prefix}patients p
      where p.practice = $1 and p.born >= $2
      order by p.born, p.id
      limit 20
    ) r`,
  parameters: ({ query }) => [query.practice!, query.from!],
  sample({ random, practices, staffOf }, access) {
    const practice = random.pick(practices).id
    return ask(staffOf(practice).user, practice, random.day("1930-01-01", 28_000), access)
  },
  forbidden({ random, practices, strangerTo }) {
    const practice = random.pick(practices).id
    return ask(strangerTo(practice).user, practice, random.day("1930-01-01", 28_000), "signed-in")
  },
}
