/** What deleting rows does to the rows that refer to them. */
import { identityOf } from "./constraints.ts"
import type { Row, Rows } from "./description.ts"
import { type EntityShape, entityOf, type FieldShape, fieldOf, type ModelShape } from "./shape.ts"

export interface DeleteResult {
  readonly rows: Rows
  /** Whether a row that stays refers to a row that goes; perhaps, where that row goes too but maybe later. */
  readonly referred: "yes" | "no" | "perhaps"
}

interface Way {
  readonly from: EntityShape
  readonly field: FieldShape
}

export function deleteRows(
  shapes: ModelShape,
  rows: Rows,
  entity: string,
  gone: readonly Row[],
): DeleteResult {
  const going = new Map<string, Set<Row>>([[entity, new Set(gone)]])
  const nulled = new Map<Row, Set<string>>()
  const pending = [{ entity, gone }]
  const restricted: { readonly name: string; readonly row: Row }[] = []
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const { from, field } of waysTo(shapes, next.entity)) {
      const found = referring(shapes, rows, next.entity, next.gone, from, field)
      const action = field.said?.onDelete ?? "restrict"
      const known = going.get(from.name) ?? new Set<Row>()
      going.set(from.name, known)
      const fresh = found.filter((row) => !known.has(row))
      if (action === "restrict") for (const row of found) restricted.push({ name: from.name, row })
      if (action === "set null")
        for (const row of fresh) nulled.set(row, new Set([...(nulled.get(row) ?? []), field.name]))
      if (action === "cascade" && fresh.length > 0) {
        for (const row of fresh) known.add(row)
        pending.push({ entity: from.name, gone: fresh })
      }
    }
  }
  if (restricted.some(({ name, row }) => !going.get(name)?.has(row))) return { rows, referred: "yes" }
  const direct = new Set(gone)
  const referred = restricted.some(({ row }) => !direct.has(row)) ? "perhaps" : "no"
  const kept = Object.fromEntries(
    Object.entries(rows).map(([name, list]) => [
      name,
      list.filter((row) => !going.get(name)?.has(row)).map((row) => withNulls(row, nulled.get(row))),
    ]),
  )
  return { rows: kept, referred }
}

function withNulls(row: Row, names: ReadonlySet<string> | undefined): Row {
  return names ? { ...row, ...Object.fromEntries([...names].map((name) => [name, null])) } : row
}

function waysTo(shapes: ModelShape, name: string): readonly Way[] {
  return [...shapes.values()]
    .filter((one) => one.view === null)
    .flatMap((from) => from.fields.filter((field) => field.target === name).map((field) => ({ from, field })))
}

function referring(
  shapes: ModelShape,
  rows: Rows,
  entity: string,
  gone: readonly Row[],
  from: EntityShape,
  field: FieldShape,
): readonly Row[] {
  const key = entityOf(shapes, entity).key[0] as string
  const { kind } = fieldOf(entityOf(shapes, entity), key)
  const keys = new Set(gone.map((row) => identityOf(row[key], kind)))
  return (rows[from.name] ?? []).filter(
    (row) => (row[field.name] ?? null) !== null && keys.has(identityOf(row[field.name], kind)),
  )
}
