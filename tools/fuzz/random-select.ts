/** Random queries: fields, casts and paths, embeds and spreads, counts and aggregates, filters and orders of each. */
import type {
  AggregateName,
  FilterDescription,
  OrderDescription,
  QueryDescription,
  SelectDescription,
} from "./description.ts"
import { type OperationContext, pickField } from "./operation-context.ts"
import { embedName, outputName } from "./output-name.ts"
import { isFilterable, randomFilter, randomOrder } from "./random-filter.ts"
import { randomPath } from "./random-special-filter.ts"
import { type EntityShape, entityOf, type FieldShape, familyOf, type RelationShape } from "./shape.ts"

type FieldItem = Extract<SelectDescription, { field: string }>

const castable: readonly string[] = [
  "text",
  "choice",
  "integer",
  "bigint",
  "decimal",
  "boolean",
  "uuid",
  "date",
  "json",
]
const wildCasts: readonly string[] = [
  "text",
  "int",
  "numeric",
  "date",
  "jsonb",
  "timestamp",
  "text[]",
  "boolean",
]

export function randomQuery(context: OperationContext, entity: EntityShape, depth: number): QueryDescription {
  const { random } = context
  const select = randomSelect(context, entity, depth)
  const where = Array.from({ length: random.pick([0, 0, 0, 1, 1, 2]) }, () =>
    withEmbedTests(context, select, randomFilter(context, entity, 2)),
  )
  const order = random.chance(0.8) ? randomOrder(context, entity) : []
  const embedded = select.filter(
    (item) => "embed" in item && item.alias === undefined && !isMany(entity, item.embed),
  ) as readonly Embed[]
  const ordered =
    order.length > 0 && embedded.length > 0 && random.chance(0.15)
      ? embeddedOrder(context, entity, random.pick(embedded))
      : []
  return {
    select,
    where,
    order: [...ordered, ...order],
    limit: order.length > 0 && random.chance(0.3) ? random.pick([0, 1, 2, 2, 3, 5, 100]) : null,
    offset: order.length > 0 && random.chance(0.12) ? random.pick([0, 1, 1, 2, 3, 50]) : null,
  }
}

type Embed = Extract<SelectDescription, { embed: string }>

/** In the place of a filter, or of a term in it, sometimes a question about an embed: has it rows? */
function withEmbedTests(
  context: OperationContext,
  select: readonly SelectDescription[],
  filter: FilterDescription,
): FilterDescription {
  const { random } = context
  if ("logic" in filter)
    return { ...filter, terms: filter.terms.map((term) => withEmbedTests(context, select, term)) }
  const embeds = select.filter((item) => "embed" in item) as readonly Embed[]
  if (embeds.length === 0 || !random.chance(0.15)) return filter
  return {
    field: embedName(random.pick(embeds)),
    is: random.pick(["null", "not_null"] as const),
    negated: random.chance(0.2),
  }
}

function isMany(entity: EntityShape, relation: string): boolean {
  return [...entity.relations, ...entity.hinted].find((one) => one.name === relation)?.many ?? false
}

function embeddedOrder(
  context: OperationContext,
  entity: EntityShape,
  embed: Embed,
): QueryDescription["order"] {
  const { random, shapes } = context
  const to = [...entity.relations, ...entity.hinted].find((one) => one.name === embed.embed)?.to ?? ""
  const field = pickField(
    context,
    entityOf(shapes, to),
    (one) => isFilterable(one) && familyOf(one.kind) !== "nocase",
  )
  return field
    ? [
        {
          relation: embedName(embed),
          field: field.name,
          descending: random.chance(0.5),
          nulls: random.pick([null, "first", "last"] as const),
        },
      ]
    : []
}

function randomSelect(
  context: OperationContext,
  entity: EntityShape,
  depth: number,
): readonly SelectDescription[] {
  const { random } = context
  const items: SelectDescription[] = []
  const taken = new Set<string>()
  if (random.chance(0.35)) {
    // `*` is what exists for the caller; an alias keeps an embed apart from the reference of the same name.
    items.push({ all: true })
    for (const field of entity.fields) taken.add(field.name)
  } else {
    for (let more = random.between(1, 4); more > 0; more--) {
      const item = randomField(context, entity, taken.size)
      if (!item || taken.has(outputName(item))) continue
      taken.add(outputName(item))
      items.push(item)
    }
  }
  /** What is spread answers to its relation's name in filters too. */
  const embeds = new Set<string>()
  for (let more = depth > 0 ? random.pick([1, 1, 2]) : 0; more > 0; more--) {
    const relation = randomRelation(context, entity)
    if (!relation) break
    const to = entityOf(context.shapes, relation.to)
    const item = {
      embed: relation.name,
      inner: random.chance(0.3),
      query: embeddedQuery(context, relation, to, depth),
    }
    const names = namesOf(context, to, item.query.select)
    if (
      random.chance(isListable(relation, item.query) ? 0.15 : relation.many ? 0.01 : 0.25) &&
      !embeds.has(embedName(item)) &&
      !names.some((name) => taken.has(name))
    ) {
      for (const name of names) taken.add(name)
      embeds.add(embedName(item))
      items.push({ ...item, spread: true })
      continue
    }
    const alias =
      taken.has(relation.name) || relation.name.includes("!") || random.chance(0.1)
        ? `with${depth}${more}`
        : undefined
    const name = alias ?? relation.name
    if (taken.has(name) || embeds.has(name)) continue
    taken.add(name)
    embeds.add(name)
    items.push({ ...item, ...(alias === undefined ? {} : { alias }) })
  }
  return random.chance(0.8) ? items : random.shuffle(items)
}

