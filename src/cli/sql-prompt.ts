/** A prompt for SQL under a caller's rights; a few backslash commands as in psql. */
import { createInterface, type Interface } from "node:readline/promises"
import { type Policies, policyOf } from "../policy/policies.ts"
import { relationOf, writableFields } from "../sql/machinery.ts"
import type { SqlSession } from "../store/sql-session.ts"
import { type NamedCaller, readCaller } from "./caller-option.ts"
import type { Project } from "./project.ts"
import { resultText } from "./sql-output.ts"
import { splitStatements } from "./sql-statements.ts"
import { tellError } from "./tell-error.ts"
import { padTo, printable, stdout, widthOf } from "./terminal.ts"

export interface PromptParts {
  readonly project: Project
  readonly policies: Policies
  readonly session: SqlSession
  readonly named: NamedCaller
  readonly key: Buffer
}

const help = `  \\d             the tables
  \\d <table>     the columns of a table
  \\as <caller> [roles]   go on as another caller
  \\q             leave
Statements end with a semicolon. Each runs in a transaction of its own, as the caller.`

/** Runs until \\q or the end of the input. */
export async function runPrompt(parts: PromptParts): Promise<void> {
  let { named } = parts
  stdout.line(`SQL as ${named.label}. \\? for help, \\q to leave.`)
  const lines = createInterface({ input: process.stdin, output: process.stdout, historySize: 500 })
  let pending = ""
  let isRunning = false
  lines.on("SIGINT", () => {
    if (isRunning) void parts.session.cancel().catch(() => undefined)
    else if (pending !== "") {
      pending = ""
      stdout.line()
      prompt(lines, named, pending)
    } else lines.close()
  })
  prompt(lines, named, pending)
  for await (const line of lines) {
    isRunning = true
    try {
      if (pending === "" && line.trim().startsWith("\\")) {
        const [word = "", ...rest] = line.trim().split(/\s+/)
        if (word === "\\q") break
        if (word === "\\as") named = switchCaller(parts, rest) ?? named
        else stdout.line(word === "\\d" ? describe(parts.policies, rest[0]) : help)
      } else {
        pending += `${line}\n`
        const { all, isComplete } = splitStatements(pending)
        if (isComplete || pending.trim() === "") {
          pending = ""
          for (const statement of all)
            stdout.line(resultText(await parts.session.run(named.caller.sealed, statement), stdout))
        }
      }
    } catch (error) {
      tellError(error, stdout)
    }
    isRunning = false
    prompt(lines, named, pending)
  }
  lines.close()
}

function prompt(lines: Interface, named: NamedCaller, pending: string): void {
  const name = named.label.split(" (")[0] ?? ""
  lines.setPrompt(pending === "" ? `${name}=> ` : `${" ".repeat(Math.max(0, name.length - 1))}-> `)
  lines.prompt()
}

function switchCaller({ project, key }: PromptParts, [as, roles]: readonly string[]): NamedCaller | null {
  if (as === undefined) return null
  const named = readCaller(project.definition, { as, roles }, key, "sql")
  stdout.line(`Now as ${named.label}.`)
  return named
}

function describe(policies: Policies, name: string | undefined): string {
  const { entities } = policies.model
  if (name === undefined) {
    return aligned(entities.map((one) => [relationOf(policyOf(policies, one)).replaceAll('"', ""), one.name]))
  }
  const entity = entities.find((one) => one.table === name || one.name === name)
  if (!entity) return `There is no table ${printable(name)}.`
  const settable = new Set(writableFields(entity, "create"))
  const rules = policyOf(policies, entity).fields
  return aligned(
    entity.fields.map((field) => {
      const notes = [
        field.classification,
        field.optional ? "" : "not null",
        settable.has(field) ? "" : "not settable",
        rules.get(field.name)?.visibleTo ? "not visible to everyone" : "",
      ]
      return [field.column, field.kind.sqlType, notes.filter(Boolean).join(", ")]
    }),
  )
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => widthOf(row[at] ?? ""))))
  return rows
    .map((row) => `  ${row.map((cell, at) => padTo(cell, widths[at] ?? 0)).join("  ")}`.trimEnd())
    .join("\n")
}
