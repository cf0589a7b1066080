/** Reads `select=`: fields, aggregates and embedded relations, to any depth that the limits allow. */
import { UndercroftError } from "../base/errors.ts"
import type {
  Aggregate,
  Embed,
  Filter,
  OrderTerm,
  ReadQuery,
  SelectItem,
  ValueIndex,
} from "../query/operation.ts"
import { Char, Counter, refuseLimit, Scanner, shorten } from "./scanner.ts"

export interface SelectLimits {
  /** Levels of relations within relations. */
  readonly embedDepth: number
  /** Items of all select lists together. */
  readonly selectItems: number
}

/** A query while parameters are still being attached to it. */
export interface QueryDraft extends ReadQuery {
  readonly select: DraftItem[]
  readonly where: Filter[]
  readonly order: OrderTerm[]
  limit: ValueIndex | null
  offset: ValueIndex | null
}

export interface EmbedDraft extends Embed {
  readonly query: QueryDraft
}

export type DraftItem = Exclude<SelectItem, Embed> | EmbedDraft

const itemEndExpected = 'letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input'

const aggregates: ReadonlyMap<string, Aggregate> = new Map(
  (["count", "sum", "avg", "min", "max"] as const).map((name) => [name, name]),
)

/** A query that selects `select` and nothing more. */
export function draftQuery(select: DraftItem[]): QueryDraft {
  return { select, where: [], order: [], limit: null, offset: null }
}

/**
 * The items of a select list.
 *
 * @throws UndercroftError PGRST100 where the text is not a select list, UC301 where it is too large.
 */
export function parseSelect(text: string, limits: SelectLimits): DraftItem[] {
  const scanner = new Scanner(text, "select parameter")
  const context = { limits, items: new Counter("selectItems", "selected items", limits.selectItems) }
  const items = readItems(scanner, context, 0)
  scanner.expectEnd(itemEndExpected)
  return items
}

/**
 * The query of the relation that a path of names leads to.
 *
 * @throws UndercroftError PGRST108 when one of them is not embedded.
 */
export function findQuery(root: QueryDraft, embeds: readonly string[]): QueryDraft {
  let query = root
  for (const name of embeds) query = findEmbed(query, name).query
  return query
}

/** The embed that answers under this name; else the first of a relation of this name, as in PostgREST. */
export function findEmbed(query: QueryDraft, name: string): EmbedDraft {
  let byRelation: EmbedDraft | null = null
  for (const item of query.select) {
    if (item.kind !== "embed") continue
    if ((item.alias ?? item.relation) === name) return item
    if (item.relation === name) byRelation ??= item
  }
  if (byRelation !== null) return byRelation
  throw new UndercroftError("PGRST108", { name: shorten(name) })
}

interface Context {
  readonly limits: SelectLimits
  readonly items: Counter
}

function readItems(scanner: Scanner, context: Context, depth: number): DraftItem[] {
  const items: DraftItem[] = []
  scanner.skipBlanks()
  const code = scanner.peek()
  if (code === -1 || code === Char.close) return items
  do {
    context.items.add()
    items.push(readItem(scanner, context, depth))
    scanner.skipBlanks()
  } while (scanner.skip(Char.comma))
  return items
}

function readItem(scanner: Scanner, context: Context, depth: number): DraftItem {
  scanner.skipBlanks()
  if (scanner.skip(Char.star)) return { kind: "all" }
  if (scanner.skipText("...")) return readEmbed(scanner, context, depth, scanner.readName(), null, true)
  let quoted = scanner.peek() === Char.quote
  let name = scanner.readName()
  let alias: string | null = null
  if (scanner.peek() === Char.colon && scanner.peek(1) !== Char.colon) {
    scanner.pos++
    scanner.skipBlanks()
    alias = name
    quoted = scanner.peek() === Char.quote
    name = scanner.readName()
  }
  const next = scanner.peek()
  if (next === Char.open && name === "count" && !quoted) return readCount(scanner, alias)
  if (next === Char.open || next === Char.bang) return readEmbed(scanner, context, depth, name, alias, false)
  return readField(scanner, name, alias)
}

function readCount(scanner: Scanner, alias: string | null): DraftItem {
  scanner.pos++
  scanner.expect(Char.close, '")"')
  return { kind: "count", alias, cast: readCast(scanner) }
}

function readField(scanner: Scanner, name: string, alias: string | null): DraftItem {
  const path = { name, json: scanner.readJsonSteps() }
  const cast = readCast(scanner)
  let aggregate: Aggregate | null = null
  let aggregateCast: string | null = null
  if (scanner.skip(Char.dot)) {
    const start = scanner.pos
    aggregate =
      aggregates.get(scanner.readWord()) ?? scanner.fail('"sum", "avg", "count", "max" or "min"', start)
    if (!scanner.skipText("()")) scanner.fail('"()"')
    aggregateCast = readCast(scanner)
  }
  expectItemEnd(scanner)
  return { kind: "field", path, alias, cast, aggregate, aggregateCast }
}

function readCast(scanner: Scanner): string | null {
  return scanner.skipText("::") ? scanner.readIdentifier() : null
}

function expectItemEnd(scanner: Scanner): void {
  scanner.skipBlanks()
  const code = scanner.peek()
  if (code !== -1 && code !== Char.comma && code !== Char.close) scanner.fail(itemEndExpected)
}

function readEmbed(
  scanner: Scanner,
  context: Context,
  depth: number,
  relation: string,
  alias: string | null,
  spread: boolean,
): EmbedDraft {
  if (depth >= context.limits.embedDepth) {
    refuseLimit("embedDepth", "levels of embedded relations", context.limits.embedDepth)
  }
  let hint: string | null = null
  let join: string | null = null
  while (scanner.peek() === Char.bang && (hint === null || join === null)) {
    const at = scanner.pos++
    const quoted = scanner.peek() === Char.quote
    const name = scanner.readName()
    const joins = !quoted && (name === "inner" || name === "left")
    if ((joins ? join : hint) !== null) scanner.fail('"("', at)
    if (joins) join = name
    else hint = name
  }
  scanner.expect(Char.open, '"!" or "("')
  const query = draftQuery(readItems(scanner, context, depth + 1))
  scanner.skipBlanks()
  scanner.expect(Char.close, '")" or ","')
  return { kind: "embed", relation, alias, hint, inner: join === "inner", spread, query }
}
