/** Tells an error to a person: its code, what happened, what to do; where it was thrown only with UNDERCROFT_DEBUG. */
import { inspect } from "node:util"
import { UndercroftError } from "../base/errors.ts"
import { ModelError, type ModelProblem } from "../model/model-error.ts"
import { SqlRefusal } from "../store/sql-refusal.ts"
import { printable, type Terminal } from "./terminal.ts"

/** Writes an error, its parts below one another. */
export function tellError(error: unknown, out: Terminal): void {
  for (const line of errorLines(error, out)) out.line(line)
  if (process.env.UNDERCROFT_DEBUG) out.line(inspect(error, { depth: 6 }))
}

/** The code that an error goes by. */
export function codeOf(error: unknown): string {
  if (error instanceof UndercroftError) return error.code
  return error instanceof SqlRefusal ? error.sqlstate : "UC900"
}

function errorLines(error: unknown, out: Terminal): readonly string[] {
  if (error instanceof ModelError) {
    return [
      titleOf("UC100", `The model has ${problemCount(error.problems.length)}.`, out),
      ...problemLines(error.problems, out),
    ]
  }
  if (error instanceof SqlRefusal) {
    return [
      titleOf(error.sqlstate, printable(error.message), out),
      ...indented(error.detail, out),
      ...indented(error.hint, out),
    ]
  }
  if (error instanceof UndercroftError) {
    return [
      titleOf(error.code, error.message, out),
      ...indented(error.details, out, "dim"),
      ...indented(error.hint, out),
    ]
  }
  const why = error instanceof Error ? error.message : String(error)
  return errorLines(new UndercroftError("UC900", { why: why || "it gave no reason" }), out)
}

/** Every problem of a model: where, what, what to do. */
export function problemLines(problems: readonly ModelProblem[], out: Terminal): readonly string[] {
  return problems.flatMap((one) => [
    "",
    `  ${out.paint("bold", one.where)} ${one.message} ${out.paint("dim", one.code)}`,
    ...(one.hint === null ? [] : [`    ${one.hint}`]),
  ])
}

export function problemCount(count: number): string {
  return count === 1 ? "1 problem" : `${count} problems`
}

function titleOf(code: string, message: string, out: Terminal): string {
  return `${out.paint(["red", "bold"], "error")} ${out.paint("bold", `${code}:`)} ${message}`
}

function indented(text: string | null, out: Terminal, style?: "dim"): readonly string[] {
  if (text === null) return []
  return text.split("\n").map((line) => `  ${style ? out.paint(style, line) : line}`)
}
