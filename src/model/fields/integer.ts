/** Whole numbers of 32 bits. */
import { Field } from "../field.ts"
import { BadValue, type FieldKind, ordered } from "../value.ts"

export interface IntegerOptions {
  readonly min?: number
  readonly max?: number
}

/**
 * A whole number from -2147483648 to 2147483647.
 *
 * @example
 * integer({ min: 0 })
 */
export function integer(options: IntegerOptions = {}): Field<number> {
  return new Field(integerKind(options))
}

/**
 * A whole number that the database counts up itself.
 *
 * @example
 * serial()
 */
export function serial(): Field<number, "default" | "immutable"> {
  return new Field({ ...integerKind({}), identity: true }, { defaulted: true, immutable: true })
}

export function integerKind({ min = -2147483648, max = 2147483647 }: IntegerOptions): FieldKind {
  function check(value: number): number {
    if (!Number.isInteger(value)) throw new BadValue("must be a whole number")
    if (value < -2147483648 || value > 2147483647)
      throw new BadValue("is out of the range of a 32-bit integer", "22003")
    return value
  }
  return {
    name: "integer",
    sqlType: "integer",
    operators: ordered,
    parse(value) {
      if (typeof value !== "number") throw new BadValue("must be a whole number")
      check(value)
      if (value < min) throw new BadValue(`must be at least ${min}`, "23514")
      if (value > max) throw new BadValue(`must be at most ${max}`, "23514")
      return value
    },
    parseText(text) {
      if (!/^\s*[+-]?\d{1,20}\s*$/.test(text)) throw new BadValue("must be a whole number")
      return String(check(Number(text)))
    },
    checks: (column) => [
      ...(min === -2147483648 ? [] : [`${column} >= ${min}`]),
      ...(max === 2147483647 ? [] : [`${column} <= ${max}`]),
    ],
    // A literal is text, and `"10" < "9"`.
    compare: (left, right) => Number(left) - Number(right),
    schema: () => ({ type: "integer", minimum: min, maximum: max }),
    typescript: () => "number",
  }
}
