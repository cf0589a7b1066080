/** JSON as PostgreSQL's jsonb: steps into it, its text, and whether one document contains another. */
import type { JsonStepDescription, KindDescription } from "./description.ts"

/** The value at the end of a path; SQL's null where it leads nowhere. A JSON null on the way out as text is one too. */
export function stepInto(document: unknown, steps: readonly JsonStepDescription[]): unknown {
  let at: unknown = document ?? undefined
  for (const { key, text } of steps) {
    at = member(at, key)
    if (text) return at === undefined || at === null ? null : typeof at === "string" ? at : jsonbText(at)
  }
  return at === undefined ? null : at === null ? jsonNull : at
}

/** JSON's null, which SQL takes for a value. */
export const jsonNull: unique symbol = Symbol("null")

function member(at: unknown, key: string | number): unknown {
  // PostgreSQL keeps a value that stands alone as a list of one.
  if (typeof key === "number") return (isObject(at) || at === undefined ? [] : [at].flat()).at(key)
  return typeof at === "object" && at !== null && !Array.isArray(at) && Object.hasOwn(at, key)
    ? (at as Record<string, unknown>)[key]
    : undefined
}

/** What is compared at the end of a path. */
export function pathKind(steps: readonly JsonStepDescription[]): KindDescription {
  return steps.at(-1)?.text ? { type: "text" } : { type: "json" }
}

/** As jsonb prints it: keys by length, then by byte. */
export function jsonbText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonbText).join(", ")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).toSorted(([a], [b]) => a.length - b.length || (a < b ? -1 : 1))
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}: ${jsonbText(one)}`).join(", ")}}`
}

/** `@>`. */
export function contains(left: unknown, right: unknown, isTop = true): boolean {
  if (Array.isArray(left)) {
    if (!Array.isArray(right)) return isTop && !isObject(right) && left.some((one) => same(one, right))
    return right.every((one) =>
      left.some((other) => same(other, one) || (isNested(one) && contains(other, one, false))),
    )
  }
  if (!isObject(left) || !isObject(right)) return same(left, right)
  return Object.entries(right).every(
    ([key, one]) =>
      Object.hasOwn(left, key) && (isNested(one) ? contains(left[key], one, false) : same(left[key], one)),
  )
}

function same(left: unknown, right: unknown): boolean {
  return jsonbText(left) === jsonbText(right)
}

function isNested(value: unknown): boolean {
  return typeof value === "object" && value !== null
}

function isObject(value: unknown): value is Record<string, unknown> {
  return isNested(value) && !Array.isArray(value)
}
