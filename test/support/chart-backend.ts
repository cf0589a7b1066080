/** A backend whose record is read: patients who have accounts, charts about them, auditors, and who may look at values. */
import {
  accessToMeEntity,
  actor,
  anyOf,
  anyone,
  auditEntryEntity,
  defineBackend,
  entity,
  ref,
  signedIn,
  text,
  userEntity,
} from "undercroft"

export const me = actor({})

export const User = userEntity()
User.access(({ row, me: who }) => ({ read: anyOf(row.id.is(who.id), row.name.startsWith("Dr.")) }))

export const Patient = entity("Patient", {
  fields: { name: text().personal(), user: ref("User").optional() },
  subject: "user",
  audit: { reads: true },
})
Patient.access(() => ({ read: signedIn, create: signedIn, update: signedIn }))

export const Chart = entity("Chart", {
  fields: { patient: ref(Patient), words: text().special(), ward: text().internal().default("A") },
  subject: "patient",
  audit: { reads: true },
})
Chart.access(() => ({ read: signedIn, create: signedIn, update: signedIn }))

export const Sheet = entity("Sheet", { fields: { title: text() } })
Sheet.access(() => ({ read: anyone }))

export const chartBackend = defineBackend({
  name: "charts",
  model: [
    User,
    Patient,
    Chart,
    Sheet,
    auditEntryEntity({ readers: ["auditor"], personalReaders: ["privacy"] }),
    accessToMeEntity(),
  ],
  audit: { sealEveryMs: 3_600_000 },
})

/** People of the tests. */
export const people = {
  doctor: { id: "0d000000-0000-4000-8000-000000000001", roles: ["doctor"] },
  clerk: { id: "0d000000-0000-4000-8000-000000000002", roles: ["clerk"] },
  ann: { id: "0d000000-0000-4000-8000-00000000000a" },
  bob: { id: "0d000000-0000-4000-8000-00000000000b" },
  auditor: { id: "0d000000-0000-4000-8000-0000000000aa", roles: ["auditor"] },
  privacy: { id: "0d000000-0000-4000-8000-0000000000ab", roles: ["privacy"] },
} as const

/** Accounts, patients and a chart, written as the superuser. */
export const peopleSql: string = `insert into app.users (id, name, email, roles) values
    ('${people.doctor.id}', 'Dr. Dora', 'dora@example.org', '{doctor}'), ('${people.clerk.id}', 'Carl Clerk', 'carl@example.org', '{clerk}'),
    ('${people.ann.id}', 'Ann', 'ann@example.org', '{}'), ('${people.bob.id}', 'Bob', 'bob@example.org', '{}');
  insert into app.patients (id, name, "user") values ('aaaaaaaa-0000-4000-8000-000000000001', 'Ann', '${people.ann.id}'), ('bbbbbbbb-0000-4000-8000-000000000001', 'Bob', '${people.bob.id}');
  insert into app.charts (patient, words) values ('aaaaaaaa-0000-4000-8000-000000000001', 'cough'), ('bbbbbbbb-0000-4000-8000-000000000001', 'cold');`
