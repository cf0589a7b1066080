/** What tables hold whoever writes: keys and uniques, references, and values that may not be null. */
import type { KindDescription, Row, Rows } from "./description.ts"
import { type EntityShape, entityOf, fieldOf, type ModelShape } from "./shape.ts"
import { foldCase } from "./sql-value.ts"

/** One value as a text that is equal where PostgreSQL finds the values equal. */
export function identityOf(value: unknown, kind: KindDescription): string {
  if (kind.type === "text" && kind.caseInsensitive) return JSON.stringify(foldCase(value))
  return JSON.stringify(kind.type === "uuid" ? String(value).toLowerCase() : value)
}

/** The values of some fields of a row as one text; null where one of them is null, which equals nothing. */
export function tupleOf(entity: EntityShape, names: readonly string[], row: Row): string | null {
  const parts: string[] = []
  for (const name of names) {
    const value = row[name] ?? null
    if (value === null) return null
    parts.push(identityOf(value, fieldOf(entity, name).kind))
  }
  return parts.join(" ")
}

export interface UniqueShape {
  readonly names: readonly string[]
  /** The model accepts that a conflict tells of a row which the caller can't see. Keys are never accepted, only unguessable. */
  readonly reveals: boolean
  readonly isKey: boolean
}

export function uniquesOf(entity: EntityShape): readonly UniqueShape[] {
  const said = entity.said
  return [
    { names: entity.key, reveals: false, isKey: true },
    ...entity.fields
      .filter((field) => field.said?.unique && !field.isKey)
      .map((field) => ({
        names: [field.name],
        reveals: (said?.reveals || field.said?.reveals) ?? false,
        isKey: false,
      })),
    ...(said?.unique ?? []).map((names) => ({ names, reveals: said?.reveals ?? false, isKey: false })),
  ]
}

/** The first row that has what no other row may have, or null. */
export function findConflict(
  entity: EntityShape,
  names: readonly string[],
  row: Row,
  others: Iterable<Row>,
): Row | null {
  const tuple = tupleOf(entity, names, row)
  if (tuple === null) return null
  for (const other of others) if (other !== row && tupleOf(entity, names, other) === tuple) return other
  return null
}

/** Takes away as little as makes rows obey: a reference that leads nowhere, a row that can't do without it or is there twice. */
export function repairRows(shapes: ModelShape, rows: Rows): Rows {
  const result: Record<string, readonly Row[]> = { ...rows }
  for (let changed = true; changed; ) {
    changed = false
    for (const entity of shapes.values()) {
      if (entity.view) continue
      const before = result[entity.name] ?? []
      const after = repairEntity(entity, before, shapes, result)
      if (after.length !== before.length || after.some((row, at) => row !== before[at])) changed = true
      result[entity.name] = after
    }
  }
  return result
}

function repairEntity(
  entity: EntityShape,
  before: readonly Row[],
  shapes: ModelShape,
  rows: Rows,
): readonly Row[] {
  const seen = uniquesOf(entity).map(({ names }) => ({ names, tuples: new Set<string>() }))
  const kept: Row[] = []
  for (const row of before) {
    const whole = repairReferences(entity, row, shapes, rows)
    if (whole === null) continue
    const tuples = seen.map(({ names }) => tupleOf(entity, names, whole))
    if (tuples[0] === null || tuples.some((tuple, at) => tuple !== null && seen[at]?.tuples.has(tuple)))
      continue
    for (const [at, tuple] of tuples.entries()) if (tuple !== null) seen[at]?.tuples.add(tuple)
    kept.push(whole)
  }
  return kept
}

/** The row, with optional references that lead nowhere set to null; null where it can't stand. */
function repairReferences(entity: EntityShape, row: Row, shapes: ModelShape, rows: Rows): Row | null {
  let whole = row
  for (const field of entity.fields) {
    const value = whole[field.name] ?? null
    if (value === null) {
      if (!field.optional) return null
      if (whole[field.name] === undefined) whole = { ...whole, [field.name]: null }
    } else if (field.target !== null && !findByKey(shapes, rows, field.target, value)) {
      if (!field.optional) return null
      whole = { ...whole, [field.name]: null }
    }
  }
  return whole
}

/** The row of an entity with this key. */
export function findByKey(shapes: ModelShape, rows: Rows, name: string, value: unknown): Row | null {
  const entity = entityOf(shapes, name)
  const key = entity.key[0] as string
  const { kind } = fieldOf(entity, key)
  const wanted = identityOf(value, kind)
  return rows[name]?.find((row) => identityOf(row[key], kind) === wanted) ?? null
}
