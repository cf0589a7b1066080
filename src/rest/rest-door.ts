/** The door `/rest/<collection>`: PostgREST's requests and answers. */
import { hash } from "node:crypto"
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import { UndercroftError } from "../base/errors.ts"
import type { Caller } from "../engine/caller.ts"
import type { Answer, Engine } from "../engine/engine.ts"
import type { Operation } from "../query/operation.ts"
import { type AnswerMedia, parseAccept, parseContentType } from "./media-type.ts"
import { isKnownTag, parseIfMatch } from "./parse-conditions.ts"
import {
  appliedHeader,
  type Preferences,
  parsePreferences,
  preferencesHonoured,
} from "./parse-preferences.ts"
import { parseRange } from "./parse-range.ts"
import { readOnce } from "./read-once.ts"
import { createToOperation, type RestLimits } from "./to-operation.ts"

export interface RestDoorParts {
  readonly engine: Engine
  readonly limits: RestLimits
  /** Whether `Prefer: tx=rollback` is heeded: what was undone leaves no trace of who looked. */
  readonly allowsRollback: boolean
  /** Throws `UndercroftError` where the request says who calls and that is not so. */
  readonly authenticate: (request: FastifyRequest) => Caller | Promise<Caller>
}

type CollectionRequest = FastifyRequest<{ Params: { collection: string } }>

/** Everything that an answer depends on. */
interface Asked {
  readonly method: string
  readonly operation: Operation | null
  readonly preferences: Preferences
  readonly media: AnswerMedia
  readonly caller: Caller
}

const url = "/rest/:collection"
/** What a QUERY is written in. */
const queryType = '"application/x-www-form-urlencoded"'

/** Adds the routes. */
export function addRestDoor(server: FastifyInstance, parts: RestDoorParts): void {
  const { engine } = parts
  const toOperation = createToOperation(parts.limits)
  server.route<{ Params: { collection: string } }>({
    method: ["GET", "HEAD", "QUERY", "POST", "PATCH", "DELETE", "PUT"],
    url,
    config: { door: "rest" },
    handler: async (request, reply) => {
      const authenticated = parts.authenticate(request)
      const caller = authenticated instanceof Promise ? await authenticated : authenticated
      const { headers } = request
      const method = request.method === "QUERY" ? "GET" : request.method
      const isRead = method === "GET" || method === "HEAD"
      const preferences = keepable(parsePreferences(headers.prefer), parts.allowsRollback)
      const media = parseAccept(headers.accept)
      const operation = toOperation({
        method,
        collection: collectionOf(request.params.collection),
        search: readSearch(request),
        body: request.body as Buffer | undefined,
        bodyType: isRead || method === "DELETE" ? "json" : parseContentType(headers["content-type"]),
        preferences,
        media,
        range:
          method === "GET" ? parseRange(headers.range, headers["range-unit"] as string | undefined) : null,
        match: isRead || method === "POST" ? null : parseIfMatch(headers["if-match"]),
        once: isRead || preferences.tx === "rollback" ? null : readOnce(request, caller),
      })
      const answer = operation === null ? nothingDone : await engine.run(operation, caller)
      return sendAnswer(request, reply, { method, operation, preferences, media, caller }, answer)
    },
  })
  server.options<{ Params: { collection: string } }>(url, (request, reply) => {
    const uses = engine.usesOf(collectionOf(request.params.collection))
    const methods = [
      "OPTIONS,GET,HEAD",
      ...(uses.insert ? ["POST"] : []),
      ...(uses.insert && uses.update ? ["PUT"] : []),
      ...(uses.update ? ["PATCH"] : []),
      ...(uses.delete ? ["DELETE"] : []),
    ]
    // `Allow` is as PostgREST has it; what QUERY takes stands in a header of its own.
    return reply.header("allow", methods.join(",")).header("accept-query", queryType).send()
  })
}

/** What of a request says what is asked for: its query string, or the body of QUERY, whose address has none (ASVS 14.2.1). */
function readSearch({ method, url, headers, body }: FastifyRequest): string {
  const at = url.indexOf("?")
  if (method !== "QUERY") return at < 0 ? "" : url.slice(at + 1)
  if (at >= 0)
    throw new UndercroftError("PGRST102", { why: "QUERY asks in its body, and not in its address" })
  const type = headers["content-type"] ?? "none"
  if (parseContentType(type) !== "form")
    throw new UndercroftError("PGRST102/type", { type: type.slice(0, 60) })
  // As Node reads addresses: a byte is a character.
  return (body as Buffer | undefined)?.toString("latin1") ?? ""
}

