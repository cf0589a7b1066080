/** The addresses that are not collections: health, GraphQL, and the documents themselves. */
import { type ApiOperation, componentOf, type MediaType, type PathItem, withoutContent } from "./document.ts"
import { graphqlPath } from "./graphql-path.ts"
import { refusals } from "./responses.ts"

/** No collection can have this name. */
export const serverTag = "the server"

const common = { tags: [serverTag], security: [{}] } as const
const health = (status: string): Readonly<Record<string, MediaType>> => ({
  "application/json": {
    schema: { type: "object", required: ["status"], properties: { status: { const: status } } },
    example: { status },
  },
})

const documentSchema = {
  type: "object",
  required: ["openapi", "info", "paths"],
  properties: { openapi: { type: "string" }, info: { type: "object" }, paths: { type: "object" } },
} as const

/** Each has HEAD beside GET, with the same answer and no body. */
const documents: Readonly<Record<string, PathItem>> = Object.fromEntries(
  Object.entries<ApiOperation>({
    "/health/live": {
      ...common,
      operationId: "health.live",
      summary: "Whether the process runs",
      description: "For what restarts processes: it asks nothing of the database.",
      responses: {
        200: { description: "It runs.", content: health("live") },
        ...refusals(400, 500),
      },
    },
    "/health/ready": {
      ...common,
      operationId: "health.ready",
      summary: "Whether requests can be served",
      description: "For what sends requests here: it asks the database.",
      responses: {
        200: { description: "The database answers.", content: health("ready") },
        ...refusals(400, 500),
        503: { description: "The database does not answer.", content: health("not ready") },
      },
    },
    "/openapi.json": {
      tags: [serverTag],
      operationId: "openapi",
      summary: "This document",
      description: "What the caller could ever know and use; the rest is not in it.",
      parameters: [componentOf("parameters", "ifNoneMatch")],
      responses: {
        200: {
          description: "An OpenAPI document.",
          headers: { ETag: componentOf("headers", "etag") },
          content: {
            "application/json": { schema: documentSchema },
          },
        },
        304: {
          description: "The document is still the same.",
          headers: { ETag: componentOf("headers", "etag") },
        },
        ...refusals(400, 401, 500, 503),
      },
    },
    "/docs": {
      ...common,
      operationId: "docs",
      summary: "This document as a page to read and to try",
      description:
        "It shows what `/openapi.json` tells the holder of a token, and needs nothing from elsewhere.",
      responses: {
        200: { description: "A page.", content: { "text/html": { schema: { type: "string" } } } },
        ...refusals(400, 500),
      },
    },
  }).map(([path, get]) => [path, { get, head: withoutBody(get) }]),
)

export const ownPaths: Readonly<Record<string, PathItem>> = {
  ...documents,
  "/graphql": graphqlPath(serverTag),
}

function withoutBody(get: ApiOperation): ApiOperation {
  return {
    ...get,
    operationId: `${get.operationId}.head`,
    summary: `${get.summary}, without a body`,
    responses: withoutContent(get.responses),
  }
}
