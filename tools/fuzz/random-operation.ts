/** Random operations: reads with nested embeds, filters and orders, and writes that often enough are allowed. */
import type { OperationDescription, QueryDescription, Row, SelectDescription } from "./description.ts"
import { isFilterable, type OperationContext, pickField, randomFilter, randomOrder } from "./random-filter.ts"
import { randomNewRow, randomPatch, type WriteContext } from "./random-write.ts"
import { type EntityShape, entityOf, type FieldShape, familyOf } from "./shape.ts"

/** Zones in which a day starts well before or after it does in UTC. */
const timezones: readonly string[] = ["Pacific/Kiritimati", "America/Los_Angeles", "Asia/Kolkata"]

export function randomRead(context: OperationContext): OperationDescription {
  const { random, shapes } = context
  const entity = pickEntity(context, [...shapes.values()])
  const query = random.chance(0.06)
    ? aggregateQuery(context, entity)
    : randomQuery(context, entity, random.pick([0, 1, 1, 2, 3]))
  const count = random.chance(0.3)
  return {
    kind: "read",
    entity: entity.name,
    query,
    count,
    single: random.chance(0.04),
    ...(random.chance(0.04) ? { head: true } : {}),
    ...(random.chance(0.1) ? { timezone: random.pick(timezones) } : {}),
  }
}

/** Mostly an entity of which the caller sees rows. */
function pickEntity(context: OperationContext, all: readonly EntityShape[]): EntityShape {
  const { random } = context
  const first = random.pick(all)
  const isEmpty = context.seenValues(first.name, first.key[0] as string).length === 0
  return isEmpty ? random.pick(all) : first
}

export function randomWrite(context: WriteContext): OperationDescription {
  const { random } = context
  let made = oneWrite(context)
  for (let tries = 0; tries < 6 && random.chance(0.85) && !context.allows(made); tries++)
    made = oneWrite(context)
  return made
}

function oneWrite(context: WriteContext): OperationDescription {
  const { random, shapes } = context
  const entity = pickEntity(
    context,
    [...shapes.values()].filter((one) => one.view === null || random.chance(0.1)),
  )
  const kind = random.pick(["insert", "insert", "update", "update", "update", "delete"] as const)
  const returning = random.pick(["minimal", "representation", "representation", "headers-only"] as const)
  const query =
    returning === "representation"
      ? randomQuery(context, entity, random.pick([0, 0, 1]))
      : plainQuery(context, entity)
  const zone = random.chance(0.1) ? { timezone: random.pick(timezones) } : {}
  const base = {
    entity: entity.name,
    count: false,
    ...zone,
    single: returning === "representation" && random.chance(0.05),
    returning,
  }
  if (kind === "insert") {
    const count = random.pick([1, 1, 1, 2, 3])
    const rows = sameColumns(Array.from({ length: count }, () => randomNewRow(context, entity)))
    return {
      kind,
      ...base,
      rows,
      asObject: rows.length === 1 && random.chance(0.7),
      query: { ...query, where: [], order: [], limit: null, offset: null },
    }
  }
  const where = random.chance(0.7) ? [keyFilter(context, entity), ...query.where.slice(0, 1)] : query.where
  const found: QueryDescription = {
    ...query,
    where: where.length > 0 ? where : [keyFilter(context, entity)],
    order: [],
    limit: null,
    offset: null,
  }
  if (kind === "delete") return { kind, ...base, query: found }
  return { kind, ...base, query: found, rows: [randomPatch(context, entity)] }
}

/** All objects of one insert have the same keys. */
function sameColumns(rows: readonly Row[]): readonly Row[] {
  const names = Object.keys(rows[0] ?? {})
  return rows.map((row) => Object.fromEntries(names.map((name) => [name, row[name] ?? null])))
}

function keyFilter(context: WriteContext, entity: EntityShape): QueryDescription["where"][number] {
  const { random } = context
  const rows = context.rows(entity.name)
  const field = random.pick(entity.key)
  const values = rows.map((row) => String(row[field]))
  if (values.length === 0) return { field, is: "not_null", negated: false }
  if (random.chance(0.6)) return { field, operator: "eq", negated: false, value: random.pick(values) }
  return {
    field,
    operator: "in",
    negated: false,
    value: random.shuffle(values).slice(0, random.between(1, 3)),
  }
}

