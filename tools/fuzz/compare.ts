/** Compares an answer with what it must be, and says whether a difference lets out too much or too little. */
import type { OperationDescription, QueryDescription, Row, Rows } from "./description.ts"
import type { Expected } from "./oracle.ts"
import { relationOf } from "./oracle-read.ts"
import { outputName } from "./output-name.ts"
import { anonymousPolicyCode, anyRefusal, policyCode } from "./semantics.ts"
import { type EntityShape, entityOf, type ModelShape } from "./shape.ts"
import type { RestAnswer } from "./target.ts"

export interface Difference {
  /** A `leak` answers or changes more than allowed, a `denial` less; `wrong` is anything else. */
  readonly kind: "leak" | "denial" | "wrong"
  readonly message: string
  readonly expected: unknown
  readonly actual: unknown
}

export function compareAnswer(
  shapes: ModelShape,
  operation: OperationDescription,
  expected: Expected,
  answer: RestAnswer,
): Difference | null {
  const isRefusal = answer.status >= 400
  if (isRefusal) return compareRefusal(operation, expected, answer)
  if (expected.answer === null) {
    return difference("leak", "answered what must be refused", [...expected.refusals], {
      status: answer.status,
      body: answer.body,
    })
  }
  const { status, body, range } = expected.answer
  const found = bodyDifference(shapes, operation, body, answer.body)
  if (found) return found
  if (answer.status !== status) return difference("wrong", "another status", status, answer.status)
  const given = answer.headers["content-range"] ?? null
  return range !== null && given !== range
    ? difference(rangeKind(range, given), "another Content-Range", range, given)
    : null
}

function rangeKind(expected: string, given: string | null): Difference["kind"] {
  const [a, b] = [expected, given ?? ""].map((one) => Number(one.split("/")[1]))
  return Number(b) > Number(a) ? "leak" : "wrong"
}

function compareRefusal(
  operation: OperationDescription,
  expected: Expected,
  answer: RestAnswer,
): Difference | null {
  if (answer.status >= 500)
    return difference("wrong", "failed", "no failure of the server", {
      status: answer.status,
      body: answer.body,
      why: answer.why,
    })
  const code = operation.head ? null : codeOf(answer.body)
  const { refusals } = expected
  if (code === null ? refusals.size > 0 : refusals.has(code) || refusals.has(anyRefusal)) return null
  if (expected.answer !== null)
    return difference("denial", "refused what is allowed", expected.answer, {
      status: answer.status,
      body: answer.body,
    })
  return difference("wrong", "refused with another code", [...refusals], {
    status: answer.status,
    body: answer.body,
  })
}

function codeOf(body: string): string | null {
  try {
    const code = String((JSON.parse(body) as { code?: unknown }).code)
    return code === anonymousPolicyCode ? policyCode : code
  } catch {
    return "(no JSON)"
  }
}

function bodyDifference(
  shapes: ModelShape,
  operation: OperationDescription,
  expected: unknown,
  body: string,
): Difference | null {
  if (expected === undefined)
    return body === "" ? null : difference("leak", "a body where none is due", "", body)
  let actual: unknown
  try {
    actual = JSON.parse(body)
  } catch {
    return difference("wrong", "a body that is not JSON", expected, body)
  }
  const shape = entityOf(shapes, operation.entity)
  const [due, given] = [expected, actual].map((one) => normalAnswer(shapes, shape, operation, one))
  if (JSON.stringify(due) === JSON.stringify(given)) return null
  return difference(bodyKind(due, given), "another body", due, given)
}

/** More rows, or a value where null is due, is a leak; fewer rows or a null is a denial. */
function bodyKind(due: unknown, given: unknown): Difference["kind"] {
  const [a, b] = [count(due), count(given)]
  return b > a ? "leak" : b < a ? "denial" : "wrong"
}

function count(json: unknown): number {
  if (json === null || json === undefined) return 0
  if (Array.isArray(json)) return json.reduce<number>((sum, one) => sum + count(one), 1)
  return typeof json === "object" ? Object.values(json).reduce<number>((sum, one) => sum + count(one), 1) : 1
}

