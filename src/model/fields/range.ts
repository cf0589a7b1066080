/** Ranges of days, moments or numbers: from a value, to before another. */
import { Field, type ValueOf } from "../field.ts"
import { orNull } from "../json-schema.ts"
import { BadValue, checkText, compareValues, type FieldKind } from "../value.ts"

/** A range in JSON; null is unbounded, `from` belongs to it and `to` does not. */
export interface Range<T> {
  readonly from: T | null
  readonly to: T | null
}

const rangeTypes: ReadonlyMap<string, string> = new Map([
  ["date", "daterange"],
  ["timestamptz", "tstzrange"],
  ["integer", "int4range"],
  ["bigint", "int8range"],
])

/**
 * A range of a date, an instant, an integer, a bigint or a decimal: `{"from": "2026-01-01", "to": "2026-02-01"}`.
 *
 * @example
 * range(instant())
 */
export function range<F extends Field<unknown, string>>(of: F): Field<Range<ValueOf<F>>> {
  return new Field(rangeKind(of.kind))
}

function unquote(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
}

function rangeKind(element: FieldKind): FieldKind {
  const compare = element.compare ?? compareValues
  const bound = (value: unknown): unknown =>
    value === null || value === undefined ? null : element.parse(value)
  const json = element.toJson ?? ((sql: string): string => sql)
  return {
    name: "range",
    sqlType: rangeTypes.get(element.sqlType) ?? "numrange",
    operators: new Set(["equality", "range"]),
    element,
    parse(value) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) {
        throw new BadValue('must be a range such as {"from": …, "to": …}')
      }
      const other = Object.keys(value).find((key) => key !== "from" && key !== "to")
      if (other !== undefined) throw new BadValue(`has the unknown key ${JSON.stringify(other.slice(0, 40))}`)
      const { from, to } = value as { from?: unknown; to?: unknown }
      const [low, high] = [bound(from), bound(to)]
      // An empty range has no ends, and would be read as one without bounds.
      if (low !== null && high !== null && compare(low, high) >= 0)
        throw new BadValue("must end after it starts")
      return `[${low === null ? "" : `"${low}"`},${high === null ? "" : `"${high}"`})`
    },
    parseText(text) {
      const found = /^([[(])([^,]*),([^,]*)([\])])$/.exec(checkText(text).trim())
      if (!found) throw new BadValue("must be a range such as [a,b)")
      const [low, high] = [found[2], found[3]].map((side) => {
        const bare = unquote((side ?? "").trim())
        return bare === "" ? "" : element.parseText(bare)
      })
      if (low && high && compare(low, high) > 0) throw new BadValue("must not end before it starts")
      return `${found[1]}${low && `"${low}"`},${high && `"${high}"`}${found[4]}`
    },
    checks: (column) => [`not isempty(${column})`],
    toJson: (sql) =>
      `case when ${sql} is null then null else json_build_object('from', ${json(`lower(${sql})`)}, 'to', ${json(`upper(${sql})`)}) end`,
    schema: () => ({
      type: "object",
      properties: { from: orNull(element.schema()), to: orNull(element.schema()) },
      additionalProperties: false,
      description: "From a value, which belongs to it, to before another; null is unbounded.",
    }),
    typescript: () => `{ from: ${element.typescript()} | null; to: ${element.typescript()} | null }`,
  }
}
