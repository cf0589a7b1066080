/** A cursor over the text of one parameter, which knows how to say where it stopped. */
import { UndercroftError } from "../base/errors.ts"
import type { FieldPath, JsonStep } from "../query/operation.ts"

/** Characters that the grammar gives a meaning. */
export const Char = {
  tab: 9,
  space: 32,
  quote: 34,
  percent: 37,
  ampersand: 38,
  open: 40,
  close: 41,
  star: 42,
  plus: 43,
  comma: 44,
  minus: 45,
  dot: 46,
  zero: 48,
  nine: 57,
  colon: 58,
  equals: 61,
  greater: 62,
  bang: 33,
  backslash: 92,
  openBrace: 123,
  closeBrace: 125,
} as const

/** How much of the caller's own text an error repeats. */
const echoLength = 100

/** Where Parsec, whose positions PostgREST reports, puts its tab stops. */
const tabWidth = 8

const fieldNameExpected = "field name (* or [a..z0..9_$])"
const jsonKeyExpected = "any non reserved character different from: .,>()"

/** What a character outside quotes may be part of; beyond ASCII it may be part of both. */
const partOfName = 1
const partOfJsonKey = 2
const asciiParts: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code)
  return (/[A-Za-z0-9_ $]/.test(char) ? partOfName : 0) | ("(-:.,>)".includes(char) ? 0 : partOfJsonKey)
})

function isPart(code: number, kind: number): boolean {
  return code > 127 || ((asciiParts[code] ?? 0) & kind) !== 0
}

const noSteps: readonly JsonStep[] = []

/** The start of the caller's text, short enough for a message, and never half a character. */
export function shorten(text: string): string {
  if (text.length <= echoLength) return text
  const last = text.charCodeAt(echoLength - 1)
  const half = last >= 0xd800 && last <= 0xdbff
  return `${text.slice(0, half ? echoLength - 1 : echoLength)}…`
}

/** Refuses a request that is larger than the operator allows. */
export function refuseLimit(setting: string, what: string, max: number): never {
  throw new UndercroftError("UC301", { setting, what, max })
}

/** Counts what a whole request may have only so many of. */
export class Counter {
  readonly setting: string
  readonly what: string
  readonly max: number
  count = 0

  constructor(setting: string, what: string, max: number) {
    this.setting = setting
    this.what = what
    this.max = max
  }

  add(): void {
    if (++this.count > this.max) refuseLimit(this.setting, this.what, this.max)
  }
}

export class Scanner {
  readonly text: string
  readonly part: string
  readonly prefix: number
  pos = 0

  /** `part` names what is read, for messages; `prefix` columns stand before the text in their positions. */
  constructor(text: string, part: string, prefix = 0) {
    this.text = text
    this.part = part
    this.prefix = prefix
  }

  /** The character code ahead, or -1 at the end. */
  peek(ahead = 0): number {
    const at = this.pos + ahead
    return at < this.text.length ? this.text.charCodeAt(at) : -1
  }

  /** Moves past the character if it stands here. */
  skip(code: number): boolean {
    if (this.pos >= this.text.length || this.text.charCodeAt(this.pos) !== code) return false
    this.pos++
    return true
  }

  /** Moves past the word if it stands here. */
  skipText(word: string): boolean {
    if (!this.text.startsWith(word, this.pos)) return false
    this.pos += word.length
    return true
  }

  skipBlanks(): void {
    for (let code = this.peek(); code === Char.space || code === Char.tab; code = this.peek()) this.pos++
  }

  expect(code: number, expecting: string): void {
    if (!this.skip(code)) this.fail(expecting)
  }

  /** Nothing but blanks may follow: PostgREST ignores what it did not understand here, and so may drop a filter. */
  expectEnd(expecting: string): void {
    this.skipBlanks()
    if (this.pos < this.text.length) this.fail(expecting)
  }

  /** All that is left. */
  readRest(): string {
    const rest = this.pos === 0 ? this.text : this.text.slice(this.pos)
    this.pos = this.text.length
    return rest
  }

  /** Lower-case letters and `_`, perhaps none. */
  readWord(): string {
    const start = this.pos
    let at = start
    for (; at < this.text.length; at++) {
      const code = this.text.charCodeAt(at)
      if ((code < 97 || code > 122) && code !== 95) break
    }
    this.pos = at
    return this.text.slice(start, at)
  }

  /** A name, in quotes if it has reserved characters. */
  readName(expecting: string = fieldNameExpected): string {
    return this.peek() === Char.quote ? this.readQuoted() : this.#readRun(partOfName, expecting)
  }

