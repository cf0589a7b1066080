/** Random rows that obey their constraints, and callers of whom some stand in them. */
import { repairRows } from "./constraints.ts"
import type { CallerDescription, ModelDescription, Row, Rows } from "./description.ts"
import type { Random } from "./random.ts"
import { registerValues, sessionClaims } from "./random-persons.ts"
import { absentCallerIds, callerIds, roles, uuidKey, type ValuePool } from "./random-value.ts"
import { type EntityShape, type FieldShape, fieldOf, type ModelShape } from "./shape.ts"

/** From none to `most` rows an entity. Members come first, and have the identifiers of callers. */
export function randomRows(random: Random, shapes: ModelShape, pool: ValuePool, most: number): Rows {
  const rows: Record<string, Row[]> = {}
  const entities = [...shapes.values()].filter((one) => one.view === null)
  for (const [at, entity] of entities.entries()) {
    const own = random.branch(entity.name)
    const isRegister = entity.said?.register !== undefined
    const count = isRegister ? 3 * most : own.chance(0.03) ? 0 : own.between(2, most)
    rows[entity.name] = Array.from({ length: count }, (_, row) =>
      randomKey(own, entity, at, row, rows, pool),
    ).filter((row) => row !== null)
  }
  for (const entity of entities) {
    const own = random.branch(`${entity.name} fields`)
    rows[entity.name] = (rows[entity.name] ?? []).map((key) => ({
      ...key,
      ...randomFields(own, entity, rows, pool),
      ...(entity.said?.register ? registerValues(own, entity.said.register) : {}),
    }))
  }
  return repairRows(shapes, rows)
}

function randomKey(
  random: Random,
  entity: EntityShape,
  entityAt: number,
  at: number,
  rows: Rows,
  pool: ValuePool,
): Row | null {
  const row: Record<string, unknown> = {}
  for (const name of entity.key) {
    const field = fieldOf(entity, name)
    const value =
      field.target !== null
        ? referenceValues(field, rows).length > 0
          ? random.pick(referenceValues(field, rows))
          : null
        : field.kind.type === "uuid"
          ? newUuid(entityAt, at)
          : random.pick(pool.of(field.kind))
    if (value === null) return null
    row[name] = value
  }
  return row
}

function newUuid(entityAt: number, at: number): string {
  return (entityAt === 0 ? callerIds.slice(0, 3)[at] : undefined) ?? uuidKey(entityAt, at)
}

function referenceValues(field: FieldShape, rows: Rows): readonly unknown[] {
  const [first] = rows[field.target ?? ""] ?? []
  // Keys come first in a row, and what is referred to has a key of one field.
  const key = first && Object.keys(first)[0]
  return key === undefined ? [] : (rows[field.target ?? ""] ?? []).map((row) => row[key])
}

/** The fields beside the key, in the order of the entity. */
function randomFields(random: Random, entity: EntityShape, rows: Rows, pool: ValuePool): Row {
  return Object.fromEntries(
    entity.fields
      .filter((one) => !one.isKey)
      .map((field) => [field.name, randomValue(random, field, rows, pool)]),
  )
}

/** A value for a field: null, a key that exists, or one of the pool. */
export function randomValue(random: Random, field: FieldShape, rows: Rows, pool: ValuePool): unknown {
  if (field.name === "version" && field.readonly) return 1
  if (field.optional && random.chance(0.25)) return null
  if (field.target === null) return random.pick(pool.of(field.kind))
  const values = referenceValues(field, rows)
  return values.length === 0 ? null : random.pick(values)
}

/** Callers of every sort: anonymous, in the data, not in it, with and without roles and claims. */
export function randomCallers(
  random: Random,
  model: ModelDescription,
  pool: ValuePool,
  count: number,
): readonly CallerDescription[] {
  const callers: CallerDescription[] = [{ id: null, roles: [], claims: {} }]
  const ids = [...random.shuffle(callerIds), ...absentCallerIds]
  for (let at = 0; callers.length < count; at++) {
    const id =
      at < 4
        ? (ids[at] as string)
        : random.pick([...callerIds, callerIds[0]?.toUpperCase() as string, ...absentCallerIds])
    const caller = { id, roles: random.some(roles, 0.3), claims: randomClaims(random, model, pool) }
    const heeds = model.entities.some((one) => one.register && "kinds" in one.register)
    callers.push(
      heeds
        ? { ...caller, claims: { ...caller.claims, ...sessionClaims(random.branch(`session ${at}`)) } }
        : caller,
    )
  }
  return callers
}

function randomClaims(
  random: Random,
  model: ModelDescription,
  pool: ValuePool,
): Readonly<Record<string, unknown>> {
  const claims = model.facts.flatMap((fact) => ("claim" in fact && random.chance(0.75) ? [fact] : []))
  return Object.fromEntries(
    claims.map((fact) => [fact.name, random.chance(0.05) ? null : random.pick(pool.of(fact.claim))]),
  )
}