function normalAnswer(
  shapes: ModelShape,
  shape: EntityShape,
  operation: OperationDescription,
  json: unknown,
): unknown {
  const blank =
    operation.kind === "read" ? json : [json].flat().map((row) => blankAutomatic(shape, operation.query, row))
  const rows = operation.kind === "read" && operation.single ? [blank] : blank
  return normalRows(shapes, shape, operation.query, rows, operation.kind !== "insert")
}

/** What the database fills in at a write is not compared. */
function blankAutomatic(shape: EntityShape, query: QueryDescription, row: unknown): unknown {
  if (typeof row !== "object" || row === null) return row
  const names = query.select.flatMap((item) =>
    "all" in item
      ? shape.fields.map((field) => [field.name, field.name] as const)
      : "field" in item
        ? [[outputName(item), item.field] as const]
        : [],
  )
  const blank = new Set(
    names
      .filter(([, field]) => shape.fields.find((one) => one.name === field)?.readonly)
      .map(([name]) => name),
  )
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, blank.has(name) ? "*" : value]))
}

/** Names in one order, and rows without an order sorted. */
function normalRows(
  shapes: ModelShape,
  shape: EntityShape,
  query: QueryDescription,
  rows: unknown,
  mayMove: boolean,
): unknown {
  if (!Array.isArray(rows)) return sortNames(rows)
  const normal = rows.map((row) => normalRow(shapes, shape, query, row))
  return query.order.length > 0 || !mayMove
    ? normal
    : normal
        .map((row) => JSON.stringify(row))
        .toSorted()
        .map((text) => JSON.parse(text) as unknown)
}

function normalRow(shapes: ModelShape, shape: EntityShape, query: QueryDescription, row: unknown): unknown {
  if (typeof row !== "object" || row === null) return row
  const json: Record<string, unknown> = { ...row }
  normalItems(shapes, shape, query, json)
  return sortNames(json)
}

function normalItems(
  shapes: ModelShape,
  shape: EntityShape,
  query: QueryDescription,
  json: Record<string, unknown>,
): void {
  for (const item of query.select) {
    if ("all" in item) continue
    const name = outputName(item)
    const value = json[name]
    // An average has more digits than a number of JavaScript.
    if ("aggregate" in item && typeof value === "number") json[name] = Number(value.toPrecision(12))
    if (!("embed" in item)) continue
    const to = entityOf(shapes, relationOf(shape, item.embed).to)
    if (item.spread) normalItems(shapes, to, item.query, json)
    else if (Array.isArray(value)) json[name] = normalRows(shapes, to, item.query, value, true)
    else if (value !== undefined) json[name] = normalRow(shapes, to, item.query, value)
  }
}

function sortNames(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(sortNames)
  if (typeof json !== "object" || json === null) return json
  return Object.fromEntries(
    Object.entries(json)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, sortNames(value)]),
  )
}

/** Compares whole tables. */
export function compareRows(shapes: ModelShape, expected: Rows, actual: Rows): Difference | null {
  for (const shape of shapes.values()) {
    if (shape.view) continue
    const [due, given] = [expected, actual].map((rows) => normalTable(shape, rows[shape.name] ?? []))
    if (JSON.stringify(due) !== JSON.stringify(given))
      return difference(
        "wrong",
        `the rows of ${shape.name} differ after the write`,
        ...onlyChanged(due ?? [], given ?? []),
      )
  }
  return null
}

function normalTable(shape: EntityShape, rows: readonly Row[]): readonly string[] {
  const blank = new Set(shape.fields.filter((field) => field.readonly).map((field) => field.name))
  return rows
    .map((row) =>
      JSON.stringify(
        sortNames(
          Object.fromEntries(
            shape.fields
              .filter((field) => !blank.has(field.name))
              .map((field) => [field.name, row[field.name] ?? null]),
          ),
        ),
      ),
    )
    .toSorted()
}

function onlyChanged(due: readonly string[], given: readonly string[]): [unknown, unknown] {
  const parse = (rows: readonly string[], other: readonly string[]): unknown =>
    rows.filter((row) => !other.includes(row)).map((row) => JSON.parse(row) as unknown)
  return [parse(due, given), parse(given, due)]
}

function difference(
  kind: Difference["kind"],
  message: string,
  expected: unknown,
  actual: unknown,
): Difference {
  return { kind, message, expected, actual }
}
