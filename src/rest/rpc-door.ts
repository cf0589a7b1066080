/** The door `/rest/rpc/<name>`: actions, as PostgREST has its functions. */
import type { FastifyInstance, FastifyRequest } from "fastify"
import { UndercroftError } from "../base/errors.ts"
import type { Caller } from "../engine/caller.ts"
import { asRenewed } from "../engine/renewed-caller.ts"
import type { PrepareAction, Transact } from "../engine/transact.ts"
import type { JsonSchema } from "../model/json-schema.ts"
import { parseAccept, parseContentType } from "./media-type.ts"
import { parseObject } from "./read-body.ts"
import { readOnce } from "./read-once.ts"

/** What the door needs to know of an action. */
export interface RpcAction {
  readonly isReadOnly: boolean
  readonly input: JsonSchema
}

export interface RpcDoorParts {
  readonly actions: ReadonlyMap<string, RpcAction>
  readonly prepareAction: PrepareAction
  readonly transact: Transact
  /** Throws `UndercroftError` where the request says who calls and that is not so. */
  readonly authenticate: (request: FastifyRequest) => Caller | Promise<Caller>
}

/** Adds the routes. */
export function addRpcDoor(server: FastifyInstance, parts: RpcDoorParts): void {
  server.route<{ Params: { action: string } }>({
    method: ["GET", "HEAD", "POST", "PATCH", "DELETE", "PUT"],
    url: "/rest/rpc/:action",
    handler: async (request, reply) => {
      const caller = await parts.authenticate(request)
      const name = request.params.action
      const action = parts.actions.get(name)
      if (!action) throw new UndercroftError("PGRST202", { action: name.slice(0, 100) })
      const isRead = request.method === "GET" || request.method === "HEAD"
      if (isRead ? !action.isReadOnly : request.method !== "POST")
        throw new UndercroftError("PGRST101", { method: request.method })
      const media = parseAccept(request.headers.accept)
      if (media.form !== "json")
        throw new UndercroftError("PGRST107", { types: String(request.headers.accept).slice(0, 100) })
      const at = request.url.indexOf("?")
      const search = at < 0 ? "" : request.url.slice(at + 1)
      const input = isRead ? readSearch(search, action.input) : readInput(request, search)
      const once = isRead || action.isReadOnly ? null : readOnce(request, caller)
      const answer = await asRenewed(caller, async (now) => {
        const step = await parts.prepareAction({ name, input, caller: now })
        const done = await parts.transact({ steps: [step], caller: now, once, toBody: ([body]) => body! })
        if ("error" in done) throw done.error
        return done
      })
      if (answer.isReplayed) reply.header("idempotency-replayed", "true")
      return reply.header("content-type", media.contentType).send(answer.body)
    },
  })
}

/** A JSON object; without a body an empty one. */
function readInput({ headers, body }: FastifyRequest, search: string): unknown {
  // PostgREST filters what a function answers; an action answers what it says.
  if (search !== "") {
    const details = "An action's answer is not filtered, selected from or ordered by the address."
    throw new UndercroftError("PGRST127", {}, { details })
  }
  const bytes = body as Buffer | undefined
  if (!bytes || bytes.length === 0) return {}
  if (parseContentType(headers["content-type"]) !== "json")
    throw new UndercroftError("PGRST102/type", { type: String(headers["content-type"]).slice(0, 60) })
  return parseObject(bytes)
}

const mostParameters = 100

/** Parameters by name; a number and a truth value where the input's schema says so, otherwise a text. */
function readSearch(search: string, schema: JsonSchema): Readonly<Record<string, unknown>> {
  const properties = (schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>
  const entries = [...new URLSearchParams(search)]
  if (entries.length > mostParameters)
    throw new UndercroftError("UC301", { max: mostParameters, what: "parameters", setting: "parameters" })
  const names = new Set(entries.map(([name]) => name))
  if (names.size < entries.length)
    throw new UndercroftError("PGRST102", { why: "A parameter of an action stands once" })
  return Object.fromEntries(
    entries.map(([name, text]) => {
      const type = Object.hasOwn(properties, name) ? properties[name]?.["type"] : undefined
      const isBare = ["number", "integer", "boolean"].includes(String(type))
      return [name, isBare && /^(-?\d+(\.\d+)?|true|false)$/.test(text) ? JSON.parse(safe(text)) : text]
    }),
  )
}

/** `007` is no JSON, and stays what it is. */
function safe(text: string): string {
  return /^-?0\d/.test(text) ? JSON.stringify(text) : text
}
