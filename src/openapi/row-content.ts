/** Rows as the bodies of requests and answers, in each media type, with an example. */
import type { JsonSchema } from "../model/json-schema.ts"
import { componentOf, type MediaType } from "./document.ts"
import type { EntityParts } from "./entity-paths.ts"

export const objectType = "application/vnd.pgrst.object+json"

type Content = Readonly<Record<string, MediaType>>
type ExampleRow = Readonly<Record<string, unknown>>

/** Rows as they are read. */
export function rowContent({ entity, schemas, fields }: EntityParts): Content {
  const row = { ...componentOf("schemas", `${entity.name}Row`) }
  const example = exampleOf(schemas.row)
  const names = fields.map((field) => field.name)
  return {
    "application/json": media({ type: "array", items: row }, example && [example]),
    [objectType]: media(row, example),
    "text/csv": media({ type: "string" }, example && csvOf(names, example)),
  }
}

/** One row to create, or several. */
export function insertContent({ entity }: EntityParts, insert: JsonSchema): Content {
  const row = { ...componentOf("schemas", `${entity.name}Insert`) }
  const example = exampleOf(insert)
  return {
    "application/json": media({ oneOf: [row, { type: "array", items: row }] }, example),
    [objectType]: media(row, example),
    "text/csv": media({ type: "string" }, example && csvOf(Object.keys(example), example)),
  }
}

/** One object alone. */
export function objectContent(
  { entity }: EntityParts,
  form: "Insert" | "Update",
  schema: JsonSchema,
): Content {
  const row = { ...componentOf("schemas", `${entity.name}${form}`) }
  return { "application/json": media(row, exampleOf(schema)) }
}

function media(schema: JsonSchema, example: unknown): MediaType {
  return { schema, ...(example === undefined ? {} : { example }) }
}

function exampleOf(schema: JsonSchema): ExampleRow | undefined {
  return (schema["examples"] as readonly ExampleRow[] | undefined)?.[0]
}

/** A head line and one row (RFC 4180). */
function csvOf(names: readonly string[], row: ExampleRow): string {
  return `${names.join(",")}\n${names.map((name) => cellOf(row[name])).join(",")}\n`
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return ""
  const text = typeof value === "object" ? JSON.stringify(value) : String(value)
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
