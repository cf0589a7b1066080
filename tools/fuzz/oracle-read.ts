/** The naive answer to a read: every row that the caller sees, filtered, ordered, cut and shaped in memory. */
import type { Rule } from "../../src/policy/rule.ts"
import type { CallerView } from "./caller-view.ts"
import { uniquesOf } from "./constraints.ts"
import type {
  FilterDescription,
  OrderDescription,
  QueryDescription,
  Row,
  SelectDescription,
} from "./description.ts"
import { aggregateRows, isGrouped } from "./oracle-aggregate.ts"
import { castText } from "./oracle-cast.ts"
import { compareByOrder, isBadValue, passes, type TermValue, valueAt } from "./oracle-filter.ts"
import { jsonNull, pathKind } from "./oracle-json.ts"
import { embedName, outputName } from "./output-name.ts"
import { badValueCodes, encryptedCode } from "./semantics.ts"
import {
  type EntityShape,
  entityOf,
  type FieldShape,
  fieldOf,
  isEncrypted,
  type ModelShape,
  type RelationShape,
} from "./shape.ts"

export type EmbedDescription = Extract<SelectDescription, { embed: string }>

/** Every reason to refuse a query: what does not exist for the caller, and values that a field does not take. */
export function queryProblems(
  view: CallerView,
  shape: EntityShape,
  query: QueryDescription,
): ReadonlySet<string> {
  const codes = new Set<string>()
  const name = (field: string): boolean => {
    const known = view.exists(shape.name, field)
    if (!known) codes.add("42703")
    return known
  }
  const visit = (filter: FilterDescription): void => {
    if ("logic" in filter) for (const term of filter.terms) visit(term)
    // Of a field that does not exist its kind is not known either: nothing is said about the value.
    else if (asksEmbed(query, filter)) return
    else if (name(filter.field)) {
      const field = fieldOf(shape, filter.field)
      if (isEncrypted(field) && !canFind(field, filter)) {
        codes.add(encryptedCode)
        // Of what is stored nobody can ask whether it is true.
        if ("is" in filter) codes.add("42883")
      } else if (isBadValue(field.kind, filter)) for (const code of badValueCodes) codes.add(code)
    }
  }
  for (const filter of query.where) visit(filter)
  for (const item of query.select) {
    if ("field" in item && name(item.field)) {
      const isPlain = !item.json && item.cast === undefined && item.aggregate === undefined
      if (isEncrypted(fieldOf(shape, item.field)) && (!isPlain || isGrouped(query))) codes.add(encryptedCode)
    }
    if (!("embed" in item)) continue
    for (const code of embedProblems(view, shape, item)) codes.add(code)
    if (isGrouped(query) && item.spread && isList(view.shapes, relationOf(shape, item.embed)))
      codes.add("PGRST127")
  }
  for (const term of query.order) {
    const of = term.relation === undefined ? shape.name : embeddedAs(shape, query, term.relation).to
    if (!view.exists(of, term.field)) codes.add("42703")
    else if (isEncrypted(fieldOf(entityOf(view.shapes, of), term.field))) codes.add(encryptedCode)
  }
  return codes
}

/** Of an encrypted value: whether there is one, and where it is findable, whether it is the same. */
function canFind({ said }: FieldShape, filter: Exclude<FilterDescription, { logic: unknown }>): boolean {
  if (filter.json) return false
  if ("is" in filter) return filter.is === "null" || filter.is === "not_null"
  return said?.findable === true && !filter.quantifier && ["eq", "neq", "in"].includes(filter.operator)
}

/** `relation=is.null` asks for the embed of this name, before it asks for a field. */
export function asksEmbed(query: QueryDescription, filter: FilterDescription): boolean {
  return (
    "is" in filter &&
    filter.json === undefined &&
    (filter.is === "null" || filter.is === "not_null") &&
    query.select.some((item) => "embed" in item && embedName(item) === filter.field)
  )
}

