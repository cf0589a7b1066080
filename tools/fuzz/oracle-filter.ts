/** Filters and orders as PostgreSQL evaluates them: three-valued, by code point, nulls last unless descending. */
import type { FilterDescription, KindDescription, OrderDescription, Row } from "./description.ts"
import { contains, jsonbText, jsonNull, pathKind, stepInto } from "./oracle-json.ts"
import { compareRanges, normalRange } from "./oracle-range.ts"
import { OpenQuestion, searches } from "./oracle-search.ts"
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
    case "json":
      return parseOr(bad, text)
    case "list":
      // As the generators write it: every item in quotes.
      return /^\{.*\}$/s.test(text) ? parseOr(bad, `[${text.slice(1, -1)}]`) : bad
    case "range":
      return normalRange(text) ?? bad
    default:
      return text
  }
}

function parseOr(otherwise: unknown, text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return otherwise
  }
}

function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}

/** Whether a filter compares with what its field, or the end of its path, does not take. */
export function isBadValue(of: KindDescription, filter: FilterDescription): boolean {
  if (!("value" in filter) || isTextual(filter.operator)) return false
  const kind = filter.json ? pathKind(filter.json) : of
  return [filter.value].flat().some((text) => readText(kind, text as string) === bad)
}

/** Operators that take any text, whatever kind of value they look at. */
function isTextual(operator: string): boolean {
  return /^(i?like|i?match|.*fts)$/.test(operator)
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
        ? (embedTest(filter.is, filter.json ? null : embed(filter.field)) ??
          isTest(filter.is, valueAt(filter, seen)))
        : quantified(
            filter,
            filter.json ? pathKind(filter.json) : fieldOf(entity, filter.field).kind,
            valueAt(filter, seen),
          )
  return filter.negated && plain !== null ? !plain : plain
}

/** The value of a field, or at the end of a path into it. */
export function valueAt({ field, json }: Pick<OrderDescription, "field" | "json">, seen: Row): unknown {
  return json ? stepInto(seen[field], json) : (seen[field] ?? null)
}

function quantified(
  { operator, quantifier, config, value: given }: Extract<FilterDescription, { operator: string }>,
  kind: KindDescription,
  value: unknown,
): Truth {
  if (config !== undefined && config !== "simple") throw new OpenQuestion("a search in a language")
  if (!quantifier) return comparison(operator, given, kind, value)
  return logic(
    quantifier === "any" ? "or" : "and",
    (given as readonly string[]).map((one) => comparison(operator, one, kind, value)),
  )
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
  if (operator === "in" && kind.type === "json")
    return logic(
      "or",
      (given as readonly string[]).map((one) => comparison("eq", one, kind, value)),
    )
  if (operator === "in") {
    const list = (given as readonly string[]).map((text) => readText(kind, text))
    // `null = any ('{}')` is false, not unknown.
    if (list.length === 0) return false
    return value === null ? null : list.some((one) => compareJson(value, one, kind) === 0)
  }
  const other = isTextual(operator) ? given : readText(kind, given as string)
  if (operator === "isdistinct" && value === null) return true
  if (value === null) return null
  if (operator.endsWith("fts")) return searches(operator, String(value), String(given))
  if (/[^a-zA-Z^$[\]|*]|^\[$/.test(String(given)) && operator.endsWith("match"))
    throw new OpenQuestion("a regular expression with more in it")
  if (operator === "match" || operator === "imatch")
    return new RegExp(String(given), operator === "imatch" ? "i" : "").test(String(value))
  if (kind.type === "json" || kind.type === "list" || kind.type === "range")
    return comparisonWhole(operator, kind.type, value, other)
  if (operator === "isdistinct") return compareJson(value, other, kind) !== 0
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
  return answer ?? unknownOperator(operator)
}

/** Of values that have parts. */
function comparisonWhole(
  operator: string,
  type: "json" | "list" | "range",
  value: unknown,
  other: unknown,
): Truth {
  if (type === "range")
    return compareRanges(operator, String(value), String(other)) ?? unknownOperator(operator)
  const [left, right] = [value, other].map((one) => (one === jsonNull ? null : one))
  const isSame = jsonbText(left) === jsonbText(right)
  if (operator === "eq") return isSame
  if (operator === "neq" || operator === "isdistinct") return !isSame
  if (type === "json" && operator === "cs") return contains(left, right)
  if (type === "json" && operator === "cd") return contains(right, left)
  if (type === "json") throw new OpenQuestion("the order of documents")
  const [a, b] = [left, right] as readonly [readonly unknown[], readonly unknown[]]
  if (operator === "cs") return b.every((one) => a.includes(one))
  if (operator === "cd") return a.every((one) => b.includes(one))
  return operator === "ov" ? a.some((one) => b.includes(one)) : unknownOperator(operator)
}

function unknownOperator(operator: string): never {
  throw new Error(`no operator ${operator}`)
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
  if (familyOf(kind) === "nocase") throw new OpenQuestion("the order of an ICU collation")
  if (["json", "list", "range"].includes(kind.type)) throw new OpenQuestion(`the order of ${kind.type}`)
  return compareJson(left, right, kind) * (descending ? -1 : 1)
}
