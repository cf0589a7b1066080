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
  type Parameter,
  type PathItem,
  type Reference,
  withoutContent,
} from "./document.ts"
import type { EntitySchemas } from "./entity-schemas.ts"
import { refusals } from "./responses.ts"
import { insertContent, objectContent, objectType, rowContent } from "./row-content.ts"
import { grantSentence } from "./told-rules.ts"

/** What the operations of an entity are made from. */
export interface EntityParts {
  readonly policies: Policies
  readonly entity: EntityInfo
  /** Those that the reader knows. */
  readonly fields: readonly FieldInfo[]
  readonly schemas: EntitySchemas
  readonly known: Knowledge
  /** What an anonymous caller could do: all else needs a token. */
  readonly open: Knowledge
}

/** The operations that the reader could ever use. */
export function entityPath(parts: EntityParts): PathItem {
  const { entity, known, schemas } = parts
  const { insert, update } = schemas
  return {
    ...(known.may(entity, "read") ? { get: readOperation(parts), head: headOperation(parts) } : {}),
    ...(insert ? { post: createOperation(parts, insert) } : {}),
    ...(update ? { patch: updateOperation(parts, update) } : {}),
    ...(insert && update ? { put: putOperation(parts, insert) } : {}),
    ...(known.may(entity, "delete") ? { delete: deleteOperation(parts) } : {}),
    options: optionsOperation(parts),
  }
}

/** The name of a field's filter under `components`. */
export function filterName(field: FieldInfo): string {
  return `${field.entity.collection}.filter.${field.name}`
}

/** The name of `select` or `order` under `components`: what they may say differs between entities. */
export function ownParameterName(entity: EntityInfo, parameter: Pick<Parameter, "name">): string {
  return `${entity.collection}.${parameter.name}`
}

/** OpenAPI 3.1 has no place for the method itself. */
const byQuery =
  "The same query string is taken as the body of the method `QUERY`, as `application/x-www-form-urlencoded`, where it shall not stand in the address."

function readOperation(parts: EntityParts): ApiOperation {
  const rows = { headers: headers("contentRange", "preferenceApplied", "etag"), content: rowContent(parts) }
  return {
    ...start(parts, "read", "read"),
    summary: `Read ${pluralOf(parts.entity)}`,
    description: `${tell(parts, "read")} Ask for one object with \`Accept: ${objectType}\`, for a table with \`text/csv\`. ${byQuery}`,
    parameters: [
      ...chosen(parts, "limit", "offset", "and", "or"),
      ...shared("preferRead", "range", "ifNoneMatch"),
    ],
    responses: {
      200: { description: "The rows.", ...rows },
      206: { description: "Some of the rows: there are more, by the count that was asked for.", ...rows },
      304: { description: "The answer is still the same.", headers: headers("etag") },
      ...refusals(300, 400, 401, 403, 404, 405, 406, 416, 500, 503),
    },
  }
}

function headOperation(parts: EntityParts): ApiOperation {
  const read = readOperation(parts)
  return {
    ...read,
    ...start(parts, "head", "read"),
    summary: `Count ${pluralOf(parts.entity)}`,
    description: `${tell(parts, "read")} What a read would answer, without its body.`,
    responses: withoutContent(read.responses),
  }
}

function createOperation(parts: EntityParts, insert: JsonSchema): ApiOperation {
  return {
    ...start(parts, "create", "create"),
    summary: `Create ${pluralOf(parts.entity)}`,
    description: `${tell(parts, "create")} One object or a list of objects with the same keys; with \`Prefer: resolution=merge-duplicates\` rows that are there are changed instead.`,
    parameters: [own(parts, "select"), ...shared("columns", "onConflict", "preferWrite", "idempotencyKey")],
    requestBody: { required: true, content: insertContent(parts, insert) },
    responses: { 200: changed(parts), 201: created(parts), ...writing },
  }
}

function updateOperation(parts: EntityParts, update: JsonSchema): ApiOperation {
  return {
    ...start(parts, "update", "update"),
    summary: `Change ${pluralOf(parts.entity)}`,
    description: `${tell(parts, "update")} Changes every row that the filters choose: without a filter, every row that may be changed.`,
    parameters: [
      ...chosen(parts, "limit", "and", "or"),
      ...shared("columns", "preferWrite", "ifMatch", "idempotencyKey"),
    ],
    requestBody: { required: true, content: objectContent(parts, "Update", update) },
    responses: { 200: changed(parts), 204: done, ...writing },
  }
}