/** The relation of the embed that answers under a name. */
export function embeddedAs(shape: EntityShape, query: QueryDescription, name: string): RelationShape {
  const item = query.select.find((one) => "embed" in one && embedName(one) === name)
  return relationOf(shape, (item as EmbedDescription).embed)
}

/** Whether an embed is a list: not where the reference behind a hint is one of its kind. */
function isList(shapes: ModelShape, { name, many, to, via, join }: RelationShape): boolean {
  const isAlone = uniquesOf(entityOf(shapes, to)).some(({ names }) => names.length === 1 && names[0] === via)
  return many && !(name.includes("!") && join === undefined && isAlone)
}

function embedProblems(view: CallerView, shape: EntityShape, item: EmbedDescription): ReadonlySet<string> {
  const relation = relationOf(shape, item.embed)
  if (!view.hasRelation(shape, relation)) return new Set(["PGRST200"])
  const problems = queryProblems(view, entityOf(view.shapes, relation.to), item.query)
  const isSpread = item.spread && isList(view.shapes, relation) && isGrouped(item.query)
  return isSpread ? new Set(["PGRST127", ...problems]) : problems
}

/** Whether no one may: then a missing privilege may refuse before any row is looked at. */
export function isNever(rule: Rule): boolean {
  return rule.kind === "any" && rule.terms.length === 0
}

/** Whether a query embeds what no one may read. */
export function embedsUnreadable(view: CallerView, shape: EntityShape, query: QueryDescription): boolean {
  return query.select.some((item) => {
    if (!("embed" in item)) return false
    const relation = relationOf(shape, item.embed)
    const to = entityOf(view.shapes, relation.to)
    return (
      isNever(view.policy(to.name).read) ||
      (relation.join !== undefined && isNever(view.policy(relation.join.entity).read)) ||
      embedsUnreadable(view, to, item.query)
    )
  })
}

export function relationOf(shape: EntityShape, name: string): RelationShape {
  const found = [...shape.relations, ...shape.hinted].find((one) => one.name === name)
  if (!found) throw new Error(`${shape.name} has no relation ${name}`)
  return found
}

/** A row while a query is evaluated: as seen, and what each embed found. */
interface Found {
  readonly seen: Row
  readonly embeds: ReadonlyMap<EmbedDescription, EmbedResult>
}

interface EmbedResult {
  readonly json: unknown
  /** The seen row of a to-one embed. */
  readonly one: Row | null
  readonly isEmpty: boolean
}

export interface ReadResult {
  readonly json: readonly unknown[]
  /** Before limit and offset. */
  readonly total: number
  /** Rows that pass the filters, however they are grouped. */
  readonly matched: number
}

/** Whether a row passes a query's filters: which rows a write touches does not hang on what it embeds. */
export function passesFilters(
  view: CallerView,
  shape: EntityShape,
  seen: Row,
  query: QueryDescription,
): boolean {
  const select = query.select.map((item) => ("embed" in item ? { ...item, inner: false } : item))
  return find(view, shape, seen, { ...query, select }) !== null
}

function find(view: CallerView, shape: EntityShape, seen: Row, query: QueryDescription): Found | null {
  const embeds = query.select.filter((item) => "embed" in item)
  const results = new Map(embeds.map((item) => [item, embed(view, shape, item, seen)]))
  const isEmpty = (name: string): boolean | null => {
    const item = embeds.find((one) => embedName(one) === name)
    return item ? (results.get(item)?.isEmpty ?? null) : null
  }
  if (
    !passes(query.where, shape, seen, isEmpty) ||
    embeds.some((item) => item.inner && results.get(item)?.isEmpty)
  )
    return null
  return { seen, embeds: results }
}

