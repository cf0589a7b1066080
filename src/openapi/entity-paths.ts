/** The operations of one collection, with what each takes and gives. */
import type { Knowledge, Verb } from "../engine/knowledge.ts"
import type { JsonSchema } from "../model/json-schema.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import type { Policies } from "../policy/policies.ts"
import { nounOf, pluralOf } from "../policy/sentence-words.ts"
import {
  type ApiOperation,
  type ApiResponse,
  componentOf,
  type MediaType,
  type Parameter,
  type PathItem,
  type Reference,
} from "./document.ts"
import type { EntitySchemas } from "./entity-schemas.ts"
import { refusals } from "./responses.ts"
import { grantSentence } from "./told-rules.ts"

/** What the operations of an entity refer to under `components`. */
export interface EntityParts {
  readonly entity: EntityInfo
  readonly fields: readonly FieldInfo[]
  readonly schemas: EntitySchemas
}

export const objectType = "application/vnd.pgrst.object+json"
const headers = {
  range: { "Content-Range": componentOf("headers", "contentRange") },
  applied: { "Preference-Applied": componentOf("headers", "preferenceApplied") },
  etag: { ETag: componentOf("headers", "etag") },
  location: { Location: componentOf("headers", "location") },
} as const

/** The operations that the reader could ever use. */
export function entityPath(policies: Policies, parts: EntityParts, known: Knowledge): PathItem {
  const { entity } = parts
  const { collection } = entity
  const noun = nounOf(entity)
  const [rows, single] = [pluralOf(entity), rowContent(parts)]
  const tell = (verb: Verb): string => grantSentence(policies, entity, verb, known)
  const filters = parts.fields.map((field) => componentOf("parameters", filterName(field)))
  const shared = (...names: readonly string[]): readonly Reference[] =>
    names.map((name) => componentOf("parameters", name))
  const [select, order] = ["select", "order"].map((name) =>
    componentOf("parameters", `${collection}.${name}`),
  )
  const common = { tags: [collection] }
  const reading = {
    ...common,
    parameters: [
      select!,
      order!,
      ...shared("limit", "offset", "and", "or"),
      ...filters,
      ...shared("preferRead", "range", "ifNoneMatch"),
    ],
  }
  const read: ApiOperation = {
    ...reading,
    operationId: `${collection}.read`,
    summary: `Read ${rows}`,
    description: `${tell("read")} Ask for one object with \`Accept: ${objectType}\`, for a table with \`text/csv\`.`,
    responses: {
      200: {
        description: "The rows.",
        headers: { ...headers.range, ...headers.applied, ...headers.etag },
        content: single,
      },
      206: {
        description: "Some of the rows: there are more, by the count that was asked for.",
        headers: { ...headers.range, ...headers.applied, ...headers.etag },
        content: single,
      },
      304: { description: "The answer is still the same.", headers: headers.etag },
      ...refusals(300, 400, 401, 403, 405, 406, 416, 500, 503),
    },
  }
  const head: ApiOperation = {
    ...read,
    operationId: `${collection}.head`,
    summary: `Count ${rows}`,
    description: `${tell("read")} What a read would answer, without its body.`,
    responses: withoutContent(read.responses as Readonly<Record<string, ApiResponse>>),
  }
  const written = (status: 200 | 201): ApiResponse => ({
    description:
      status === 201
        ? "Created; the rows with `Prefer: return=representation`."
        : "The rows as they are now.",
    headers: {
      ...headers.range,
      ...headers.applied,
      ...(status === 201 ? headers.location : {}),
      ...headers.etag,
    },
    content: single,
  })
  const done: ApiResponse = { description: "Done.", headers: { ...headers.range, ...headers.applied } }
  const writing = refusals(300, 400, 401, 403, 405, 406, 409, 412, 413, 415, 422, 500, 503)
  const { insert, update } = parts.schemas
  const keyFilters = entity.key.map((field) => ({ ...componentOf("parameters", filterName(field)) }))
  return {
    ...(known.may(entity, "read") ? { get: read, head } : {}),
    ...(insert
      ? {
          post: {
            ...common,
            operationId: `${collection}.create`,
            summary: `Create ${rows}`,
            description: `${tell("create")} One object or a list of objects with the same keys; with \`Prefer: resolution=merge-duplicates\` rows that are there are changed instead.`,
            parameters: [select!, ...shared("columns", "onConflict", "preferWrite", "idempotencyKey")],
            requestBody: { required: true, content: insertContent(parts, insert) },
            responses: { 200: written(200), 201: written(201), ...writing },
          },
        }
      : {}),
    ...(update
      ? {
          patch: {
            ...common,
            operationId: `${collection}.update`,
            summary: `Change ${rows}`,
            description: `${tell("update")} Changes every row that the filters choose: without a filter, every row that may be changed.`,
            parameters: [
              select!,
              order!,
              ...shared("limit", "and", "or"),
              ...filters,
              ...shared("columns", "preferWrite", "ifMatch", "idempotencyKey"),
            ],
            requestBody: {
              required: true,
              content: {
                "application/json": bodyOf(
                  { ...componentOf("schemas", `${entity.name}Update`) },
                  exampleOf(update),
                ),
              },
            },
            responses: { 200: written(200), 204: done, ...writing },
          },
        }
      : {}),
    ...(insert && update
      ? {
          put: {
            ...common,
            operationId: `${collection}.put`,
            summary: `Create or replace one ${noun}`,
            description: `The key stands in the filters, each with \`eq\`, and again in the body. ${tell("create")} ${tell("update")}`,
            parameters: [
              ...(keyFilters.length === 0 ? [] : keyFilters),
              select!,
              ...shared("columns", "preferWrite", "ifMatch", "ifNoneMatch", "idempotencyKey"),
            ],
            requestBody: {
              required: true,
              content: {
                "application/json": bodyOf(
                  { ...componentOf("schemas", `${entity.name}Insert`) },
                  exampleOf(insert),
                ),
              },
            },
            responses: { 200: written(200), 201: written(201), 204: done, ...writing },
          },
        }
      : {}),
    ...(known.may(entity, "delete")
      ? {
          delete: {
            ...common,
            operationId: `${collection}.delete`,
            summary: `Delete ${rows}`,
            description: `${tell("delete")} Deletes every row that the filters choose: without a filter, every row that may be deleted.`,
            parameters: [
              select!,
              order!,
              ...shared("limit", "and", "or"),
              ...filters,
              ...shared("preferWrite", "ifMatch", "idempotencyKey"),
            ],
            responses: {
              200: written(200),
              204: done,
              ...refusals(300, 400, 401, 403, 405, 406, 409, 412, 422, 500, 503),
            },
          },
        }
      : {}),
    options: {
      ...common,
      operationId: `${collection}.options`,
      summary: `The methods of ${rows}`,
      description: "Which methods there are, in `Allow`; whom they let do what, the rules decide.",
      responses: {
        200: { description: "The methods.", headers: { Allow: componentOf("headers", "allow") } },
        ...refusals(400, 500),
      },
    },
  }
}

