/** `undercroft privacy dataset`: a pseudonymised, k-anonymous dataset for analysis, on record before it is made. */
import { resolve } from "node:path"
import { UndercroftError } from "../base/errors.ts"
import { buildDatasets } from "../model/build-dataset.ts"
import { ProblemList } from "../model/model-error.ts"
import type { Policies } from "../policy/policies.ts"
import { writeDataset } from "../privacy/dataset-files.ts"
import type { DatasetReport } from "../privacy/dataset-report.ts"
import { recordCommand } from "../store/record-entry.ts"
import { readDevelopmentKey } from "./development-key.ts"
import { isProduction } from "./production.ts"
import type { Project } from "./project.ts"
import { openProjectDatabase } from "./project-database.ts"
import { stdout } from "./terminal.ts"

interface Arguments {
  /** Its name. */
  readonly name: string | undefined
  readonly out?: string | undefined
  readonly json?: boolean | undefined
}

/** Throws UC424 where there is none of this name, UC906, UC910 and what `writeDataset` throws. */
export async function runDataset(project: Project, policies: Policies, args: Arguments): Promise<void> {
  const declared = buildDatasets(project.definition.datasets ?? {}, policies.model, new ProblemList())
  const info = declared.get(args.name ?? "")
  if (!info)
    throw new UndercroftError("UC424", {
      name: args.name ?? "without a name",
      names: [...declared.keys()].join(", ") || "none; the definition says them under `datasets`",
    })
  if (!args.out)
    throw new UndercroftError("UC906", { what: "dataset needs --out <folder>.", command: "privacy" })
  const secret =
    process.env.UNDERCROFT_SECRET ||
    (isProduction() ? undefined : await readDevelopmentKey(project.directory))
  const database = await openProjectDatabase(project, policies)
  try {
    const { adminUrl } = database
    if (!database.isCurrent) throw new UndercroftError("UC910")
    await recordCommand(adminUrl, {
      kind: "export",
      entity: info.entity.name,
      purpose: info.purpose,
      question: { dataset: info.name, k: info.k, linked: info.linked },
    })
    const report = await writeDataset({ adminUrl, info, secret, out: resolve(args.out) })
    stdout.line(args.json ? JSON.stringify(report) : reportText(report, args.out))
  } finally {
    await database.close()
  }
}

function reportText(report: DatasetReport, out: string): string {
  const { k, classes, rows, people, leftOut, countedBy, columns, warnings } = report
  const quasi = columns.filter((one) => one.role === "quasi-identifier")
  const values = columns.filter((one) => one.role === "value")
  return [
    `Written to ${out}: ${rows.out} of ${rows.in} rows${countedBy === "people" ? `, of ${people.out} of ${people.in} people` : ""}; ${rows.suppressed} rows suppressed.`,
    `k asked ${k.asked}, reached ${k.reached ?? "none"}, in ${classes.out} of ${classes.in} classes, counted by ${countedBy}.`,
    `Left out: ${leftOut.restricted} rows of restricted people, ${leftOut.withoutConsent} without consent.`,
    `Pseudonyms: ${report.pseudonyms}`,
    ...quasi.map((one) => `  ${one.name}  ${one.told}`),
    ...values.map(
      (one) => `  ${one.name}  ${one.told}; at least ${one.diversity?.least ?? 0} different in a class`,
    ),
    ...warnings.map((one) => `Warning: ${one}`),
  ].join("\n")
}
