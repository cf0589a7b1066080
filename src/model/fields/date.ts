/** A day of the calendar, `2026-02-28`. */
import { Field } from "../field.ts"
import { BadValue, checkText, type FieldKind, ordered } from "../value.ts"

/**
 * A day: `2026-02-28`, years 0001 to 9999.
 *
 * @example
 * date().personal()
 */
export function date(): Field<string> {
  return new Field(dateKind)
}

/** Checks `YYYY-MM-DD` and that the day exists. Throws `BadValue`. */
export function checkDate(value: unknown): string {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(checkText(value).trim())
  if (!found) throw new BadValue("must be a date such as 2026-02-28", "22007")
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])]
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  if (year < 1 || days === undefined || day < 1 || day > days)
    throw new BadValue("is not a day of the calendar", "22008")
  return found[0]
}

export const dateKind: FieldKind = {
  name: "date",
  sqlType: "date",
  operators: ordered,
  parse: checkDate,
  parseText: checkDate,
  schema: () => ({ type: "string", format: "date" }),
  typescript: () => "string",
}
