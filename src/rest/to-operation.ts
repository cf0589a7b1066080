/** From a REST request to an operation, and nothing else. */
import { UndercroftError } from "../base/errors.ts"
import type { Operation, ReadQuery } from "../query/operation.ts"
import type { Preferences } from "./parse-preferences.ts"
import type { GrammarLimits } from "./parse-query.ts"
import { createQueryReader, type ShapedQuery } from "./query-shape.ts"
import { readRows } from "./read-body.ts"

export interface RestRequest {
  readonly method: string
  readonly collection: string
  /** Raw, without "?". */
  readonly search: string
  readonly body: Buffer | undefined
  readonly preferences: Preferences
  /** The caller asked for one object. */
  readonly single: boolean
}

export interface RestLimits extends GrammarLimits {
  readonly writtenRows: number
}

/** Makes what turns requests into operations: null where the request is fine, and there is nothing to do. */
export function createToOperation(limits: RestLimits): (request: RestRequest) => Operation | null {
  const readQuery = createQueryReader(limits)
  return (request) => {
    const query = readQuery(request.search)
    const operation = toOperation(request, query, limits)
    return operation && query.shape !== null
      ? { ...operation, shape: shapeOf(operation, query.shape) }
      : operation
  }
}

/** All that a statement depends on. The query string's text stands last: it may hold anything. */
function shapeOf(operation: Operation, search: string): string {
  const { kind, collection, count, single } = operation
  const base = `rest ${kind} ${collection.length} ${collection} ${count} ${single}`
  if (kind === "read") return `${base} ${search}`
  const write = `${base} ${operation.returning} ${operation.maxAffected}`
  if (kind === "delete") return `${write} ${search}`
  const columns = JSON.stringify(operation.columns)
  if (kind === "update") return `${write} ${columns} ${search}`
  return `${write} ${columns} ${operation.isOneRow} ${operation.missingDefault} ${operation.conflict?.resolution} ${search}`
}

/** Throws `UndercroftError`. */
function toOperation(
  request: RestRequest,
  { query, values, columns, onConflict }: ShapedQuery,
  limits: RestLimits,
): Operation | null {
  const { collection, single, preferences } = request
  const base = { collection, query, values, count: preferences.count, single }
  const write = {
    ...base,
    returning: preferences.returning ?? "minimal",
    maxAffected: preferences.handling === "strict" ? preferences.maxAffected : null,
  } as const
  switch (request.method) {
    case "GET":
    case "HEAD":
      return { kind: "read", ...base }
    case "DELETE":
      return { kind: "delete", ...write }
    case "POST": {
      const body = readRows(request.body, limits.writtenRows, columns)
      if (body.rows.length === 0) return null
      values.push(body.rows)
      return {
        kind: "insert",
        ...write,
        query: withoutFilters(query),
        columns: body.columns,
        rows: values.length - 1,
        isOneRow: body.rows.length === 1,
        missingDefault: preferences.missing === "default",
        conflict:
          preferences.resolution === null ? null : { fields: onConflict, resolution: preferences.resolution },
      }
    }
    case "PATCH": {
      const body = readRows(request.body, 1, columns)
      const [row] = body.rows
      if (row === undefined || body.columns.length === 0) return null
      values.push(row)
      return { kind: "update", ...write, columns: body.columns, row: values.length - 1 }
    }
    default:
      throw new UndercroftError("PGRST117", { method: request.method.slice(0, 20) })
  }
}

/** An insert writes what its body says; filters on its rows would be about something else. */
function withoutFilters(query: ReadQuery): ReadQuery {
  return { ...query, where: [], limit: null, offset: null }
}
