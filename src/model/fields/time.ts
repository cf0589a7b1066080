/** A time of day without a day or a zone. */
import { Field } from "../field.ts"
import { BadValue, checkText, compareValues, type FieldKind, ordered } from "../value.ts"

/**
 * A time of day: `08:30` or `08:30:15.25`.
 *
 * @example
 * time()
 */
export function time(): Field<string> {
  return new Field(timeKind)
}

const shape = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$/

function checkTime(value: unknown): string {
  const found = checkText(value).trim()
  if (!shape.test(found)) throw new BadValue("must be a time such as 08:30:00", "22007")
  return found
}

const timeKind: FieldKind = {
  name: "time",
  sqlType: "time",
  operators: ordered,
  parse: checkTime,
  parseText: checkTime,
  // `08:30` is `08:30:00`.
  compare: (left, right) => compareValues(String(left).padEnd(8, ":00"), String(right).padEnd(8, ":00")),
  schema: () => ({
    type: "string",
    pattern: "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,6})?)?$",
    examples: ["08:30:00"],
  }),
  typescript: () => "string",
}