/** The name of a field's filter under `components`. */
export function filterName(field: FieldInfo): string {
  return `${field.entity.collection}.filter.${field.name}`
}

/** Filters, `select` and `order` have the collection's name; `select` and `order` are not names of fields. */
export function ownParameterName(entity: EntityInfo, parameter: Parameter): string {
  return `${entity.collection}.${parameter.name}`
}

function rowContent({ entity, schemas, fields }: EntityParts): Readonly<Record<string, MediaType>> {
  const row = { ...componentOf("schemas", `${entity.name}Row`) }
  const example = exampleOf(schemas.row)
  return {
    "application/json": bodyOf({ type: "array", items: row }, example && [example]),
    [objectType]: bodyOf(row, example),
    "text/csv": {
      schema: { type: "string" },
      ...(example
        ? {
            example: csvOf(
              fields.map((field) => field.name),
              example,
            ),
          }
        : {}),
    },
  }
}

function insertContent({ entity }: EntityParts, insert: JsonSchema): Readonly<Record<string, MediaType>> {
  const row = { ...componentOf("schemas", `${entity.name}Insert`) }
  const example = exampleOf(insert)
  return {
    "application/json": bodyOf({ oneOf: [row, { type: "array", items: row }] }, example),
    [objectType]: bodyOf(row, example),
    "text/csv": {
      schema: { type: "string" },
      ...(example ? { example: csvOf(Object.keys(example), example) } : {}),
    },
  }
}

function bodyOf(schema: JsonSchema, example: unknown): MediaType {
  return { schema, ...(example === undefined ? {} : { example }) }
}

function exampleOf(schema: JsonSchema): Readonly<Record<string, unknown>> | undefined {
  return (schema["examples"] as readonly Readonly<Record<string, unknown>>[] | undefined)?.[0]
}

/** A head line and one row (RFC 4180). */
function csvOf(names: readonly string[], row: Readonly<Record<string, unknown>>): string {
  const cell = (value: unknown): string => {
    if (value === null || value === undefined) return ""
    const text = typeof value === "object" ? JSON.stringify(value) : String(value)
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return `${names.join(",")}\n${names.map((name) => cell(row[name])).join(",")}\n`
}

function withoutContent(
  responses: Readonly<Record<string, ApiResponse | Reference>>,
): Readonly<Record<string, ApiResponse | Reference>> {
  return Object.fromEntries(
    Object.entries(responses).map(([status, one]) => {
      if ("$ref" in one) return [status, one]
      const { content: _, ...rest } = one
      return [status, rest]
    }),
  )
}