/** The answer of a query over the given rows of an entity; `rows` are seen rows. */
export function readRows(
  view: CallerView,
  shape: EntityShape,
  rows: readonly Row[],
  query: QueryDescription,
): ReadResult {
  const found = rows.map((seen) => find(view, shape, seen, query)).filter((one) => one !== null)
  const matched = found.length
  const start = query.offset ?? 0
  const end = query.limit === null ? undefined : start + query.limit
  if (isGrouped(query)) {
    const groups = aggregateRows(
      shape,
      found.map((one) => one.seen),
      query,
    )
    return { json: groups.slice(start, end), total: groups.length, matched }
  }
  if (query.order.length > 0) {
    found.sort((a, b) =>
      compareByOrder(query.order, termOf(view, shape, query, a), termOf(view, shape, query, b)),
    )
  }
  const json = found.slice(start, end).map((one) => shapeRow(view, shape, one, query.select))
  return { json, total: matched, matched }
}

function termOf(view: CallerView, shape: EntityShape, query: QueryDescription, found: Found): TermValue {
  return ({ relation, ...path }: OrderDescription) => {
    const kindOf = (of: EntityShape) => (path.json ? pathKind(path.json) : fieldOf(of, path.field).kind)
    if (relation === undefined) return { value: valueAt(path, found.seen), kind: kindOf(shape) }
    const item = query.select.find((one) => "embed" in one && embedName(one) === relation) as EmbedDescription
    const to = entityOf(view.shapes, relationOf(shape, item.embed).to)
    return { value: valueAt(path, found.embeds.get(item)?.one ?? {}), kind: kindOf(to) }
  }
}

function embed(view: CallerView, shape: EntityShape, item: EmbedDescription, seen: Row): EmbedResult {
  const relation = relationOf(shape, item.embed)
  const to = entityOf(view.shapes, relation.to)
  const rows = view.related(shape, relation, seen).map((one) => one.seen)
  // What is spread into lists has the order of the whole rows.
  const key = to.key.map((field) => ({ field, descending: false, nulls: null }))
  const query =
    item.spread && relation.many ? { ...item.query, order: [...item.query.order, ...key] } : item.query
  const { json, matched } = readRows(view, to, rows, query)
  const isEmpty = matched === 0
  if (isList(view.shapes, relation)) return { json, one: null, isEmpty }
  const one = isEmpty ? null : (rows[0] ?? null)
  return { json: isGrouped(item.query) && !item.spread ? json : (json[0] ?? null), one, isEmpty }
}

function shapeRow(
  view: CallerView,
  shape: EntityShape,
  { seen, embeds }: Found,
  select: readonly SelectDescription[],
): unknown {
  const json: Record<string, unknown> = {}
  for (const item of select) {
    if ("all" in item)
      for (const { name } of shape.fields) {
        if (name in seen) json[name] = seen[name]
      }
    if ("embed" in item && item.spread) {
      const found = embeds.get(item)?.json as SpreadRow | readonly SpreadRow[] | null
      const to = entityOf(view.shapes, relationOf(shape, item.embed).to)
      for (const name of namesOf(view, to, item.query.select))
        json[name] = Array.isArray(found)
          ? found.map((one) => one[name] ?? null)
          : (rowOf(found)[name] ?? null)
    } else if ("embed" in item) json[embedName(item)] = embeds.get(item)?.json
    if ("field" in item) {
      const value = valueAt(item, seen)
      const { kind } = fieldOf(shape, item.field)
      json[outputName(item)] = item.cast ? castText(value, kind) : value === jsonNull ? null : value
    }
  }
  return json
}

type SpreadRow = Readonly<Record<string, unknown>>

function rowOf(found: SpreadRow | readonly SpreadRow[] | null): SpreadRow {
  return (found ?? {}) as SpreadRow
}

/** The names that a select list answers under. */
function namesOf(
  view: CallerView,
  shape: EntityShape,
  select: readonly SelectDescription[],
): readonly string[] {
  return select.flatMap((item) => {
    if ("all" in item)
      return shape.fields.map((field) => field.name).filter((name) => view.exists(shape.name, name))
    if ("embed" in item && item.spread)
      return namesOf(view, entityOf(view.shapes, relationOf(shape, item.embed).to), item.query.select)
    return [outputName(item)]
  })
}
