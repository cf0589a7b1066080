/** The twin of a request that names a hidden field: the same with a name that no field has. Both must be refused alike. */
import type { CallerView } from "./caller-view.ts"
import type { Difference } from "./compare.ts"
import type {
  FilterDescription,
  OperationDescription,
  QueryDescription,
  SelectDescription,
} from "./description.ts"
import { asksEmbed, embeddedAs, relationOf } from "./oracle-read.ts"
import { type EntityShape, entityOf, type ModelShape } from "./shape.ts"

export interface Twin {
  readonly operation: OperationDescription
  /** From the names that don't exist back to the hidden ones. */
  readonly names: ReadonlyMap<string, string>
}

/** Null where the request names nothing hidden. */
export function twinOf(view: CallerView, shapes: ModelShape, operation: OperationDescription): Twin | null {
  const names = new Map<string, string>()
  const query = twinQuery(view, shapes, entityOf(shapes, operation.entity), operation.query, names)
  return names.size === 0 ? null : { operation: { ...operation, query }, names }
}

function twinQuery(
  view: CallerView,
  shapes: ModelShape,
  shape: EntityShape,
  query: QueryDescription,
  names: Map<string, string>,
): QueryDescription {
  const rename = (entity: string, field: string): string => {
    if (view.exists(entity, field)) return field
    const other = `${field}Zq`
    names.set(other, field)
    return other
  }
  const filter = (one: FilterDescription): FilterDescription =>
    "logic" in one
      ? { ...one, terms: one.terms.map(filter) }
      : asksEmbed(query, one)
        ? one
        : { ...one, field: rename(shape.name, one.field) }
  const item = (one: SelectDescription): SelectDescription => {
    if ("field" in one) return { ...one, field: rename(shape.name, one.field) }
    if (!("embed" in one)) return one
    const relation = relationOf(shape, one.embed)
    if (!view.hasRelation(shape, relation)) return one
    return { ...one, query: twinQuery(view, shapes, entityOf(shapes, relation.to), one.query, names) }
  }
  return {
    ...query,
    select: query.select.map(item),
    where: query.where.map(filter),
    order: query.order.map((term) => ({
      ...term,
      field: rename(
        term.relation === undefined ? shape.name : embeddedAs(shape, query, term.relation).to,
        term.field,
      ),
    })),
  }
}

/** The two refusals, apart from the name itself. */
export function compareTwin(twin: Twin, hidden: string, absent: string): Difference | null {
  let renamed = absent
  for (const [absentName, name] of twin.names) renamed = renamed.replaceAll(absentName, name)
  if (renamed === hidden) return null
  return {
    kind: "leak",
    message: "a hidden field is refused in another way than one that does not exist",
    expected: renamed,
    actual: hidden,
  }
}
