/** Query strings of a shape that was read before: only their values are read anew. */
import { decodeValue, type GrammarLimits, type ParsedQuery, parseQuery } from "./parse-query.ts"

/** A query, and a text that all queries of its shape have in common and no other has; null where there is none. */
export interface ShapedQuery extends ParsedQuery {
  readonly shape: string | null
}

/** Operators whose operand is all that follows, as it is. */
const compared = /(?:not\.)?(?:eq|neq|gte?|lte?|isdistinct)\./y
const asked = /is\.[a-z_]+$|not\.is\.[a-z_]+$/y
const number = /^[0-9]{1,9}$/
const maxShapes = 2000
const maxShapeLength = 4000

/** Reads query strings, and remembers their shapes. */
export function createQueryReader(limits: GrammarLimits): (search: string) => ShapedQuery {
  const known = new Map<string, Omit<ParsedQuery, "values">>()
  return (search) => {
    const split = search.length <= maxShapeLength ? splitValues(search) : null
    if (split === null) return { ...parseQuery(search, limits), shape: null }
    const { shape, values } = split
    const found = known.get(shape)
    if (found)
      return { query: found.query, columns: found.columns, onConflict: found.onConflict, values, shape }
    const parsed = parseQuery(search, limits)
    // What the grammar reads otherwise is not for this way.
    if (!isSame(parsed.values, values)) return { ...parsed, shape: null }
    if (known.size >= maxShapes) known.delete(known.keys().next().value!)
    known.set(shape, parsed)
    return { ...parsed, shape }
  }
}

/** The values of a query string, and what is left of it; null where that takes knowing the grammar. */
function splitValues(search: string): { shape: string; values: unknown[] } | null {
  const values: unknown[] = []
  let shape = ""
  let kept = 0
  for (let start = 0; start < search.length; ) {
    const next = search.indexOf("&", start)
    const end = next < 0 ? search.length : next
    const equals = search.indexOf("=", start)
    if (equals < 0 || equals > end) return null
    switch (
      search.slice(
        search.lastIndexOf(".", equals) > start ? search.lastIndexOf(".", equals) + 1 : start,
        equals,
      )
    ) {
      case "select":
      case "order":
      case "columns":
      case "on_conflict":
      case "limit":
        break
      case "offset": {
        const text = search.slice(equals + 1, end)
        if (!number.test(text)) return null
        values.push(Number(text))
        shape += search.slice(kept, equals + 1)
        kept = end
        break
      }
      default: {
        compared.lastIndex = equals + 1
        if (compared.test(search)) {
          const at = compared.lastIndex
          const value = tryDecode(search.slice(at, end))
          if (value === null) return null
          values.push(value)
          shape += search.slice(kept, at)
          kept = end
        } else {
          const value = search.slice(equals + 1, end)
          asked.lastIndex = 0
          if (!asked.test(value)) return null
        }
      }
    }
    start = end + 1
  }
  return { shape: shape + search.slice(kept), values }
}

/** What can't be decoded is refused elsewhere, with its place in the whole parameter. */
function tryDecode(encoded: string): string | null {
  try {
    return decodeValue(encoded)
  } catch {
    return null
  }
}

function isSame(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.length === right.length && left.every((one, at) => one === right[at])
}
