/** Fixed routes in fastify as a careful author writes them: validated, authenticated, with the headers that Undercroft sends. */
import type { AddressInfo } from "node:net"
import fastify, { type FastifyInstance, type FastifyReply } from "fastify"
import pg from "pg"
import { type AskedBy, createAuthenticate, identifyByClaims } from "../../src/auth/authenticate.ts"
import { createTokenVerifier } from "../../src/auth/jwt.ts"
import { UndercroftError } from "../../src/base/errors.ts"
import { type Caller, sealCaller } from "../../src/engine/caller.ts"
import type { SealedCaller } from "../../src/store/flight.ts"
import type { Access, Question, RouteInput } from "../question.ts"
import { questions } from "../questions.ts"
import type { ContenderSetup } from "./contender.ts"

/** Answers one request: what is sent as JSON, text as it is; null when there is nothing for this caller. */
export type Answer = (input: RouteInput, caller: SealedCaller | null) => Promise<unknown>

/** What every server written by hand has: headers, errors, and who calls. */
export interface CarefulServer {
  readonly server: FastifyInstance
  readonly authenticate: (request: AskedBy) => Caller | Promise<Caller>
}

/** A server without routes. */
export function createCarefulServer(setup: ContenderSetup): CarefulServer {
  const key = Buffer.from(setup.processKey, "hex")
  const verify = createTokenVerifier([{ secret: setup.secret }])
  const authenticate = createAuthenticate({ verify, identify: identifyByClaims, key })
  const server = fastify({ logger: false, requestTimeout: 30_000, keepAliveTimeout: 10_000 })
  server.addHook("onRequest", (_request, reply, done) => {
    reply.headers({
      "cache-control": "private, no-store",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
      vary: "Authorization",
    })
    done()
  })
  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error instanceof UndercroftError ? error.status : (error.statusCode ?? statusOf(error))
    if (status === 500) console.error(error)
    return reply.code(status).send({ message: status === 500 ? "internal error" : error.message })
  })
  return { server, authenticate }
}

/** Listens on a free port; `answerOf` makes what answers a question. */
export async function serveFixedRoutes(
  setup: ContenderSetup,
  answerOf: (question: Question, access: Access) => Answer,
): Promise<number> {
  const { server, authenticate } = createCarefulServer(setup)
  // Nobody writes through the API role without saying so: it goes on record.
  const nobody = sealCaller(
    { id: "", roles: [], claims: {} },
    4e9,
    Buffer.from(setup.processKey, "hex"),
  ).sealed
  for (const question of questions.filter((one) => !one.isGraphql)) {
    for (const access of ["anonymous", "signed-in"] as const) {
      const answer = answerOf(question, access)
      server.route({
        method: question.method,
        url: `/${access}${question.route}`,
        schema: question.schema,
        async handler(request, reply): Promise<FastifyReply> {
          const caller = await authenticate(request)
          const sealed = (caller.sealed as SealedCaller | null) ?? (question.method === "GET" ? null : nobody)
          const found = await answer(request as unknown as RouteInput, sealed)
          if (found === null) return reply.code(404).send({ message: "not found" })
          if (question.status === 204) return reply.code(204).send()
          return reply.code(question.status).type("application/json; charset=utf-8").send(found)
        },
      })
    }
  }
  return listen(server)
}

/** The free port that it took. */
export async function listen(server: FastifyInstance): Promise<number> {
  await server.listen({ host: "127.0.0.1", port: 0 })
  return (server.server.address() as AddressInfo).port
}

/** A refused caller, a row that policies refuse, a reference to what is not there. */
function statusOf(error: Error & { code?: string }): number {
  const sqlstate = error.code ?? (error.cause as { code?: string } | undefined)?.code ?? ""
  return { "28000": 401, "42501": 403, "23503": 409 }[sqlstate] ?? 500
}

/** The pool that every contender of fixed routes has: as large as Undercroft's, with the same settings. */
export function openPgPool({ apiUrl, connections }: ContenderSetup): pg.Pool {
  return new pg.Pool({
    connectionString: apiUrl,
    max: connections,
    idleTimeoutMillis: 60_000,
    options: "-c statement_timeout=5000 -c timezone=UTC -c jit=off",
  })
}
