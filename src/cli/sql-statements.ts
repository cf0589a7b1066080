/** Divides SQL into its statements, as psql does: a semicolon ends one, unless it stands in quotes or in a comment. */

export interface SplitSql {
  /** Every statement, the last one also when no semicolon ends it. */
  readonly all: readonly string[]
  /** Whether the last statement has ended. */
  readonly isComplete: boolean
}

/** What a semicolon has no meaning in: comments, quoted texts and names, dollar quotes. */
const opaque =
  /--[^\n]*|\/\*(?:[^*]|\*(?!\/))*\*\/|[eE]'(?:[^'\\]|''|\\[\s\S])*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$/y

/** Where something begins that does not end. */
const unclosed = /'|"|\/\*|\$\w*\$/y

/** Splits a text; a quote that does not end takes the rest. */
export function splitStatements(text: string): SplitSql {
  const all: string[] = []
  let start = 0
  let at = 0
  while (at < text.length) {
    if (text[at] === ";") {
      all.push(text.slice(start, at))
      start = at + 1
    }
    const end = endOf(opaque, text, at)
    at = end ?? (endOf(unclosed, text, at) === null ? at + 1 : text.length)
  }
  const rest = text.slice(start)
  const isBlank = rest.replaceAll(/--[^\n]*|\/\*(?:[^*]|\*(?!\/))*\*\//g, "").trim() === ""
  if (!isBlank) all.push(rest)
  const statements = all.map((one) => one.trim()).filter((one) => one !== "")
  return { all: statements, isComplete: isBlank && start > 0 }
}

/** Where a match that begins here ends; a dollar inside of a name quotes nothing. */
function endOf(pattern: RegExp, text: string, at: number): number | null {
  if (text[at] === "$" && /\w/.test(text[at - 1] ?? "")) return null
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : null
}
