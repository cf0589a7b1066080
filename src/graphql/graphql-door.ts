/** The door `/graphql`: GraphQL over HTTP, each root field an operation of the engine. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import type { GraphQLObjectType, GraphQLSchema } from "graphql"
import { UndercroftError } from "../base/errors.ts"
import type { Caller } from "../engine/caller.ts"
import type { Knowledge } from "../engine/knowledge.ts"
import { readOnce } from "../engine/once.ts"
import { asRenewed, confirmed } from "../engine/renewed-caller.ts"
import { StatementCache } from "../engine/statement-cache.ts"
import type { EntityInfo, Model } from "../model/model.ts"
import type { QueryLimits } from "../query/limits.ts"
import { createActionFields, type GraphqlAction } from "./action-fields.ts"
import { entityByType } from "./denial.ts"
import { createDocuments, type PreparedDocument } from "./documents.ts"
import { type Doers, type Executed, execute, refused } from "./execute.ts"
import { type ExplorerPage, explorerPage, prefersPage } from "./explorer-page.ts"
import type { GraphqlLimits } from "./limits.ts"
import { createNames } from "./names.ts"
import {
  type AnswerType,
  type GraphqlRequest,
  readAccept,
  readAddress,
  readBody,
  responseType,
} from "./read-request.ts"
import { findDocument, type RegisteredDocuments } from "./registered-documents.ts"
import { createSchema } from "./schema.ts"
import { errorBody } from "./tell-error.ts"
import { createRootReader } from "./templates.ts"

export interface GraphqlDoorParts extends Doers {
  /** The backend's. */
  readonly name: string
  readonly model: Model
  readonly actions: ReadonlyMap<string, GraphqlAction>
  readonly limits: GraphqlLimits & QueryLimits
  /** Whether callers may ask for the schema. */
  readonly introspection: boolean
  readonly documents: RegisteredDocuments
  /** Whether registered documents alone are answered. */
  readonly isOnlyRegistered: boolean
  /** Puts on record that a document was refused. */
  readonly refuse: (
    error: UndercroftError,
    request: { readonly caller: Caller; readonly entity: EntityInfo | undefined },
  ) => Promise<unknown>
  /** Throws `UndercroftError` where the request says who calls and that is not so. */
  readonly authenticate: (request: FastifyRequest) => Caller | Promise<Caller>
}

/** Schemas are kept by what is known, and callers of one role mostly know the same. */
const keptSchemas = 50

const url = "/graphql"

/** Adds the routes. */
export function addGraphqlDoor(server: FastifyInstance, parts: GraphqlDoorParts): void {
  const { model, engine, prepareAction, transact, limits } = parts
  const actions = createActionFields(model, parts.actions.values())
  const names = createNames(model)
  const schemas = new StatementCache<{ readonly text: string; readonly schema: GraphQLSchema }>(keptSchemas)
  const entityOf = entityByType(model, names)
  const prepare = createDocuments(parts)
  const readRoots = createRootReader()
  const rowsOfPage = Math.min(limits.graphqlPage, limits.rows)
  // Where the schema can't be asked for, or documents can't be made up, a page to do so with would be of no use.
  const page = parts.introspection && !parts.isOnlyRegistered ? explorerPage(parts.name) : null

  function schemaFor(known: Knowledge): GraphQLSchema {
    const found = schemas.get(known.key)
    if (found) return found.schema
    const schema = createSchema({ model, names, known, page: rowsOfPage, actions })
    schemas.set(known.key, { text: "", schema })
    return schema
  }

  /** What there is no document for is an answer, whose status clients expect to hang on its media type. */
  function findText(asked: GraphqlRequest): string | UndercroftError {
    try {
      return findDocument(asked, parts)
    } catch (cause) {
      if (cause instanceof UndercroftError) return cause
      throw cause
    }
  }

  async function answer(asked: GraphqlRequest, request: FastifyRequest, caller: Caller): Promise<Executed> {
    const { method, headers } = request
    const text = findText(asked)
    if (text instanceof UndercroftError) return refused([text])
    const known = await engine.knows(caller)
    const prepared = prepare(text, known.key, schemaFor(known))
    if (prepared.errors.length > 0) return refused(prepared.errors)
    const operation = operationOf(prepared, asked.operationName)
    if (!operation)
      return refused([new UndercroftError("UC343", { why: "operationName must name one operation" })])
    if (operation.operation !== "query" && method !== "POST") throw new UndercroftError("UC345", { method })
    const isMutation = operation.operation === "mutation"
    return await execute(operation, asked.variables, {
      engine,
      prepareAction,
      transact,
      limits,
      readRoots,
      caller,
      once: isMutation ? readOnce(headers["idempotency-key"], caller, saidBy(text, asked)) : null,
      prepared,
      rowOf: (name) => {
        const entity = model.byName.get(name)
        if (!entity || !known.may(entity, "read")) return null
        return { entity, type: prepared.schema.getType(names.typeOf(entity)) as GraphQLObjectType }
      },
    })
  }

  server.route({
    method: ["GET", "HEAD", "POST"],
    url,
    config: { errorBody, door: "graphql" },
    handler: async (request, reply) => {
      if (page && request.method !== "POST" && prefersPage(request.headers.accept))
        return sendPage(reply, page)
      const caller = await parts.authenticate(request)
      const type = readAccept(request.headers.accept)
      const { method } = request
      const at = request.url.indexOf("?")
      const asked =
        method === "POST"
          ? readBody(request.headers["content-type"], request.body as Buffer | undefined)
          : readAddress(at < 0 ? "" : request.url.slice(at + 1))
      const first = await asRenewed(caller, (now) => answer(asked, request, now))
      const now = first.isConfirmed ? caller : await confirmed(caller)
      const done = now === caller ? first : await answer(asked, request, now)
      if (done.denial) {
        const { error, about } = done.denial
        await parts.refuse(error, { caller: now, entity: entityOf(about) })
      }
      return send(reply, type, done)
    },
  })
}

function operationOf(
  { operations }: PreparedDocument,
  name: string | null,
): PreparedDocument["operations"][number] | undefined {
  if (name !== null) return operations.find((one) => one.name?.value === name)
  return operations.length === 1 ? operations[0] : undefined
}

/** What tells one request under a key from another. */
function saidBy(text: string, { operationName, variables }: GraphqlRequest): readonly (string | null)[] {
  return [text, operationName, JSON.stringify(variables)]
}

function sendPage(reply: FastifyReply, { html, policy }: ExplorerPage): FastifyReply {
  return reply
    .headers({
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      "cache-control": "no-cache",
    })
    .send(html)
}

/** The status says how the request fared only where the media type is GraphQL's own. */
function send(reply: FastifyReply, type: AnswerType, executed: Executed): FastifyReply {
  const { data, errors, isRefused, isReplayed } = executed
  const told = errors.length === 0 ? "" : `"errors":${JSON.stringify(errors)}`
  const body = isRefused ? `{${told}}` : `{${told}${told === "" ? "" : ","}"data":${data}}`
  if (isReplayed) reply.header("idempotency-replayed", "true")
  return reply
    .code(isRefused && type === responseType ? 400 : 200)
    .header("content-type", `${type}; charset=utf-8`)
    .send(body)
}
