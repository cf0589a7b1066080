/** The address of GraphQL, whose own schema tells what can be asked there. */
import {
  type ApiOperation,
  type ApiResponse,
  componentOf,
  type MediaType,
  type PathItem,
  withoutContent,
} from "./document.ts"

const error = {
  type: "object",
  required: ["message", "extensions"],
  properties: {
    message: { type: "string", description: "For people." },
    path: { type: "array", items: { type: "string" }, description: "The root field that went wrong." },
    locations: {
      type: "array",
      items: { type: "object", properties: { line: { type: "integer" }, column: { type: "integer" } } },
    },
    extensions: {
      type: "object",
      required: ["code"],
      properties: {
        code: {
          type: "string",
          description: "A code of the catalogue, as in the errors of other addresses.",
        },
        details: { type: ["string", "null"] },
        hint: { type: ["string", "null"] },
      },
    },
  },
} as const

const answer = {
  type: "object",
  properties: {
    data: { type: ["object", "null"], description: "Under the keys of the document." },
    errors: { type: "array", items: error },
  },
} as const

const media: MediaType = { schema: answer, example: { data: { __typename: "Query" } } }
const refusal: MediaType = {
  schema: answer,
  example: {
    errors: [{ message: "the body must be JSON", extensions: { code: "UC343", details: null, hint: null } }],
  },
}

function refused(description: string): ApiResponse {
  return { description, content: { "application/json": refusal } }
}

const responses: ApiOperation["responses"] = {
  200: {
    description: "The document was executed; errors, if there are any, stand beside the data.",
    content: { "application/json": media, "application/graphql-response+json": media },
  },
  400: refused("The request can't be understood, or its document can't be executed."),
  401: refused("The token is not valid."),
  405: refused("A mutation was sent with GET."),
  406: refused("The media type is not there."),
  500: refused("Something went wrong in the server."),
  503: refused("The database is not available just now."),
}

const documentId = "In place of a document: the identifier of a registered one."

const request = {
  type: "object",
  properties: {
    query: { type: "string", description: "A GraphQL document." },
    documentId: { type: "string", description: documentId },
    operationName: { type: ["string", "null"] },
    variables: { type: ["object", "null"], additionalProperties: true },
    extensions: { type: ["object", "null"], additionalProperties: true },
  },
} as const

const query = { name: "query", in: "query", schema: { type: "string" } } as const
const text = { in: "query", schema: { type: "string" } } as const

/** What of it is the same for GET and HEAD. */
const read = (tag: string): Omit<ApiOperation, "operationId" | "responses"> => ({
  tags: [tag],
  summary: "Ask with a GraphQL document",
  description: "For queries alone. In development a browser gets a page to ask with.",
  parameters: [
    { ...query, description: "A GraphQL document.", example: "{ __typename }" },
    { ...text, name: "documentId", description: documentId },
    { ...text, name: "operationName", description: "Which operation of the document." },
    { ...text, name: "variables", description: "A JSON object." },
  ],
})

/** The path item, under a tag. */
export function graphqlPath(tag: string): PathItem {
  return {
    get: { ...read(tag), operationId: "graphql.read", responses },
    head: {
      ...read(tag),
      operationId: "graphql.read.head",
      summary: "Ask with a GraphQL document, without a body",
      responses: withoutContent(responses),
    },
    post: {
      tags: [tag],
      operationId: "graphql",
      summary: "Ask and write with a GraphQL document",
      description:
        "One operation a request; its mutations, of rows and actions, are one transaction. An `Idempotency-Key` is for mutations.",
      parameters: [componentOf("parameters", "idempotencyKey")],
      requestBody: {
        required: true,
        content: { "application/json": { schema: request, example: { query: "{ __typename }" } } },
      },
      responses: {
        ...responses,
        413: refused("The body is too large."),
        415: refused("The body is not JSON."),
        422: refused("The `Idempotency-Key` came with another request before."),
      },
    },
  }
}
