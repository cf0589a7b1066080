/** From a REST request to an operation, and nothing else. */
import { UndercroftError } from "../base/errors.ts"
import type { AddressPart, Operation, ReadQuery } from "../query/operation.ts"
import type { AnswerMedia, BodyType } from "./media-type.ts"
import type { Preferences } from "./parse-preferences.ts"
import type { GrammarLimits } from "./parse-query.ts"
import { intersect, type RowRange } from "./parse-range.ts"
import { createQueryReader, type ShapedQuery } from "./query-shape.ts"
import { type BodyRows, readRows } from "./read-body.ts"
import { readCsv, readForm } from "./read-texts.ts"

export interface RestRequest {
  readonly method: string
  readonly collection: string
  /** Raw, without "?". */
  readonly search: string
  readonly body: Buffer | undefined
  readonly bodyType: BodyType
  readonly preferences: Preferences
  readonly media: AnswerMedia
  readonly range: RowRange | null
  readonly match: "any" | readonly number[] | null
  /** A key, and the digest of the whole request, when a repeat shall have no effect. */
  readonly once: readonly [key: string, digest: string] | null
}

export interface RestLimits extends GrammarLimits {
  readonly writtenRows: number
}

/** Makes what turns requests into operations: null where the request is fine, and there is nothing to do. */
export function createToOperation(limits: RestLimits): (request: RestRequest) => Operation | null {
  const readQuery = createQueryReader(limits)
  return (request) => {
    const parsed = readQuery(request.search)
    const operation = toOperation(request, parsed, limits)
    // A range is not in the query string.
    if (operation === null || parsed.shape === null || request.range) return operation
    const shape = shapeOf(operation, parsed.shape)
    return shape === undefined ? operation : { ...operation, shape }
  }
}

/** All that a statement depends on. The query string's text stands last: it may hold anything. */
function shapeOf(operation: Operation, search: string): string | undefined {
  const { kind, collection, count, single, form } = operation
  const base = `rest ${kind} ${collection.length} ${collection} ${count} ${single} ${form}`
  if (kind === "read") return `${base} ${search}`
  // Seldom asked, and with values of their own.
  if (operation.match !== null || operation.once !== null) return undefined
  const write = `${base} ${operation.returning} ${operation.maxAffected}`
  if (kind === "delete") return `${write} ${search}`
  const columns = JSON.stringify(operation.columns)
  if (kind === "update") return `${write} ${operation.isText} ${columns} ${search}`
  if (operation.address !== null) return undefined
  return `${write} ${operation.isText} ${columns} ${operation.isOneRow} ${operation.missingDefault} ${operation.conflict?.resolution} ${search}`
}

/** Throws `UndercroftError`. */
function toOperation(request: RestRequest, parsed: ShapedQuery, limits: RestLimits): Operation | null {
  const { collection, preferences, media, match, once } = request
  const { values, columns, onConflict } = parsed
  const isRead = request.method === "GET" || request.method === "HEAD"
  const query = isRead && request.range ? withRange(parsed.query, request.range, values) : parsed.query
  const { single, form } = media
  const rollback = preferences.tx === "rollback"
  const base = { collection, query, values, count: preferences.count, single, form, rollback }
  if (isRead) return { kind: "read", ...base }
  const add = (value: unknown): number => values.push(value) - 1
  const write = {
    ...base,
    returning: preferences.returning ?? "minimal",
    maxAffected: preferences.handling === "strict" ? preferences.maxAffected : null,
    match: match === null || match === "any" ? match : add(match),
    once: once === null ? null : add(once),
  } as const
  switch (request.method) {
    case "DELETE":
      return { kind: "delete", ...write }
    case "PUT":
    case "POST": {
      const body = readBody(request, limits.writtenRows, columns)
      if (body.rows.length === 0) return null
      const isPut = request.method === "PUT"
      if (isPut) refuseWindow(query)
      const resolution = isPut ? "merge" : preferences.resolution
      return {
        kind: "insert",
        ...write,
        query: withoutFilters(query),
        columns: body.columns,
        rows: add(body.rows),
        isOneRow: body.rows.length === 1,
        isText: request.bodyType !== "json",
        missingDefault: preferences.missing === "default",
        conflict: resolution === null ? null : { fields: isPut ? null : onConflict, resolution },
        address: isPut ? addressOf(query) : null,
      }
    }
    case "PATCH": {
      const body = readBody(request, 1, columns)
      const [row] = body.rows
      if (row === undefined || body.columns.length === 0) return null
      return {
        kind: "update",
        ...write,
        columns: body.columns,
        row: add(row),
        isText: request.bodyType !== "json",
      }
    }
    default:
      throw new UndercroftError("PGRST117", { method: request.method.slice(0, 20) })
  }
}

function readBody(
  { body, bodyType }: RestRequest,
  maxRows: number,
  named: readonly string[] | null,
): BodyRows {
  if (bodyType === "json") return readRows(body, maxRows, named)
  const read = bodyType === "csv" ? readCsv(body, maxRows) : readForm(body)
  return named ? { ...read, columns: named } : read
}

function withRange(query: ReadQuery, range: RowRange, values: unknown[]): ReadQuery {
  const asked = { limit: query.limit, offset: query.offset === null ? 0 : Number(values[query.offset]) }
  const { limit, offset } = intersect(asked, range)
  return { ...query, limit, offset: offset === 0 ? null : values.push(offset) - 1 }
}

/** The key that the address of a PUT names. Throws PGRST105 where it names anything else. */
function addressOf({ where }: ReadQuery): readonly AddressPart[] {
  return where.map((filter) => {
    const isPlain =
      filter.kind === "compare" &&
      filter.operator === "eq" &&
      !filter.negated &&
      filter.quantifier === null &&
      filter.path.json.length === 0
    if (!isPlain) throw new UndercroftError("PGRST105")
    return { name: filter.path.name, value: filter.value }
  })
}

function refuseWindow({ limit, offset }: ReadQuery): void {
  if (limit !== null || offset !== null) throw new UndercroftError("PGRST114")
}

/** An insert writes what its body says; filters on its rows would be about something else. */
function withoutFilters(query: ReadQuery): ReadQuery {
  return { ...query, where: [], limit: null, offset: null }
}
