/** The answers that requests have in common: headers, and the refusals with their one shape. */
import { UndercroftError } from "../base/errors.ts"
import type { JsonSchema } from "../model/json-schema.ts"
import { type ApiResponse, componentOf } from "./document.ts"

/** The shape of every error. */
export const errorSchema: JsonSchema = {
  title: "error",
  description: "What went wrong, and what to do about it. It never repeats a value of a row.",
  type: "object",
  required: ["code", "message", "details", "hint"],
  properties: {
    code: {
      type: "string",
      description:
        "Tells conditions apart, and stays what it is: PostgREST's code (PGRST…) or PostgreSQL's (five characters) where there is one, else Undercroft's own (UC…).",
    },
    message: { type: "string", description: "For people." },
    details: { type: ["string", "null"] },
    hint: { type: ["string", "null"], description: "What to do." },
  },
  additionalProperties: false,
}

export const sharedHeaders: Readonly<Record<string, unknown>> = {
  contentRange: {
    description: "Which rows these are, and how many there are where that was asked for: `0-9/57`, `0-9/*`.",
    schema: { type: "string" },
  },
  preferenceApplied: {
    description: "The preferences that the answer follows.",
    schema: { type: "string" },
  },
  etag: { description: "Tells versions of this answer apart.", schema: { type: "string" } },
  location: { description: "Where the new row is.", schema: { type: "string" } },
  allow: { description: "The methods that there are.", schema: { type: "string" } },
  challenge: { description: "How to sign in.", schema: { type: "string" } },
}

type ErrorStatus = 300 | 400 | 401 | 403 | 404 | 405 | 406 | 409 | 412 | 413 | 416 | 422 | 500 | 503

const errors: Readonly<
  Record<ErrorStatus, { readonly description: string; readonly example: UndercroftError }>
> = {
  300: {
    description: "Several relations fit the name of an embed.",
    example: new UndercroftError("PGRST201", { from: "things", to: "places" }),
  },
  400: {
    description: "The request can't be understood, or says what does not fit.",
    example: new UndercroftError("PG:42703", { collection: "things", field: "nme" }),
  },
  401: {
    description: "The token is not valid, or there is none and one is needed.",
    example: new UndercroftError("PGRST303", { why: "The token has expired" }),
  },
  403: {
    description: "The rules do not allow this.",
    example: new UndercroftError("PG:42501", { what: "create this row of things" }),
  },
  404: { description: "There is nothing at this address.", example: new UndercroftError("UC320") },
  405: {
    description: "The method is not one of this address.",
    example: new UndercroftError("PGRST117", { method: "TRACE" }),
  },
  406: {
    description: "One object was asked for and there is not exactly one row, or the media type is not there.",
    example: new UndercroftError("PGRST116", {}, { details: "The result contains 0 rows" }),
  },
  409: {
    description:
      "It does not go with what is there: a row that is the same, one that is missing, a write in between.",
    example: new UndercroftError("PG:23505", { fields: "things.code" }),
  },
  412: {
    description: "The row is not there, or has another version.",
    example: new UndercroftError("UC308", { entity: "things" }),
  },
  413: { description: "The body is too large.", example: new UndercroftError("UC318", { max: 2_000_000 }) },
  416: { description: "There are no rows from there on.", example: new UndercroftError("PGRST103") },
  422: {
    description: "The `Idempotency-Key` came with another request before.",
    example: new UndercroftError("UC309"),
  },
  500: { description: "Something went wrong in the server.", example: new UndercroftError("UC690") },
  503: { description: "The database is not available just now.", example: new UndercroftError("UC691") },
}

/** Each refusal, by the name that it has in `components`. */
export const errorResponses: Readonly<Record<string, ApiResponse>> = Object.fromEntries(
  Object.entries(errors).map(([status, { description, example }]) => [
    `Error${status}`,
    {
      description,
      ...(status === "401" ? { headers: { "WWW-Authenticate": componentOf("headers", "challenge") } } : {}),
      content: {
        "application/json": {
          schema: { ...componentOf("schemas", "Error") },
          example: example.toBody(),
        },
      },
    },
  ]),
)

/** References to refusals by their status. */
export function refusals(
  ...statuses: readonly ErrorStatus[]
): Readonly<Record<string, { readonly $ref: string }>> {
  return Object.fromEntries(statuses.map((status) => [status, componentOf("responses", `Error${status}`)]))
}
