/** Values as the query string has them: a value never becomes grammar. */
import { refuse } from "./client-error.ts"

/** The text of a value, as PostgreSQL reads it for a field of its kind. */
export function toText(value: unknown, place: string): string {
  if (typeof value === "string") return value
  if (typeof value === "number" ? Number.isFinite(value) : /^(boolean|bigint)$/.test(typeof value))
    return String(value)
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return `{${value.map((item) => quote(toText(item, place))).join(",")}}`
  if (typeof value !== "object" || value === null)
    return refuse(`${place} has no value that can be asked for`)
  return JSON.stringify(value)
}

/** A text in double quotes, as lists, logic trees and PostgreSQL's arrays have it. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`
}

/** Whether it could be a name of the model. */
export function isName(text: string): boolean {
  return /^[A-Za-z]\w*$/.test(text)
}

/** A name of the model: anything else would be read as grammar. */
export function checkName(name: string): string {
  return isName(name) ? name : refuse(`${JSON.stringify(name)} is not a name`)
}
