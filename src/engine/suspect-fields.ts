/** Names the fields that PostgreSQL may have stumbled over, since it doesn't say: values were checked, uses of them not all. */
import type {
  FieldPath,
  Filter,
  FilterOperator,
  Operation,
  ReadQuery,
  SelectItem,
} from "../query/operation.ts"

interface Use {
  readonly field: string
  /** The operator of a filter, or a cast or an aggregate. */
  readonly by: FilterOperator | "cast" | "aggregate" | "group"
}

const patterns: ReadonlySet<Use["by"]> = new Set<Use["by"]>(["match", "imatch"])
const searches: ReadonlySet<Use["by"]> = new Set<Use["by"]>(["fts", "plfts", "phfts", "wfts"])

/** The fields that an operation treats in a way that can give this SQLSTATE; the collection when there are none. */
export function suspectFields(operation: Operation, sqlstate: string): string {
  const uses = usesOf(operation.query, operation.collection)
  const fitting =
    sqlstate === "2201B"
      ? uses.filter((one) => patterns.has(one.by))
      : sqlstate === "42601" || sqlstate.startsWith("54")
        ? uses.filter((one) => searches.has(one.by))
        : preferCasts(uses)
  const names = new Set(fitting.map((one) => one.field))
  return names.size === 0 ? operation.collection : [...names].slice(0, 5).join(", ")
}

/** A filter's value was checked to fit; a cast of what the rows hold can't be. */
function preferCasts(uses: readonly Use[]): readonly Use[] {
  const casts = uses.filter((one) => one.by === "cast" || one.by === "aggregate")
  const filters = uses.filter((one) => one.by !== "group" && !patterns.has(one.by) && !searches.has(one.by))
  return casts.length > 0 ? casts : filters.length > 0 ? filters : uses.filter((one) => one.by === "group")
}

/** Whether the operation searches in texts. */
export function hasSearch(operation: Operation): boolean {
  return usesOf(operation.query, operation.collection).some((one) => searches.has(one.by))
}

function usesOf(query: ReadQuery, name: string): readonly Use[] {
  const framed = query.frame?.parts.flatMap((part) =>
    part.kind === "rows" || part.kind === "aggregate"
      ? usesOf({ select: flatten(part.items), where: [], order: [], limit: null, offset: null }, name)
      : [],
  )
  const grouped = query.select.some(
    (item) => item.kind === "count" || (item.kind === "field" && item.aggregate !== null),
  )
  const selected = query.select.flatMap((item): readonly Use[] => {
    if (item.kind === "embed") return usesOf(item.query, item.alias ?? item.relation)
    if (item.kind !== "field") return []
    const field = `${name}.${item.path.name}`
    if (item.cast !== null || item.aggregateCast !== null || stepsIntoText(item.path))
      return [{ field, by: "cast" }]
    if (item.aggregate !== null) return [{ field, by: "aggregate" }]
    return grouped ? [{ field, by: "group" }] : []
  })
  const ordered = query.order
    .filter((term) => stepsIntoText(term.path))
    .map((term): Use => ({ field: `${term.relation ?? name}.${term.path.name}`, by: "cast" }))
  return [
    ...(framed ?? []),
    ...selected,
    ...ordered,
    ...query.where.flatMap((filter) => usesOfFilter(filter, name)),
  ]
}

function flatten(items: readonly SelectItem[]): readonly SelectItem[] {
  return items.flatMap((item) => (item.kind === "object" ? flatten(item.items) : [item]))
}

/** `doc->>a->b`: a text has no steps. */
function stepsIntoText({ json }: FieldPath): boolean {
  return json.slice(0, -1).some((step) => step.text)
}

function usesOfFilter(filter: Filter, name: string): readonly Use[] {
  if (filter.kind === "compare") return [{ field: `${name}.${filter.path.name}`, by: filter.operator }]
  if (filter.kind === "related") return filter.where.flatMap((one) => usesOfFilter(one, filter.relation))
  return filter.kind === "is" ? [] : filter.terms.flatMap((term) => usesOfFilter(term, name))
}