function plainQuery(context: OperationContext, entity: EntityShape): QueryDescription {
  const where = context.random.chance(0.5) ? [randomFilter(context, entity, 1)] : []
  return { select: [{ all: true }], where, order: [], limit: null, offset: null }
}

export function randomQuery(context: OperationContext, entity: EntityShape, depth: number): QueryDescription {
  const { random } = context
  const select = randomSelect(context, entity, depth)
  const where = Array.from({ length: random.pick([0, 0, 0, 1, 1, 2]) }, () =>
    randomFilter(context, entity, 2),
  )
  const order = random.chance(0.8) ? randomOrder(context, entity) : []
  const embedded = select.flatMap((item) =>
    "embed" in item && item.alias === undefined && !isMany(entity, item.embed) ? [item] : [],
  )
  const ordered =
    order.length > 0 && embedded.length > 0 && random.chance(0.15)
      ? embeddedOrder(context, entity, random.pick(embedded).embed)
      : []
  return {
    select,
    where,
    order: [...ordered, ...order],
    limit: order.length > 0 && random.chance(0.3) ? random.pick([0, 1, 2, 2, 3, 5, 100]) : null,
    offset: order.length > 0 && random.chance(0.12) ? random.pick([0, 1, 1, 2, 3, 50]) : null,
  }
}

function isMany(entity: EntityShape, relation: string): boolean {
  return entity.relations.find((one) => one.name === relation)?.many ?? false
}

function embeddedOrder(
  context: OperationContext,
  entity: EntityShape,
  relation: string,
): QueryDescription["order"] {
  const { random, shapes } = context
  const to = entity.relations.find((one) => one.name === relation)?.to ?? ""
  const field = pickField(
    context,
    entityOf(shapes, to),
    (one) => isFilterable(one) && familyOf(one.kind) !== "nocase",
  )
  return field
    ? [
        {
          relation,
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
      const field = pickField(context, entity, () => true)
      if (!field || taken.has(field.name)) continue
      const alias = random.chance(0.12) && !taken.has(`as${more}`) ? `as${more}` : undefined
      taken.add(alias ?? field.name)
      items.push(alias === undefined ? { field: field.name } : { field: field.name, alias })
    }
  }
  for (let more = depth > 0 ? random.pick([1, 1, 2]) : 0; more > 0; more--) {
    const relations = entity.relations.filter(
      (one) => random.chance(0.05) || context.exists(one.many ? one.to : entity.name, one.via),
    )
    if (relations.length === 0) break
    const relation = random.pick(relations)
    const query = randomQuery(context, entityOf(context.shapes, relation.to), depth - 1)
    const alias = taken.has(relation.name) || random.chance(0.1) ? `with${more}` : undefined
    if (taken.has(alias ?? relation.name)) continue
    taken.add(alias ?? relation.name)
    // What a limit of an inner embed does to its parents is not settled.
    const inner = random.chance(0.3)
    const usable = relation.many
      ? inner
        ? { ...query, limit: null, offset: null }
        : query
      : { ...query, limit: null, offset: null, order: [] }
    items.push({ embed: relation.name, ...(alias === undefined ? {} : { alias }), inner, query: usable })
  }
  return random.chance(0.8) ? items : random.shuffle(items)
}

function isGroupable(field: FieldShape): boolean {
  return isFilterable(field) && familyOf(field.kind) !== "nocase"
}

/** Counts and extremes, over all rows or by the values of a field. */
function aggregateQuery(context: OperationContext, entity: EntityShape): QueryDescription {
  const { random } = context
  const select: SelectDescription[] = []
  const group = random.chance(0.4) ? pickField(context, entity, isGroupable) : null
  if (group) select.push({ field: group.name })
  const field = pickField(
    context,
    entity,
    (one) =>
      one.name !== group?.name &&
      (["integer", "date"].includes(one.kind.type) || familyOf(one.kind) === "text"),
  )
  if (field && random.chance(0.6)) {
    const able =
      field.kind.type === "integer"
        ? (["sum", "min", "max", "count"] as const)
        : (["min", "max", "count"] as const)
    select.push({ field: field.name, aggregate: random.pick(able) })
  } else select.push({ count: true })
  const where = random.chance(0.5) ? [randomFilter(context, entity, 1)] : []
  return { select, where, order: [], limit: null, offset: null }
}
