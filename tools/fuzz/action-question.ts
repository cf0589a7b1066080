/** What an operation asks as far as an action's Kysely is told it, and what must come of it. */
import { comparisons } from "../../src/sql/filter-operator.ts"
import type { ActionCondition, ActionInput } from "./action-door.ts"
import type { CallerView } from "./caller-view.ts"
import { compareRows, type Difference } from "./compare.ts"
import type { FilterDescription, OperationDescription, Row, Rows } from "./description.ts"
import { isSayable } from "./graphql-question.ts"
import type { Expected } from "./oracle.ts"
import { isBadValue, passes } from "./oracle-filter.ts"
import { type EntityShape, entityOf, isEncrypted } from "./shape.ts"
import type { RestAnswer } from "./target.ts"

/** Those that Kysely takes as they are. */
const operators: ReadonlyMap<string, string> = new Map(
  (["eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike"] as const).map((one) => [one, comparisons[one]!]),
)

/** Null where it can't be told. Of a read all fields are asked, and of its filters those that are one comparison. */
export function actionQuestion(
  view: CallerView,
  operation: OperationDescription,
): OperationDescription | null {
  const { kind, entity, rows = [] } = operation
  const shape = entityOf(view.shapes, entity)
  const where = operation.query.where.filter((one) => isPlain(shape, one))
  const query = { select: [{ all: true } as const], where, order: [], limit: null, offset: null }
  const base = { kind, entity, query, count: false, single: false } as const
  if (kind === "read") return base
  // Through SQL a hidden field is an empty one, and not an unknown one.
  const named = [...where.map((one) => (one as { field: string }).field), ...rows.flatMap(Object.keys)]
  if (shape.view || !named.every((name) => view.exists(entity, name))) return null
  const write = { ...base, returning: "minimal" } as const
  if (kind === "delete") return write
  // An update that reads nothing may move a row out of its writer's sight, which no other door's can.
  if (kind === "update" && where.length === 0)
    query.where.push({ field: shape.key[0] as string, is: "not_null", negated: false })
  return rows.every((row) => isSayable(shape, row)) ? { ...write, rows, missingDefault: true } : null
}

function isPlain(shape: EntityShape, filter: FilterDescription): boolean {
  if ("logic" in filter || filter.negated || filter.json) return false
  const field = shape.fields.find((one) => one.name === filter.field)
  const kind = field?.kind
  if (!field || !kind || ["json", "list", "range"].includes(kind.type)) return false
  if ("is" in filter) return filter.is === "null" || filter.is === "not_null"
  if (isEncrypted(field) && !(field.said?.findable && ["eq", "neq", "in"].includes(filter.operator)))
    return false
  if (filter.quantifier || filter.config || isBadValue(kind, filter)) return false
  if (filter.operator === "in") return filter.value.length > 0
  return operators.has(filter.operator) && (kind.type === "text" || !/like/.test(filter.operator))
}

export function toActionInput(
  shape: EntityShape,
  { kind, query, rows = [] }: OperationDescription,
): ActionInput {
  return { kind, collection: shape.collection, order: shape.key, where: query.where.map(toCondition), rows }
}

function toCondition(filter: FilterDescription): ActionCondition {
  if ("logic" in filter) throw new Error("an action is told of single comparisons alone")
  const { field } = filter
  if ("is" in filter) return { field, operator: filter.is === "null" ? "is" : "is not", value: null }
  if (filter.operator === "in") return { field, operator: "in", value: filter.value }
  const text = String(filter.value)
  const value = /like/.test(filter.operator) ? text.replaceAll("*", "%") : text
  return { field, operator: operators.get(filter.operator)!, value }
}

/** What is read: the rows that the caller sees, with the values that they see. */
export function compareActionRead(
  view: CallerView,
  { entity, query }: OperationDescription,
  { status, body, why }: RestAnswer,
): Difference | null {
  const shape = entityOf(view.shapes, entity)
  const due = view
    .readable(entity)
    .map(({ seen }) => whole(shape, seen))
    .filter((row) => passes(query.where, shape, row))
  if (status >= 400) {
    // Of what nobody may read SQL is refused.
    if (status < 500 && view.readable(entity).length === 0) return null
    return {
      kind: status < 500 ? "denial" : "wrong",
      message: "an action failed",
      expected: due,
      actual: why ?? body,
    }
  }
  const [a, b] = [due, JSON.parse(body) as readonly Row[]].map((rows) =>
    rows.map((row) => JSON.stringify(whole(shape, row))).toSorted(),
  ) as [string[], string[]]
  if (JSON.stringify(a) === JSON.stringify(b)) return null
  const isMore = b.length > a.length || (b.length === a.length && b.join().length > a.join().length)
  return {
    kind: isMore ? "leak" : b.length < a.length ? "denial" : "wrong",
    message: "an action reads something else",
    expected: a.filter((row) => !b.includes(row)),
    actual: b.filter((row) => !a.includes(row)),
  }
}

/** Every field in one order, a hidden one as null; documents by their text. */
function whole(shape: EntityShape, row: Row): Row {
  return Object.fromEntries(shape.fields.map(({ name }) => [name, row[name] ?? null]))
}

/** What is written: the rows are those that the write may lead to, or as they were. */
export function compareActionWrite(
  view: CallerView,
  expected: Expected,
  answer: RestAnswer,
  rows: Rows,
): Difference | null {
  const { status, body, why } = answer
  if (status >= 500)
    return {
      kind: "wrong",
      message: "an action failed",
      expected: "no failure of the server",
      actual: why ?? body,
    }
  const isDone = status < 400
  if (!isDone && expected.answer !== null && expected.refusals.size === 0)
    return {
      kind: "denial",
      message: "an action is refused what is allowed",
      expected: expected.answer,
      actual: body,
    }
  const found = compareRows(view.shapes, isDone && expected.answer !== null ? expected.rows : view.rows, rows)
  return found && { ...found, kind: expected.answer === null ? "leak" : found.kind }
}
