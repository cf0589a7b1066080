/** Rows with their keys beside them, where a statement notes for the record which rows it gives. */
import { quoteName } from "../policy/to-sql.ts"
import type { PlannedItem, PlannedQuery } from "../query/planned.ts"
import { isAggregate, outputNames } from "./select-item.ts"
import { hasRecordedKey } from "./told-reads.ts"

/** Whether the keys of a query's rows are noted for the record. */
export function isKeyed({ policy, items }: PlannedQuery): boolean {
  return hasRecordedKey(policy.entity) && !items.some(isAggregate)
}

/** Rows that have their key beside them: the row itself as one value. */
export function withRow({ items }: PlannedQuery, rows: string): string {
  const names = outputNames(items.filter((one) => !isUnasked(one))).map((name) => `r.${quoteName(name)}`)
  return `select x as "$row", r."$key" from (${rows}) r cross join lateral (select ${names.join(", ")}) x`
}

/** Of an embed without fields nothing is printed. */
export function isUnasked(item: PlannedItem): boolean {
  return item.kind === "embed" && item.query.items.length === 0 && !item.query.frame
}
