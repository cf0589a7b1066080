/** Random operations: reads with nested embeds, filters and orders, and writes that often enough are allowed. */
import { uniquesOf } from "./constraints.ts"
import type { OperationDescription, QueryDescription, Row } from "./description.ts"
import type { OperationContext } from "./operation-context.ts"
import { randomFilter } from "./random-filter.ts"
import { aggregateQuery, randomQuery } from "./random-select.ts"
import { randomNewRow, randomPatch, type WriteContext } from "./random-write.ts"
import type { EntityShape } from "./shape.ts"

/** Zones in which a day starts well before or after it does in UTC. */
const timezones: readonly string[] = ["Pacific/Kiritimati", "America/Los_Angeles", "Asia/Kolkata"]

export function randomRead(context: OperationContext): OperationDescription {
  const { random, shapes } = context
  const entity = pickEntity(context, [...shapes.values()])
  const query = random.chance(0.1)
    ? aggregateQuery(context, entity)
    : randomQuery(context, entity, random.pick([0, 1, 1, 2, 3]))
  const count = random.chance(0.3) ? random.pick([true, true, "planned", "estimated"] as const) : false
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
    count: random.chance(0.2) ? random.pick([true, "planned", "estimated"] as const) : false,
    ...zone,
    single: returning === "representation" && random.chance(0.05),
    returning,
  }
  if (kind === "insert") {
    const count = random.pick([1, 1, 1, 2, 3])
    const rows = sameColumns(Array.from({ length: count }, () => randomNewRow(context, entity)))
    const upsert = random.chance(0.3) ? randomConflict(context, entity) : {}
    return {
      kind,
      ...base,
      ...withColumns(
        context,
        entity,
        upsert.conflict ? rows.map((row) => likeExisting(context, entity, row)) : rows,
      ),
      ...upsert,
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
  // Who is strict about preferences can't ask for a time zone.
  const most = random.chance(0.15) && !("timezone" in zone) ? { maxAffected: random.pick([0, 1, 1, 2]) } : {}
  if (kind === "delete") return { kind, ...base, ...most, query: found }
  return {
    kind,
    ...base,
    ...most,
    query: found,
    ...withColumns(context, entity, [randomPatch(context, entity)]),
  }
}

/** What becomes of rows that exist, by their key or by what else no two rows have. */
function randomConflict(
  { random }: WriteContext,
  entity: EntityShape,
): Pick<OperationDescription, "conflict" | "onConflict"> {
  const conflict = random.pick(["merge", "merge", "ignore"] as const)
  if (random.chance(0.5)) return { conflict }
  return { conflict, onConflict: random.pick(uniquesOf(entity)).names }
}

/** A row with the key of one that exists, mostly. */
function likeExisting({ random, rows }: WriteContext, entity: EntityShape, row: Row): Row {
  const existing = rows(entity.name)
  if (existing.length === 0 || random.chance(0.35)) return row
  const one = random.pick(existing)
  return { ...row, ...Object.fromEntries(entity.key.map((name) => [name, one[name]])) }
}

/** Sometimes the fields are named apart, and rows leave some of them out or have others. */
function withColumns(
  { random }: WriteContext,
  entity: EntityShape,
  rows: readonly Row[],
): Pick<OperationDescription, "rows" | "columns" | "missingDefault"> {
  const missing = random.chance(0.2) ? { missingDefault: true } : {}
  if (!random.chance(0.15)) return { rows, ...missing }
  const names = Object.keys(rows[0] ?? {})
  const columns = random.some(names, 0.85)
  for (const { name, isKey } of entity.fields)
    if (names.includes(name) ? isKey && !columns.includes(name) : random.chance(0.05)) columns.push(name)
  if (columns.length === 0) return { rows, ...missing }
  const partial = rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).filter(([name]) => entity.key.includes(name) || random.chance(0.85)),
    ),
  )
  return { rows: partial, columns, ...missing }
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
