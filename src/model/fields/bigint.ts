/** Whole numbers of 64 bits; JSON numbers while JavaScript holds them exactly, JSON strings beyond. */
import { Field } from "../field.ts"
import { BadValue, type FieldKind, ordered } from "../value.ts"

/**
 * A whole number of 64 bits. Past 2^53 it is a string in JSON.
 *
 * @example
 * bigint()
 */
export function bigint(): Field<number | string> {
  return new Field(bigintKind("bigint"))
}

export function bigintKind(name: string, min?: bigint): FieldKind {
  function check(text: string): string {
    if (!/^\s*[+-]?\d{1,40}\s*$/.test(text)) throw new BadValue("must be a whole number")
    const found = BigInt(text.trim().replace(/^\+/, ""))
    if (found < -(2n ** 63n) || found > 2n ** 63n - 1n) {
      throw new BadValue("is out of the range of a 64-bit integer", "22003")
    }
    return String(found)
  }
  return {
    name,
    sqlType: "bigint",
    operators: ordered,
    parse(value) {
      if (typeof value === "number" && !Number.isSafeInteger(value)) {
        throw new BadValue("must be a whole number; past 2^53 send it as a string", "22003")
      }
      if (typeof value !== "number" && typeof value !== "string") throw new BadValue("must be a whole number")
      const found = check(String(value))
      if (min !== undefined && BigInt(found) < min) throw new BadValue(`must be at least ${min}`, "23514")
      return found
    },
    parseText: check,
    toJson: (sql) =>
      `case when ${sql} between -9007199254740991 and 9007199254740991 then to_json(${sql}) else to_json(${sql}::text) end`,
    jsonOf: (parsed) => (Number.isSafeInteger(Number(parsed)) ? Number(parsed) : parsed),
    checks: (column) => (min === undefined ? [] : [`${column} >= ${min}`]),
    compare(left, right) {
      const a = BigInt(left as string)
      const b = BigInt(right as string)
      return a < b ? -1 : a > b ? 1 : 0
    },
    schema: () => ({
      oneOf: [
        { type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
        { type: "string", pattern: "^-?[0-9]{1,19}$" },
      ],
      description: "A number; past 2^53 a string, which no client rounds.",
      examples: [1250],
    }),
    typescript: () => "number | string",
  }
}
