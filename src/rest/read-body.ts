/** Reads a JSON body strictly: valid UTF-8, an object or a list of objects with the same keys. */
import { UndercroftError } from "../base/errors.ts"

/** The rows of a body, and the fields that each of them has. */
export interface BodyRows {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly columns: readonly string[]
  readonly isList: boolean
}

const decoder = new TextDecoder("utf-8", { fatal: true })

/** Throws PGRST102. */
export function readRows(body: Buffer | undefined, maxRows: number): BodyRows {
  const parsed = parseJson(body)
  const isList = Array.isArray(parsed)
  const rows = (isList ? parsed : [parsed]) as readonly unknown[]
  if (rows.length > maxRows) throw new UndercroftError("UC319", { max: maxRows })
  const records = rows.map((row) => {
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      throw new UndercroftError("PGRST102", { why: "The body must be a JSON object or a list of JSON objects" })
    }
    return row as Readonly<Record<string, unknown>>
  })
  const columns = Object.keys(records[0] ?? {})
  const names = new Set(columns)
  for (const record of records) {
    const keys = Object.keys(record)
    if (keys.length !== columns.length || keys.some((key) => !names.has(key))) {
      throw new UndercroftError("PGRST102", { why: "All object keys must match" })
    }
  }
  if (columns.length === 0 && records.length > 1) throw new UndercroftError("PGRST102", { why: "Several rows need at least one key" })
  return { rows: records, columns, isList }
}

function parseJson(body: Buffer | undefined): unknown {
  if (!body || body.length === 0) throw new UndercroftError("PGRST102", { why: "Empty or invalid json" })
  try {
    return JSON.parse(decoder.decode(body))
  } catch {
    throw new UndercroftError("PGRST102", { why: "Empty or invalid json" })
  }
}
