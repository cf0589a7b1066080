/** Exact decimal numbers; strings in JSON, because a JavaScript number would round them. */
import { Field } from "../field.ts"
import { BadValue, type FieldKind, ordered } from "../value.ts"

export interface DecimalOptions {
  /** All digits, and those behind the point. */
  readonly precision: number
  readonly scale: number
}

/**
 * An exact decimal number, a string in JSON: `"12.50"`. A number is accepted on the way in.
 *
 * @example
 * decimal({ precision: 8, scale: 2 })
 */
export function decimal(options: DecimalOptions): Field<string> {
  return new Field(decimalKind(options))
}

function decimalKind({ precision, scale }: DecimalOptions): FieldKind {
  function check(text: string): string {
    const found = text.length > 200 ? null : /^\s*([+-]?)0*(\d*)(?:\.(\d*))?\s*$/.exec(text)
    if (!found || !/\d/.test(text)) throw new BadValue("must be a decimal number of at most 200 characters")
    if ((found[2] ?? "").length > precision - scale) {
      throw new BadValue(`must have at most ${precision - scale} digits before the point`, "22003")
    }
    return text.trim()
  }
  return {
    name: "decimal",
    sqlType: `numeric(${precision},${scale})`,
    filterType: "numeric",
    operators: ordered,
    parse(value) {
      if (typeof value !== "string" && typeof value !== "number")
        throw new BadValue("must be a decimal number")
      const found = check(String(value))
      if ((found.split(".")[1] ?? "").length > scale) {
        throw new BadValue(`must have at most ${scale} digits behind the point`, "22003")
      }
      return toCanonical(found, scale)
    },
    parseText: check,
    toJson: (sql) => `${sql}::text`,
    compare: (left, right) => compareDecimals(String(left), String(right)),
    schema: () => ({
      type: "string",
      pattern: `^-?[0-9]{1,${Math.max(precision - scale, 1)}}${scale > 0 ? `(\\.[0-9]{1,${scale}})?` : ""}$`,
      description: "A decimal number as a string, so that no client rounds it.",
      examples: [toCanonical(precision - scale > 1 ? "12" : "0", scale)],
    }),
    typescript: () => "string",
  }
}

/** As PostgreSQL prints it: `+07.5` is `7.50` at a scale of 2. */
function toCanonical(text: string, scale: number): string {
  const [whole = "", fraction = ""] = text.replace(/^[+-]/, "").split(".")
  const digits = `${whole.replace(/^0+(?=\d)/, "") || "0"}${scale > 0 ? `.${fraction.padEnd(scale, "0")}` : ""}`
  return text.startsWith("-") && /[1-9]/.test(digits) ? `-${digits}` : digits
}

/** Orders numbers of any kind by value, exactly. */
export function compareDecimals(left: string, right: string): number {
  const [a, b] = [left, right].map((text) => text.trim().split("."))
  const places = Math.max(a?.[1]?.length ?? 0, b?.[1]?.length ?? 0)
  const [x, y] = [a, b].map((parts) =>
    BigInt(`${parts?.[0] || "0"}${(parts?.[1] ?? "").padEnd(places, "0")}`),
  )
  return x! < y! ? -1 : x! > y! ? 1 : 0
}
