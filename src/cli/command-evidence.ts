/** `undercroft evidence`: what of a standard is met, by tests and by looks at the running system; and what has drifted. */
import { writeFile } from "node:fs/promises"
import { resolve } from "node:path"
import { UndercroftError } from "../base/errors.ts"
import { type Drift, findDrift, newlyMet, readBaseline, writeBaseline } from "../evidence/baseline.ts"
import { type Evidence, gatherEvidence, type PartName, partNames } from "../evidence/gather.ts"
import { reportHtml } from "../evidence/report-html.ts"
import { reportJson } from "../evidence/report-json.ts"
import { reportMarkdown } from "../evidence/report-markdown.ts"
import { type Change, changeText, findChanges } from "../evidence/snapshot.ts"
import { type StandardName, standards } from "../evidence/standards.ts"
import { inspectDatabase, otherModel } from "../store/inspect-database.ts"
import { buildProject } from "./build-project.ts"
import type { Command } from "./command.ts"
import { command, jsonOption, projectOption } from "./command.ts"
import { loadProject, type Project } from "./project.ts"
import { openProjectDatabase } from "./project-database.ts"
import { printable, stdout, wrap } from "./terminal.ts"

const standardNames = Object.keys(standards) as StandardName[]
const formats = { html: reportHtml, json: reportJson, md: reportMarkdown } as const
type Format = keyof typeof formats

export const evidenceCommand: Command = command({
  meta: {
    name: "evidence",
    description:
      "Look at the running system and its database, and write what of a standard is met, what is open and what is left to you; with the records that auditors ask for. Nothing is changed in the database.",
  },
  args: {
    standard: {
      type: "enum",
      options: standardNames,
      description: "The standard. Default: all of them.",
    },
    part: {
      type: "enum",
      options: [...partNames],
      description:
        "One record alone: processing activities, access, data, keys, software (CycloneDX) or subprocessors.",
    },
    format: {
      type: "enum",
      options: ["html", "json", "md"],
      description: "Default: md, or what the file's name says.",
    },
    out: {
      type: "string",
      description: "The file to write. Default: the standard output.",
      valueHint: "file",
    },
    check: {
      type: "boolean",
      description:
        "Compare with the project's evidence.json; end with 1 where something that was met no longer is, or where fields, rules, declarations or software have changed.",
    },
    accept: {
      type: "boolean",
      description: "Write what is met now, and how things stand, to the project's evidence.json.",
    },
    json: jsonOption("As JSON; with --check what has drifted."),
    project: projectOption,
  },
  examples: [
    "undercroft evidence --standard tr-03161-3 --out report.html",
    "undercroft evidence --part software --out software.cdx.json",
    "undercroft evidence --accept && undercroft evidence --check",
  ],
  async run({ args }) {
    const { standard, part } = args as { standard?: StandardName; part?: PartName }
    const refuse = (what: string): never => {
      throw new UndercroftError("UC906", { what, command: "evidence" })
    }
    if (part && (standard || args.check || args.accept)) refuse("--part goes with --format and --out alone.")
    if (args.check && (args.accept || args.out || args.format))
      refuse("--check goes with --standard and --json alone.")
    if (args.accept && (args.out || args.format || args.json)) refuse("--accept goes with --standard alone.")
    const project = await loadProject(args.project)
    // What can't be read is told before anything is looked at.
    const baseline = args.check ? await readBaseline(project.folder) : null
    const isReport = !args.check && !args.accept
    const evidence = await lookAt(project, {
      standards: part ? [] : standard ? [standard] : standardNames,
      parts: part ? [part] : isReport ? partNames : [],
    })
    if (baseline) {
      const drift = findDrift(baseline.met, evidence.findings)
      const changes = findChanges(baseline.state, evidence.state)
      const { isOfModel } = evidence
      if (!isOfModel || drift.length + changes.length > 0) process.exitCode = 1
      const told: Told = { drift, changes, added: newlyMet(baseline.met, evidence.findings), isOfModel }
      if (args.json) stdout.line(driftJson(told))
      else tellDrift(told)
      return
    }
    if (args.accept) {
      await writeBaseline(project.folder, evidence.findings, evidence.state)
      stdout.line(
        "evidence.json says what is met now, and how fields, rules, declarations and software stand. Keep it in the repository: undercroft evidence --check holds to it.",
      )
      return
    }
    const text = formats[formatOf(args.json ? "json" : args.format, args.out)](evidence)
    if (args.out === undefined) return stdout.write(text)
    await writeFile(resolve(args.out), text).catch((cause: NodeJS.ErrnoException) =>
      refuse(`${args.out} can't be written: ${cause.code ?? "unknown"}.`),
    )
  },
})

async function lookAt(project: Project, wanted: Parameters<typeof gatherEvidence>[1]): Promise<Evidence> {
  const policies = buildProject(project)
  const found = await openProjectDatabase(project, policies)
  try {
    const database = await inspectDatabase(found.adminUrl, policies)
    try {
      const { definition, folder } = project
      return await gatherEvidence(
        { definition, policies, folder, databaseUrl: found.adminUrl, database },
        wanted,
        new Date(),
      )
    } finally {
      await database.close()
    }
  } finally {
    await found.close()
  }
}

function formatOf(said: string | undefined, out: string | undefined): Format {
  const name = said ?? /\.(html|json|md)$/.exec(out ?? "")?.[1] ?? "md"
  return name as Format
}

interface Told {
  readonly drift: readonly Drift[]
  readonly changes: readonly Change[]
  readonly added: number
  /** Otherwise much of what was seen is about another model. */
  readonly isOfModel: boolean
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}

function driftJson({ drift, changes, added, isOfModel }: Told): string {
  return JSON.stringify({
    ok: isOfModel && drift.length + changes.length === 0,
    isOfModel,
    drift,
    changes,
    newlyMet: added,
  })
}

function tellDrift({ drift, changes, added, isOfModel }: Told): void {
  const isSame = isOfModel && drift.length + changes.length === 0
  const say = (text: string, indent: string): void => {
    for (const line of wrap(printable(text), stdout.width - indent.length)) stdout.line(`${indent}${line}`)
  }
  if (isSame)
    stdout.line(
      `${stdout.paint("green", "✓")} All that was met still is; fields, rules, declarations and software are as accepted.`,
    )
  if (!isOfModel) say(`${stdout.paint("red", "✗")} ${capital(otherModel)}.`, "")
  // What stands in the way of many is said once, with the first of them.
  const said = new Set<string>(isOfModel ? [] : [`${capital(otherModel)}.`])
  for (const one of drift) {
    stdout.line(
      `${stdout.paint("red", "✗")} ${standards[one.standard].name} ${one.id} was met and is not: ${one.text}`,
    )
    for (const why of one.why.filter((text) => !said.has(text))) say(why, "    ")
    for (const why of one.why) said.add(why)
  }
  for (const one of changes) {
    const [first = "", ...others] = wrap(printable(changeText(one)), stdout.width - 4)
    stdout.line(`${stdout.paint("red", "✗")} ${first}`)
    for (const line of others) stdout.line(`    ${line}`)
  }
  if (!isSame)
    say(
      "Mend what should not be so. What should, is accepted with: undercroft evidence --accept; the difference in evidence.json is for whoever answers for data protection to look at.",
      "",
    )
  if (added > 0) stdout.line(`${added} more are met than evidence.json says: undercroft evidence --accept`)
}
