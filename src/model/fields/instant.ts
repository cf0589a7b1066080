/** A moment in time, kept in UTC to the microsecond. */
import { Field } from "../field.ts"
import { BadValue, checkText, type FieldKind, ordered } from "../value.ts"
import { checkDate } from "./date.ts"

/**
 * A moment: `2026-02-28T08:30:00Z`; an offset is required on the way in, and answers are in UTC.
 *
 * @example
 * instant().optional()
 */
export function instant(): Field<string> {
  return new Field(instantKind)
}

const shape = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)$/i

/** Checks an ISO 8601 moment with an offset. Throws `BadValue`. */
function checkInstant(value: unknown): string {
  const found = shape.exec(checkText(value).trim())
  if (!found) throw new BadValue("must be a moment with an offset, such as 2026-02-28T08:30:00Z", "22007")
  checkDate(found[1])
  const zone = found[5] ?? "Z"
  const zoneHours = zone.length > 1 ? Number(zone.slice(1, 3)) : 0
  if (Number(found[2]) > 23 || Number(found[3]) > 59 || Number(found[4] ?? 0) > 59 || zoneHours > 15) {
    throw new BadValue("is not a time of day", "22007")
  }
  return found[0]
}

/** A moment as microseconds since 1970, exact. */
export function instantMicros(value: string): bigint {
  const fraction = /\.(\d+)/.exec(value)?.[1] ?? ""
  const whole = value.replace(/\.\d+/, "").replace(" ", "T").replace(/([+-]\d{2})$/, "$1:00")
  return BigInt(Date.parse(whole)) * 1000n + BigInt(fraction.padEnd(6, "0").slice(0, 6) || "0")
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
