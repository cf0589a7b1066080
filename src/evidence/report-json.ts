/** A report as JSON, for programs: everything that the other formats say, and the names of all tests. */
import { countStatuses } from "./assess.ts"
import type { Evidence } from "./gather.ts"
import { standards } from "./standards.ts"
import { toDoLists } from "./to-do.ts"
import { answererOf, dutyOf } from "./words.ts"

/** The one part that is asked for alone is the document itself: a list of software is CycloneDX. */
export function reportJson({ name, at, version, checks, findings, parts }: Evidence): string {
  const [only] = parts
  if (findings.length === 0 && parts.length === 1 && only) return `${JSON.stringify(only[1].data, null, 2)}\n`
  const report = {
    name,
    at: at.toISOString(),
    version,
    standards: Object.fromEntries(
      findings.map(([standard, all]) => [
        standard,
        {
          name: standards[standard].name,
          counts: countStatuses(all),
          requirements: all.map((one) => ({
            id: one.requirement.id,
            weight: one.requirement.weight ?? null,
            text: one.requirement.text,
            who: answererOf(one),
            status: one.status,
            how: one.requirement.how ?? null,
            open: one.open,
            toDo: dutyOf(one),
            tests: one.tests,
            checks: one.checks.map(({ name: check, ok }) => ({ name: check, ok })),
          })),
        },
      ]),
    ),
    toDo: toDoLists(findings),
    checks: [...checks.values()],
    parts: Object.fromEntries(parts.map(([part, { data }]) => [part, data])),
  }
  return `${JSON.stringify(report, null, 2)}\n`
}
