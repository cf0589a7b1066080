/** What was measured, as a table for people. */
import type { Access, Question } from "./question.ts"

/** One contender's answer to one question: medians over the rounds. */
export interface Cell {
  readonly question: string
  readonly access: Access
  readonly contender: string
  readonly perSecond: number
  /** To the baseline's. */
  readonly ratio: number
  /** The baseline's CPU time for one answer to this contender's. */
  readonly cpuRatio: number
  readonly medianMs: number
  readonly p99Ms: number
  /** CPU time for one answer: of the contender in JavaScript and in system calls, and of PostgreSQL, where it is known. */
  readonly userMicroseconds: number
  readonly systemMicroseconds: number
  readonly postgresMicroseconds: number | null
}

const widths = [22, 11, 8, 11, 11, 9, 11, 10, 15]

/** The heading of one question. */
export function formatQuestion(question: Question): string {
  const heads = [
    "",
    "answers/s",
    "ratio",
    "CPU ratio",
    "median ms",
    "p99 ms",
    "Node user",
    "system",
    "PostgreSQL µs",
  ]
  return `\n${question.name}: ${question.asks}\n${formatLine(heads)}`
}

/** The lines of one kind of caller. */
export function formatCells(access: Access, cells: readonly Cell[]): string {
  const lines = cells.map((cell) =>
    formatLine([
      `  ${cell.contender}`,
      Math.round(cell.perSecond).toLocaleString("en"),
      cell.ratio.toFixed(2),
      cell.cpuRatio.toFixed(2),
      cell.medianMs.toFixed(2),
      cell.p99Ms.toFixed(2),
      cell.userMicroseconds.toFixed(0),
      cell.systemMicroseconds.toFixed(0),
      cell.postgresMicroseconds?.toFixed(0) ?? "?",
    ]),
  )
  return [access, ...lines].join("\n")
}

function formatLine(texts: readonly string[]): string {
  return texts.map((text, at) => (at === 0 ? text.padEnd(widths[at]!) : text.padStart(widths[at]!))).join("")
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}
