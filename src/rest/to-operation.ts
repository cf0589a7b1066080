/** From a REST request to an operation, and nothing else. */
import { UndercroftError } from "../base/errors.ts"
import type { Operation, ReadQuery } from "../query/operation.ts"
import type { Preferences } from "./parse-preferences.ts"
import { type GrammarLimits, parseQuery } from "./parse-query.ts"
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

/** Null: the request is fine, and there is nothing to do. Throws `UndercroftError`. */
export function toOperation(request: RestRequest, limits: RestLimits): Operation | null {
  const { collection, single, preferences } = request
  const { query, values, columns, onConflict } = parseQuery(request.search, limits)
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
