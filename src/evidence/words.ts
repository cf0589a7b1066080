/** The words of a report, for readers who can't read code. */
import type { Finding, Status } from "./assess.ts"
import type { Answerer, Requirement } from "./requirement.ts"
import { testWords } from "./standards/shown-by.ts"

export const statusWords: Readonly<Record<Status, { readonly word: string; readonly meaning: string }>> = {
  met: {
    word: "Met",
    meaning:
      "Shown by tests that this version of the platform has, or by a look at the running system just now. The tests are known by name: this report did not run them, and does not know when they last passed.",
  },
  failed: {
    word: "Not met",
    meaning: "A look at the running system just now found the opposite. Mend these first.",
  },
  open: { word: "Open", meaning: "Not shown, or not all of it. What is missing is said; it is not claimed." },
  yours: {
    word: "Yours",
    meaning:
      "No software can do it: the builder (the team that made this backend) or the operator (whoever runs it) has to.",
  },
}

/** The order in which somebody who mends reads them. */
export const statusOrder: readonly Status[] = ["failed", "open", "yours", "met"]

const answererWords: Readonly<Record<Answerer, string>> = {
  platform: "Platform (the software)",
  builder: "Builder (the team)",
  operator: "Operator (who runs it)",
}

/** Whoever signs people in, where it is not the backend. */
const elsewhere =
  "This backend has no accounts: people sign in elsewhere, and whoever runs that answers for it. Ask them for their evidence."

/** What is asked, in a sentence that says how binding it is where the standard counts so. */
export function askedText({ text, weight }: Requirement): string {
  if (weight === undefined || !/^(must|should|may)\b/.test(weight)) return text
  // An abbreviation stays as it is.
  const start = /^[A-Z][a-z ]/.test(text) ? text.charAt(0).toLowerCase() : text.charAt(0)
  return `${weight.charAt(0).toUpperCase()}${weight.slice(1)}: ${start}${text.slice(1)}`
}

/** Who answers for a finding. */
export function answererOf({ requirement, status }: Finding): string {
  return requirement.who === "platform" && status === "yours"
    ? "Whoever signs people in"
    : answererWords[requirement.who]
}

/** What the builder or the operator has to do; null where nothing. */
export function dutyOf({ requirement, status, checks }: Finding): string | null {
  if (requirement.who === "platform" && status === "yours") return elsewhere
  const isDone = checks.length > 0 && checks.every((one) => one.ok === true)
  return (isDone ? requirement.dutyThen : undefined) ?? requirement.duty ?? null
}

/** What a report was made by, and what it knows of tests. */
export function madeText({ at, version }: { readonly at: Date; readonly version: string | null }): string {
  return `Made on ${dayText(at)} by Undercroft ${version ?? "of an unknown version"} from the running system: its model, its settings and its database as they were at that moment. Tests are told by their names, from the list that came with that version; they were not run for this report (\`npm test\` in the source of that version does).`
}

function dayText(at: Date): string {
  return `${at.toISOString().slice(0, 10)}, ${at.toISOString().slice(11, 16)} UTC`
}

/** What tests show, in a few words each; every name of a test is in the JSON. */
export function testText(tests: readonly string[]): string {
  const words = [...new Set(tests.map(testWords))]
  return words.length > 5 ? `${words.slice(0, 5).join("; ")}; and ${words.length - 5} more` : words.join("; ")
}