/** What people are told to ask for is written as addresses are. */
function collectionOf(name: string): string {
  return name === "accesses-to-me" ? "accessesToMe" : name
}

const nothingDone: Answer = {
  body: "[]",
  rows: 0,
  total: null,
  made: null,
  written: null,
  version: null,
  isPersonal: false,
  isReplayed: false,
}

/** Without what is not done here, so that it is never said to have been: answers are in UTC. */
function keepable(preferences: Preferences, allowsRollback: boolean): Preferences {
  const { tx, timezone, handling } = preferences
  const isUndone = tx === "rollback" && !allowsRollback
  if (timezone === null && !isUndone) return preferences
  if (handling === "strict")
    throw new UndercroftError(
      "PGRST122",
      {},
      { details: `Not done here: ${isUndone ? "tx=rollback" : "timezone"}` },
    )
  return { ...preferences, timezone: null, tx: isUndone ? null : tx }
}

/** Status and headers as PostgREST gives them; the body as PostgreSQL made it. */
function sendAnswer(
  request: CollectionRequest,
  reply: FastifyReply,
  asked: Asked,
  answer: Answer,
): FastifyReply {
  const { method, operation, preferences, media } = asked
  const isRead = method === "GET" || method === "HEAD"
  const returning = preferences.returning ?? "minimal"
  const offset = isRead ? offsetOf(operation) : 0
  if (method !== "PUT") reply.header("content-range", contentRange(method, answer, offset))
  const applied = appliedHeader(preferences, preferencesHonoured[honoured(method)])
  if (applied) reply.header("preference-applied", applied)
  if (answer.isReplayed) reply.header("idempotency-replayed", "true")
  if (isRead && answer.total !== null && offset > answer.total) {
    const details = `An offset of ${offset} was requested, but there are only ${answer.total} rows.`
    throw new UndercroftError("PGRST103", {}, { details })
  }
  if (operation === null && media.single)
    throw new UndercroftError("PGRST116", {}, { details: "The result contains 0 rows" })
  if (isRead || returning === "representation") {
    const list = answer.body ?? ""
    const body = media.single ? list.slice(1, -1) : list
    reply.code(isRead ? readStatus(answer) : writtenStatus(method, operation, answer))
    reply.header("content-type", media.contentType)
    if (isRead && isUnchanged(request, reply, asked, answer, body)) return reply.code(304).send()
    return reply.send(body)
  }
  const isLocated = returning === "headers-only" && operation?.kind === "insert" && answer.rows === 1
  if (isLocated && answer.body !== null) reply.header("location", locationOf(operation, answer.body))
  return reply.code(method === "POST" ? writtenStatus(method, operation, answer) : 204).send()
}

/** Tags the answer, and says whether the caller has it already. A tag is the caller's own: nobody else's is like it. */
function isUnchanged(
  { headers, url }: CollectionRequest,
  reply: FastifyReply,
  { caller }: Asked,
  answer: Answer,
  body: string,
): boolean {
  const digest = hash(
    "sha256",
    `${caller.id ?? ""}\n${url}\n${headers.accept ?? ""}\n${body}`,
    "base64url",
  ).slice(0, 22)
  const tag = `"${answer.version === null ? "" : `${answer.version}.`}${digest}"`
  reply.header("etag", tag)
  if (!answer.isPersonal) reply.header("cache-control", "private, no-cache")
  return isKnownTag(headers["if-none-match"], tag)
}

function readStatus({ rows, total }: Answer): number {
  return total !== null && rows < total ? 206 : 200
}

/** An upsert that made no row is 200; what was not asked to merge is made. */
function writtenStatus(method: string, operation: Operation | null, { made }: Answer): number {
  if (method !== "POST" && method !== "PUT") return 200
  const merges = operation?.kind === "insert" && operation.conflict?.resolution === "merge"
  return merges && made !== null && made <= 0 ? 200 : 201
}

function honoured(method: string): keyof typeof preferencesHonoured {
  if (method === "POST") return "insert"
  if (method === "PUT") return "upsert"
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
