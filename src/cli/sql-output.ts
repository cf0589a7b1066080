/** Results of SQL, as an aligned table for people or as JSON for programs. */
import type { SqlResult } from "../store/sql-session.ts"
import { countText, padTo, printable, type Terminal, widthOf } from "./terminal.ts"

/** Types of PostgreSQL that have a JSON type of their own: numbers that JSON carries exactly, booleans, JSON. */
const numbers = new Set([21, 23, 26, 700, 701])
const boolean = 16
const jsons = new Set([114, 3802])

const cellWidthMax = 60

/** A table, or the command and its count. */
export function resultText(result: SqlResult, out: Terminal): string {
  const { columns, rows, command, rowCount } = result
  if (columns.length === 0) return `${command}${rowCount === null ? "" : ` ${countText(rowCount)}`}`
  const cells = rows.map((row) => row.map((value) => (value === null ? "" : shorten(printable(value)))))
  const names = columns.map((one) => printable(one.name))
  const widths = names.map((name, at) =>
    Math.max(widthOf(name), ...cells.map((row) => widthOf(row[at] ?? ""))),
  )
  const isRight = columns.map((one) => numbers.has(one.type) || [20, 1700].includes(one.type))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) =>
        isRight[at] ? " ".repeat((widths[at] ?? 0) - widthOf(cell)) + cell : padTo(cell, widths[at] ?? 0),
      )
      .join("  ")
      .trimEnd()
  const count = `${countText(rows.length)} ${rows.length === 1 ? "row" : "rows"}`
  return [
    out.paint("bold", line(names)),
    out.paint("dim", widths.map((width) => "─".repeat(width)).join("  ")),
    ...cells.map(line),
    out.paint("dim", `(${count})`),
  ].join("\n")
}

/** `{"rows":[…]}`, and the count where rows were written. */
export function resultJson({ columns, rows, command, rowCount }: SqlResult): string {
  const objects = rows.map((row) =>
    Object.fromEntries(columns.map(({ name, type }, at) => [name, jsonValue(row[at] ?? null, type)])),
  )
  return JSON.stringify({ command, count: rowCount ?? rows.length, rows: objects })
}

function jsonValue(text: string | null, type: number): unknown {
  if (text === null) return null
  if (type === boolean) return text === "t"
  if (jsons.has(type)) return JSON.parse(text) as unknown
  return numbers.has(type) && Number.isFinite(Number(text)) ? Number(text) : text
}

function shorten(text: string): string {
  return widthOf(text) > cellWidthMax ? `${[...text].slice(0, cellWidthMax - 1).join("")}…` : text
}
