/** The door `/rest/<collection>`: PostgREST's requests and answers. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import { UndercroftError } from "../base/errors.ts"
import type { Caller } from "../engine/caller.ts"
import type { Answer, Engine } from "../engine/engine.ts"
import type { Operation } from "../query/operation.ts"
import {
  appliedHeader,
  type Preferences,
  parsePreferences,
  preferencesHonoured,
} from "./parse-preferences.ts"
import { createToOperation, type RestLimits } from "./to-operation.ts"

export interface RestDoorParts {
  readonly engine: Engine
  readonly limits: RestLimits
  /** Throws `UndercroftError` where the request says who calls and that is not so. */
  readonly authenticate: (request: FastifyRequest) => Caller | Promise<Caller>
}

const jsonType = "application/json; charset=utf-8"
const objectType = "application/vnd.pgrst.object+json"

/** Adds the routes. */
export function addRestDoor(server: FastifyInstance, parts: RestDoorParts): void {
  const toOperation = createToOperation(parts.limits)
  server.route<{ Params: { collection: string } }>({
    method: ["GET", "HEAD", "POST", "PATCH", "DELETE", "PUT"],
    url: "/rest/:collection",
    handler: async (request, reply) => {
      const authenticated = parts.authenticate(request)
      const caller = authenticated instanceof Promise ? await authenticated : authenticated
      const preferences = keepable(parsePreferences(request.headers.prefer))
      const single = wantsSingle(request.headers.accept)
      if (request.method !== "GET" && request.method !== "HEAD" && request.method !== "DELETE")
        checkContentType(request.headers["content-type"])
      const at = request.url.indexOf("?")
      const operation = toOperation({
        method: request.method,
        collection: request.params.collection,
        search: at < 0 ? "" : request.url.slice(at + 1),
        body: request.body as Buffer | undefined,
        preferences,
        single,
      })
      const answer = operation === null ? nothingDone : await parts.engine.run(operation, caller)
      return sendAnswer(reply, request.method, operation, answer, preferences, single)
    },
  })
}

const nothingDone: Answer = { body: "[]", rows: 0, total: null }

/** Without what this door does not do, so that it never says it did: every write is committed, and answers are in UTC. */
function keepable(preferences: Preferences): Preferences {
  const { tx, timezone, handling } = preferences
  if (tx !== "rollback" && timezone === null) return preferences
  if (handling === "strict") {
    const details = `Not supported here: ${tx === "rollback" ? "tx=rollback" : "timezone"}`
    throw new UndercroftError("PGRST122", {}, { details })
  }
  return { ...preferences, tx: tx === "rollback" ? null : tx, timezone: null }
}

/** What `Accept` names; PostgREST's media types, and everything that JSON satisfies. */
function wantsSingle(accept: string | undefined): boolean {
  if (accept === undefined || accept === "*/*" || accept === "application/json") return false
  const types = accept
    .split(",")
    .slice(0, 20)
    .map((one) => one.trim().split(";")[0]?.toLowerCase() ?? "")
  for (const type of types) {
    if (type === objectType || type === "application/vnd.pgrst.object") return true
    if (["*/*", "application/*", "application/json", "application/vnd.pgrst.array+json"].includes(type))
      return false
  }
  throw new UndercroftError("PGRST107", { types: types.join(", ").slice(0, 100) })
}

function checkContentType(type: string | undefined): void {
  if (type === undefined || /^application\/(json|vnd\.pgrst\.(object|array)\+json)\s*(;|$)/i.test(type))
    return
  throw new UndercroftError("UC317", { type: type.slice(0, 60) })
}

/** Status and headers as PostgREST gives them; the body as PostgreSQL made it. */
function sendAnswer(
  reply: FastifyReply,
  method: string,
  operation: Operation | null,
  answer: Answer,
  preferences: Preferences,
  single: boolean,
): FastifyReply {
  const returning = preferences.returning ?? "minimal"
  const isRead = method === "GET" || method === "HEAD"
  const offset = isRead ? offsetOf(operation) : 0
  if (
    isRead &&
    answer.total !== null &&
    answer.total > 0 &&
    offset >= answer.total &&
    answer.rows === 0 &&
    offset > 0
  ) {
    throw new UndercroftError(
      "PGRST103",
      {},
      { details: `An offset of ${offset} was requested, but there are only ${answer.total} rows.` },
    )
  }
  if (operation === null && single)
    throw new UndercroftError("PGRST116", {}, { details: "The result contains 0 rows" })
  reply.header("content-range", contentRange(method, answer, offset))
  const applied = appliedHeader(preferences, preferencesHonoured[honoured(method)])
  if (applied) reply.header("preference-applied", applied)
  if (isRead || returning === "representation") {
    const partial = isRead && answer.total !== null && answer.rows < answer.total
    reply.code(method === "POST" ? 201 : partial ? 206 : 200)
    reply.header("content-type", single ? `${objectType}; charset=utf-8` : jsonType)
    const body = answer.body ?? "[]"
    return reply.send(single ? body.slice(1, -1) : body)
  }
  if (
    returning === "headers-only" &&
    operation?.kind === "insert" &&
    answer.rows === 1 &&
    answer.body !== null
  ) {
    reply.header("location", locationOf(operation, answer.body))
  }
  return reply.code(method === "POST" ? 201 : 204).send()
}

function honoured(method: string): keyof typeof preferencesHonoured {
  if (method === "POST") return "insert"
  return method === "PATCH" ? "update" : method === "DELETE" ? "delete" : "read"
}

function offsetOf(operation: Operation | null): number {
  return operation && operation.query.offset !== null ? Number(operation.values[operation.query.offset]) : 0
}

function contentRange(method: string, answer: Answer, offset: number): string {
  const total = answer.total ?? "*"
  if (method === "POST" || method === "DELETE" || answer.rows === 0) return `*/${total}`
  return `${offset}-${offset + answer.rows - 1}/${total}`
}

/** `/patients?id=eq.…`, from the keys that the insert gave back. */
function locationOf(operation: Operation, body: string): string {
  const [keys] = JSON.parse(body) as [Readonly<Record<string, unknown>>]
  const search = Object.entries(keys).map(
    ([name, value]) => `${encodeURIComponent(name)}=eq.${encodeURIComponent(String(value))}`,
  )
  return `/${operation.collection}?${search.join("&")}`
}
