/** Reads the query string of a request, in PostgREST's grammar, into one `ReadQuery` and its values. */
import { isUtf8 } from "node:buffer"
import { UndercroftError } from "../base/errors.ts"
import type { FieldPath, ReadQuery } from "../query/operation.ts"
import { type FilterContext, type FilterLimits, parseFilter, parseLogic } from "./parse-filter.ts"
import { parseOrder } from "./parse-order.ts"
import {
  draftQuery,
  findEmbed,
  findQuery,
  parseSelect,
  type QueryDraft,
  type SelectLimits,
} from "./parse-select.ts"
import { Char, Counter, refuseLimit, Scanner } from "./scanner.ts"

/** How large a request may be; each is checked while reading, before the work is done. */
export interface GrammarLimits extends SelectLimits, FilterLimits {
  /** Bytes of the query string as it was sent. */
  readonly urlBytes: number
}

export const defaultGrammarLimits: GrammarLimits = {
  urlBytes: 65_536,
  embedDepth: 10,
  selectItems: 500,
  filterTerms: 500,
  logicDepth: 10,
  listItems: 2_000,
}

export interface ParsedQuery {
  readonly query: ReadQuery
  /** `columns=`: the fields of the payload that are written. */
  readonly columns: readonly string[] | null
  /** `on_conflict=`: the fields that tell an upsert that a row exists. */
  readonly onConflict: readonly string[] | null
  /** What the query's value indexes stand for: strings, lists of strings, and for an offset a number. */
  readonly values: unknown[]
}

/**
 * The query string without its "?", as Node's HTTP parser gives it: percent-encoded, one character a byte.
 *
 * @throws UndercroftError PGRST100 where the text is not in the grammar, PGRST103 for a negative limit, PGRST108
 *   where a path leads to a relation that `select` does not embed, UC301 where a limit is exceeded.
 *
 * @example
 * parseQuery("select=id,name&practice=eq.7&offset=20", defaultGrammarLimits).values // ["7", 20]
 */
export function parseQuery(search: string, limits: GrammarLimits): ParsedQuery {
  if (search.length > limits.urlBytes) {
    refuseLimit("urlBytes", "bytes in its query string", limits.urlBytes)
  }
  const parameters = splitParameters(search)
  const select = firstValue(parameters, "select")
  // `select=` is no selection, as in PostgREST.
  const query = draftQuery(select === null || select === "" ? [{ kind: "all" }] : parseSelect(select, limits))
  const terms = new Counter("filterTerms", "filters and order terms", limits.filterTerms)
  const context: FilterContext = { limits, terms, values: [] }
  for (const parameter of parameters) attachParameter(query, parameter, context)
  return {
    query,
    columns: parseNames(firstValue(parameters, "columns"), "columns parameter"),
    onConflict: parseNames(firstValue(parameters, "on_conflict"), "on_conflict parameter"),
    values: context.values,
  }
}

interface Parameter {
  readonly name: string
  readonly value: string
}

/** Of parameters that may stand once, the first counts. */
function firstValue(parameters: readonly Parameter[], name: string): string | null {
  for (const parameter of parameters) if (parameter.name === name) return parameter.value
  return null
}

/** The parameters in order, decoded. */
function splitParameters(search: string): Parameter[] {
  const parameters: Parameter[] = []
  let start = 0
  let equals = -1
  let plain = true
  for (let at = 0; at <= search.length; at++) {
    const code = at < search.length ? search.charCodeAt(at) : Char.ampersand
    if (code === Char.ampersand) {
      if (at > start) parameters.push(readParameter(search, start, equals, at, plain))
      start = at + 1
      equals = -1
      plain = true
    } else if (code === Char.equals) {
      if (equals === -1) equals = at
    } else if (code === Char.percent || code === Char.plus || code > 127 || code === 0) plain = false
  }
  return parameters
}

function readParameter(
  search: string,
  start: number,
  equals: number,
  end: number,
  plain: boolean,
): Parameter {
  // PostgREST ignores a parameter without "=", and a filter with it; nobody means to ask for that.
  if (equals === -1) return new Scanner(search.slice(start, end), "parameter").fail('"="', end - start)
  const name = search.slice(start, equals)
  const value = search.slice(equals + 1, end)
  return plain ? { name, value } : { name: decode(name), value: decode(value) }
}

/** What a value of the query string says. */
export function decodeValue(encoded: string): string {
  return /^[!-$&-*,-~]*$/.test(encoded) ? encoded : decode(encoded)
}

