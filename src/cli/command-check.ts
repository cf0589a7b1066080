/** `undercroft check`: builds a project's model and rules, and prints every problem, or what there is. */
import type { BackendDefinition } from "../backend.ts"
import { UndercroftError } from "../base/errors.ts"
import { ModelError, type ModelProblem } from "../model/model-error.ts"
import type { Policies } from "../policy/policies.ts"
import { buildProject } from "./build-project.ts"
import type { Command } from "./command.ts"
import { command, jsonOption, projectOption } from "./command.ts"
import { loadProject, type Project } from "./project.ts"
import { problemCount, problemLines } from "./tell-error.ts"
import { countText, stdout } from "./terminal.ts"

export const checkCommand: Command = command({
  meta: {
    name: "check",
    description: "Build the project's model and rules without starting anything, and print every problem.",
  },
  args: { project: projectOption, json: jsonOption("As JSON: ok, problems, and a summary.") },
  examples: ["undercroft check", "undercroft check --json"],
  async run({ args }) {
    const project = await loadProject(args.project)
    const { definition } = project
    const found = build(project)
    if ("problems" in found) process.exitCode = 1
    if (args.json) return stdout.line(JSON.stringify(toJson(definition, found)))
    if ("problems" in found) {
      stdout.line(
        `${stdout.paint("red", "✗")} ${definition.name} has ${problemCount(found.problems.length)}.`,
      )
      for (const line of problemLines(found.problems, stdout)) stdout.line(line)
      return
    }
    stdout.line(`${stdout.paint("green", "✓")} ${definition.name} is in order.`)
    for (const line of summaryLines(summarize(found.policies))) stdout.line(`  ${line}`)
  },
})

type Built = { readonly policies: Policies } | { readonly problems: readonly ModelProblem[] }

/** What `checkAccounts` throws. */
const ofAccounts: ReadonlySet<string> = new Set(["UC916", "UC934", "UC935", "UC936"])

function build(project: Project): Built {
  try {
    return { policies: buildProject(project) }
  } catch (cause) {
    if (cause instanceof ModelError) return { problems: cause.problems }
    if (cause instanceof UndercroftError && ofAccounts.has(cause.code))
      return { problems: [{ where: "accounts", ...cause.toBody() }] }
    throw cause
  }
}

interface Summary {
  readonly entities: number
  readonly views: number
  readonly fields: number
  readonly classified: Readonly<Record<string, number>>
  readonly facts: number
}

function summarize({ model, facts }: Policies): Summary {
  const fields = model.entities.filter((one) => !one.view && !one.record).flatMap((one) => one.fields)
  const classes = ["public", "internal", "personal", "special", "secret"] as const
  const count = (name: string): number => fields.filter((one) => one.classification === name).length
  return {
    entities: model.entities.filter((one) => !one.view && !one.record).length,
    views: model.entities.filter((one) => one.view).length,
    fields: fields.length,
    classified: Object.fromEntries(classes.map((name) => [name, count(name)])),
    facts: facts.length,
  }
}

function toJson(definition: BackendDefinition, found: Built): object {
  if ("policies" in found)
    return { ok: true, name: definition.name, problems: [], summary: summarize(found.policies) }
  return {
    ok: false,
    name: definition.name,
    problems: found.problems.map(({ code, where, message, hint }) => ({ code, where, message, hint })),
  }
}

function summaryLines(summary: Summary): readonly string[] {
  const classified = Object.entries(summary.classified).filter(([, count]) => count > 0)
  return [
    [
      counted(summary.entities, "entity", "entities"),
      counted(summary.views, "view"),
      counted(summary.fields, "field"),
    ].join(", "),
    `classified: ${classified.map(([name, count]) => `${countText(count)} ${name}`).join(", ")}`,
    `${counted(summary.facts, "fact")} about callers, looked up by the database`,
  ]
}

function counted(count: number, one: string, many: string = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`
}