  /** What stands between parentheses as in `fts(english)` or after a cast: a name without dashes. */
  readIdentifier(): string {
    const start = this.pos
    let at = start
    for (; at < this.text.length; at++) {
      if (!isPart(this.text.charCodeAt(at), partOfName)) break
    }
    this.pos = at
    const identifier = this.text.slice(start, at).trim()
    return identifier === "" ? this.fail("letter or digit") : identifier
  }

  /** A name and the steps into its JSON. */
  readPath(expecting?: string): FieldPath {
    return { name: this.readName(expecting), json: this.readJsonSteps() }
  }

  /** `->key`, `->>0`, and so on, perhaps none. */
  readJsonSteps(): readonly JsonStep[] {
    if (this.peek() !== Char.minus || this.peek(1) !== Char.greater) return noSteps
    const steps: JsonStep[] = []
    while (this.skipText("->")) {
      const text = this.skip(Char.greater)
      steps.push({ key: this.#readJsonKey(), text })
    }
    return steps
  }

  /** A text in double quotes, where `\` stands before a quote or a backslash. */
  readQuoted(): string {
    return this.tryQuoted() ?? this.fail('"\\""', this.text.length)
  }

  /** The same; null, and not moved, when the quotes do not close. */
  tryQuoted(): string | null {
    const { text } = this
    let from = this.pos + 1
    let read = ""
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === Char.quote) {
        this.pos = at + 1
        return read + text.slice(from, at)
      }
      if (code !== Char.backslash) continue
      read += text.slice(from, at)
      from = ++at
    }
    return null
  }

  /** Refuses the text: what stands at `at` is not what could follow. */
  fail(expecting: string, at: number = this.pos): never {
    const code = this.text.codePointAt(at)
    const found = code === undefined ? "end of input" : JSON.stringify(String.fromCodePoint(code))
    this.refuse(`unexpected ${found} expecting ${expecting}`, at)
  }

  refuse(details: string, at: number = this.pos): never {
    let line = 1
    let column = 1 + this.prefix
    for (const char of this.text.slice(0, at)) {
      if (char === "\n") {
        line++
        column = 1
      } else column += char === "\t" ? tabWidth - ((column - 1) % tabWidth) : 1
    }
    const part = `${this.part} (${shorten(this.text)})`
    throw new UndercroftError("PGRST100", { part, line, column }, { details })
  }

  #readJsonKey(): string | number {
    if (this.peek() === Char.quote) return this.readQuoted()
    const start = this.pos
    const negative = this.skip(Char.minus)
    let digits = 0
    for (let code = this.peek(); code >= Char.zero && code <= Char.nine; code = this.peek()) {
      this.pos++
      digits++
    }
    if (negative && digits === 0) this.fail("digit")
    if (digits > 0 && this.#endsIndex()) {
      const index = Number(this.text.slice(start, this.pos))
      return index === (index | 0) ? index | 0 : this.fail("an index of at most 2147483647", start)
    }
    if (negative) this.fail('digit, "->", "::", ".", "," or end of input')
    this.pos = start
    return this.#readRun(partOfJsonKey, jsonKeyExpected)
  }

  /** Digits are an index only when the step ends after them: `->1` is one, `->1st` is a key. */
  #endsIndex(): boolean {
    const code = this.peek()
    if (code === -1 || code === Char.dot || code === Char.comma || code === Char.close) return true
    return (
      (code === Char.minus && this.peek(1) === Char.greater) ||
      (code === Char.colon && this.peek(1) === Char.colon)
    )
  }

  /** Characters of one kind with single dashes between them, without blanks around any run. */
  #readRun(kind: number, expecting: string): string {
    const { text } = this
    const start = this.pos
    let at = start
    let dashes = 0
    for (;;) {
      const runStart = at
      for (; at < text.length; at++) {
        if (!isPart(text.charCodeAt(at), kind)) break
      }
      if (at === runStart) this.fail(dashes === 0 ? expecting : "letter or digit", at)
      if (text.charCodeAt(at) !== Char.minus || text.charCodeAt(at + 1) === Char.greater) break
      dashes++
      at++
    }
    this.pos = at
    const run = trimRuns(text.slice(start, at), dashes)
    return run === "" ? this.fail(expecting, start) : run
  }
}

function trimRuns(text: string, dashes: number): string {
  if (dashes === 0) return text.trim()
  const runs = text.split("-")
  return runs.map((run) => run.trim()).join("-")
}
