/** Reads bodies whose values are texts: CSV (RFC 4180) and forms. */
import { isUtf8 } from "node:buffer"
import { parse } from "csv-parse/sync"
import { UndercroftError } from "../base/errors.ts"
import type { BodyRows } from "./read-body.ts"

/** More would hold up all other requests while they are read. */
const most = { cells: 60_000, fields: 2_000 } as const
const [comma, line, ampersand] = [44, 10, 38]

type TextRow = Readonly<Record<string, string | null>>

/** The first line names the fields; `NULL` without quotes is null, and nothing is an empty text. Throws PGRST102. */
export function readCsv(body: Buffer | undefined, maxRows: number): BodyRows {
  refuseMore(body, [comma, line], most.cells, "values")
  const lines = parseLines(readText(body), maxRows)
  const [names, ...rows] = lines
  if (!names) throw new UndercroftError("PGRST102", { why: "Empty or invalid CSV" })
  checkNames(names)
  if (rows.length > maxRows) throw new UndercroftError("UC319", { max: maxRows })
  return {
    rows: rows.map((row) => toRow(names, row)),
    columns: names,
    isList: true,
  }
}

/** One row. Throws PGRST102. */
export function readForm(body: Buffer | undefined): BodyRows {
  refuseMore(body, [ampersand], most.fields, "fields")
  const entries = [...new URLSearchParams(readText(body))]
  const names = entries.map(([name]) => name)
  checkNames(names)
  return {
    rows: [
      toRow(
        names,
        entries.map(([, value]) => value),
      ),
    ],
    columns: names,
    isList: false,
  }
}

function refuseMore(
  body: Buffer | undefined,
  separators: readonly number[],
  max: number,
  what: string,
): void {
  let count = 0
  for (const byte of body ?? []) {
    if (separators.includes(byte) && ++count > max)
      throw new UndercroftError("PGRST102", { why: `The body has more than ${max} ${what}` })
  }
}

function readText(body: Buffer | undefined): string {
  if (!body || !isUtf8(body)) throw new UndercroftError("PGRST102", { why: "The body is not UTF-8 text" })
  return body.toString()
}

function parseLines(text: string, maxRows: number): (string | null)[][] {
  try {
    return parse(text, {
      bom: true,
      skip_empty_lines: true,
      to_line: maxRows * 100 + 2,
      max_record_size: 1_000_000,
      cast: (value, { quoting }) => (value === "NULL" && !quoting ? null : value),
    })
  } catch (cause) {
    const why =
      (cause as { code?: string }).code === "CSV_RECORD_INCONSISTENT_FIELDS_LENGTH"
        ? "All lines must have same number of fields"
        : "Empty or invalid CSV"
    throw new UndercroftError("PGRST102", { why }, { cause })
  }
}

function checkNames(names: readonly (string | null)[]): asserts names is readonly string[] {
  if (
    names.length === 0 ||
    new Set(names).size !== names.length ||
    names.includes(null) ||
    names.includes("")
  )
    throw new UndercroftError("PGRST102", { why: "Fields must be named, and each once" })
}

function toRow(names: readonly string[], values: readonly (string | null)[]): TextRow {
  return Object.fromEntries(names.map((name, at) => [name, values[at] ?? null]))
}
