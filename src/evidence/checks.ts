/** All live checks, by the names that requirements point at; and how they are run. */
import { UndercroftError } from "../base/errors.ts"
import { accountChecks } from "./checks/accounts.ts"
import { connectionChecks } from "./checks/connections.ts"
import { modelChecks } from "./checks/model.ts"
import { projectChecks } from "./checks/project.ts"
import { recordChecks } from "./checks/record.ts"
import { rowChecks } from "./checks/rows.ts"
import type { CheckAnswer, CheckContext, LiveCheck } from "./live-check.ts"

const liveChecks: typeof rowChecks &
  typeof connectionChecks &
  typeof accountChecks &
  typeof modelChecks &
  typeof recordChecks &
  typeof projectChecks = {
  ...rowChecks,
  ...connectionChecks,
  ...accountChecks,
  ...modelChecks,
  ...recordChecks,
  ...projectChecks,
}

export type CheckName = keyof typeof liveChecks

export interface CheckResult extends CheckAnswer {
  readonly name: string
  readonly title: string
}

/** Runs checks one after another. One that can't be run shows nothing; the reason is told by its code alone. */
export async function runChecks(
  context: CheckContext,
  checks: Readonly<Record<string, LiveCheck>> = liveChecks,
): Promise<ReadonlyMap<string, CheckResult>> {
  const results = new Map<string, CheckResult>()
  for (const [name, check] of Object.entries(checks)) {
    let answer: CheckAnswer
    try {
      answer = await check.run(context)
    } catch (cause) {
      answer = { ok: null, says: `It could not be looked at (${codeOf(cause)}).` }
    }
    results.set(name, { name, title: check.title, ...answer })
  }
  return results
}

function codeOf(cause: unknown): string {
  if (cause instanceof UndercroftError) return cause.code
  const code = (cause as { code?: unknown } | null)?.code
  return typeof code === "string" && /^\w{1,40}$/.test(code) ? code : "unknown error"
}
