/** Says an operation as a REST request in PostgREST's grammar. */
import type {
  FilterDescription,
  OperationDescription,
  OrderDescription,
  QueryDescription,
  SelectDescription,
} from "./description.ts"
import { embedName } from "./output-name.ts"

export interface RestRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PATCH" | "DELETE"
  /** With the query string. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

type Parameter = readonly [name: string, value: string]

export function toRequest(operation: OperationDescription, collection: string): RestRequest {
  const parameters = toParameters(operation)
  const search = parameters.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&")
  const body = bodyOf(operation)
  return {
    method: methodOf(operation),
    url: `/rest/${encode(collection)}${search === "" ? "" : `?${search}`}`,
    headers: headersOf(operation, body !== null),
    body,
  }
}

/** Percent-encodes what a URL or the query string's own grammar needs encoded, and leaves the rest readable. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/%(2C|3A|28|29|2A)/g, (code) => decodeURIComponent(code))
}

function methodOf(operation: OperationDescription): RestRequest["method"] {
  if (operation.kind === "read") return operation.head ? "HEAD" : "GET"
  return ({ insert: "POST", update: "PATCH", delete: "DELETE" } as const)[operation.kind]
}

function headersOf(
  { kind, returning, count, single, timezone, conflict, missingDefault, maxAffected }: OperationDescription,
  hasBody: boolean,
): Record<string, string> {
  const prefer = [
    ...(kind === "read" || returning === undefined ? [] : [`return=${returning}`]),
    ...(count ? [`count=${count === true ? "exact" : count}`] : []),
    ...(conflict === undefined ? [] : [`resolution=${conflict}-duplicates`]),
    ...(missingDefault ? ["missing=default"] : []),
    ...(maxAffected === undefined ? [] : ["handling=strict", `max-affected=${maxAffected}`]),
    ...(timezone === undefined ? [] : [`timezone=${timezone}`]),
  ]
  return {
    accept: single ? "application/vnd.pgrst.object+json" : "application/json",
    ...(prefer.length > 0 ? { prefer: prefer.join(", ") } : {}),
    ...(hasBody ? { "content-type": "application/json" } : {}),
  }
}

function bodyOf({ kind, rows, asObject }: OperationDescription): string | null {
  if (kind === "update") return JSON.stringify(rows?.[0] ?? {})
  if (kind === "insert") return JSON.stringify(asObject ? rows?.[0] : rows)
  return null
}

function toParameters(operation: OperationDescription): readonly Parameter[] {
  const { kind, returning, query, columns, onConflict } = operation
  const select = selectText(query.select)
  const selected = kind === "read" || returning === "representation"
  return [
    ...(selected && select !== "*" ? [["select", select] as const] : []),
    ...(columns === undefined ? [] : [["columns", columns.join(",")] as const]),
    ...(onConflict === undefined ? [] : [["on_conflict", onConflict.join(",")] as const]),
    ...queryParameters(query, "", selected),
  ]
}

function selectText(items: readonly SelectDescription[]): string {
  return items
    .map((item) => {
      if ("all" in item) return "*"
      if ("count" in item) return `${item.alias === undefined ? "" : `${item.alias}:`}count()`
      if ("embed" in item) {
        const alias = item.alias === undefined ? "" : `${item.alias}:`
        return `${item.spread ? "..." : alias}${item.embed}${item.inner ? "!inner" : ""}(${selectText(item.query.select)})`
      }
      const alias = item.alias === undefined ? "" : `${item.alias}:`
      const cast = item.cast === undefined ? "" : `::${item.cast}`
      return `${alias}${pathText(item)}${cast}${item.aggregate === undefined ? "" : `.${item.aggregate}()`}`
    })
    .join(",")
}

/** Filters, order and limits of a query and, where its embeds are selected, of what is embedded in it. */
function queryParameters(query: QueryDescription, prefix: string, selected: boolean): readonly Parameter[] {
  const embeds = query.select.flatMap((item) => ("embed" in item && selected ? [item] : []))
  return [
    ...query.where.map((filter): Parameter => filterParameter(filter, prefix)),
    ...(query.order.length === 0 ? [] : [[`${prefix}order`, query.order.map(orderText).join(",")] as const]),
    ...(query.limit === null ? [] : [[`${prefix}limit`, String(query.limit)] as const]),
    ...(query.offset === null ? [] : [[`${prefix}offset`, String(query.offset)] as const]),
    ...embeds.flatMap((item) => queryParameters(item.query, `${prefix}${embedName(item)}.`, true)),
  ]
}

/** A field, and the steps into its JSON. */
function pathText({ field, json = [] }: Pick<OrderDescription, "field" | "json">): string {
  return `${field}${json.map(({ key, text }) => `${text ? "->>" : "->"}${key}`).join("")}`
}

function orderText({ relation, descending, nulls, ...path }: OrderDescription): string {
  const name = relation === undefined ? pathText(path) : `${relation}(${pathText(path)})`
  return `${name}.${descending ? "desc" : "asc"}${nulls === null ? "" : `.nulls${nulls}`}`
}

function filterParameter(filter: FilterDescription, prefix: string): Parameter {
  if (!("logic" in filter)) return [`${prefix}${pathText(filter)}`, conditionText(filter, false)]
  return [
    `${prefix}${filter.negated ? "not." : ""}${filter.logic}`,
    `(${filter.terms.map(termText).join(",")})`,
  ]
}

function termText(filter: FilterDescription): string {
  if (!("logic" in filter)) return `${pathText(filter)}.${conditionText(filter, true)}`
  return `${filter.negated ? "not." : ""}${filter.logic}(${filter.terms.map(termText).join(",")})`
}

function conditionText(filter: Exclude<FilterDescription, { logic: unknown }>, nested: boolean): string {
  const not = filter.negated ? "not." : ""
  if ("is" in filter) return `${not}is.${filter.is}`
  const { operator, value, quantifier, config } = filter
  if (quantifier !== undefined && typeof value !== "string") {
    const list = `{${value.map(quote).join(",")}}`
    return `${not}${operator}(${quantifier}).${nested ? quote(list) : list}`
  }
  if (typeof value !== "string") return `${not}${operator}.(${value.map(quoteWhereNeeded).join(",")})`
  if (config !== undefined) return `${not}${operator}(${config}).${nested ? quote(value) : value}`
  return `${not}${operator}.${nested ? quote(value) : value}`
}

function quote(text: string): string {
  return `"${text.replace(/(["\\])/g, "\\$1")}"`
}

/** As the published client does. */
function quoteWhereNeeded(text: string): string {
  return /^[\w-]+$/.test(text) ? text : quote(text)
}
