/** Reads a JSON body strictly: valid UTF-8, an object or a list of objects with the same keys. */
import { isUtf8 } from "node:buffer"
import { UndercroftError } from "../base/errors.ts"

/** The rows of a body, and the fields that each of them has. */
export interface BodyRows {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly columns: readonly string[]
  readonly isList: boolean
}

/** `named` are the fields that the request names in `columns`; others are then not looked at. Throws PGRST102. */
export function readRows(
  body: Buffer | undefined,
  maxRows: number,
  named: readonly string[] | null,
): BodyRows {
  const parsed = parseJson(body)
  const isList = Array.isArray(parsed)
  const rows = (isList ? parsed : [parsed]) as readonly unknown[]
  if (rows.length > maxRows) throw new UndercroftError("UC319", { max: maxRows })
  const records = rows.map((row) => {
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      throw new UndercroftError("PGRST102", {
        why: "The body must be a JSON object or a list of JSON objects",
      })
    }
    return row as Readonly<Record<string, unknown>>
  })
  if (named) return { rows: records, columns: named, isList }
  const columns = Object.keys(records[0] ?? {})
  const names = new Set(columns)
  for (const record of records) {
    const keys = Object.keys(record)
    if (keys.length !== columns.length || keys.some((key) => !names.has(key))) {
      throw new UndercroftError("PGRST102", { why: "All object keys must match" })
    }
  }
  if (columns.length === 0 && records.length > 1)
    throw new UndercroftError("PGRST102", { why: "Several rows need at least one key" })
  return { rows: records, columns, isList }
}

/** One JSON object. Throws PGRST102. */
export function parseObject(body: Buffer): Readonly<Record<string, unknown>> {
  const parsed = parseJson(body)
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed))
    return parsed as Readonly<Record<string, unknown>>
  throw new UndercroftError("PGRST102", { why: "The body must be a JSON object" })
}

function parseJson(body: Buffer | undefined): unknown {
  if (!body || body.length === 0) throw new UndercroftError("PGRST102", { why: "Empty or invalid json" })
  if (body.length > harmlessBytes) checkShape(body)
  try {
    if (isUtf8(body)) return JSON.parse(body.toString())
  } catch {
    // Said below, as of what is not UTF-8.
  }
  throw new UndercroftError("PGRST102", { why: "Empty or invalid json" })
}

/** Bodies up to this size are read in a few milliseconds, whatever is in them. */
const harmlessBytes = 65_536
const most = { depth: 100, members: 5_000, objects: 25_000, lists: 100_000 } as const

const quote = 34
const colon = 58
const openBracket = 91
const backslash = 92
const closeBracket = 93
const openBrace = 123
const closeBrace = 125

/**
 * Counts brackets and members before anything is made of them: the deepest, the widest and the most objects that fit
 * into a body would hold up all other requests while they are parsed.
 */
function checkShape(body: Buffer): void {
  const members = new Uint32Array(most.depth + 2)
  let depth = 0
  let objects = 0
  let lists = 0
  for (let at = 0; at < body.length; at++) {
    const byte = body[at]
    if (byte === quote) at = endOfText(body, at)
    else if (byte === colon) {
      members[depth] = (members[depth] ?? 0) + 1
      if ((members[depth] ?? 0) > most.members)
        refuseShape(`has an object with more than ${most.members} members`)
    } else if (byte === openBrace || byte === openBracket) {
      if (++depth > most.depth) refuseShape(`is nested deeper than ${most.depth} levels`)
      members[depth] = 0
      if (byte === openBrace && ++objects > most.objects) refuseShape(`has more than ${most.objects} objects`)
      if (byte === openBracket && ++lists > most.lists) refuseShape(`has more than ${most.lists} lists`)
    } else if ((byte === closeBrace || byte === closeBracket) && --depth < 0) refuseShape("is not JSON")
  }
}

/** Where the text that starts here ends; most texts are short, and a long one is searched natively. */
function endOfText(body: Buffer, start: number): number {
  for (let at = start + 1; at < start + 64; at++) {
    const byte = body[at]
    if (byte === quote) return at
    if (byte === backslash) at++
  }
  for (let at = body.indexOf(quote, start + 1); at !== -1; at = body.indexOf(quote, at + 1)) {
    let before = at
    while (body[before - 1] === backslash) before--
    if ((at - before) % 2 === 0) return at
  }
  return body.length
}

function refuseShape(what: string): never {
  throw new UndercroftError("PGRST102", { why: `The body ${what}` })
}
