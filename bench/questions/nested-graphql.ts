/** What does GraphQL cost, next to the same question of three levels through REST? */
import type { Access, GraphqlAsk, Question, Sample } from "../question.ts"
import { nested } from "./nested.ts"

/** Connections in the names of pg_graphql, as Undercroft has them; the filter's values are variables, as clients send them. */
function documentFor(access: Access): string {
  const patients = access === "anonymous" ? "openPatientCollection" : "patientCollection"
  return `query Patients($practice: UUID!, $from: Date!) {
  patients: ${patients}(
    filter: { practiceId: { eq: $practice }, born: { gte: $from } }
    orderBy: [{ born: AscNullsLast }, { id: AscNullsLast }]
    first: 20
  ) {
    edges { node {
      id name born practice { name }
      appointments(orderBy: [{ startsAt: DescNullsFirst }, { id: AscNullsLast }], first: 5) {
        edges { node { id startsAt status doctor { name } } }
      }
    } }
  }
}`
}

/** The same document in PostGraphile's names and with its filter; aliases make the answer the same. */
function postgraphileFor(access: Access): string {
  const [root, Open] = access === "anonymous" ? ["allOpenPatients", "Open"] : ["allPatients", ""]
  const staff = access === "anonymous" ? "openStaff" : "staff"
  return `query Patients($practice: UUID!, $from: Date!) {
  patients: ${root}(
    filter: { practice: { equalTo: $practice }, born: { greaterThanOrEqualTo: $from } }
    orderBy: [BORN_ASC, ROW_ID_ASC]
    first: 20
  ) {
    edges { node {
      id: rowId name born practice: practiceByPractice { name }
      appointments: ${Open === "" ? "a" : "openA"}ppointmentsByPatient(orderBy: [STARTS_AT_DESC, ROW_ID_ASC], first: 5) {
        edges { node { id: rowId startsAt status doctor: ${staff}ByDoctor { name } } }
      }
    } }
  }
}`
}

const documents: Readonly<Record<Access, Omit<GraphqlAsk, "variables">>> = {
  anonymous: { document: documentFor("anonymous"), postgraphile: postgraphileFor("anonymous") },
  "signed-in": { document: documentFor("signed-in"), postgraphile: postgraphileFor("signed-in") },
}

/** The values that the fixed route has in its address. */
function withDocument(sample: Sample, access: Access): Sample {
  const { searchParams } = new URL(sample.fixed.path, "http://bench")
  return { ...sample, graphql: { ...documents[access], variables: Object.fromEntries(searchParams) } }
}

export const nestedGraphql: Question = {
  ...nested,
  name: "nested-graphql",
  asks: `${nested.asks}, through GraphQL`,
  isGraphql: true,
  sample: (rows, access) => withDocument(nested.sample(rows, access), access),
  forbidden: (rows) => withDocument(nested.forbidden(rows), "signed-in"),
}
