/** Reads filters: `not.in.(1,2)` after a field's name, and `(a.eq.1,or(b.is.null,c.gt.2))` after `and` and `or`. */
import type { FieldPath, Filter, FilterOperator } from "../query/operation.ts"
import { Char, type Counter, refuseLimit, Scanner } from "./scanner.ts"

export interface FilterLimits {
  /** Conditions, order terms, limits and offsets of all parameters together. */
  readonly filterTerms: number
  /** Levels of `and` and `or` within each other. */
  readonly logicDepth: number
  /** Items of one list, as in `in.(…)`. */
  readonly listItems: number
}

/** What the filters of one request share. */
export interface FilterContext {
  readonly limits: FilterLimits
  readonly terms: Counter
  /** Where the values go; the tree holds their positions. */
  readonly values: unknown[]
}

type IsValue = Extract<Filter, { kind: "is" }>["value"]

/** How the rest of a condition is read, by its operator. */
type Form = "value" | "quantifiable" | "pattern" | "search" | "list" | "is"

const forms: ReadonlyMap<string, readonly [FilterOperator, Form]> = new Map(
  (
    [
      ["eq", "quantifiable"],
      ["gte", "quantifiable"],
      ["gt", "quantifiable"],
      ["lte", "quantifiable"],
      ["lt", "quantifiable"],
      ["match", "quantifiable"],
      ["imatch", "quantifiable"],
      ["like", "pattern"],
      ["ilike", "pattern"],
      ["neq", "value"],
      ["isdistinct", "value"],
      ["cs", "value"],
      ["cd", "value"],
      ["ov", "value"],
      ["sl", "value"],
      ["sr", "value"],
      ["nxr", "value"],
      ["nxl", "value"],
      ["adj", "value"],
      ["fts", "search"],
      ["plfts", "search"],
      ["phfts", "search"],
      ["wfts", "search"],
      ["in", "list"],
      ["is", "is"],
    ] as const
  ).map((entry) => [entry[0], entry]),
)

const isValues: ReadonlyMap<string, IsValue> = new Map(
  (["null", "not_null", "true", "false", "unknown"] as const).map((value) => [value, value]),
)

const operatorExpected = "operator (eq, gt, ...)"
const isExpected = "isVal: (null, not_null, true, false, unknown)"
const termExpected = "field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)"

/**
 * One condition on one field, from the value of its parameter.
 *
 * @throws UndercroftError PGRST100 where the text is not a condition, UC301 where it is too large.
 */
export function parseFilter(path: FieldPath, text: string, context: FilterContext): Filter {
  const scanner = new Scanner(text, "filter")
  const filter = readCondition(scanner, path, context, false)
  scanner.expectEnd("end of input")
  return filter
}

/**
 * A tree of conditions, from the value of `and=` or `or=`.
 *
 * @throws UndercroftError PGRST100 where the text is not a tree of conditions, UC301 where it is too large.
 */
export function parseLogic(
  kind: "and" | "or",
  negated: boolean,
  text: string,
  context: FilterContext,
): Filter {
  // PostgREST reads the operator and the list as one text, and counts columns from the operator.
  const scanner = new Scanner(text, "logic tree", kind.length + (negated ? "not.".length : 0))
  scanner.skipBlanks()
  const filter = readGroup(scanner, kind, negated, context, 1)
  scanner.expectEnd("end of input")
  return filter
}

function readGroup(
  scanner: Scanner,
  kind: "and" | "or",
  negated: boolean,
  context: FilterContext,
  depth: number,
): Filter {
  const { logicDepth } = context.limits
  if (depth > logicDepth) refuseLimit("logicDepth", "levels of and/or", logicDepth)
  context.terms.add()
  scanner.expect(Char.open, '"("')
  const terms: Filter[] = []
  do {
    scanner.skipBlanks()
    terms.push(readTerm(scanner, context, depth))
    scanner.skipBlanks()
  } while (scanner.skip(Char.comma))
  scanner.expect(Char.close, '"," or ")"')
  return { kind, negated, terms }
}

function readTerm(scanner: Scanner, context: FilterContext, depth: number): Filter {
  const start = scanner.pos
  const negated = scanner.skipText("not.")
  const kind = scanner.skipText("and") ? "and" : scanner.skipText("or") ? "or" : null
  if (kind !== null) {
    scanner.skipBlanks()
    if (scanner.peek() === Char.open) return readGroup(scanner, kind, negated, context, depth + 1)
  }
  scanner.pos = start
  const path = scanner.readPath(termExpected)
  scanner.skipBlanks()
  scanner.expect(Char.dot, "delimiter (.)")
  return readCondition(scanner, path, context, true)
}

