/**
 * What an operation asks as far as GraphQL can ask it. What can't be said is left out, not imitated: the oracle is asked
 * the same that is left. Aliases, embeds, inner embeds (as filters through relations), counts and writes stay.
 */
import type { CallerView } from "./caller-view.ts"
import type {
  FilterDescription,
  OperationDescription,
  QueryDescription,
  Row,
  SelectDescription,
} from "./description.ts"
import { isGrouped } from "./oracle-aggregate.ts"
import { readText } from "./oracle-filter.ts"
import { asksEmbed } from "./oracle-read.ts"
import { embedName, outputName } from "./output-name.ts"
import { type EntityShape, entityOf, type FieldShape, familyOf, isEncrypted } from "./shape.ts"

type Embed = Extract<SelectDescription, { embed: string }>

/** The operators that GraphQL has, by the name that its filters give them. */
export const graphqlOperators: Readonly<Record<string, string>> = {
  eq: "eq",
  neq: "neq",
  gt: "gt",
  gte: "gte",
  lt: "lt",
  lte: "lte",
  in: "in",
  like: "like",
  ilike: "ilike",
  match: "regex",
  imatch: "iregex",
  cs: "contains",
  cd: "containedBy",
  ov: "overlaps",
}

/** Null where nothing of it can be asked. */
export function graphqlQuestion(
  view: CallerView,
  operation: OperationDescription,
): OperationDescription | null {
  const { kind, entity, query, rows = [], returning, maxAffected } = operation
  const shape = entityOf(view.shapes, entity)
  const reader = new Reader(view)
  const base = { kind, entity, single: false }
  if (kind === "read") {
    const said = reader.query(shape, query, { filtered: true, inner: true })
    const count = operation.count !== false && said.offset === null && !isGrouped(said)
    return { ...base, query: said, count }
  }
  if (shape.view) return null
  if (kind !== "delete" && !rows.every((row) => isSayable(shape, row))) return null
  const wants = returning === "representation"
  const said = reader.query(shape, isGrouped(query) ? { ...query, select: [] } : query, {
    filtered: true,
    inner: false,
  })
  const write = {
    ...base,
    query: { ...said, order: [], limit: null, offset: null },
    count: true,
    returning: wants ? ("representation" as const) : ("minimal" as const),
  }
  if (kind === "insert") return { ...write, rows, missingDefault: true }
  const most = { maxAffected: maxAffected ?? 1000 }
  return kind === "delete" ? { ...write, ...most } : { ...write, rows, ...most }
}

interface Freedom {
  /** Whether conditions on these rows can be said: not of a row at the end of a reference. */
  readonly filtered: boolean
  readonly inner: boolean
}

class Reader {
  private readonly view: CallerView

  constructor(view: CallerView) {
    this.view = view
  }

  query(shape: EntityShape, query: QueryDescription, freedom: Freedom): QueryDescription {
    const where = (select: readonly SelectDescription[]): readonly FilterDescription[] =>
      freedom.filtered ? query.where.flatMap((one) => this.filter(shape, query, select, one) ?? []) : []
    if (isGrouped(query)) {
      const select = this.aggregates(shape, query)
      return { select, where: where([]), order: [], limit: null, offset: null }
    }
    const select = this.select(shape, query, freedom)
    return {
      select,
      where: where(freedom.inner ? select : []),
      order: query.order
        .filter(
          (term) => term.relation === undefined && term.json === undefined && !isSealed(shape, term.field),
        )
        .filter((term, at, all) => all.findIndex((one) => one.field === term.field) === at),
      limit: query.limit,
      offset: query.offset,
    }
  }

  private aggregates(shape: EntityShape, { select }: QueryDescription): readonly SelectDescription[] {
    const kept = select.filter(
      (item) =>
        "count" in item ||
        ("aggregate" in item &&
          item.aggregate !== undefined &&
          item.aggregate !== "count" &&
          !isSealed(shape, item.field) &&
          item.json === undefined),
    )
    return kept.length > 0 ? kept : [{ count: true }]
  }

