/** From a read's options to the parameters of its query string. */
import { refuse } from "./client-error.ts"
import { checkName } from "./write-value.ts"
import { type Parameter, type Term, toParameters, toTerms } from "./write-where.ts"

/** A read's options as they arrive: their types are checked where they are written. */
export interface AnyQuery {
  readonly select?: readonly string[] | undefined
  readonly include?: Readonly<Record<string, true | AnyQuery>> | undefined
  readonly where?: unknown
  readonly order?: readonly string[] | undefined
  readonly limit?: number | undefined
  readonly offset?: number | undefined
  readonly inner?: boolean | undefined
}

export interface OrderBy {
  readonly name: string
  readonly descending: boolean
}

export function toOrder(term: string): OrderBy {
  const descending = term.startsWith("-")
  return { name: checkName(descending ? term.slice(1) : term), descending }
}

/** All that a read says; `more` are items and terms that the caller of this function adds. */
export function queryParameters(
  query: AnyQuery,
  more: { readonly items?: readonly string[]; readonly terms?: readonly Term[] } = {},
): Parameter[] {
  const parameters = windowParameters(query, "")
  const items = [...selectItems(query, "", parameters), ...(more.items ?? [])]
  if (items.join() !== "*") parameters.unshift(["select", items.join()])
  return [...parameters, ...toParameters(more.terms ?? [])]
}

/** Filters, order and limits of a query; `prefix` leads to it from the outermost. */
export function windowParameters(query: AnyQuery, prefix: string): Parameter[] {
  const { where, order = [], limit, offset } = query
  const parameters = where === undefined ? [] : toParameters(toTerms(where), prefix)
  if (order.length > 0) {
    const terms = order.map(toOrder).map(({ name, descending }) => (descending ? `${name}.desc` : name))
    parameters.push([`${prefix}order`, terms.join()])
  }
  if (limit !== undefined) parameters.push([`${prefix}limit`, String(limit)])
  if (offset !== undefined) parameters.push([`${prefix}offset`, String(offset)])
  return parameters
}

/** Items of `select`; what is said about embedded relations goes to `parameters`. */
function selectItems(query: AnyQuery, prefix: string, parameters: Parameter[]): string[] {
  const items = query.select?.map(checkName) ?? ["*"]
  for (const [name, asked] of Object.entries(query.include ?? {})) {
    if (asked === undefined) refuse(`include.${name} is undefined`)
    const inner = asked === true ? {} : asked
    const path = `${prefix}${checkName(name)}.`
    parameters.push(...windowParameters(inner, path))
    const join = inner.inner === true ? "!inner" : ""
    items.push(`${name}${join}(${selectItems(inner, path, parameters).join()})`)
  }
  return items
}

/** A query string. Commas and colons may stand in it as they are (RFC 3986, 3.4), which keeps it short. */
export function toSearch(parameters: readonly Parameter[]): string {
  const parts = parameters.map(([name, value]) => `${encode(name)}=${encode(value)}`)
  return parts.length === 0 ? "" : `?${parts.join("&")}`
}

function encode(text: string): string {
  try {
    return encodeURIComponent(text).replace(/%2C/g, ",").replace(/%3A/g, ":")
  } catch {
    return refuse("a text has half a character (a lone surrogate), which can't be sent")
  }
}