/** `nested` conditions end at a comma or a parenthesis, and quote values that have one. */
function readCondition(scanner: Scanner, path: FieldPath, context: FilterContext, nested: boolean): Filter {
  context.terms.add()
  const negated = scanner.skipText("not.")
  const start = scanner.pos
  const entry = forms.get(scanner.readWord())
  if (entry === undefined)
    return scanner.fail(negated ? operatorExpected : `"not" or ${operatorExpected}`, start)
  const [operator, form] = entry
  const quantifier = form === "quantifiable" || form === "pattern" ? readQuantifier(scanner) : null
  const config = form === "search" && scanner.skip(Char.open) ? readConfig(scanner) : null
  scanner.expect(Char.dot, "delimiter (.)")
  if (form === "is") return { kind: "is", path, negated, value: readIsValue(scanner) }

  let operand: string | string[]
  if (form === "list") operand = readList(scanner, context.limits)
  else {
    const text = nested ? readNestedValue(scanner) : scanner.readRest()
    // `*` stands for `%`, which would have to be escaped in a URL.
    const pattern = form === "pattern" && text.includes("*") ? text.replaceAll("*", "%") : text
    operand = quantifier === null ? pattern : parseArray(pattern, context.limits)
  }
  const value = context.values.push(operand) - 1
  return { kind: "compare", path, operator, negated, quantifier, config, value }
}

function readQuantifier(scanner: Scanner): "any" | "all" | null {
  if (!scanner.skip(Char.open)) return null
  if (scanner.skipText("any)")) return "any"
  if (scanner.skipText("all)")) return "all"
  return scanner.fail('"any" or "all"')
}

function readConfig(scanner: Scanner): string {
  const config = scanner.readIdentifier()
  scanner.expect(Char.close, '")"')
  return config
}

function readIsValue(scanner: Scanner): IsValue {
  const start = scanner.pos
  const { text } = scanner
  let at = start
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at) | 32
    if ((code < 97 || code > 122) && text.charCodeAt(at) !== 95) break
  }
  scanner.pos = at
  return isValues.get(text.slice(start, at).toLowerCase()) ?? scanner.fail(isExpected, start)
}

/** `(a,"b,c")`. An item whose quotes don't span it is taken with its quotes, and `()` is the empty list. */
function readList(scanner: Scanner, limits: FilterLimits): string[] {
  scanner.skipBlanks()
  scanner.expect(Char.open, '"("')
  scanner.skipBlanks()
  if (scanner.skip(Char.close)) return []
  const items: string[] = []
  do {
    if (items.length >= limits.listItems) refuseLimit("listItems", "items in one list", limits.listItems)
    items.push(readQuotedWhole(scanner) ?? readUntilEnd(scanner))
  } while (scanner.skip(Char.comma))
  scanner.expect(Char.close, '")" or ","')
  return items
}

function readNestedValue(scanner: Scanner): string {
  return readQuotedWhole(scanner) ?? readBraces(scanner) ?? readUntilEnd(scanner)
}

/** A quoted text that ends where the value does. */
function readQuotedWhole(scanner: Scanner): string | null {
  if (scanner.peek() !== Char.quote) return null
  const start = scanner.pos
  const text = scanner.tryQuoted()
  const next = scanner.peek()
  if (text !== null && (next === -1 || next === Char.comma || next === Char.close)) return text
  scanner.pos = start
  return null
}

/** `{1,2}`: an array's commas need no quotes. */
function readBraces(scanner: Scanner): string | null {
  if (scanner.peek() !== Char.openBrace) return null
  const { text } = scanner
  for (let at = scanner.pos + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === Char.openBrace) return null
    if (code !== Char.closeBrace) continue
    const braces = text.slice(scanner.pos, at + 1)
    scanner.pos = at + 1
    return braces
  }
  return null
}

function readUntilEnd(scanner: Scanner): string {
  const { text, pos } = scanner
  let at = pos
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === Char.comma || code === Char.close) break
  }
  scanner.pos = at
  return text.slice(pos, at)
}

/** PostgreSQL's array literal, of one dimension and without nulls, which no quantified comparison can match. */
function parseArray(text: string, limits: FilterLimits): string[] {
  const scanner = new Scanner(text, "array")
  scanner.skipBlanks()
  scanner.expect(Char.openBrace, '"{"')
  const items: string[] = []
  scanner.skipBlanks()
  if (scanner.peek() !== Char.closeBrace) {
    do {
      if (items.length >= limits.listItems) refuseLimit("listItems", "items in one list", limits.listItems)
      items.push(readArrayItem(scanner))
    } while (scanner.skip(Char.comma))
  }
  scanner.expect(Char.closeBrace, '"," or "}"')
  scanner.expectEnd("end of input")
  return items
}

function readArrayItem(scanner: Scanner): string {
  scanner.skipBlanks()
  if (scanner.peek() === Char.quote) {
    const item = scanner.readQuoted()
    scanner.skipBlanks()
    return item
  }
  const { text, pos: start } = scanner
  let item = ""
  let from = start
  let at = start
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === Char.comma || code === Char.closeBrace) break
    if (code === Char.openBrace || code === Char.quote) scanner.fail('"," or "}"', at)
    if (code !== Char.backslash) continue
    item += text.slice(from, at)
    from = ++at
  }
  scanner.pos = Math.min(at, text.length)
  item = (item + text.slice(from, at)).trim()
  const isNull = from === start && item.toLowerCase() === "null"
  return item === "" || isNull ? scanner.fail("a value, in quotes if it is empty or null", start) : item
}
