/** Ranges of days, moments or numbers: from a value, to before another. */
import { Field, type ValueOf } from "../field.ts"
import { BadValue, checkText, compareValues, type FieldKind } from "../value.ts"

/**
 * A range as PostgreSQL and PostgREST write it: `[2026-01-01,2026-02-01)`. A bracket belongs to the range, a parenthesis
 * does not, and a side that is left out is unbounded.
 */
export type Range<T> = string & { readonly of?: T }

const rangeTypes: ReadonlyMap<string, string> = new Map([
  ["date", "daterange"],
  ["timestamptz", "tstzrange"],
  ["integer", "int4range"],
  ["bigint", "int8range"],
])

/**
 * A range of a date, an instant, an integer, a bigint or a decimal: `[2026-01-01,2026-02-01)`.
 *
 * @example
 * range(instant())
 */
export function range<F extends Field<unknown, string>>(of: F): Field<Range<ValueOf<F>>> {
  return new Field(rangeKind(of.kind))
}

/** The two sides of a range; null is unbounded. */
export function readRange(text: string): { readonly from: string | null; readonly to: string | null } {
  const [from, to] = text
    .slice(1, -1)
    .split(",")
    .map((side) => unquote(side.trim()) || null)
  return { from: from ?? null, to: to ?? null }
}

function unquote(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
}

function rangeKind(element: FieldKind): FieldKind {
  const compare = element.compare ?? compareValues
  function parseText(text: string): string {
    const found = /^([[(])([^,]*),([^,]*)([\])])$/.exec(checkText(text).trim())
    if (!found) throw new BadValue("must be a range such as [a,b)")
    const [low, high] = [found[2], found[3]].map((side) => {
      const bare = unquote((side ?? "").trim())
      return bare === "" ? "" : element.parseText(bare)
    })
    if (low && high && compare(low, high) > 0) throw new BadValue("must not end before it starts")
    // PostgreSQL writes whole numbers as `[from,to)`, and needs the one after.
    if (/int/.test(element.sqlType)) {
      if (found[1] === "(" && low) element.parseText(String(BigInt(low) + 1n))
      if (found[4] === "]" && high) element.parseText(String(BigInt(high) + 1n))
    }
    return `${found[1]}${low && `"${low}"`},${high && `"${high}"`}${found[4]}`
  }
  return {
    name: "range",
    sqlType: rangeTypes.get(element.sqlType) ?? "numrange",
    operators: new Set(["equality", "range"]),
    element,
    parse(value) {
      if (typeof value !== "string") throw new BadValue("must be a range such as [a,b)")
      const text = parseText(value)
      const { from, to } = readRange(text)
      // An empty range has no ends, and would be read as one without bounds.
      if (from !== null && to !== null && compare(from, to) === 0 && !/^\[.*\]$/.test(text))
        throw new BadValue("must end after it starts")
      return text
    },
    parseText,
    checks: (column) => [`not isempty(${column})`],
    ...(element.sqlType === "timestamptz" ? { toJson: momentsToJson } : {}),
    schema: () => ({
      type: "string",
      pattern: "^[\\[(][^,]*,[^,]*[\\])]$",
      description: `A range of ${element.name}: the beginning belongs to it after "[", the end before "]".`,
    }),
    typescript: () => "string",
  }
}

/** Moments in ranges are written as they are elsewhere in JSON, which `new Date` reads. */
function momentsToJson(sql: string): string {
  const side = (name: string): string => `coalesce(to_json(${name}(${sql})) #>> '{}', '')`
  return `case when ${sql} is not null then case when lower_inc(${sql}) then '[' else '(' end || ${side("lower")} || ',' || ${side("upper")} || case when upper_inc(${sql}) then ']' else ')' end end`
}