function putOperation(parts: EntityParts, insert: JsonSchema): ApiOperation {
  const key = parts.entity.key.filter((field) => parts.fields.includes(field))
  return {
    ...start(parts, "put", "create", "update"),
    summary: `Create or replace one ${nounOf(parts.entity)}`,
    description: `The key stands in the filters, each field with \`eq\`, and again in the body. ${tell(parts, "create")} ${tell(parts, "update")}`,
    parameters: [
      ...key.map((field) => componentOf("parameters", filterName(field))),
      own(parts, "select"),
      ...shared("columns", "preferWrite", "ifMatch", "ifNoneMatch", "idempotencyKey"),
    ],
    requestBody: { required: true, content: objectContent(parts, "Insert", insert) },
    responses: { 200: changed(parts), 201: created(parts), 204: done, ...writing },
  }
}

function deleteOperation(parts: EntityParts): ApiOperation {
  return {
    ...start(parts, "delete", "delete"),
    summary: `Delete ${pluralOf(parts.entity)}`,
    description: `${tell(parts, "delete")} Deletes every row that the filters choose: without a filter, every row that may be deleted.`,
    parameters: [
      ...chosen(parts, "limit", "and", "or"),
      ...shared("preferWrite", "ifMatch", "idempotencyKey"),
    ],
    responses: {
      200: changed(parts),
      204: done,
      ...refusals(300, 400, 401, 403, 404, 405, 406, 409, 412, 422, 500, 503),
    },
  }
}

function optionsOperation(parts: EntityParts): ApiOperation {
  return {
    ...start(parts, "options"),
    summary: `The methods of ${pluralOf(parts.entity)}`,
    description: "Which methods there are, in `Allow`; whom they let do what, the rules decide.",
    responses: {
      200: { description: "The methods.", headers: headers("allow") },
      ...refusals(400, 404, 500),
    },
  }
}

const headerNames = {
  contentRange: "Content-Range",
  preferenceApplied: "Preference-Applied",
  etag: "ETag",
  location: "Location",
  allow: "Allow",
} as const

function headers(...names: readonly (keyof typeof headerNames)[]): Readonly<Record<string, Reference>> {
  return Object.fromEntries(names.map((name) => [headerNames[name], componentOf("headers", name)]))
}

const writing = refusals(300, 400, 401, 403, 404, 405, 406, 409, 412, 413, 422, 500, 503)
const done: ApiResponse = { description: "Done.", headers: headers("contentRange", "preferenceApplied") }

function changed(parts: EntityParts): ApiResponse {
  return {
    description: "The rows as they are now, or as they were before they were deleted.",
    headers: headers("contentRange", "preferenceApplied"),
    content: rowContent(parts),
  }
}

function created(parts: EntityParts): ApiResponse {
  return {
    description: "Created; the rows with `Prefer: return=representation`.",
    headers: headers("contentRange", "preferenceApplied", "location"),
    content: rowContent(parts),
  }
}

/** Who it is for: where no anonymous caller could ever do it, a token is needed. */
function start(
  { entity, open }: EntityParts,
  id: string,
  ...verbs: readonly Verb[]
): Pick<ApiOperation, "operationId" | "tags" | "security"> {
  const isOpen = verbs.every((verb) => open.may(entity, verb))
  return {
    operationId: `${entity.collection}.${id}`,
    tags: [entity.collection],
    ...(isOpen ? {} : { security: [{ bearer: [] }] }),
  }
}

function tell({ policies, entity, known }: EntityParts, verb: Verb): string {
  return grantSentence(policies, entity, verb, known)
}

function shared(...names: readonly string[]): readonly Reference[] {
  return names.map((name) => componentOf("parameters", name))
}

function own({ entity }: EntityParts, name: "select" | "order"): Reference {
  return componentOf("parameters", ownParameterName(entity, { name }))
}

/** What chooses rows and says how they are given. */
function chosen(parts: EntityParts, ...names: readonly string[]): readonly Reference[] {
  const filters = parts.fields.map((field) => componentOf("parameters", filterName(field)))
  return [own(parts, "select"), own(parts, "order"), ...shared(...names), ...filters]
}
