/** Random bodies of writes: rows that could exist, changes to rows that do, and what a writer should not send. */
import type { OperationDescription, Row } from "./description.ts"
import type { OperationContext } from "./operation-context.ts"
import { type EntityShape, type FieldShape, fieldOf } from "./shape.ts"

export interface WriteContext extends OperationContext {
  /** The rows as they are, for writes that change what exists. */
  readonly rows: (entity: string) => readonly Row[]
  /** Whether the model lets this caller write so; operations that are allowed are preferred. */
  readonly allows: (operation: OperationDescription) => boolean
  /** A number that no row of this world was made with. */
  readonly nextNumber: () => number
}

/** A whole row, mostly like one that exists but for its key. */
export function randomNewRow(context: WriteContext, entity: EntityShape): Row {
  const { random } = context
  const existing = context.rows(entity.name)
  const like = existing.length > 0 && random.chance(0.7) ? random.pick(existing) : null
  const row: Record<string, unknown> = {}
  for (const field of entity.fields) {
    if (field.readonly) {
      if (random.chance(0.01))
        row[field.name] = field.kind.type === "integer" ? 1 : "2016-02-29T00:00:00+00:00"
      continue
    }
    if (!context.exists(entity.name, field.name) && !field.isKey && random.chance(0.9)) continue
    if (field.isKey) row[field.name] = randomNewKey(context, field)
    else if (isDispensable(field) && random.chance(0.3)) continue
    else
      row[field.name] =
        like && random.chance(0.75) ? (like[field.name] ?? null) : randomBodyValue(context, field)
  }
  if (random.chance(0.01)) row.nosuchfield = 1
  return row
}

function isDispensable(field: FieldShape): boolean {
  return field.optional || field.said?.default !== undefined
}

function randomNewKey(context: WriteContext, field: FieldShape): unknown {
  const { random, pool, keys } = context
  const known = field.target === null ? [] : (keys.get(field.target) ?? [])
  if (field.target !== null) return known.length > 0 ? random.pick(known) : null
  if (field.kind.type === "uuid")
    return `00000000-0000-4000-9000-${context.nextNumber().toString(16).padStart(12, "0")}`
  return field.kind.type === "integer"
    ? random.between(1000, 9999)
    : random.chance(0.5)
      ? `new${random.between(0, 99)}`
      : random.pick(pool.of(field.kind))
}

/** Some fields with new values; rarely the key, which may not change. */
export function randomPatch(context: WriteContext, entity: EntityShape): Row {
  const { random } = context
  const able = entity.fields.filter(
    (field) =>
      (!field.readonly || random.chance(0.02)) &&
      (!field.isKey || random.chance(0.03)) &&
      (!field.said?.immutable || random.chance(0.1)) &&
      (context.exists(entity.name, field.name) || random.chance(0.05)),
  )
  const chosen = random.shuffle(able).slice(0, random.pick([1, 1, 2, 3]))
  const row: Record<string, unknown> = {}
  for (const field of chosen) {
    row[field.name] = field.readonly
      ? 1
      : field.isKey
        ? randomNewKey(context, fieldOf(entity, field.name))
        : randomBodyValue(context, field)
  }
  if (random.chance(0.01) || chosen.length === 0) row.nosuchfield = 1
  return row
}

function randomBodyValue(context: WriteContext, field: FieldShape): unknown {
  const { random, pool, keys } = context
  if (field.optional ? random.chance(0.2) : random.chance(0.01)) return null
  if (field.target === null)
    return random.chance(0.01) ? randomWrongValue(context, field) : random.pick(pool.of(field.kind))
  const known = keys.get(field.target) ?? []
  if (known.length > 0 && random.chance(0.95)) return random.pick(known)
  return field.kind.type === "uuid"
    ? "00000000-0000-4000-8000-0000000000ff"
    : random.pick(pool.of(field.kind))
}

/** A value that the field refuses. */
function randomWrongValue({ random }: WriteContext, field: FieldShape): unknown {
  return field.kind.type === "text" || field.kind.type === "choice"
    ? random.pick([7, true, "a\u0000b", ["x"]])
    : random.pick(["x", { a: 1 }, "1x"])
}
