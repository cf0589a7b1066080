/** How fast is the smallest read: one patient, by key? */
import {
  type Access,
  collectionFor,
  fixedPath,
  idSchema,
  objectSchema,
  type Question,
  type Sample,
} from "../question.ts"

function ask(user: string, id: string, access: Access): Sample {
  const patients = collectionFor(access, "patients")
  return {
    user,
    rest: {
      path: `/rest/${patients}?id=eq.${id}&select=id,name,born,city,lastSeen,practice`,
      headers: { accept: "application/vnd.pgrst.object+json" },
    },
    fixed: { path: fixedPath(access, `/patients/${id}`) },
  }
}

export const readByKey: Question = {
  name: "read-by-key",
  asks: "one patient by key",
  method: "GET",
  status: 200,
  route: "/patients/:id",
  schema: { params: objectSchema({ id: idSchema }) },
  sql: (prefix) => `
    select row_to_json(r)::text
    from (select id, name, born, city, last_seen as "lastSeen", practice from app.${prefix}patients where id = $1) r`,
  parameters: ({ params }) => [params.id!],
  sample({ random, patients, staffOf }, access) {
    const patient = random.pick(patients)
    return ask(staffOf(patient.practice).user, patient.id, access)
  },
  forbidden({ random, patients, strangerTo }) {
    const patient = random.pick(patients)
    return ask(strangerTo(patient.practice).user, patient.id, "signed-in")
  },
}
