/** A text that matches a regular expression, for the everyday ones; what it gives is still to be checked. */

/** The shortest that comes to mind: a list of one text, or of none where the pattern is past it. */
export function samplePattern(pattern: string): readonly string[] {
  try {
    const text = new Sampler(pattern).alternatives()
    return new RegExp(pattern, "u").test(text) ? [text] : []
  } catch (cause) {
    if (cause instanceof SyntaxError) return []
    throw cause
  }
}

/** Reads a pattern from left to right and takes the first way through it. */
class Sampler {
  private readonly pattern: string
  private at = 0

  constructor(pattern: string) {
    this.pattern = pattern
  }

  /** The first alternative; the others are only read. */
  alternatives(): string {
    const first = this.sequence()
    while (this.skip("|")) this.sequence()
    return first
  }

  private sequence(): string {
    let text = ""
    while (this.at < this.pattern.length && !"|)".includes(this.pattern[this.at]!)) {
      const piece = this.piece()
      text += piece.repeat(this.times())
    }
    return text
  }

  private piece(): string {
    const found = this.pattern[this.at++]!
    if (found === "^" || found === "$") return ""
    if (found === ".") return "a"
    if (found === "[") return this.oneOf()
    if (found === "\\") return escaped(this.pattern[this.at++] ?? "")
    if (found !== "(") return found
    this.skip("?:")
    if (this.pattern[this.at] === "?") throw new SyntaxError("it looks around")
    const inner = this.alternatives()
    if (!this.skip(")")) throw new SyntaxError("a group does not close")
    return inner
  }

  private oneOf(): string {
    if (this.skip("^")) throw new SyntaxError("a class says what is not in it")
    const first = this.pattern[this.at++] ?? ""
    const text = first === "\\" ? escaped(this.pattern[this.at++] ?? "") : first
    while (this.at < this.pattern.length && this.pattern[this.at] !== "]") {
      this.at += this.pattern[this.at] === "\\" ? 2 : 1
    }
    this.skip("]")
    return text
  }

  /** How often a piece is repeated: as rarely as it may be. */
  private times(): number {
    const rest = this.pattern.slice(this.at)
    const found = /^(?:([*?+])|\{(\d{1,3})(?:,\d*)?\})\??/.exec(rest)
    if (!found) return 1
    this.at += found[0].length
    return found[1] === undefined ? Number(found[2]) : found[1] === "+" ? 1 : 0
  }

  private skip(text: string): boolean {
    if (!this.pattern.startsWith(text, this.at)) return false
    this.at += text.length
    return true
  }
}

function escaped(letter: string): string {
  if (/[bBpPkucx]/.test(letter)) throw new SyntaxError("an escape with a meaning of its own")
  return (
    ({ d: "0", w: "a", s: " ", D: "a", W: "-", S: "a" } as Readonly<Record<string, string>>)[letter] ?? letter
  )
}
