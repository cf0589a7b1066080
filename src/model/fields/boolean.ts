/** True or false. */
import { Field } from "../field.ts"
import { BadValue, type FieldKind, ordered } from "../value.ts"

/**
 * True or false.
 *
 * @example
 * boolean().default(false)
 */
export function boolean(): Field<boolean> {
  return new Field(booleanKind)
}

const words: ReadonlyMap<string, string> = new Map([
  ["true", "true"],
  ["t", "true"],
  ["yes", "true"],
  ["on", "true"],
  ["1", "true"],
  ["false", "false"],
  ["f", "false"],
  ["no", "false"],
  ["off", "false"],
  ["0", "false"],
])

export const booleanKind: FieldKind = {
  name: "boolean",
  sqlType: "boolean",
  operators: ordered,
  parse(value) {
    if (typeof value !== "boolean") throw new BadValue("must be true or false")
    return value
  },
  parseText(text) {
    const found = words.get(text.trim().toLowerCase())
    if (found === undefined) throw new BadValue("must be true or false")
    return found
  },
  schema: () => ({ type: "boolean" }),
  typescript: () => "boolean",
}
