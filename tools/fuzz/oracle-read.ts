/** The naive answer to a read: every row that the caller sees, filtered, ordered, cut and shaped in memory. */
import type { Rule } from "../../src/policy/rule.ts"
import type { CallerView } from "./caller-view.ts"
import type {
  FilterDescription,
  OrderDescription,
  QueryDescription,
  Row,
  SelectDescription,
} from "./description.ts"
import { compareByOrder, isBadText, passes, type TermValue } from "./oracle-filter.ts"
import { badValueCodes } from "./semantics.ts"
import { type EntityShape, entityOf, fieldOf, type RelationShape } from "./shape.ts"
import { compareJson } from "./sql-value.ts"

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
    else if (
      name(filter.field) &&
      "value" in filter &&
      isBadText(fieldOf(shape, filter.field).kind, filter.value)
    ) {
      for (const code of badValueCodes) codes.add(code)
    }
  }
  for (const filter of query.where) visit(filter)
  for (const item of query.select) {
    if ("field" in item) name(item.field)
    if ("embed" in item) for (const code of embedProblems(view, shape, item)) codes.add(code)
  }
  for (const term of query.order) {
    if (term.relation === undefined) name(term.field)
    else if (!view.exists(relationOf(shape, term.relation).to, term.field)) codes.add("42703")
  }
  return codes
}

function embedProblems(view: CallerView, shape: EntityShape, item: EmbedDescription): ReadonlySet<string> {
  const relation = relationOf(shape, item.embed)
  if (!view.hasRelation(shape, relation)) return new Set(["PGRST200"])
  return queryProblems(view, entityOf(view.shapes, relation.to), item.query)
}

/** Whether no one may: then a missing privilege may refuse before any row is looked at. */
export function isNever(rule: Rule): boolean {
  return rule.kind === "any" && rule.terms.length === 0
}

/** Whether a query embeds what no one may read. */
export function embedsUnreadable(view: CallerView, shape: EntityShape, query: QueryDescription): boolean {
  return query.select.some((item) => {
    if (!("embed" in item)) return false
    const to = entityOf(view.shapes, relationOf(shape, item.embed).to)
    return isNever(view.policy(to.name).read) || embedsUnreadable(view, to, item.query)
  })
}

export function relationOf(shape: EntityShape, name: string): RelationShape {
  const found = shape.relations.find((one) => one.name === name)
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
    const item = embeds.find((one) => (one.alias ?? one.embed) === name)
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
  if (query.select.some((item) => "count" in item || "aggregate" in item)) {
    const json = aggregate(shape, found, query.select)
    return { json, total: json.length }
  }
  if (query.order.length > 0) {
    found.sort((a, b) =>
      compareByOrder(query.order, termOf(view, shape, query, a), termOf(view, shape, query, b)),
    )
  }
  const start = query.offset ?? 0
  const cut = found.slice(start, query.limit === null ? undefined : start + query.limit)
  return { json: cut.map((one) => shapeRow(shape, one, query.select)), total: found.length }
}

function termOf(view: CallerView, shape: EntityShape, query: QueryDescription, found: Found): TermValue {
  return ({ relation, field }: OrderDescription) => {
    if (relation === undefined) return { value: found.seen[field] ?? null, kind: fieldOf(shape, field).kind }
    const item = query.select.find(
      (one) => "embed" in one && (one.alias ?? one.embed) === relation,
    ) as EmbedDescription
    const to = entityOf(view.shapes, relationOf(shape, item.embed).to)
    return { value: found.embeds.get(item)?.one?.[field] ?? null, kind: fieldOf(to, field).kind }
  }
}

function embed(view: CallerView, shape: EntityShape, item: EmbedDescription, seen: Row): EmbedResult {
  const relation = relationOf(shape, item.embed)
  const to = entityOf(view.shapes, relation.to)
  const rows = view.related(shape, relation, seen).map((one) => one.seen)
  const { json } = readRows(view, to, rows, item.query)
  if (relation.many) return { json, one: null, isEmpty: json.length === 0 }
  return {
    json: json[0] ?? null,
    one: json.length > 0 ? (rows[0] ?? null) : null,
    isEmpty: json.length === 0,
  }
}

function shapeRow(
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
    if ("embed" in item) json[item.alias ?? item.embed] = embeds.get(item)?.json
    if ("field" in item) json[item.alias ?? item.field] = seen[item.field]
  }
  return json
}

function aggregate(
  shape: EntityShape,
  found: readonly Found[],
  select: readonly SelectDescription[],
): readonly unknown[] {
  const groups = select.flatMap((item) =>
    "field" in item && item.aggregate === undefined ? [item.field] : [],
  )
  const byGroup = new Map<string, Found[]>()
  if (groups.length === 0) byGroup.set("", [])
  for (const one of found) {
    const name = JSON.stringify(groups.map((field) => one.seen[field]))
    if (groups.length === 0) byGroup.get("")?.push(one)
    else byGroup.set(name, [...(byGroup.get(name) ?? []), one])
  }
  return [...byGroup.values()].map((rows) =>
    Object.fromEntries(
      select.map((item) => {
        if ("count" in item) return ["count", rows.length]
        if (!("field" in item)) throw new Error("an embed in an aggregate")
        if (item.aggregate === undefined) return [item.field, rows[0]?.seen[item.field]]
        const values = rows.map((one) => one.seen[item.field] ?? null).filter((value) => value !== null)
        return [item.alias ?? item.aggregate, extreme(item.aggregate, values, shape, item.field)]
      }),
    ),
  )
}

function extreme(
  what: "count" | "sum" | "min" | "max",
  values: readonly unknown[],
  shape: EntityShape,
  field: string,
): unknown {
  if (what === "count") return values.length
  if (values.length === 0) return null
  if (what === "sum") return values.reduce<number>((sum, value) => sum + (value as number), 0)
  const { kind } = fieldOf(shape, field)
  return values.reduce((best, value) =>
    compareJson(value, best, kind) < 0 === (what === "min") ? value : best,
  )
}