/** Undoes percent-encoding (RFC 3986, 2.1), where `+` is a space, as forms write it. */
function decode(encoded: string): string {
  const bytes = Buffer.allocUnsafe(encoded.length)
  let length = 0
  let ascii = true
  for (let at = 0; at < encoded.length; at++) {
    let code = encoded.charCodeAt(at)
    if (code === Char.plus) code = Char.space
    else if (code === Char.percent) {
      code = (hexDigit(encoded.charCodeAt(at + 1)) << 4) | hexDigit(encoded.charCodeAt(at + 2))
      if (code < 0) refuseEncoding(encoded, 'unexpected "%" expecting "%" and two hexadecimal digits', at)
      at += 2
    }
    if (code === 0) refuseEncoding(encoded, "unexpected null character", at)
    if (code > 127) ascii = false
    if (code > 255) refuseEncoding(encoded, "unexpected character that is not percent-encoded", at)
    bytes[length++] = code
  }
  if (ascii) return bytes.toString("latin1", 0, length)
  if (!isUtf8(bytes.subarray(0, length))) refuseEncoding(encoded, "unexpected bytes that are not UTF-8", 0)
  return bytes.toString("utf8", 0, length)
}

/** The digit's value, or a negative number, which stays negative in `<<` and `|`. */
function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const lower = code | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

function refuseEncoding(encoded: string, details: string, at: number): never {
  // What is echoed may have stray surrogates.
  return new Scanner(encoded.toWellFormed(), "parameter").refuse(details, at)
}

/** Puts what one parameter says where it belongs in the query. */
function attachParameter(root: QueryDraft, { name, value }: Parameter, context: FilterContext): void {
  switch (name.slice(name.lastIndexOf(".") + 1)) {
    case "and":
    case "or":
      attachLogic(root, name, value, context)
      break
    case "order":
      attachOrder(root, name, value, context)
      break
    case "limit":
      attachLimit(root, name, value, context)
      break
    case "offset":
      attachOffset(root, name, value, context)
      break
    default:
      if (name !== "select" && name !== "columns" && name !== "on_conflict") {
        attachFilter(root, name, value, context)
      }
  }
}

function attachFilter(root: QueryDraft, name: string, value: string, context: FilterContext): void {
  const { embeds, path } = readTreePath(name)
  findQuery(root, embeds).where.push(parseFilter(path, value, context))
}

function attachLogic(root: QueryDraft, name: string, value: string, context: FilterContext): void {
  const { embeds, path } = readTreePath(name, "logic path")
  const not = embeds.indexOf("not")
  if (not !== -1) embeds.splice(not, 1)
  const kind = path.name === "and" ? "and" : "or"
  findQuery(root, embeds).where.push(parseLogic(kind, not !== -1, value, context))
}

/** Orders given twice are one after the other; `relation(field)` orders by an embedded relation. */
function attachOrder(root: QueryDraft, name: string, value: string, context: FilterContext): void {
  const query = findQuery(root, readTreePath(name).embeds)
  for (const term of parseOrder(value, context.terms)) {
    if (term.relation !== null) findEmbed(query, term.relation)
    query.order.push(term)
  }
}

function attachLimit(root: QueryDraft, name: string, value: string, context: FilterContext): void {
  context.terms.add()
  const query = findQuery(root, readTreePath(name).embeds)
  const limit = parseInteger(value, "limit")
  if (limit < 0) {
    throw new UndercroftError("PGRST103", {}, { details: "Limit should be greater than or equal to zero." })
  }
  // The last of several counts, as in PostgREST.
  query.limit = limit
}

function attachOffset(root: QueryDraft, name: string, value: string, context: FilterContext): void {
  context.terms.add()
  const query = findQuery(root, readTreePath(name).embeds)
  // To PostgREST a negative offset is none.
  const offset = Math.max(0, parseInteger(value, "offset"))
  // The last of several counts here too.
  if (query.offset === null) query.offset = context.values.push(offset) - 1
  else context.values[query.offset] = offset
}

/** Digits alone: PostgREST ignores any other text, and so would answer with every row. */
function parseInteger(text: string, part: string): number {
  let at = text.charCodeAt(0) === Char.minus ? 1 : 0
  do {
    const code = text.charCodeAt(at)
    if (!(code >= Char.zero && code <= Char.nine)) return new Scanner(text, part).fail("digit", at)
  } while (++at < text.length)
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  return new Scanner(text, part).fail(`an integer of at most ${Number.MAX_SAFE_INTEGER}`, 0)
}

interface TreePath {
  readonly embeds: string[]
  readonly path: FieldPath
}

/** `relation.relation.field->key`: embedded relations, then a field and the steps into its JSON. */
function readTreePath(text: string, part = "tree path"): TreePath {
  const scanner = new Scanner(text, part)
  const embeds: string[] = []
  let name = scanner.readName()
  while (scanner.skip(Char.dot)) {
    embeds.push(name)
    name = scanner.readName()
  }
  const json = scanner.readJsonSteps()
  scanner.expectEnd('delimiter (.), "->>", "->" or end of input')
  return { embeds, path: { name, json } }
}

/** A list of names, each counted once. */
function parseNames(text: string | null, part: string): readonly string[] | null {
  if (text === null) return null
  const scanner = new Scanner(text, part)
  const names = new Set<string>()
  do {
    scanner.skipBlanks()
    names.add(scanner.readName())
    scanner.skipBlanks()
  } while (scanner.skip(Char.comma))
  scanner.expectEnd('"," or end of input')
  return [...names]
}
