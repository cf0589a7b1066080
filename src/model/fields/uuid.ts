/** Universally unique identifiers. */
import { Field } from "../field.ts"
import { BadValue, type FieldKind, ordered } from "../value.ts"

/**
 * A UUID in its usual form, lower case in answers.
 *
 * @example
 * uuid()
 */
export function uuid(): Field<string> {
  return new Field(uuidKind)
}

const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

function checkUuid(value: unknown): string {
  if (typeof value !== "string" || !shape.test(value)) throw new BadValue("must be a UUID")
  return value.toLowerCase()
}

export const uuidKind: FieldKind = {
  name: "uuid",
  sqlType: "uuid",
  operators: ordered,
  parse: checkUuid,
  parseText: checkUuid,
  schema: () => ({ type: "string", format: "uuid" }),
  typescript: () => "string",
}
