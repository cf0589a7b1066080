/** Text: length in code points, a pattern, and optionally equality without regard to case. */
import { Field } from "../field.ts"
import { BadValue, checkText, compareText, type FieldKind, quoteLiteral, textual } from "../value.ts"

export interface TextOptions {
  /** Shortest and longest, in code points. */
  readonly min?: number
  readonly max?: number
  /** The whole text must match; used by JavaScript and by PostgreSQL, so keep to what both understand. */
  readonly pattern?: RegExp
  /** `Anna` equals `anna` in filters, policies and unique constraints; the text is kept as written. */
  readonly caseInsensitive?: boolean
}

/**
 * A text field.
 *
 * @example
 * text({ max: 120 })
 */
export function text(options: TextOptions = {}): Field<string> {
  return new Field(textKind("text", options))
}

export function textKind(name: string, options: TextOptions, refine?: (text: string) => void): FieldKind {
  const { min, max, pattern, caseInsensitive } = options
  const whole = pattern && new RegExp(`^(?:${pattern.source})$`, `${pattern.flags.replace(/[gy]/g, "")}`)
  return {
    name,
    sqlType: "text",
    operators: textual,
    ...(caseInsensitive ? { collation: '"app"."nocase"' } : {}),
    parse(value) {
      const found = checkText(value)
      // A code point has one or two code units: most texts need no counting, and long ones must not cost it.
      const units = found.length
      if (max !== undefined && units > max && (units > 2 * max || countPoints(found) > max)) {
        throw new BadValue(`must be at most ${max} characters long`, "22001")
      }
      if (min !== undefined && units < 2 * min && countPoints(found) < min) {
        throw new BadValue(`must be at least ${min} characters long`, "23514")
      }
      if (whole && !whole.test(found)) throw new BadValue(`must match ${pattern}`, "23514")
      refine?.(found)
      return found
    },
    parseText: checkText,
    checks: (column) => [
      ...(min === undefined ? [] : [`char_length(${column}) >= ${min}`]),
      ...(max === undefined ? [] : [`char_length(${column}) <= ${max}`]),
      ...(pattern === undefined
        ? []
        : [
            `${column} ${pattern.flags.includes("i") ? "~*" : "~"} ${quoteLiteral(`^(?:${pattern.source})$`)}`,
          ]),
    ],
    compare: caseInsensitive ? (a, b) => compareText(foldCase(a), foldCase(b)) : compareText,
    schema: () => ({
      type: "string",
      ...(min === undefined ? {} : { minLength: min }),
      ...(max === undefined ? {} : { maxLength: max }),
      ...(pattern !== undefined && isUniversal(pattern) ? { pattern: `^(?:${pattern.source})$` } : {}),
    }),
    typescript: () => "string",
  }
}

/** Whether a JSON Schema can say the pattern: it has no flags there, and is read as Unicode. */
function isUniversal({ source, flags }: RegExp): boolean {
  if (/[ims]/.test(flags)) return false
  try {
    return new RegExp(source, "u").unicode
  } catch {
    return false
  }
}

function countPoints(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

function foldCase(value: unknown): string {
  return String(value).normalize("NFC").toLowerCase()
}
