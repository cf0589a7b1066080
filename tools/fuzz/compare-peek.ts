/** Compares what an injected statement could read with what the caller may. */
import type { CallerView } from "./caller-view.ts"
import type { Difference } from "./compare.ts"
import { tupleOf } from "./constraints.ts"
import type { Row } from "./description.ts"
import type { EntityShape } from "./shape.ts"
import { indexOf, type Peek } from "./target.ts"

/** A table or view may be refused as a whole; what it gives must be rows and values that the caller may see. */
export function comparePeek(
  view: CallerView,
  shape: EntityShape,
  { table, fieldView }: Peek,
): Difference | null {
  const allowed = new Map(
    view
      .readable(shape.name)
      .map(({ raw, seen }) => [tupleOf(shape, shape.key, shape.view ? seen : raw) ?? "", seen]),
  )
  for (const row of [...(table ?? []), ...(fieldView ?? [])]) {
    const seen = allowed.get(tupleOf(shape, shape.key, row) ?? "")
    if (!seen) return leak("SQL reads a row that the caller may not read", null, row)
    const more = shape.fields.filter(
      ({ name }) =>
        ((row[name] ?? null) !== null && !isSame(row[name], seen[name])) ||
        // Equal values have the same index: where the value is hidden, it tells of it.
        ((row[indexOf(name)] ?? null) !== null && (seen[name] ?? null) === null),
    )
    if (more.length > 0)
      return leak(
        `SQL reads ${more.map((one) => one.name).join(", ")} of a row, which the caller may not see`,
        seen,
        row,
      )
  }
  return null
}

function isSame(left: unknown, right: unknown): boolean {
  return (
    JSON.stringify(left) === JSON.stringify(right) || (typeof left === "object" && typeof right === "object")
  )
}

function leak(message: string, expected: Row | null, actual: Row): Difference {
  return { kind: "leak", message, expected, actual }
}