function randomField(context: OperationContext, entity: EntityShape, at: number): FieldItem | null {
  const { random, wild } = context
  const field = pickField(context, entity, () => true)
  if (!field) return null
  const alias = random.chance(0.12) ? { alias: `as${at}` } : {}
  const json = field.kind.type === "json" && random.chance(0.5) ? { json: randomPath(random) } : {}
  const cast =
    wild && random.chance(0.04)
      ? { cast: random.pick(wildCasts) }
      : castable.includes(field.kind.type) && !("json" in json) && random.chance(0.06)
        ? { cast: "text" }
        : {}
  return { field: field.name, ...alias, ...json, ...cast }
}

function randomRelation(context: OperationContext, entity: EntityShape): RelationShape | null {
  const { random } = context
  const exists = ({ many, to, via, join }: RelationShape): boolean =>
    join
      ? context.exists(join.entity, via) && context.exists(join.entity, join.far)
      : context.exists(many ? to : entity.name, via)
  const all = entity.hinted.length > 0 && random.chance(0.25) ? entity.hinted : entity.relations
  const relations = all.filter((one) => random.chance(0.05) || exists(one))
  return relations.length === 0 ? null : random.pick(relations)
}

/** What an inner embed's limit does to its parents is not settled, and one row has no order. */
function embeddedQuery(
  context: OperationContext,
  relation: RelationShape,
  to: EntityShape,
  depth: number,
): QueryDescription {
  const { random } = context
  const query = random.chance(0.1) ? aggregateQuery(context, to) : randomQuery(context, to, depth - 1)
  return relation.many ? query : { ...query, limit: null, offset: null, order: [] }
}

/** Whether rows can be spread into lists of plain values. */
function isListable(relation: RelationShape, { select }: QueryDescription): boolean {
  return (
    relation.many &&
    select.every((item) => !("embed" in item) && !("aggregate" in item) && !("count" in item))
  )
}

/** Every name that a select list may answer under. */
function namesOf(
  context: OperationContext,
  entity: EntityShape,
  select: readonly SelectDescription[],
): readonly string[] {
  return select.flatMap((item) => {
    if ("all" in item) return entity.fields.map((field) => field.name)
    if (!("embed" in item) || !item.spread) return [outputName(item)]
    const relation = [...entity.relations, ...entity.hinted].find((one) => one.name === item.embed)
    return namesOf(context, entityOf(context.shapes, relation?.to ?? ""), item.query.select)
  })
}

function isGroupable(context: OperationContext, field: FieldShape): boolean {
  return context.wild || familyOf(field.kind) !== "nocase"
}

/** What can be made of the values of a field. */
function aggregatesOf(context: OperationContext, { kind }: FieldShape): readonly AggregateName[] {
  if (context.wild && context.random.chance(0.1)) return ["count", "sum", "avg", "min", "max"]
  const family = familyOf(kind)
  if (family === "number") return ["sum", "avg", "min", "max", "count"]
  return family === "text" || family === "moment" || family === "time" ? ["min", "max", "count"] : ["count"]
}

/** Counts, sums and extremes, over all rows or by the values of fields. */
export function aggregateQuery(context: OperationContext, entity: EntityShape): QueryDescription {
  const { random } = context
  const groups: FieldItem[] = []
  for (let more = random.pick([0, 0, 1, 1, 2]); more > 0; more--) {
    const field = pickField(context, entity, (one) => isGroupable(context, one))
    if (!field || groups.some((item) => item.field === field.name)) continue
    const isPath = field.kind.type === "json" && random.chance(0.5)
    groups.push({ field: field.name, ...(isPath ? { json: randomPath(random), alias: `by${more}` } : {}) })
  }
  const select: SelectDescription[] = [...groups]
  for (let more = random.pick([1, 1, 2]); more > 0; more--) {
    const field = random.chance(0.7) ? pickField(context, entity, () => true) : null
    const alias = select.length > 0 || random.chance(0.3) ? { alias: `of${more}` } : {}
    select.push(
      field
        ? { field: field.name, aggregate: random.pick(aggregatesOf(context, field)), ...alias }
        : { count: true, ...alias },
    )
  }
  const where = random.chance(0.5) ? [randomFilter(context, entity, 1)] : []
  const order = random.chance(0.4) ? groupOrder(context, entity, groups) : []
  const limit = order.length > 0 && random.chance(0.4) ? random.pick([1, 2, 3]) : null
  return { select: random.chance(0.8) ? select : random.shuffle(select), where, order, limit, offset: null }
}

/** An order by all groups, or none. */
function groupOrder(
  { random, wild }: OperationContext,
  entity: EntityShape,
  groups: readonly FieldItem[],
): readonly OrderDescription[] {
  const able = ({ field, json }: FieldItem): boolean => {
    const found = entity.fields.find((one) => one.name === field)
    if (wild) return true
    return json
      ? json.at(-1)?.text === true
      : found !== undefined && isFilterable(found) && familyOf(found.kind) !== "nocase"
  }
  if (!groups.every(able)) return []
  return groups.map(({ field, json }) => ({
    field,
    ...(json ? { json } : {}),
    descending: random.chance(0.4),
    nulls: random.pick([null, "first", "last"] as const),
  }))
}
