/** Full-text search in the configuration `simple`, over texts made of plain words; others are left open. */
import { lowerText } from "./sql-value.ts"

/** A question that this oracle does not answer. */
export class OpenQuestion extends Error {}

/** The words of a text, in order. */
function wordsOf(text: string): readonly string[] {
  // Signs alone are no words; where signs and letters meet, the parser of PostgreSQL has its own mind.
  if (!/^[\p{L}\p{N} ]*$/u.test(text) && !/^[\s%_\\'"(),*{}$;&.-]*$/.test(text))
    throw new OpenQuestion("the words of a text that has signs in it")
  return lowerText(text).match(/[\p{L}\p{N}]+/gu) ?? []
}

/** Whether a text has what is searched for. */
export function searches(operator: string, text: string, asked: string): boolean {
  const words = wordsOf(text)
  const has = (word: string): boolean => words.includes(lowerText(word))
  if (operator === "plfts") {
    const wanted = wordsOf(asked)
    return wanted.length > 0 && wanted.every(has)
  }
  if (operator === "phfts") {
    const wanted = wordsOf(asked)
    return wanted.length > 0 && words.some((_, at) => wanted.every((word, more) => words[at + more] === word))
  }
  const [, first = "", joint = "", second = ""] =
    /^(!?-?\p{L}+)(?: (&|\||or) | )?(-?\p{L}+)?$/u.exec(asked) ?? []
  if (first === "") throw new OpenQuestion("a search of another form")
  const part = (word: string): boolean => (/^[!-]/.test(word) ? !has(word.slice(1)) : has(word))
  if (second === "") return part(first)
  return joint === "|" || joint === "or" ? part(first) || part(second) : part(first) && part(second)
}
