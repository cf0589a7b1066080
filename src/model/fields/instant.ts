/** A moment in time, kept in UTC to the microsecond. */
import { Field } from "../field.ts"
import { BadValue, checkText, type FieldKind, ordered } from "../value.ts"
import { checkDate } from "./date.ts"

/**
 * A moment of the years 0001 to 9999: `2026-02-28T08:30:00Z`; an offset is required on the way in, and answers are in
 * UTC. Digits beyond the microsecond are left out.
 *
 * @example
 * instant().optional()
 */
export function instant(): Field<string> {
  return new Field(instantKind)
}

const shape =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*(?:Z|([+-])(\d{2})(?::?(\d{2}))?)$/i

const smallestMs = Date.parse("0001-01-01T00:00:00Z")
const largestMs = Date.parse("9999-12-31T23:59:59Z")

/** Checks an ISO 8601 moment with an offset, and gives it in UTC. Throws `BadValue`. */
function checkInstant(value: unknown): string {
  if (typeof value === "string" && isWritten(value)) return value
  const { secondMs, fraction } = readInstant(checkText(value).trim())
  if (secondMs < smallestMs || secondMs > largestMs) {
    throw new BadValue("must be a moment of the years 0001 to 9999 in UTC", "22008")
  }
  return `${new Date(secondMs).toISOString().slice(0, 19)}${/[1-9]/.test(fraction) ? `.${fraction}` : ""}Z`
}

/** Whether it already stands as it would be written, as most do. */
function isWritten(value: string): boolean {
  if (value.length !== 20) return false
  const ms = Date.parse(value)
  return ms >= smallestMs && ms <= largestMs && `${new Date(ms).toISOString().slice(0, 19)}Z` === value
}

/** A moment as microseconds since 1970, exact. Throws `BadValue`. */
export function instantMicros(value: string): bigint {
  const { secondMs, fraction } = readInstant(value)
  return BigInt(secondMs) * 1000n + BigInt(fraction.padEnd(6, "0"))
}

/** The start of its second in milliseconds since 1970, and up to six digits behind the point. */
function readInstant(value: string): { readonly secondMs: number; readonly fraction: string } {
  const found = shape.exec(value)
  if (!found) throw new BadValue("must be a moment with an offset, such as 2026-02-28T08:30:00Z", "22007")
  const [, date, hour, minute, second = "0", fraction = "", sign, zoneHour = "0", zoneMinute = "0"] = found
  const [year = 1, month = 1, day = 1] = checkDate(date).split("-").map(Number)
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59)
    throw new BadValue("is not a time of day", "22008")
  if (Number(zoneHour) > 15 || Number(zoneMinute) > 59)
    throw new BadValue("has an offset that does not exist", "22007")
  const offset = (Number(zoneHour) * 60 + Number(zoneMinute)) * (sign === "-" ? -1 : 1)
  const dayMs = new Date(0).setUTCFullYear(year, month - 1, day)
  const seconds = (Number(hour) * 60 + Number(minute) - offset) * 60 + Number(second)
  return { secondMs: dayMs + seconds * 1000, fraction: fraction.slice(0, 6) }
}

export const instantKind: FieldKind = {
  name: "instant",
  sqlType: "timestamptz",
  operators: ordered,
  parse: checkInstant,
  // A "+" of an offset that was not escaped in a URL arrives as a space.
  parseText: (text) => checkInstant(text.replace(/ (\d{2}:?\d{2})$/, "+$1")),
  compare(left, right) {
    const a = instantMicros(String(left))
    const b = instantMicros(String(right))
    return a < b ? -1 : a > b ? 1 : 0
  },
  schema: () => ({ type: "string", format: "date-time" }),
  typescript: () => "string",
}