  private select(
    shape: EntityShape,
    query: QueryDescription,
    freedom: Freedom,
  ): readonly SelectDescription[] {
    const taken = new Set<string>()
    const items = query.select.flatMap((item): readonly SelectDescription[] => {
      if ("all" in item)
        return shape.fields
          .filter((field) => this.view.exists(shape.name, field.name))
          .map(({ name }) => ({ field: name }))
      if ("count" in item) return []
      if ("embed" in item) return this.embed(shape, item, freedom) ?? []
      const { field, alias } = item
      return item.json ? [] : [{ field, ...(alias === undefined ? {} : { alias }) }]
    })
    const kept = items.filter((item) => {
      const name = outputName(item as Exclude<SelectDescription, { all: true }>)
      return !taken.has(name) && taken.add(name)
    })
    return kept.length > 0 ? kept : [{ field: shape.key[0] as string }]
  }

  private embed(shape: EntityShape, item: Embed, freedom: Freedom): readonly Embed[] | null {
    const relation = shape.relations.find((one) => one.name === item.embed)
    if (!relation || (isGrouped(item.query) && !relation.many)) return null
    const to = entityOf(this.view.shapes, relation.to)
    const isCounted = isGrouped(item.query)
    const inner = item.inner && freedom.inner && !isCounted
    const { spread: _, ...plain } = item
    const filtered = relation.many || inner
    const query = this.query(to, item.query, { filtered, inner: filtered })
    const whole = inner || !relation.many ? { limit: null, offset: null } : {}
    const order = relation.many ? {} : { order: [] }
    return [{ ...plain, inner, query: { ...query, ...whole, ...order } }]
  }

  private filter(
    shape: EntityShape,
    asked: QueryDescription,
    select: readonly SelectDescription[],
    filter: FilterDescription,
  ): FilterDescription | null {
    if ("logic" in filter) {
      const terms = filter.terms.flatMap((one) => this.filter(shape, asked, select, one) ?? [])
      return terms.length === 0 ? null : { ...filter, terms }
    }
    if (filter.json) return null
    if (asksEmbed(asked, filter)) {
      const embed = select.find((one) => "embed" in one && embedName(one) === filter.field)
      return embed && !isGrouped((embed as Embed).query) ? filter : null
    }
    const { field, negated } = filter
    const found = shape.fields.find((one) => one.name === field)
    if ("is" in filter) {
      if (filter.is === "unknown") return { field, negated, is: "null" }
      if (filter.is === "null" || filter.is === "not_null") return filter
      return isSealed(shape, field) ? null : { field, negated, operator: "eq", value: filter.is }
    }
    const operator = filter.operator === "isdistinct" ? "neq" : filter.operator
    if (filter.quantifier || filter.config || !(operator in graphqlOperators)) return null
    if (found && isEncrypted(found) && !(found.said?.findable && ["eq", "neq", "in"].includes(operator)))
      return null
    const isSaid = [filter.value].flat().every((text) => !found || isSayableText(found, text as string))
    return isSaid ? { field, operator, negated, value: filter.value } : null
  }
}

function isSealed({ fields }: EntityShape, name: string): boolean {
  return fields.some((one) => one.name === name && isEncrypted(one))
}

/** Null is asked for otherwise, and a word that a choice does not have is refused as no word of it. */
function isSayableText({ kind }: FieldShape, text: string): boolean {
  if (kind.type === "json") return readText(kind, text) !== null && text.trim() !== "null"
  return kind.type !== "choice" || !isEnum(kind.words) || kind.words.includes(text)
}

/** Whether GraphQL has an enum for a choice of these words. */
function isEnum(words: readonly string[]): boolean {
  return words.every((word) => /^[A-Za-z_]\w*$/.test(word))
}

/** Values of the types that GraphQL has for their fields; the others it refuses on its own, before any rule. */
export function isSayable(shape: EntityShape, row: Row): boolean {
  return (
    Object.keys(row).length > 0 &&
    Object.entries(row).every(([name, value]) => {
      const field = shape.fields.find((one) => one.name === name)
      if (!field || value === null) return true
      switch (field.kind.type) {
        case "integer":
          return Number.isInteger(value)
        case "boolean":
          return typeof value === "boolean"
        case "list":
          return Array.isArray(value) && value.every((one) => typeof one === "string")
        case "json":
          return true
        default:
          return typeof value === "string" || (familyOf(field.kind) === "number" && typeof value === "number")
      }
    })
  )
}
