/** Values of filters on their way to PostgreSQL: checked as their kind, refused in the catalogue's words. */
import { UndercroftError } from "../base/errors.ts"
import { plainKind } from "../model/encryption.ts"
import { checkJsonText } from "../model/fields/json.ts"
import type { FieldInfo } from "../model/model.ts"
import { BadValue, checkText, type FieldKind } from "../model/value.ts"

/** What a filter's text is checked as. */
export type LiteralKind = Pick<FieldKind, "name" | "sqlType" | "filterType" | "parseText">

/** Regular expressions and searches of callers cost the server time that grows with them. */
const regexLength = 200
const regexRepeats = 1000
const searchLength = 1000

/** Texts from JSON and patterns: no kind of their own. */
export const textOnly: LiteralKind = { name: "text", sqlType: "text", parseText: checkText }
export const patternOnly: LiteralKind = {
  ...textOnly,
  parseText(text) {
    const slashes = /\\*$/.exec(checkText(text))?.[0].length ?? 0
    if (slashes % 2 === 1)
      throw new BadValue("must not be compared with a pattern that ends in a single backslash")
    return text
  },
}
export const regexOnly: LiteralKind = {
  ...textOnly,
  parseText(text) {
    if (text.length > regexLength)
      throw new BadValue(`must be compared with a pattern of at most ${regexLength} characters`, "22001")
    // `(a{1,99}){1,99}` takes seconds before it meets a row, and references back take them with each row.
    if (/\\[1-9]/.test(text)) throw new BadValue("must be compared with a pattern that does not refer back")
    const repeats = [...text.matchAll(/\{(?:\d+,)?(\d+)/g)].reduce((all, found) => all * Number(found[1]), 1)
    if (repeats > regexRepeats) {
      throw new BadValue(`must be compared with a pattern whose repeats multiply to at most ${regexRepeats}`)
    }
    return checkText(text)
  },
}
export const searchOnly: LiteralKind = {
  ...textOnly,
  parseText(text) {
    if (text.length > searchLength)
      throw new BadValue(`must be searched with at most ${searchLength} characters`, "22001")
    // PostgreSQL's parser has 32 places for what is still to be applied.
    if (/(?:!\s*){30}/.test(text)) throw new BadValue("must be searched with fewer negations in a row")
    return checkText(text)
  },
}
export const jsonOnly: LiteralKind = { name: "json", sqlType: "jsonb", parseText: checkJsonText }

/** Encodes one text of a filter as a kind. */
export function encodeLiteral(field: FieldInfo, kind: LiteralKind): (value: unknown) => string {
  return (value) => {
    try {
      return kind.parseText(String(value))
    } catch (cause) {
      throw refuseValue(field, cause)
    }
  }
}

/** A value by which an encrypted one is looked for: written as stored ones were, since `1.5` is `1.50`. */
export function encodeSame(field: FieldInfo): (value: unknown) => string {
  const kind = plainKind(field)
  const encode = encodeLiteral(field, kind)
  return (value) => {
    const text = encode(value)
    try {
      return String(kind.parse(text))
    } catch (cause) {
      // What could not be stored is equal to nothing.
      if (cause instanceof BadValue) return text
      throw cause
    }
  }
}

/** A value that does not fit its field, in the catalogue's words. */
export function refuseValue(field: FieldInfo, cause: unknown): unknown {
  if (!(cause instanceof BadValue)) return cause
  return new UndercroftError(`PG:${cause.sqlstate}`, {
    field: `${field.entity.collection}.${field.name}`,
    why: cause.message,
  })
}
