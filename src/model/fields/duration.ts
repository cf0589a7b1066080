/** A length of time in ISO 8601, `PT45M`. */
import { Field } from "../field.ts"
import { BadValue, checkText, equalityOnly, type FieldKind } from "../value.ts"

/**
 * A length of time: `PT45M`, `P1DT2H`.
 *
 * @example
 * duration()
 */
export function duration(): Field<string> {
  return new Field(durationKind)
}

const shape = /^-?P(?=\d|T\d)(\d{1,5}Y)?(\d{1,5}M)?(\d{1,5}W)?(\d{1,6}D)?(T(?=\d)(\d{1,7}H)?(\d{1,8}M)?(\d{1,9}(\.\d{1,6})?S)?)?$/

/** Checks an ISO 8601 duration. Throws `BadValue`. */
export function checkDuration(value: unknown): string {
  const found = checkText(value).trim()
  if (!shape.test(found)) throw new BadValue("must be an ISO 8601 duration such as PT45M", "22007")
  return found
}

const durationKind: FieldKind = {
  name: "duration",
  sqlType: "interval",
  operators: equalityOnly,
  parse: checkDuration,
  parseText: checkDuration,
  schema: () => ({ type: "string", format: "duration" }),
  typescript: () => "string",
}
