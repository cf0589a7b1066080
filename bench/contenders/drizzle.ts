/** The same questions with Drizzle ORM: relational queries, and a transaction that sets the caller where there is one. */
import { and, asc, desc, eq, gte, relations, sql } from "drizzle-orm"
import { drizzle } from "drizzle-orm/node-postgres"
import { date, pgSchema, text, timestamp, uuid } from "drizzle-orm/pg-core"
import type { RouteInput } from "../question.ts"
import { runContender } from "./contender.ts"
import { openPgPool, serveFixedRoutes } from "./fixed-routes.ts"

const app = pgSchema("app")
const practices = app.table("practices", { id: uuid().primaryKey(), name: text().notNull() })

const makeSchema = (prefix: "" | "open_") => {
  const staff = app.table(`${prefix}staff`, {
    id: uuid().primaryKey(),
    user: text().notNull(),
    practice: uuid().notNull(),
    name: text().notNull(),
  })
  const patients = app.table(`${prefix}patients`, {
    id: uuid().primaryKey(),
    user: text(),
    practice: uuid().notNull(),
    name: text().notNull(),
    born: date().notNull(),
    city: text().notNull(),
    lastSeen: timestamp("last_seen", { withTimezone: true, mode: "string" }),
  })
  const appointments = app.table(`${prefix}appointments`, {
    id: uuid().primaryKey().default(sql`uuidv7()`),
    practice: uuid().notNull(),
    patient: uuid().notNull(),
    doctor: uuid().notNull(),
    startsAt: timestamp("starts_at", { withTimezone: true, mode: "string" }).notNull(),
    status: text().notNull(),
    room: text(),
  })
  return {
    practices,
    staff,
    patients,
    appointments,
    patientRelations: relations(patients, ({ one, many }) => ({
      practice: one(practices, { fields: [patients.practice], references: [practices.id] }),
      appointments: many(appointments),
    })),
    appointmentRelations: relations(appointments, ({ one }) => ({
      ofPatient: one(patients, { fields: [appointments.patient], references: [patients.id] }),
      doctor: one(staff, { fields: [appointments.doctor], references: [staff.id] }),
    })),
  }
}

const connect = (pool: ReturnType<typeof openPgPool>, prefix: "" | "open_") =>
  drizzle(pool, { schema: makeSchema(prefix) })

type Database = Pick<ReturnType<typeof connect>, "query" | "insert" | "update">
type Schema = ReturnType<typeof makeSchema>

const asks: Record<string, (db: Database, schema: Schema, input: RouteInput) => Promise<unknown>> = {
  "read-by-key": async (db, { patients }, { params }) =>
    (await db.query.patients.findFirst({
      columns: { id: true, name: true, born: true, city: true, lastSeen: true, practice: true },
      where: eq(patients.id, params.id!),
    })) ?? null,

  list: (db, { appointments }, { query }) =>
    db.query.appointments.findMany({
      columns: { id: true, patient: true, doctor: true, startsAt: true, status: true, room: true },
      where: and(
        eq(appointments.practice, query.practice!),
        eq(appointments.status, query.status!),
        gte(appointments.startsAt, query.from!),
      ),
      orderBy: [asc(appointments.startsAt), asc(appointments.id)],
      limit: 20,
    }),

  nested: (db, { patients, appointments }, { query }) =>
    db.query.patients.findMany({
      columns: { id: true, name: true, born: true },
      with: {
        practice: { columns: { name: true } },
        appointments: {
          columns: { id: true, startsAt: true, status: true },
          with: { doctor: { columns: { name: true } } },
          orderBy: [desc(appointments.startsAt), asc(appointments.id)],
          limit: 5,
        },
      },
      where: and(eq(patients.practice, query.practice!), gte(patients.born, query.from!)),
      orderBy: [asc(patients.born), asc(patients.id)],
      limit: 20,
    }),

  insert: async (db, { appointments }, { body }) => {
    const { practice, patient, doctor, startsAt, status, room } = body as Record<string, string> & typeof body
    const [row] = await db
      .insert(appointments)
      .values({
        practice: practice!,
        patient: patient!,
        doctor: doctor!,
        startsAt: startsAt!,
        status: status!,
        room,
      })
      .returning()
    return row
  },

  update: async (db, { appointments }, { params, body }) => {
    const changed = await db
      .update(appointments)
      .set({ status: body.status!, room: body.room! })
      .where(eq(appointments.id, params.id!))
    return changed.rowCount === 0 ? null : ""
  },
}

runContender((setup) => {
  const pool = openPgPool(setup)
  return serveFixedRoutes(setup, (question, access) => {
    const prefix = access === "anonymous" ? "open_" : ""
    const schema = makeSchema(prefix)
    const db = drizzle(pool, { schema })
    const ask = asks[question.name]!
    return (input, caller) => {
      if (caller === null) return ask(db, schema, input)
      const { claims, expires, seal } = caller
      return db.transaction(async (tx) => {
        await tx.execute(sql`select undercroft.enter(${claims}, ${expires}, ${seal})`)
        return ask(tx, schema, input)
      })
    }
  })
})
