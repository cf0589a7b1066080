/** Examples for fields, made from their JSON Schemas; only what the field's own kind accepts is given. */
import type { JsonSchema } from "../model/json-schema.ts"
import type { FieldInfo } from "../model/model.ts"
import { BadValue } from "../model/value.ts"
import { toWords } from "../policy/sentence-words.ts"
import { samplePattern } from "./sample-pattern.ts"

/** A value for a field, as in a row that was made at `at`; later numbers are later moments. Undefined where none is found. */
export function exampleValue(field: FieldInfo, at: number): unknown {
  const word = capitalize(toWords(field.name))
  return candidates(field.kind.schema(), word, at).find((value) => {
    try {
      field.kind.parse(value)
      return true
    } catch (cause) {
      if (cause instanceof BadValue) return false
      throw cause
    }
  })
}

const startMs = Date.parse("2026-03-02T08:00:00Z")

function candidates(schema: JsonSchema, word: string, at: number): readonly unknown[] {
  const { type, enum: words, examples, format, properties, items, minimum = 1, pattern } = schema
  if (Array.isArray(words)) return words.slice(0, 1)
  if (Array.isArray(examples)) return examples
  if (type === "boolean") return [false]
  if (type === "integer" || type === "number")
    return [Math.max(Number(minimum), Math.min(at + 1, Number(schema["maximum"] ?? at + 1)))]
  if (type === "array") return [candidates(items as JsonSchema, word, at).slice(0, 1)]
  if (type === "object") return objects(properties as Readonly<Record<string, JsonSchema>>, word, at)
  if (format === "date") return [new Date(startMs + at * 86_400_000).toISOString().slice(0, 10)]
  if (format === "date-time") return [`${new Date(startMs + at * 1_800_000).toISOString().slice(0, 19)}Z`]
  if (format === "uuid") return [`018ce7a8-0f00-7000-8000-${String(at + 1).padStart(12, "0")}`]
  if (typeof pattern === "string") return samplePattern(pattern)
  return [fitText(word, Number(schema["minLength"] ?? 0), Number(schema["maxLength"] ?? 200))]
}

/** With all members, each later than the one before; and with the first alone. */
function objects(
  properties: Readonly<Record<string, JsonSchema>>,
  word: string,
  at: number,
): readonly unknown[] {
  const entries = Object.entries(properties).map(
    ([name, schema], place) => [name, candidates(notNull(schema), word, at + place)[0]] as const,
  )
  const first = entries.map(([name, value], place) => [name, place === 0 ? value : null] as const)
  return [Object.fromEntries(entries), Object.fromEntries(first)]
}

function notNull({ type, ...schema }: JsonSchema): JsonSchema {
  return Array.isArray(type) ? { ...schema, type: type[0] } : { ...schema, ...(type ? { type } : {}) }
}

function fitText(word: string, min: number, max: number): string {
  return word.padEnd(min, " and so on").slice(0, max)
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
