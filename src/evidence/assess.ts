/** Decides about each requirement: met only where every test it names exists and every check it names passed just now. */
import type { CheckResult } from "./checks.ts"
import { platformTests } from "./platform-tests.ts"
import type { Requirement, Standard } from "./requirement.ts"
import { numbersIn } from "./requirement-numbers.ts"

/** `failed`: a live check found the opposite just now. `yours`: not the platform's to answer. */
export type Status = "met" | "failed" | "open" | "yours"

/** A requirement with what was found. */
export interface Finding {
  readonly requirement: Requirement
  readonly status: Status
  /** Tests that exist and show it, as "file › title". */
  readonly tests: readonly string[]
  readonly checks: readonly CheckResult[]
  /** What is missing, a sentence each. */
  readonly open: readonly string[]
}

/** Tests of the platform by file, as `platform-tests.ts` has them. */
export type TestIndex = Readonly<Record<string, readonly string[]>>

export interface Assessment {
  readonly checks: ReadonlyMap<string, CheckResult>
  readonly hasAccounts: boolean
  readonly tests?: TestIndex
}

/** All findings of a standard, in its order. */
export function assess(standard: Standard, found: Assessment): readonly Finding[] {
  const tests = Object.entries(found.tests ?? platformTests).flatMap(([file, titles]) =>
    titles.map((title) => ({ name: `${file} › ${title}`, numbers: numbersIn(title) })),
  )
  return standard.requirements.map((one) => {
    const id = `${standard.prefix} ${one.id}`
    // Who shows a part of a requirement says which: "GDPR Art. 5(1)" counts for "Art. 5".
    const tagged = tests.filter(({ numbers }) => numbers.some((it) => it === id || it.startsWith(`${id}(`)))
    return judge(one, found, {
      tagged: tagged.map(({ name }) => name),
      all: new Set(tests.map(({ name }) => name)),
    })
  })
}

interface KnownTests {
  /** Whose titles carry the requirement's number. */
  readonly tagged: readonly string[]
  readonly all: ReadonlySet<string>
}

function judge(requirement: Requirement, { checks, hasAccounts }: Assessment, known: KnownTests): Finding {
  const named = requirement.tests ?? []
  const tests = [...new Set([...known.tagged, ...named.filter((one) => known.all.has(one))])]
  const results = (requirement.checks ?? []).map(
    (name): CheckResult =>
      checks.get(name) ?? { name, title: name, ok: null, says: "This check is not there any more." },
  )
  const finding = { requirement, tests, checks: results }
  if (requirement.who !== "platform") return { ...finding, status: "yours", open: [] }
  if (requirement.accounts && !hasAccounts) return { ...finding, status: "yours", checks: [], open: [] }
  const wantsTest = requirement.needsTest === true || (named.length === 0 && results.length === 0)
  const open = [
    ...results.filter((one) => one.ok !== true).map((one) => one.says),
    ...named.filter((one) => !known.all.has(one)).map((one) => `The test "${one}" is not there.`),
    ...(wantsTest && known.tagged.length === 0 && !(requirement.gap && !requirement.missing)
      ? [requirement.missing ?? "A test that shows it."]
      : []),
    ...(requirement.gap === undefined ? [] : [requirement.gap]),
  ]
  const isRefuted = results.some((one) => one.ok === false)
  return { ...finding, status: isRefuted ? "failed" : open.length > 0 ? "open" : "met", open }
}

/** How many there are of each status. */
export function countStatuses(findings: readonly Finding[]): Readonly<Record<Status, number>> {
  const count = (status: Status): number => findings.filter((one) => one.status === status).length
  return { met: count("met"), failed: count("failed"), open: count("open"), yours: count("yours") }
}
