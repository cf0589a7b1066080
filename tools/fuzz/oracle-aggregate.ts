/** Groups of rows: counts, sums, averages and extremes over the rows that the caller sees. */
import type { AggregateName, QueryDescription, Row, SelectDescription } from "./description.ts"
import { compareByOrder, valueAt } from "./oracle-filter.ts"
import { jsonNull, pathKind } from "./oracle-json.ts"
import { OpenQuestion } from "./oracle-search.ts"
import { outputName } from "./output-name.ts"
import { type EntityShape, familyOf, fieldOf } from "./shape.ts"
import { compareJson } from "./sql-value.ts"

type FieldItem = Extract<SelectDescription, { field: string }>

export function isGrouped({ select }: QueryDescription): boolean {
  return select.some((item) => "count" in item || "aggregate" in item)
}

/** One object for each group, in the order that the query asks for. */
export function aggregateRows(
  shape: EntityShape,
  rows: readonly Row[],
  query: QueryDescription,
): readonly unknown[] {
  const groups = query.select.filter(
    (item): item is FieldItem => "field" in item && item.aggregate === undefined,
  )
  if (groups.some((item) => !item.json && familyOf(fieldOf(shape, item.field).kind) === "nocase"))
    throw new OpenQuestion("which of several spellings stands for a group")
  const found = [...groupRows(groups, rows)]
  if (query.order.length > 0) {
    const term = (of: readonly Row[]) => (path: Pick<FieldItem, "field" | "json">) => ({
      value: valueAt(path, of[0] ?? {}),
      kind: path.json ? pathKind(path.json) : fieldOf(shape, path.field).kind,
    })
    found.sort((a, b) => compareByOrder(query.order, term(a), term(b)))
  }
  return found.map((group) =>
    Object.fromEntries(
      query.select.map((item) => {
        if ("count" in item) return [outputName(item), group.length]
        if (!("field" in item)) throw new Error("only fields are grouped")
        if (item.aggregate === undefined) return [outputName(item), plain(valueAt(item, group[0] ?? {}))]
        const values = group.map((row) => valueAt(item, row)).filter((value) => value !== null)
        return [outputName(item), reduce(item.aggregate, values, shape, item.field)]
      }),
    ),
  )
}

function groupRows(groups: readonly FieldItem[], rows: readonly Row[]): Iterable<readonly Row[]> {
  if (groups.length === 0) return [rows]
  const byGroup = new Map<string, Row[]>()
  for (const row of rows) {
    const name = JSON.stringify(
      groups.map((item) => [valueAt(item, row)].map((one) => (one === jsonNull ? [] : one))),
    )
    byGroup.set(name, [...(byGroup.get(name) ?? []), row])
  }
  return byGroup.values()
}

function plain(value: unknown): unknown {
  return value === jsonNull ? null : value
}

/** Sums and averages come back as JSON numbers, extremes as the field does. */
function reduce(what: AggregateName, values: readonly unknown[], shape: EntityShape, field: string): unknown {
  if (what === "count") return values.length
  if (values.length === 0) return null
  const { kind } = fieldOf(shape, field)
  const isNumber = familyOf(kind) === "number"
  if (!isNumber && !["text", "moment", "time"].includes(familyOf(kind)))
    throw new OpenQuestion("a sum or an extreme of what has none")
  if (what === "sum" || what === "avg") {
    if (!isNumber) throw new OpenQuestion("a sum of what is no number")
    // In hundredths, since a sum of large numbers is exact in PostgreSQL.
    const sum = Number(values.reduce<bigint>((all, value) => all + hundredths(String(value)), 0n)) / 100
    return what === "sum" ? sum : sum / values.length
  }
  const found = values.reduce((best, value) =>
    compareJson(value, best, kind) < 0 === (what === "min") ? value : best,
  )
  return found
}

function hundredths(number: string): bigint {
  const [, sign, whole = "", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(number) ?? []
  return BigInt(`${sign}${whole}${fraction.padEnd(2, "0")}`)
}
