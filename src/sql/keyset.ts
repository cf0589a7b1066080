/** Where rows stand in an order that is total: the texts of a cursor, and the rows after one or before one. */
import { UndercroftError } from "../base/errors.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { quoteLiteral } from "../model/value.ts"
import { quoteName } from "../policy/to-sql.ts"
import type { ValueIndex } from "../query/operation.ts"
import type { PlannedOrder, PlannedQuery } from "../query/planned.ts"
import type { Places } from "./places.ts"

/** One field that rows are ordered by. */
export interface KeysetTerm {
  readonly field: FieldInfo
  readonly descending: boolean
  readonly nullsFirst: boolean
  readonly isNullable: boolean
}

/** The order of a query, and its key, which no two rows share. */
export function keysetOf({ order, policy: { entity } }: PlannedQuery): readonly KeysetTerm[] {
  const asked = order.map((term) => termOf(term.field, entity, term))
  const named = new Set(asked.map((one) => one.field))
  return [...asked, ...entity.key.filter((field) => !named.has(field)).map((field) => termOf(field, entity))]
}

function termOf(field: FieldInfo, entity: EntityInfo, order?: PlannedOrder): KeysetTerm {
  const descending = order?.descending ?? false
  const nulls = order?.nulls ?? (descending ? "first" : "last")
  const isNullable = field.optional || field.visibleTo !== null || entity.view !== null
  return { field, descending, nullsFirst: nulls === "first", isNullable }
}

/** The same order from its end. */
export function reverse(order: readonly PlannedOrder[]): readonly PlannedOrder[] {
  return order.map((term) => {
    const nulls = term.nulls ?? (term.descending ? "first" : "last")
    return { ...term, descending: !term.descending, nulls: nulls === "first" ? "last" : "first" }
  })
}

const column = (field: FieldInfo, alias: string): string => `${alias}.${quoteName(field.column)}`

function base64(json: string): string {
  return `translate(encode(convert_to(${json}::text, 'UTF8'), 'base64'), E'\\n', '')`
}

/** A row's cursor. */
export function cursorSql(keyset: readonly KeysetTerm[], alias: string): string {
  return base64(`json_build_array(${keyset.map((one) => `${column(one.field, alias)}::text`).join(", ")})`)
}

/** What names a row among all rows. */
export function nodeIdSql(entity: EntityInfo, alias: string): string {
  const key = entity.key.map((field) => `${column(field, alias)}::text`)
  return base64(`json_build_array(${[quoteLiteral(entity.name), ...key].join(", ")})`)
}

/** Rows after a cursor, or before it; null or false of all others. */
export function besideCursor(
  keyset: readonly KeysetTerm[],
  side: "after" | "before",
  at: ValueIndex,
  alias: string,
  places: Places,
): string {
  const values = keyset.map(({ field }, nth) => {
    const { filterType, sqlType } = field.kind
    const place = places.parameter(at, (texts) =>
      encodePart(texts as readonly unknown[], nth, keyset.length, field),
    )
    return `${place}::${filterType ?? sqlType}`
  })
  const isMore = (one: KeysetTerm): boolean => one.descending !== (side === "after")
  const [first] = keyset
  if (keyset.every((one) => !one.isNullable && isMore(one) === isMore(first!))) {
    const columns = keyset.map((one) => column(one.field, alias))
    // Compared as a whole, which an index of these fields answers.
    return `(${columns.join(", ")}) ${isMore(first!) ? ">" : "<"} (${values.join(", ")})`
  }
  const steps = keyset.map((one, nth) => {
    const same = keyset.slice(0, nth).map((before, of) => isSame(before, values[of]!, alias))
    return `(${[...same, isBeyond(one, isMore(one), side, values[nth]!, alias)].join(" and ")})`
  })
  return `(${steps.join(" or ")})`
}

function isSame({ field, isNullable }: KeysetTerm, value: string, alias: string): string {
  const sql = column(field, alias)
  return isNullable ? `${sql} is not distinct from ${value}` : `${sql} = ${value}`
}

function isBeyond(
  { field, isNullable, nullsFirst }: KeysetTerm,
  isMore: boolean,
  side: "after" | "before",
  value: string,
  alias: string,
): string {
  const sql = column(field, alias)
  const compared = `${sql} ${isMore ? ">" : "<"} ${value}`
  if (!isNullable) return compared
  // Seen from the cursor, nulls stand on this side of all values, or on the other.
  const areNullsBeyond = nullsFirst === (side === "before")
  return areNullsBeyond
    ? `(${compared} or (${sql} is null and ${value} is not null))`
    : `(${compared} or (${sql} is not null and ${value} is null))`
}

/** One value of a cursor, which a caller may have made up. */
function encodePart(texts: readonly unknown[], nth: number, count: number, field: FieldInfo): string | null {
  const text = texts[nth]
  if (texts.length !== count || (text !== null && typeof text !== "string")) throw refuseCursor()
  if (text === null) return null
  try {
    return field.kind.parseText(text)
  } catch (cause) {
    throw refuseCursor(cause)
  }
}

function refuseCursor(cause?: unknown): UndercroftError {
  return new UndercroftError("UC340", {}, { cause })
}
