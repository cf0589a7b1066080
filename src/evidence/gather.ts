/** Gathers the evidence of a running system: live checks now, findings of each standard, and the inventories. */
import { readFileSync } from "node:fs"
import { type Assessment, assess, type Finding } from "./assess.ts"
import { type CheckResult, runChecks } from "./checks.ts"
import { readLock } from "./dependencies.ts"
import type { CheckContext } from "./live-check.ts"
import { dataInventory } from "./parts/data-inventory.ts"
import { keyInventory } from "./parts/key-inventory.ts"
import { accessPart, softwarePart, subprocessorsPart } from "./parts/other-parts.ts"
import { processingRecord } from "./parts/processing-record.ts"
import type { Part } from "./section.ts"
import { type Snapshot, takeSnapshot } from "./snapshot.ts"
import { softwareList } from "./software-list.ts"
import { type StandardName, standards } from "./standards.ts"

export const partNames = ["processing", "access", "data", "keys", "software", "subprocessors"] as const
export type PartName = (typeof partNames)[number]

export interface Evidence {
  /** The backend's name. */
  readonly name: string
  readonly at: Date
  /** Of the platform; null where its package says none. */
  readonly version: string | null
  readonly checks: ReadonlyMap<string, CheckResult>
  readonly findings: readonly (readonly [StandardName, readonly Finding[]])[]
  readonly parts: readonly (readonly [PartName, Part])[]
  /** Whether the database is that of the model. */
  readonly isOfModel: boolean
  /** What data protection rests on, as it is now. */
  readonly state: Snapshot
}

/** What is asked for; parts alone need no check. */
export interface Wanted {
  readonly standards: readonly StandardName[]
  readonly parts: readonly PartName[]
}

export async function gatherEvidence(
  context: CheckContext,
  { standards: names, parts }: Wanted,
  at: Date,
): Promise<Evidence> {
  const checks = names.length > 0 ? await runChecks(context) : new Map<string, CheckResult>()
  const found: Assessment = { checks, hasAccounts: context.definition.accounts !== undefined }
  const gathered: (readonly [PartName, Part])[] = []
  for (const name of parts) gathered.push([name, await makers[name](context, at)])
  return {
    name: context.definition.name,
    at,
    version: platformVersion(),
    isOfModel: await context.database.isOfModel(),
    checks,
    findings: names.map((name) => [name, assess(standards[name], found)] as const),
    parts: gathered,
    state: await takeSnapshot(context),
  }
}

function platformVersion(): string | null {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8")
  const { version } = JSON.parse(text) as { version?: unknown }
  return typeof version === "string" ? version : null
}

const makers: Readonly<Record<PartName, (context: CheckContext, at: Date) => Part | Promise<Part>>> = {
  processing: ({ definition, policies }) => processingRecord(definition, policies.model),
  access: ({ policies }) => accessPart(policies),
  data: ({ definition, policies }) => dataInventory(definition, policies),
  keys: ({ definition, policies, database }) => keyInventory(definition, policies.model, database),
  software: async ({ folder, database }, at) => {
    const lock = await readLock(folder)
    if (lock === null) return softwarePart(null)
    const [row] = await database.query("select split_part(version(), ' ', 2) as version")
    return softwarePart(softwareList(lock, { postgres: String(row?.["version"]) }, at))
  },
  subprocessors: ({ definition }) => subprocessorsPart(definition),
}
