/** The process that `sessions.ts` asks: one row by its key, for a caller with a JWT, with a session, and behind better-auth's `getSession`. */
import type { AddressInfo } from "node:net"
import { betterAuth } from "better-auth"
import { getMigrations } from "better-auth/db/migration"
import fastify from "fastify"
import { PostgresDialect } from "kysely"
import pg from "pg"
import { startApp } from "../src/app.ts"
import { signToken } from "../src/auth/jwt-sign.ts"
import { buildBackend } from "../src/build-backend.ts"
import { sealCaller } from "../src/engine/caller.ts"
import { actor, defineBackend, entity, ref, text, userEntity } from "../src/index.ts"
import { openDatabase } from "../src/store/open-database.ts"
import { openPool } from "../src/store/pool.ts"

/** Where to ask, and what to ask with. */
export interface SessionsReady {
  readonly url: string
  readonly plainUrl: string
  readonly jwt: string
  readonly session: string
  readonly plainSession: string
  readonly ids: readonly string[]
}

const secret = "a secret of at least thirty-two bytes"
const person = { email: "one@example.org", name: "One", password: "a walk along the harbour" }

const me = actor({})
const User = userEntity()
const Note = entity("Note", { fields: { owner: ref(User), body: text() } })
Note.access(({ row }) => ({ read: row.owner.is(me.id) }))
const definition = defineBackend({
  name: "notes",
  model: [User, Note],
  accounts: { password: true, signUp: "open" },
})

process.on("message", async (adminUrl: string) => {
  const ready = await start(adminUrl)
  process.send?.(ready)
})
process.on("disconnect", () => process.exit(0))

async function start(adminUrl: string): Promise<SessionsReady> {
  const app = await startApp(definition, {
    host: "127.0.0.1",
    port: 0,
    directory: "",
    databaseUrl: adminUrl,
    secret,
    issuers: [{ secret }],
  })
  const made = await fetch(`${app.url}/auth/sign-up/email`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(person),
  })
  const { token, user } = (await made.json()) as { token: string; user: { id: string } }
  const admin = new pg.Pool({ connectionString: adminUrl })
  const { rows } = await admin.query(
    "insert into app.notes (owner, body) select $1, repeat('a note ', 20) from generate_series(1, 1000) returning id",
    [user.id],
  )
  await admin.query("analyze")
  const plain = await startPlain(adminUrl, user.id)
  return {
    url: app.url,
    jwt: await signToken({ sub: user.id }, { secret, expiresInSeconds: 3600 }),
    session: token,
    ids: rows.map((one) => one.id as string),
    ...plain,
  }
}

/** The same row by a statement written by hand, for whoever better-auth, as it comes, says is calling. */
async function startPlain(adminUrl: string, id: string): Promise<{ plainUrl: string; plainSession: string }> {
  const setUp = new pg.Client({ connectionString: adminUrl })
  await setUp.connect()
  await setUp.query("create schema if not exists plain")
  await setUp.end()
  const own = new pg.Pool({ connectionString: adminUrl, max: 10, options: "-c search_path=plain" })
  const options = {
    secret,
    baseURL: "http://127.0.0.1",
    database: { dialect: new PostgresDialect({ pool: own }), type: "postgres" as const },
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
  }
  await (await getMigrations(options)).runMigrations()
  const auth = betterAuth(options)
  const { headers } = await auth.api.signUpEmail({ body: person, returnHeaders: true })
  const plainSession = headers.getSetCookie()[0]!.split(";")[0]!

  const database = await openDatabase(adminUrl, buildBackend(definition))
  const pool = openPool({ url: database.apiUrl })
  const caller = sealCaller(
    { id, roles: [], claims: {} },
    Math.ceil(Date.now() / 1000) + 3600,
    database.processKey,
  )
  const server = fastify({ logger: false })
  server.get<{ Params: { id: string } }>("/notes/:id", async (request, reply) => {
    const found = await auth.api.getSession({
      headers: new Headers({ cookie: request.headers.cookie ?? "" }),
    })
    if (!found) return reply.code(401).send()
    const row = await pool.send({
      name: "note",
      text: "select row_to_json(n)::text from (select id, body from app.notes where id = $1) n",
      values: [request.params.id],
      caller: caller.sealed,
    })
    return reply.type("application/json").send(row?.[0] ?? "null")
  })
  await server.listen({ host: "127.0.0.1", port: 0 })
  const { port } = server.server.address() as AddressInfo
  return { plainUrl: `http://127.0.0.1:${port}`, plainSession }
}
