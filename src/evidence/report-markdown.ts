/** A report as Markdown, for a repository or a terminal. */
import { countStatuses, type Finding } from "./assess.ts"
import type { Evidence } from "./gather.ts"
import type { Section } from "./section.ts"
import { type StandardName, standards } from "./standards.ts"
import { toDoLists } from "./to-do.ts"
import { answererOf, askedText, dutyOf, madeText, statusOrder, statusWords, testText } from "./words.ts"

export function reportMarkdown(evidence: Evidence): string {
  const { name, findings, checks, parts } = evidence
  const lines = [
    `# ${findings.length > 0 ? "Evidence" : parts.map(([, one]) => one.section.title).join(", ")}: ${plain(name)}`,
    "",
    madeText(evidence),
    "",
    ...(findings.length > 0 ? [...summary(evidence), ...toDoLines(evidence)] : []),
    ...findings.flatMap(([standard, all]) => standardLines(standard, all)),
    ...(checks.size > 0
      ? [
          "## What was looked at just now",
          "",
          ...table(
            ["Does this hold?", "Answer", "What was seen"],
            [...checks.values()].map((one) => [
              one.title,
              one.ok === null ? "Not shown" : one.ok ? "Yes" : "No",
              one.says,
            ]),
          ),
        ]
      : []),
    ...parts.flatMap(([, { section }]) => partLines(section)),
  ]
  return `${lines.join("\n").trimEnd()}\n`
}

function summary({ findings }: Evidence): readonly string[] {
  return [
    ...table(
      ["Standard", ...statusOrder.map((one) => statusWords[one].word), "All"],
      findings.map(([name, all]) => [
        standards[name].name,
        ...statusOrder.map((one) => String(countStatuses(all)[one])),
        String(all.length),
      ]),
    ),
    ...statusOrder.map((one) => `- **${statusWords[one].word}**: ${statusWords[one].meaning}`),
    "",
  ]
}

function toDoLines({ findings }: Evidence): readonly string[] {
  return [
    "## What is open, and who can do something about it",
    "",
    ...toDoLists(findings).flatMap(({ title, intro, items }) => [
      `### ${title} (${items.length})`,
      "",
      intro,
      "",
      ...table(
        ["To do, or to decide about", "What is asked", "Where"],
        items.map((one) => [one.text, one.asked, one.numbers.join(", ")]),
      ),
    ]),
  ]
}

function standardLines(name: StandardName, findings: readonly Finding[]): readonly string[] {
  return [
    `## ${standards[name].name}`,
    "",
    plain(standards[name].about),
    "",
    ...table(
      ["Number", "What is asked", "Who answers", "Status", "What there is"],
      findings.map((one) => [
        one.requirement.id,
        askedText(one.requirement),
        answererOf(one),
        statusWords[one.status].word,
        whatThereIs(one),
      ]),
    ),
  ]
}

function whatThereIs(finding: Finding): string {
  const { requirement, status, tests, checks, open } = finding
  const duty = dutyOf(finding)
  return [
    ...(status === "met" && requirement.how ? [requirement.how] : []),
    ...open.map((one) => `${status === "failed" ? "Found" : "Missing"}: ${one}`),
    ...(duty === null ? [] : [`To do: ${duty}`]),
    ...checks.filter((one) => one.ok === true || status === "yours").map((one) => `Seen: ${one.says}`),
    ...(tests.length > 0 ? [`Tested: ${testText(tests)}.`] : []),
  ].join(" ")
}

function partLines({ title, intro, notes = [], tables }: Section): readonly string[] {
  return [
    `## ${plain(title)}`,
    "",
    plain(intro),
    "",
    ...notes.map((one) => `- ${plain(one)}`),
    ...(notes.length > 0 ? [""] : []),
    ...tables.flatMap(({ caption, head, rows }) => [`### ${plain(caption)}`, "", ...table(head, rows)]),
  ]
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(plain).join(" | ")} |`
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line), ""]
}

/** Text in which nothing is markup, for terminals neither; a character is written out where Markdown would read it. */
function plain(text: string): string {
  return text
    .replaceAll(/[\\`*_{}[\]<>|#]/g, "\\$&")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/\p{Cc}/gu, "")
}
