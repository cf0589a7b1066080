/** JSON Schemas as plain data, and what is done with any of them. */

/** A JSON Schema, 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** The same values, and null. */
export function orNull(schema: JsonSchema): JsonSchema {
  const { type, enum: words, oneOf } = schema
  if (Array.isArray(oneOf)) return { ...schema, oneOf: [...oneOf, { type: "null" }] }
  if (typeof type !== "string") return schema
  return {
    ...schema,
    type: [type, "null"],
    ...(Array.isArray(words) ? { enum: [...words, null] } : {}),
  }
}
