/** Values written into a statement, for where it has no parameters: as the driver would send them, and safely quoted. */
import pg from "pg"

/** A literal, whose type is found as that of a parameter is; null is `null`. */
export function valueLiteral(value: unknown): string {
  const text = textOf(value)
  return text === null ? "null" : pg.escapeLiteral(text)
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (value instanceof Date) return value.toISOString()
  if (Buffer.isBuffer(value)) return `\\x${value.toString("hex")}`
  if (Array.isArray(value)) return `{${value.map(elementOf).join(",")}}`
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}

function elementOf(value: unknown): string {
  const text = textOf(value)
  if (Array.isArray(value) || text === null) return text ?? "NULL"
  return `"${text.replace(/["\\]/g, "\\$&")}"`
}
