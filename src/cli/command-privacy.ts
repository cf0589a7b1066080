/** `undercroft privacy`: what is kept and for how long, and whose data is kept longer. */
import { userInfo } from "node:os"
import { UndercroftError } from "../base/errors.ts"
import type { Policies } from "../policy/policies.ts"
import { addHold, listHolds, releaseHolds } from "../store/legal-holds.ts"
import { runRetention } from "../store/retention.ts"
import { buildProject } from "./build-project.ts"
import type { Command } from "./command.ts"
import { command, jsonOption, projectOption } from "./command.ts"
import { runDataset } from "./privacy-dataset.ts"
import { rights, rightsSteps } from "./privacy-rights.ts"
import { holdText, retentionText } from "./privacy-text.ts"
import { loadProject } from "./project.ts"
import { openProjectDatabase } from "./project-database.ts"
import { readSubject } from "./read-subject.ts"
import { stdout } from "./terminal.ts"

const holdSteps = ["add", "list", "release"]

export const privacyCommand: Command = command({
  meta: {
    name: "privacy",
    description:
      "Run retention now (retain), keep a person's data although its time is over (hold add | list | release), and do what people have a right to (plan | export | import | erase | reapply | scrub | restrict | lift). Write a dataset for analysis (dataset).",
  },
  args: {
    what: {
      type: "positional",
      description: ["retain", "hold", "dataset", ...rightsSteps].join(", "),
      required: true,
    },
    step: {
      type: "positional",
      description: `Of hold: ${holdSteps.join(", ")}; of import: the archive; of dataset: its name`,
      required: false,
    },
    project: projectOption,
    "dry-run": {
      type: "boolean",
      description: "Of retain and erase: say what would be done, and do nothing.",
    },
    subject: {
      type: "string",
      description: "The person: entity and key, or an account with all that is theirs: user:id.",
      valueHint: "Patient:key",
    },
    out: {
      type: "string",
      description: "The file to write, of export and erase; the folder, of dataset.",
      valueHint: "file",
    },
    subjects: {
      type: "string",
      description: "Of erase: a file that names a person a line; each has a report of its own.",
      valueHint: "file",
    },
    full: {
      type: "boolean",
      description: "Of scrub: rewrite large tables, too, which locks them for as long.",
    },
    reason: {
      type: "string",
      description: "Why, for hold add, hold release, restrict and lift.",
      valueHint: "text",
    },
    until: {
      type: "string",
      description: "The day on which a hold ends by itself.",
      valueHint: "2030-01-31",
    },
    json: jsonOption("As JSON."),
  },
  examples: [
    "undercroft privacy retain --dry-run",
    'undercroft privacy hold add --subject Patient:018ce7a8-0f00-7003-8000-000000000001 --reason "lawsuit 12/26"',
    "undercroft privacy hold list",
    "undercroft privacy export --subject user:<account> --out data.zip",
    "undercroft privacy erase --subject user:<account> --dry-run",
    "undercroft privacy dataset visits --out visits-2026",
    "undercroft privacy erase --subjects leavers.txt --out reports.txt",
  ],
  async run({ args }) {
    const { what, step } = args
    const isHold = what === "hold" && step !== undefined && holdSteps.includes(step)
    const isRight = rightsSteps.includes(what)
    if (!["retain", "dataset"].includes(what) && !isHold && !isRight)
      throw misused(
        `privacy does retain, and hold ${holdSteps.join(", hold ")}, and dataset, and ${rightsSteps.join(", ")}.`,
      )
    const project = await loadProject(args.project)
    const policies = buildProject(project)
    if (what === "dataset") return runDataset(project, policies, { ...args, name: step })
    if (isRight)
      return rights(what, project, policies, { ...args, file: step, isDryRun: args["dry-run"] === true })
    const database = await openProjectDatabase(project, policies)
    try {
      const { adminUrl } = database
      if (what === "hold") return await hold(adminUrl, policies, step as string, args)
      if (!database.isCurrent) throw new UndercroftError("UC910")
      const report = await runRetention(adminUrl, policies.model, { isDryRun: args["dry-run"] === true })
      stdout.line(args.json ? JSON.stringify(report) : retentionText(report))
    } finally {
      await database.close()
    }
  },
})

interface HoldArguments {
  readonly subject?: string | undefined
  readonly reason?: string | undefined
  readonly until?: string | undefined
  readonly json?: boolean | undefined
}

async function hold(adminUrl: string, policies: Policies, step: string, args: HoldArguments): Promise<void> {
  const needed = (value: string | undefined, option: string): string => {
    if (value?.trim()) return value.trim()
    throw misused(`hold ${step} needs ${option}.`)
  }
  const tell = (found: object | readonly object[], text: string): void =>
    stdout.line(args.json ? JSON.stringify(found) : text)
  if (step === "list") {
    const found = await listHolds(adminUrl)
    return tell(found, found.length === 0 ? "There are no legal holds." : found.map(holdText).join("\n"))
  }
  const said = needed(args.subject, "--subject")
  const reason = needed(args.reason, "--reason")
  if (reason.length > 500) throw misused("A reason has at most 500 characters.")
  const by = `cli:${userInfo().username}`
  // A hold may outlive the row, and even the entity: it is released by the name that it has.
  if (step === "release") {
    const released = await releaseHolds(adminUrl, { subject: said, by, reason })
    return tell(released, released.map(holdText).join("\n"))
  }
  const subject = await readSubject(adminUrl, policies.model, said)
  const made = await addHold(adminUrl, { subject, reason, until: readDay(args.until), heldBy: by })
  return tell(made, holdText(made))
}

function readDay(text: string | undefined): string | null {
  if (text === undefined) return null
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))
  if (!isDay) throw misused(`${text} is no day such as 2030-01-31.`)
  if (Date.parse(text) <= Date.now()) throw misused(`${text} is over.`)
  return `${text}T00:00:00Z`
}

function misused(what: string): UndercroftError {
  return new UndercroftError("UC906", { what, command: "privacy" })
}
