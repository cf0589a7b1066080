/** Filters and orders as PostgreSQL evaluates them: three-valued, by code point, nulls last unless descending. */
import type { FilterDescription, KindDescription, OrderDescription, Row } from "./description.ts"
import { type EntityShape, familyOf, fieldOf } from "./shape.ts"
import { compareJson, lowerText } from "./sql-value.ts"

type Truth = boolean | null

/** A text in a URL that the field's kind does not take. */
const bad: unique symbol = Symbol("bad value")

/** The JSON value that a filter's text stands for. */
export function readText(kind: KindDescription, text: string): unknown {
  const trimmed = text.trim()
  switch (kind.type) {
    case "integer":
      return /^[+-]?\d+$/.test(trimmed) && Math.abs(Number(trimmed) + 0.5) < 2147483648.5
        ? Number(trimmed)
        : bad
    case "bigint":
      return /^[+-]?\d{1,19}$/.test(trimmed) && BigInt.asIntN(64, BigInt(trimmed)) === BigInt(trimmed)
        ? trimmed
        : bad
    case "decimal":
      return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(trimmed) &&
        /^[+-]?0*(\d*)/.exec(trimmed)![1]!.length <= kind.precision - kind.scale
        ? trimmed
        : bad
    case "boolean":
      return /^(true|t|yes|on|1)$/i.test(trimmed) ? true : /^(false|f|no|off|0)$/i.test(trimmed) ? false : bad
    case "uuid":
      return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : bad
    case "date":
      return /^\d{4}-\d\d-\d\d$/.test(trimmed) && isDay(trimmed) ? trimmed : bad
    case "instant":
      return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(trimmed) ? trimmed : bad
    case "time":
      return /^\d\d:\d\d:\d\d(\.\d+)?$/.test(trimmed) ? trimmed : bad
    default:
      return text
  }
}

function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}

export function isBadText(kind: KindDescription, value: string | readonly string[]): boolean {
  return [value].flat().some((text) => readText(kind, text as string) === bad)
}

/** Whether a row passes: unknown does not. */
export function passes(
  filters: readonly FilterDescription[],
  entity: EntityShape,
  seen: Row,
  embed: EmbedTest = () => null,
): boolean {
  return filters.every((filter) => truth(filter, entity, seen, embed) === true)
}

/** Whether the embed that answers under this name is empty; null where none does. */
export type EmbedTest = (name: string) => boolean | null

function truth(filter: FilterDescription, entity: EntityShape, seen: Row, embed: EmbedTest): Truth {
  const plain =
    "logic" in filter
      ? logic(
          filter.logic,
          filter.terms.map((term) => truth(term, entity, seen, embed)),
        )
      : "is" in filter
        ? (embedTest(filter.is, embed(filter.field)) ?? isTest(filter.is, seen[filter.field] ?? null))
        : comparison(
            filter.operator,
            filter.value,
            fieldOf(entity, filter.field).kind,
            seen[filter.field] ?? null,
          )
  return filter.negated && plain !== null ? !plain : plain
}

function logic(kind: "and" | "or", terms: readonly Truth[]): Truth {
  const decisive = kind === "or"
  if (terms.includes(decisive)) return decisive
  return terms.includes(null) ? null : !decisive
}

/** `relation=is.null` asks for rows without the embed, before it asks for a field of that name. */
function embedTest(what: string, isEmpty: boolean | null): boolean | null {
  if (isEmpty === null || (what !== "null" && what !== "not_null")) return null
  return isEmpty === (what === "null")
}

function isTest(what: string, value: unknown): boolean {
  if (what === "null" || what === "unknown") return value === null
  if (what === "not_null") return value !== null
  return value === (what === "true")
}

function comparison(
  operator: string,
  given: string | readonly string[],
  kind: KindDescription,
  value: unknown,
): Truth {
  if (operator === "in") {
    const list = (given as readonly string[]).map((text) => readText(kind, text))
    // `null = any ('{}')` is false, not unknown.
    if (list.length === 0) return false
    return value === null ? null : list.some((one) => compareJson(value, one, kind) === 0)
  }
  const other = readText(kind, given as string)
  if (operator === "isdistinct") return value === null || compareJson(value, other, kind) !== 0
  if (value === null) return null
  if (operator === "like" || operator === "ilike") {
    const fold = operator === "ilike" ? lowerText : String
    return likes(fold(String(value)), fold(String(given).replaceAll("*", "%")))
  }
  const order = compareJson(value, other, kind)
  const answers: Readonly<Record<string, boolean>> = {
    eq: order === 0,
    neq: order !== 0,
    gt: order > 0,
    gte: order >= 0,
    lt: order < 0,
    lte: order <= 0,
  }
  const answer = answers[operator]
  if (answer === undefined) throw new Error(`no operator ${operator}`)
  return answer
}

/** SQL's LIKE over code points, with the backslash as escape character. */
export function likes(text: string, pattern: string): boolean {
  let source = ""
  const chars = [...pattern]
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] as string
    if (char === "%") source += "[\\s\\S]*"
    else if (char === "_") source += "[\\s\\S]"
    else source += escapeChar(char === "\\" ? (chars[++at] ?? "\\") : char)
  }
  return new RegExp(`^${source}$`, "u").test(text)
}

function escapeChar(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`
}

/** What a row has in the place of an order term. */
export type TermValue = (term: OrderDescription) => {
  readonly value: unknown
  readonly kind: KindDescription
}

export function compareByOrder(
  order: readonly OrderDescription[],
  left: TermValue,
  right: TermValue,
): number {
  for (const term of order) {
    const [a, b] = [left(term), right(term)]
    const found = compareTerm(term, a.value, b.value, a.kind)
    if (found !== 0) return found
  }
  return 0
}

function compareTerm(
  { descending, nulls }: OrderDescription,
  left: unknown,
  right: unknown,
  kind: KindDescription,
): number {
  if (left === null && right === null) return 0
  if (left === null || right === null) {
    const nullFirst = nulls === null ? descending : nulls === "first"
    return (left === null) === nullFirst ? -1 : 1
  }
  if (familyOf(kind) === "nocase") throw new Error("the order of an ICU collation is not known here")
  return compareJson(left, right, kind) * (descending ? -1 : 1)
}
