/** `undercroft access`: who may do what, as a matrix of sentences; or why one caller may or may not touch one row. */
import { UndercroftError } from "../base/errors.ts"
import { buildAccessMatrix } from "../policy/access-matrix.ts"
import { decide } from "./access-decision.ts"
import { decisionText } from "./access-decision-text.ts"
import { accessHtml } from "./access-html.ts"
import { accessText } from "./access-text.ts"
import { buildProject } from "./build-project.ts"
import type { Command } from "./command.ts"
import { asOption, claimsOption, command, jsonOption, projectOption, rolesOption } from "./command.ts"
import { loadProject } from "./project.ts"
import { stdout } from "./terminal.ts"

export const accessCommand: Command = command({
  meta: {
    name: "access",
    description:
      "Print who may do what with the project's data; with --can, say whether one caller may touch one row, and which clause of the rule decides. Ends with 0 for yes, 2 for no.",
  },
  args: {
    entity: {
      type: "positional",
      description: "With --can: the row's entity. Else: print this entity alone.",
      required: false,
    },
    key: {
      type: "positional",
      description: "With --can: the row's key; a composite key in several words.",
      required: false,
    },
    project: projectOption,
    html: { type: "boolean", description: "As one HTML page, to read, print or file." },
    json: jsonOption("As JSON."),
    as: asOption,
    roles: rolesOption,
    claims: claimsOption,
    can: {
      type: "enum",
      options: ["read", "update", "delete"],
      description: "What the caller wants to do with the row.",
    },
  },
  // A composite key takes several words.
  words: 8,
  examples: [
    "undercroft access",
    "undercroft access --html > access.html",
    "undercroft access --as nurse --can read Patient 01890a5d-ac96-774b-bcce-b302099a8057",
  ],
  async run({ args }) {
    const project = await loadProject(args.project)
    const policies = buildProject(project)
    if (args.can !== undefined) {
      const [name, ...key] = args._
      if (name === undefined)
        throw new UndercroftError("UC906", { what: "--can needs an entity and a key.", command: "access" })
      const decision = await decide({
        project,
        policies,
        operation: args.can,
        entity: name,
        key,
        caller: args,
      })
      stdout.line(args.json ? JSON.stringify(decision) : decisionText(decision, stdout))
      if (decision.model !== decision.database)
        throw new UndercroftError("UC914", {
          model: yesOrNo(decision.model),
          database: yesOrNo(decision.database),
        })
      if (!decision.model) process.exitCode = 2
      return
    }
    if (args.as !== undefined)
      throw new UndercroftError("UC906", { what: "--as goes with --can.", command: "access" })
    const whole = buildAccessMatrix(policies)
    const known = whole.entities.map((one) => one.entity)
    if (args.entity !== undefined && !known.includes(args.entity)) {
      throw new UndercroftError("UC911", { name: args.entity, entities: known.join(", ") })
    }
    const matrix = {
      ...whole,
      entities: whole.entities.filter((one) => args.entity === undefined || one.entity === args.entity),
    }
    const { name } = project.definition
    if (args.json) stdout.line(JSON.stringify({ name, ...matrix }))
    else stdout.write(args.html ? accessHtml(name, matrix) : accessText(name, matrix, stdout))
  },
})

function yesOrNo(answer: boolean): string {
  return answer ? "yes" : "no"
}
