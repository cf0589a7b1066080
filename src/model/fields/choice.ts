/** One of a few words; text with a check, because an enum's operators are not leakproof. */
import { Field } from "../field.ts"
import { BadValue, checkText, compareText, type FieldKind, quoteLiteral, textual } from "../value.ts"

/**
 * One of the given words.
 *
 * @example
 * choice("doctor", "nurse", "desk")
 */
export function choice<const T extends string>(...words: readonly [T, ...T[]]): Field<T> {
  return new Field(choiceKind(words))
}

function choiceKind(words: readonly string[]): FieldKind {
  return {
    name: "choice",
    sqlType: "text",
    operators: textual,
    parse(value) {
      if (typeof value !== "string" || !words.includes(value)) {
        throw new BadValue(`must be one of ${words.join(", ")}`, "23514")
      }
      return value
    },
    parseText: checkText,
    checks: (column) => [`${column} in (${words.map(quoteLiteral).join(", ")})`],
    compare: compareText,
    schema: () => ({ type: "string", enum: words }),
    typescript: () => words.map((word) => JSON.stringify(word)).join(" | "),
  }
}
