/** What every kind of field must answer about its values; shared code never asks which kind it is. */

/** A value that a field refuses. `sqlstate` is the code that PostgreSQL would have given. */
export class BadValue extends Error {
  readonly sqlstate: "22P02" | "22003" | "22001" | "22007" | "22008" | "22021" | "23514"

  constructor(why: string, sqlstate: BadValue["sqlstate"] = "22P02") {
    super(why)
    this.sqlstate = sqlstate
  }
}

/** Groups of filter operators that a kind may allow. */
export type OperatorFamily = "equality" | "order" | "text" | "list" | "range" | "json" | "search"

/**
 * One kind of value: its column, its JSON, its literals.
 * JSON values are what clients send and get; text values are what stands in a URL or after a policy's `is`.
 */
export interface FieldKind {
  readonly name: string
  readonly sqlType: string
  /** What a literal in a filter is cast to, where the column's own type would round it. */
  readonly filterType?: string
  readonly operators: ReadonlySet<OperatorFamily>
  /** Checks a JSON value and gives what `json_to_recordset` takes for the column. Throws `BadValue`. */
  parse(value: unknown): unknown
  /** Checks a URL's text and gives a literal that casts to `sqlType`. Throws `BadValue`. */
  parseText(text: string): string
  /** The SQL whose `to_json` is the JSON value; the column itself when left out. */
  toJson?(sql: string): string
  /** The JSON value of what `parse` gave, where the database did not make it; the same when left out. */
  jsonOf?(parsed: unknown): unknown
  /** Table checks that hold what `parse` holds. `column` is quoted. */
  checks?(column: string): readonly string[]
  /** Orders two JSON values as the database does; needed only where `<` on them does not. */
  compare?(left: unknown, right: unknown): number
  /** Column collation, quoted. */
  readonly collation?: string
  /** JSON Schema of the JSON value. */
  schema(): Readonly<Record<string, unknown>>
  /** The TypeScript type of the JSON value. */
  typescript(): string
  /** The kind of an element, for lists and ranges. */
  readonly element?: FieldKind
  /** Whether the column numbers itself. */
  readonly identity?: boolean
}

export const equalityOnly: ReadonlySet<OperatorFamily> = new Set<OperatorFamily>(["equality"])
export const ordered: ReadonlySet<OperatorFamily> = new Set<OperatorFamily>(["equality", "order"])
export const textual: ReadonlySet<OperatorFamily> = new Set<OperatorFamily>([
  "equality",
  "order",
  "text",
  "search",
])

/** Text that PostgreSQL can store: no NUL, no lone surrogate. Throws `BadValue`. */
export function checkText(value: unknown): string {
  if (typeof value !== "string") throw new BadValue("must be a string")
  if (value.includes("\u0000")) throw new BadValue("must not contain the character U+0000", "22021")
  if (!value.isWellFormed())
    throw new BadValue("must be well-formed Unicode (it has a lone surrogate)", "22021")
  return value
}

/** Orders plain values as `<` does; equal values give 0. */
export function compareValues(left: unknown, right: unknown): number {
  const a = left as string
  const b = right as string
  return a < b ? -1 : a > b ? 1 : 0
}

/** Orders strings by code point, as the collation C does; `<` orders by UTF-16 code unit. */
export function compareText(left: unknown, right: unknown): number {
  return Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right)))
}

/** A literal for SQL text that is not a parameter (checks, defaults, policies). */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  if (!text.includes("\\") && !text.includes("$undercroft$")) return quoted
  // A dollar sign is spelled out, so that no value can end the body of a function.
  return ` E${quoted.replaceAll("\\", "\\\\").replaceAll("$", "\\x24")}`
}
