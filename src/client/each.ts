/** Reads all rows page after page, by keyset: each page begins after the last row of the one before, never by counting. */
import type { OrderBy } from "./write-query.ts"
import { toText } from "./write-value.ts"
import type { Term } from "./write-where.ts"

type AnyRow = Readonly<Record<string, unknown>>

/** The caller's order, of each field the first, and then the key, which no two rows have in common. */
export function totalOrder(order: readonly OrderBy[], key: readonly string[]): readonly OrderBy[] {
  const named = new Map(order.toReversed().map((term) => [term.name, term]))
  const own = order.filter((term) => named.get(term.name) === term)
  return [...own, ...key.filter((name) => !named.has(name)).map((name) => ({ name, descending: false }))]
}

/** Fields by which the next page is found, under names that no field has. */
export function cursorItems(order: readonly OrderBy[]): readonly string[] {
  return order.map(({ name }, at) => `_${at}:${name}`)
}

/** What stands in the row for the next page, and the row as it was asked for. */
export function splitCursor(row: AnyRow, order: readonly OrderBy[]): { values: unknown[]; row: AnyRow } {
  const rest = { ...row }
  const values = order.map((_, at) => {
    const value = rest[`_${at}`]
    delete rest[`_${at}`]
    return value
  })
  return { values, row: rest }
}

/**
 * The rows after one with these values. Of the first field in which a row differs it must stand further on:
 * `(a > x) or (a = x and b > y)`. Null is the largest value, as in PostgreSQL: last ascending, first descending. A key
 * is never null; by it alone the condition is one comparison, which an index answers.
 */
export function rowsAfter(
  order: readonly OrderBy[],
  values: readonly unknown[],
  key: readonly string[],
): Term {
  const terms = order.flatMap((term, at) => {
    const equal = order.slice(0, at).map(({ name }, before) => equals(name, values[before]))
    return further(term, values[at], !key.includes(term.name)).map((one): Term => {
      return equal.length === 0 ? one : { kind: "and", terms: [...equal, one] }
    })
  })
  return terms.length === 1 ? terms[0]! : { kind: "or", terms }
}

function equals(name: string, value: unknown): Term {
  return value === null ? { name, operator: "is.null" } : { name, operator: "eq", value: toText(value, name) }
}

function further({ name, descending }: OrderBy, value: unknown, mayBeNull: boolean): Term[] {
  if (value === null) return descending ? [{ name, operator: "not.is.null" }] : []
  const beyond = { name, operator: descending ? "lt" : "gt", value: toText(value, name) }
  return descending || !mayBeNull ? [beyond] : [beyond, { name, operator: "is.null" }]
}
