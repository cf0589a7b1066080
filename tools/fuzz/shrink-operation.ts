/** Smaller operations: fewer items, filters and orders, no limits, nothing that is not needed. */
import type {
  FilterDescription,
  OperationDescription,
  QueryDescription,
  SelectDescription,
} from "./description.ts"
import { embedName } from "./output-name.ts"

export function* smallerOperations(operation: OperationDescription): Iterable<OperationDescription> {
  for (const query of smallerQueries(operation.query)) yield { ...operation, query }
  const { timezone: _, ...plain } = operation
  if (operation.timezone !== undefined) yield plain
  const { conflict: _c, onConflict: _o, ...insert } = operation
  if (operation.conflict !== undefined) yield insert
  const { maxAffected: _m, ...unbounded } = operation
  if (operation.maxAffected !== undefined) yield unbounded
  if (operation.count) yield { ...operation, count: false }
  if (operation.head) yield { ...operation, head: false }
  if (operation.single) yield { ...operation, single: false }
  if (operation.returning !== undefined && operation.returning !== "minimal")
    yield { ...operation, returning: "minimal" }
  const { rows = [] } = operation
  if (rows.length > 1) for (const row of rows) yield { ...operation, rows: rows.filter((one) => one !== row) }
  for (const name of Object.keys(rows[0] ?? {})) {
    yield {
      ...operation,
      rows: rows.map((row) => Object.fromEntries(Object.entries(row).filter(([field]) => field !== name))),
    }
  }
}

function* smallerQueries(query: QueryDescription): Iterable<QueryDescription> {
  for (const [at, item] of query.select.entries()) {
    if (query.select.length > 1)
      yield {
        ...query,
        select: query.select.filter((one) => one !== item),
        order: query.order.filter((term) => term.relation !== nameOf(item)),
      }
    for (const smaller of smallerItems(item)) yield { ...query, select: query.select.with(at, smaller) }
  }
  for (const [at, filter] of query.where.entries()) {
    yield { ...query, where: query.where.filter((one) => one !== filter) }
    for (const smaller of smallerFilters(filter)) yield { ...query, where: query.where.with(at, smaller) }
  }
  if (query.limit !== null) yield { ...query, limit: null }
  if (query.offset !== null) yield { ...query, offset: null }
  for (const term of query.order.slice(0, -1))
    yield { ...query, order: query.order.filter((one) => one !== term) }
  if (query.order.length > 0 && query.limit === null && query.offset === null) yield { ...query, order: [] }
}

function nameOf(item: SelectDescription): string | undefined {
  return "embed" in item ? embedName(item) : "?"
}

function* smallerItems(item: SelectDescription): Iterable<SelectDescription> {
  if (!("embed" in item)) return
  if (item.inner) yield { ...item, inner: false }
  for (const query of smallerQueries(item.query)) yield { ...item, query }
}

function* smallerFilters(filter: FilterDescription): Iterable<FilterDescription> {
  if (filter.negated) yield { ...filter, negated: false }
  if (!("logic" in filter)) return
  for (const term of filter.terms) yield term
  if (filter.terms.length > 1)
    for (const term of filter.terms) yield { ...filter, terms: filter.terms.filter((one) => one !== term) }
  for (const [at, term] of filter.terms.entries()) {
    for (const smaller of smallerFilters(term)) yield { ...filter, terms: filter.terms.with(at, smaller) }
  }
}
