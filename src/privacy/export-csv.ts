/** CSV that a spreadsheet opens without running anything: a cell that begins like a formula gets an apostrophe. */

/** One line (RFC 4180). */
export function csvLine(cells: readonly (string | null)[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`
}

function csvCell(value: string | null): string {
  if (value === null) return ""
  const isNumber = /^-?\d+(\.\d+)?$/.test(value)
  const safe = !isNumber && /^[\s]*[=+\-@\t\r|%]/.test(value) ? `'${value}` : value
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
