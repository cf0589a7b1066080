/** Lists of one scalar kind, kept as a PostgreSQL array. */
import { Field, type ValueOf } from "../field.ts"
import { BadValue, checkText, type FieldKind } from "../value.ts"

export interface ListOptions {
  /** Most items; 1,000 by default. */
  readonly max?: number
}

/**
 * A list of values of one kind, without nulls.
 *
 * @example
 * list(text({ max: 40 }), { max: 20 })
 */
export function list<F extends Field<unknown, string>>(
  of: F,
  options: ListOptions = {},
): Field<readonly ValueOf<F>[]> {
  return new Field(listKind(of.kind, options.max ?? 1000))
}

function listKind(element: FieldKind, max: number): FieldKind {
  return {
    name: "list",
    sqlType: `${element.sqlType}[]`,
    ...(element.filterType === undefined ? {} : { filterType: `${element.filterType}[]` }),
    operators: new Set(["equality", "list"]),
    element,
    parse(value) {
      if (!Array.isArray(value)) throw new BadValue("must be a list")
      if (value.length > max) throw new BadValue(`must have at most ${max} items`, "23514")
      return value.map((item) => element.parse(item))
    },
    parseText(text) {
      return checkArrayLiteral(checkText(text), element)
    },
    checks: (column) => [`cardinality(${column}) <= ${max}`, `array_position(${column}, null) is null`],
    ...(element.toJson === undefined
      ? {}
      : {
          toJson: (sql: string) =>
            `case when ${sql} is null then null else (select coalesce(json_agg(${element.toJson!("u.x")}), '[]') from unnest(${sql}) u(x)) end`,
        }),
    ...(element.jsonOf === undefined
      ? {}
      : { jsonOf: (parsed: unknown) => (parsed as readonly unknown[]).map((one) => element.jsonOf!(one)) }),
    schema: () => ({ type: "array", items: element.schema(), maxItems: max }),
    typescript: () => `readonly (${element.typescript()})[]`,
  }
}

/** Reads `{a,"b c"}`, checks each item, and writes it again with every item quoted. */
function checkArrayLiteral(text: string, element: FieldKind): string {
  const inner = /^\s*\{([\s\S]*)\}\s*$/.exec(text)?.[1]
  if (inner === undefined) throw new BadValue("must be a list such as {a,b}")
  const items: string[] = []
  let at = 0
  while (at < inner.length) {
    let item = ""
    if (inner[at] === '"') {
      at++
      while (at < inner.length && inner[at] !== '"') {
        if (inner[at] === "\\") at++
        item += inner[at++] ?? ""
      }
      if (inner[at++] !== '"') throw new BadValue("has a quote that does not end")
    } else {
      while (at < inner.length && inner[at] !== ",") item += inner[at++]
      item = item.trim()
      if (item === "" || /[{}"\\]/.test(item)) throw new BadValue("must be a list such as {a,b}")
    }
    items.push(element.parseText(item))
    if (at < inner.length && inner[at++] !== ",") throw new BadValue("must be a list such as {a,b}")
  }
  return arrayLiteral(items)
}

/** A PostgreSQL array literal of texts. */
export function arrayLiteral(items: readonly string[]): string {
  return `{${items.map((item) => `"${item.replace(/(["\\])/g, "\\$1")}"`).join(",")}}`
}
