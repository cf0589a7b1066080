/** What is written for people: colour on a terminal alone, widths, wrapped lines, and nothing that could steer a terminal. */
import { stripVTControlCharacters, styleText } from "node:util"

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan"

/** One of the two output streams. */
export interface Terminal {
  readonly isTerminal: boolean
  /** Columns; 100 where there is no terminal. */
  readonly width: number
  /** Colours, where the stream is a terminal and NO_COLOR is not set. */
  paint(style: Style | readonly Style[], text: string): string
  line(text?: string): void
  write(text: string): void
}

export const stdout: Terminal = terminalOf(process.stdout)
export const stderr: Terminal = terminalOf(process.stderr)

function terminalOf(stream: NodeJS.WriteStream): Terminal {
  const write = (text: string): void => void stream.write(text)
  return {
    isTerminal: stream.isTTY === true,
    get width() {
      return Math.max(40, stream.columns ?? 100)
    },
    paint: (style, text) => styleText([style].flat() as Style[], text, { stream }),
    line: (text = "") => write(`${text}\n`),
    write,
  }
}

/** Text from rows or files in one line, its control characters shown and not obeyed. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    if (character === "\n") return "\\n"
    return character === "\t" ? "\\t" : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`
  })
}

/** How many columns a text takes: wide characters take two, combining ones none. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of stripVTControlCharacters(text)) {
    if (/\p{M}|\u200b|\u200d|\ufe0f/u.test(character)) continue
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u.test(
        character,
      )
        ? 2
        : 1
  }
  return width
}

/** Breaks a text into lines of at most so many columns, between words where that is possible. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const paragraph of text.split("\n")) {
    let line = ""
    for (const word of paragraph.split(" ").flatMap((one) => chop(one, width))) {
      if (line !== "" && widthOf(line) + 1 + widthOf(word) > width) {
        lines.push(line)
        line = word
      } else line = line === "" ? word : `${line} ${word}`
    }
    lines.push(line)
  }
  return lines
}

function chop(word: string, width: number): readonly string[] {
  if (widthOf(word) <= width) return [word]
  const parts: string[] = []
  let part = ""
  for (const character of word) {
    if (widthOf(part) + widthOf(character) > width) {
      parts.push(part)
      part = ""
    }
    part += character
  }
  return [...parts, part]
}

export function padTo(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)))
}

/** `12345` → `12,345`. */
export function countText(count: number): string {
  return count.toLocaleString("en-US")
}
