/** The addresses of what privacy requests lead to: there where the model has a register of them. */
import type { Knowledge } from "../engine/knowledge.ts"
import type { Policies } from "../policy/policies.ts"
import type { ApiOperation, Parameter, PathItem } from "./document.ts"
import { serverTag } from "./own-paths.ts"
import { refusals } from "./responses.ts"

const needsToken = { tags: [serverTag], security: [{ bearer: [] }] } as const
const uuid = { type: "string", format: "uuid" } as const
const moment = { type: "string", format: "date-time" } as const
const id = { name: "id", in: "path", description: "The request.", required: true, schema: uuid } as Parameter

/** What of it there is for this caller: reports are for privacy officers. */
export function privacyPaths(policies: Policies, known: Knowledge): Readonly<Record<string, PathItem>> {
  const register = policies.model.entities.find((one) => one.request && known.may(one, "read"))
  if (!register) return {}
  return {
    "/privacy/exports/{id}": { get: exportOperation },
    ...(known.isOfficer
      ? { "/privacy/reports": { get: reportsOperation }, "/privacy/reports/{id}": { get: reportOperation } }
      : {}),
  }
}

const exportOperation = {
  ...needsToken,
  operationId: "privacy.export",
  summary: "All data of a person, once, while its request is granted",
  description:
    "A zip of JSON with JSON Schema and CSV, made while it is fetched. It asks for a recent sign-in.",
  parameters: [id],
  responses: {
    200: {
      description: "The archive.",
      content: { "application/zip": { schema: { type: "string", format: "binary" } } },
    },
    ...refusals(400, 401, 403, 404, 409, 500, 503),
  },
} as ApiOperation

const reportsOperation = {
  ...needsToken,
  operationId: "privacy.reports",
  summary: "The erasures that were done",
  description: "Each by the identifier of the request, and of its report.",
  responses: {
    200: {
      description: "The newest first.",
      content: {
        "application/json": {
          schema: {
            type: "array",
            items: { type: "object", required: ["id", "at"], properties: { id: uuid, at: moment } },
          },
        },
      },
    },
    ...refusals(400, 401, 403, 500, 503),
  },
} as ApiOperation

const reportOperation = {
  ...needsToken,
  operationId: "privacy.report",
  summary: "The signed report of an erasure",
  description: "JSON in one line, an empty line, and the signature (C2SP signed-note).",
  parameters: [id],
  responses: {
    200: { description: "The report.", content: { "text/plain": { schema: { type: "string" } } } },
    ...refusals(400, 401, 403, 404, 500, 503),
  },
} as ApiOperation
