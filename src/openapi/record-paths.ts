/** The addresses of what waits for a second person, of the record's export, and of a witness of other records: there where they are. */
import type { Knowledge } from "../engine/knowledge.ts"
import type { Policies } from "../policy/policies.ts"
import type { ApiOperation, MediaType, Parameter, PathItem } from "./document.ts"
import { serverTag } from "./own-paths.ts"
import { refusals } from "./responses.ts"

const needsToken = { tags: [serverTag], security: [{ bearer: [] }] } as const
const open = { tags: [serverTag], security: [{}] } as const
const text: MediaType = { schema: { type: "string" } }
const uuid = { type: "string", format: "uuid" } as const
const json = (schema: object): { readonly "application/json": MediaType } => ({
  "application/json": { schema } as MediaType,
})

function query(name: string, description: string, schema: object, required = false): Parameter {
  return { name, in: "query", description, required, schema } as Parameter
}

/** What of it there is for this caller. */
export function recordPaths(
  policies: Policies,
  known: Knowledge,
  isWitness: boolean,
): Readonly<Record<string, PathItem>> {
  const record = policies.model.entities.find((one) => one.record === "entries")
  return {
    ...(known.approves ? approvalPaths : {}),
    ...(record && known.may(record, "read") ? { "/audit/export": { get: exportOperation } } : {}),
    ...(isWitness ? witnessPaths : {}),
  }
}

const decided = json({
  type: "object",
  required: ["id", "status"],
  properties: { id: uuid, status: { type: "string" } },
})

function decision(verb: "approve" | "reject", summary: string, description: string): ApiOperation {
  const reason = { type: "string", minLength: 1, maxLength: 500 }
  return {
    ...needsToken,
    operationId: `approvals.${verb}`,
    summary,
    description,
    parameters: [
      { name: "id", in: "path", description: "What waits.", required: true, schema: uuid } as Parameter,
    ],
    ...(verb === "reject"
      ? {
          requestBody: {
            required: true,
            content: json({ type: "object", required: ["reason"], properties: { reason } }),
          },
        }
      : {}),
    responses: {
      200: { description: "It is decided.", content: decided },
      ...refusals(400, 401, 403, 404, 409, 413, 500, 503),
    },
  } as ApiOperation
}

const approvalPaths: Readonly<Record<string, PathItem>> = {
  "/rest/rpc/approvals": {
    get: {
      ...needsToken,
      operationId: "approvals",
      summary: "What waits for a second person",
      description: "What the caller asked for, and what they may decide.",
      responses: {
        200: {
          description: "A list.",
          content: json({ type: "array", items: { type: "object" } }),
        },
        ...refusals(400, 401, 403, 500, 503),
      },
    } as ApiOperation,
  },
  "/rest/rpc/approvals/{id}/approve": {
    post: decision(
      "approve",
      "Approve what somebody else asked for",
      "Nothing is run: whoever asked sends the call again, and it runs once, with their rights as they are then.",
    ),
  },
  "/rest/rpc/approvals/{id}/reject": {
    post: decision(
      "reject",
      "Reject what somebody else asked for",
      "With a reason. The call can be made anew, and waits anew.",
    ),
  },
}

const exportOperation = {
  ...needsToken,
  operationId: "audit.export",
  summary: "The sealed record, as a stream",
  description: "It goes on after a position, and is on record itself.",
  parameters: [
    query("format", "How entries are written; `jsonl` when left out.", {
      enum: ["jsonl", "csv", "cef", "ocsf"],
    }),
    query("after", "The last position that one has.", { type: "string", pattern: "^[0-9]{1,15}$" }),
    query("from", "From this day or moment on, in UTC.", { type: "string" }),
    query("to", "Up to this day or moment, in UTC.", { type: "string" }),
  ],
  responses: {
    200: {
      description: "Entries, one a line.",
      content: { "application/x-ndjson": text, "text/csv": text, "text/plain": text },
    },
    ...refusals(400, 401, 403, 500, 503),
  },
} as ApiOperation

const witnessPaths: Readonly<Record<string, PathItem>> = {
  "/witness/add-checkpoint": {
    post: {
      ...open,
      operationId: "witness.add",
      summary: "Bring the head of another record to be cosigned",
      description: "C2SP tlog-witness: the size that is known, a consistency proof, the signed head.",
      requestBody: { required: true, content: { "text/plain": text } },
      responses: {
        200: { description: "The cosignature.", content: { "text/plain": text } },
        ...refusals(400, 403, 404, 413, 422, 500, 503),
        409: { description: "Another size is known, or a fork.", content: { "text/x.tlog.size": text } },
      },
    } as ApiOperation,
  },
  "/witness/last": {
    get: {
      ...open,
      operationId: "witness.last",
      summary: "The last head of a record that was cosigned",
      parameters: [query("origin", "The record's name.", { type: "string" }, true)],
      responses: {
        200: { description: "A head.", content: json({ type: "object" }) },
        ...refusals(400, 404, 500, 503),
      },
    } as ApiOperation,
  },
}
