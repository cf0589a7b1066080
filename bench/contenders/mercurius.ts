/**
 * The contender that is Mercurius, with resolvers written by hand: compiled documents, one statement for each level through
 * its batched loaders, and all of a caller's statements in one transaction that enters the caller.
 */
import type { FastifyInstance, FastifyRequest } from "fastify"
import type pg from "pg"
import type { SealedCaller } from "../../src/store/flight.ts"
import type { Access } from "../question.ts"
import { runContender } from "./contender.ts"
import { createCarefulServer, listen, openPgPool } from "./fixed-routes.ts"
import { requireBenchModule } from "./modules.ts"

type Row = Readonly<Record<string, string | null>>
type Queries = Pick<pg.ClientBase, "query">

/** What resolvers are given: where to ask, a transaction of the caller's once one was begun. */
interface Context {
  readonly caller: SealedCaller | null
  client: pg.PoolClient | null
  db: Queries
}

interface PageArguments {
  readonly filter: { readonly practiceId: { readonly eq: string }; readonly born: { readonly gte: string } }
  readonly first: number
}
type Batch = readonly { readonly obj: Row; readonly params: { readonly first: number } }[]

const enter = { name: "enter", text: "select undercroft.enter($1, $2, $3)" }

/** The part of the schema that the document needs, for one of the twins of every table. */
function typesFor(prefix: "" | "Open"): string {
  const root = prefix === "" ? "patientCollection" : "openPatientCollection"
  const types = `
    extend type Query {
      ${root}(filter: PatientFilter!, orderBy: [PatientOrderBy!]!, first: Int!): PatientConnection!
    }
    type PatientConnection { edges: [PatientEdge!]! }
    type PatientEdge { node: Patient! }
    type Patient {
      id: UUID! name: String! born: Date! practice: Practice!
      appointments(orderBy: [AppointmentOrderBy!]!, first: Int!): AppointmentConnection!
    }
    type AppointmentConnection { edges: [AppointmentEdge!]! }
    type AppointmentEdge { node: Appointment! }
    type Appointment { id: UUID! startsAt: String! status: String! doctor: Staff }
    type Staff { name: String! }`
  return types.replace(
    /\b(Patient|Appointment|Staff)(Connection|Edge|)\b/g,
    (_, name, suffix) => `${prefix}${name}${suffix}`,
  )
}

const schema = `
  scalar UUID
  scalar Date
  enum Direction { AscNullsFirst AscNullsLast DescNullsFirst DescNullsLast }
  input UuidFilter { eq: UUID! }
  input DateFilter { gte: Date! }
  input PatientFilter { practiceId: UuidFilter! born: DateFilter! }
  input PatientOrderBy { born: Direction id: Direction }
  input AppointmentOrderBy { startsAt: Direction id: Direction }
  type Query { version: String }
  type Practice { name: String! }
  ${typesFor("")}
  ${typesFor("Open")}`

const connectionOf = (rows: readonly Row[]): object => ({ edges: rows.map((node) => ({ node })) })

/** In the order in which they were asked for. */
async function byKey(db: Queries, name: string, text: string, keys: readonly (string | null)[]) {
  const { rows } = await db.query<Row>({ name, text, values: [[...new Set(keys)]] })
  const found = new Map(rows.map((row) => [row["id"]!, row]))
  return keys.map((key) => found.get(key!) ?? null)
}

/** The order is the document's one: what is written by hand has the statements that are needed. */
function resolversFor(access: Access): { Query: object; loaders: Record<string, object> } {
  const [prefix, table] = access === "anonymous" ? ["Open", "open_"] : ["", ""]
  const root = access === "anonymous" ? "openPatientCollection" : "patientCollection"
  const patients = `select id, name, born::text, practice from app.${table}patients
    where practice = $1 and born >= $2 order by born, id limit $3`
  const appointments = `select a.* from unnest($1::uuid[]) as p(id) cross join lateral (
    select id, starts_at::text as "startsAt", status, doctor, patient from app.${table}appointments
    where patient = p.id order by starts_at desc, id limit $2) a`
  const staff = `select id, name from app.${table}staff where id = any($1)`
  return {
    Query: {
      [root]: async (_: unknown, { filter, first }: PageArguments, { db }: Context) => {
        const values = [filter.practiceId.eq, filter.born.gte, first]
        const { rows } = await db.query<Row>({ name: `${root} rows`, text: patients, values })
        return connectionOf(rows)
      },
    },
    loaders: {
      [`${prefix}Patient`]: {
        practice: {
          loader: (batch: Batch, { db }: Context) => {
            const keys = batch.map(({ obj }) => obj["practice"]!)
            return byKey(db, "practices", "select id, name from app.practices where id = any($1)", keys)
          },
          opts: { cache: false },
        },
        appointments: {
          loader: async (batch: Batch, { db }: Context) => {
            const values = [batch.map(({ obj }) => obj["id"]), batch[0]!.params.first]
            const { rows } = await db.query<Row>({ name: `${root} appointments`, text: appointments, values })
            const found = Map.groupBy(rows, (row) => row["patient"])
            return batch.map(({ obj }) => connectionOf(found.get(obj["id"]!) ?? []))
          },
          opts: { cache: false },
        },
      },
      [`${prefix}Appointment`]: {
        doctor: {
          loader: (batch: Batch, { db }: Context) =>
            byKey(
              db,
              `${root} staff`,
              staff,
              batch.map(({ obj }) => obj["doctor"]!),
            ),
          opts: { cache: false },
        },
      },
    },
  }
}

/** Around the execution of every document that a caller sends. */
function addTransactions(server: FastifyInstance, pool: pg.Pool): void {
  const { graphql } = server as unknown as {
    graphql: {
      addHook(name: string, run: (...given: never[]) => Promise<void>): void
    }
  }
  graphql.addHook("preExecution", async (_schema: never, _document: never, context: Context) => {
    if (context.caller === null) return
    const { claims, expires, seal } = context.caller
    context.client = await pool.connect()
    context.db = context.client
    await context.client.query("begin")
    await context.client.query({ ...enter, values: [claims, expires, seal] })
  })
  graphql.addHook("onResolution", async (_execution: never, context: Context) => {
    if (context.client === null) return
    await context.client.query("commit")
    context.client.release()
  })
}

runContender(async (setup) => {
  process.env.NODE_ENV = "production"
  const mercurius = requireBenchModule("mercurius") as Parameters<FastifyInstance["register"]>[0]
  const pool = openPgPool(setup)
  const { server, authenticate } = createCarefulServer(setup)
  const [open, own] = [resolversFor("anonymous"), resolversFor("signed-in")]
  await server.register(mercurius, {
    schema,
    resolvers: { Query: { ...open.Query, ...own.Query } },
    loaders: { ...open.loaders, ...own.loaders },
    jit: 1,
    context: async (request: FastifyRequest): Promise<Context> => {
      const { sealed } = await authenticate(request)
      return { caller: sealed as SealedCaller | null, client: null, db: pool }
    },
  } as object)
  await server.ready()
  addTransactions(server, pool)
  return listen(server)
})
