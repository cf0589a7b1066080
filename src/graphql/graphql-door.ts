/** The door `/graphql`: GraphQL over HTTP, each root field an operation of the engine. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify"
import type { GraphQLError, GraphQLObjectType, GraphQLSchema } from "graphql"
import { UndercroftError } from "../base/errors.ts"
import type { Caller } from "../engine/caller.ts"
import type { Engine } from "../engine/engine.ts"
import type { Knowledge } from "../engine/knowledge.ts"
import { StatementCache } from "../engine/statement-cache.ts"
import type { Model } from "../model/model.ts"
import type { QueryLimits } from "../query/limits.ts"
import { createDocuments, type PreparedDocument } from "./documents.ts"
import { type Executed, execute } from "./execute.ts"
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
import { createSchema } from "./schema.ts"
import { errorBody, tellError } from "./tell-error.ts"

export interface GraphqlDoorParts {
  readonly model: Model
  readonly engine: Engine
  readonly limits: GraphqlLimits & QueryLimits
  /** Whether callers may ask for the schema. */
  readonly introspection: boolean
  /** Throws `UndercroftError` where the request says who calls and that is not so. */
  readonly authenticate: (request: FastifyRequest) => Caller | Promise<Caller>
}

/** Schemas are kept by what is known, and callers of one role mostly know the same. */
const keptSchemas = 50

const url = "/graphql"

/** Adds the routes. */
export function addGraphqlDoor(server: FastifyInstance, parts: GraphqlDoorParts): void {
  const { model, engine, limits } = parts
  const names = createNames(model)
  const schemas = new StatementCache<{ readonly text: string; readonly schema: GraphQLSchema }>(keptSchemas)
  const prepare = createDocuments(parts)

  function schemaFor(known: Knowledge): GraphQLSchema {
    const found = schemas.get(known.key)
    if (found) return found.schema
    const schema = createSchema({ model, names, known, page: Math.min(limits.graphqlPage, limits.rows) })
    schemas.set(known.key, { text: "", schema })
    return schema
  }

  async function answer(asked: GraphqlRequest, method: string, caller: Caller): Promise<Executed> {
    const known = await engine.knows(caller)
    const prepared = prepare(asked.query, known.key, schemaFor(known))
    if (prepared.errors.length > 0) return refuse(prepared.errors)
    const operation = operationOf(prepared, asked.operationName)
    if (!operation)
      return refuse([new UndercroftError("UC343", { why: "operationName must name one operation" })])
    if (operation.operation !== "query" && method !== "POST") throw new UndercroftError("UC345", { method })
    return await execute(operation, asked.variables, {
      engine,
      caller,
      prepared,
      limits,
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
    config: { errorBody },
    handler: async (request, reply) => {
      const caller = await parts.authenticate(request)
      const type = readAccept(request.headers.accept)
      const { method } = request
      const at = request.url.indexOf("?")
      const asked =
        method === "POST"
          ? readBody(request.headers["content-type"], request.body as Buffer | undefined)
          : readAddress(at < 0 ? "" : request.url.slice(at + 1))
      return send(reply, type, await answer(asked, method, caller))
    },
  })
}

function refuse(errors: readonly (GraphQLError | UndercroftError)[]): Executed {
  return { data: null, errors: errors.map((one) => tellError(one)), isRefused: true }
}

function operationOf(
  { operations }: PreparedDocument,
  name: string | null,
): PreparedDocument["operations"][number] | undefined {
  if (name !== null) return operations.find((one) => one.name?.value === name)
  return operations.length === 1 ? operations[0] : undefined
}

/** The status says how the request fared only where the media type is GraphQL's own. */
function send(reply: FastifyReply, type: AnswerType, { data, errors, isRefused }: Executed): FastifyReply {
  const told = errors.length === 0 ? "" : `"errors":${JSON.stringify(errors)}`
  const body = isRefused ? `{${told}}` : `{${told}${told === "" ? "" : ","}"data":${data}}`
  return reply
    .code(isRefused && type === responseType ? 400 : 200)
    .header("content-type", `${type}; charset=utf-8`)
    .send(body)
}
