/** A report as one HTML page that prints on A4 and needs nothing else: no script, no request. */
import { escapeHtml } from "../base/escape-html.ts"
import { countStatuses, type Finding } from "./assess.ts"
import type { CheckResult } from "./checks.ts"
import type { Evidence } from "./gather.ts"
import { reportStyle } from "./report-style.ts"
import type { Section } from "./section.ts"
import { type StandardName, standards } from "./standards.ts"
import { toDoLists } from "./to-do.ts"
import { answererOf, askedText, dutyOf, madeText, statusOrder, statusWords, testText } from "./words.ts"

/** A whole document. */
export function reportHtml(evidence: Evidence): string {
  const title = `${evidence.findings.length > 0 ? "Evidence" : evidence.parts.map(([, one]) => one.section.title).join(", ")}: ${evidence.name}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${reportStyle}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
<p>${inline(madeText(evidence))}</p>
${
  evidence.findings.length > 0
    ? `${summary(evidence)}
${toDoSection(evidence)}`
    : ""
}
${evidence.findings.map(([name, findings]) => standardSection(name, findings)).join("\n")}
${evidence.checks.size > 0 ? checkSection([...evidence.checks.values()]) : ""}
${evidence.parts.map(([name, { section }]) => partSection(name, section)).join("\n")}
</main>
</body>
</html>
`
}

/** Text in which `this` is something to type, escaped. */
function inline(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>")
}

function summary({ findings, parts }: Evidence): string {
  const rows = findings.map(([name, all]) => {
    const counts = countStatuses(all)
    return `<tr><th scope="row"><a href="#${name}">${escapeHtml(standards[name].name)}</a></th>${statusOrder.map((one) => `<td class="${one} number">${counts[one]}</td>`).join("")}<td class="number">${all.length}</td></tr>`
  })
  const contents = parts.map(([name, one]) => `<a href="#part-${name}">${escapeHtml(one.section.title)}</a>`)
  return `<section aria-labelledby="summary"><h2 id="summary">In short</h2>
<table><caption>How many requirements are</caption>
<thead><tr><th scope="col">Standard</th>${statusOrder.map((one) => `<th scope="col">${statusWords[one].word}</th>`).join("")}<th scope="col">All</th></tr></thead>
<tbody>${rows.join("\n")}</tbody></table>
<dl>${statusOrder.map((one) => `<dt class="${one}">${statusWords[one].word}</dt><dd>${escapeHtml(statusWords[one].meaning)}</dd>`).join("")}</dl>
<p>The words of each requirement are our own short ones; the standard's own text governs. This report is no certificate and no legal advice: it says what was looked at, and what was seen.</p>
${contents.length > 0 ? `<p>Further below: <a href="#checks">what was looked at just now</a>, ${contents.join(", ")}.</p>` : ""}
</section>`
}

function toDoSection({ findings }: Evidence): string {
  const lists = toDoLists(findings).map(
    ({ title, intro, items }) => `<h3>${escapeHtml(title)} (${items.length})</h3>
<p>${inline(intro)}</p>
<table class="to-do"><thead><tr><th scope="col">To do, or to decide about</th><th scope="col">What is asked</th><th scope="col">Where</th></tr></thead>
<tbody>${items.map((one) => `<tr><th scope="row">${inline(one.text)}</th><td>${inline(one.asked)}</td><td><small>${escapeHtml(one.numbers.join(", "))}</small></td></tr>`).join("\n")}</tbody></table>`,
  )
  return `<section aria-labelledby="to-do"><h2 id="to-do">What is open, and who can do something about it</h2>
${lists.length > 0 ? lists.join("\n") : "<p>Nothing.</p>"}
</section>`
}

function standardSection(name: StandardName, findings: readonly Finding[]): string {
  const { name: title, about } = standards[name]
  const groups = statusOrder.map((status) => {
    const all = findings.filter((one) => one.status === status)
    if (all.length === 0) return ""
    return `<h3>${statusWords[status].word} (${all.length})</h3>
<p>${escapeHtml(statusWords[status].meaning)}</p>
<table class="findings"><thead><tr><th scope="col">Number</th><th scope="col">What is asked</th><th scope="col">What there is</th></tr></thead>
<tbody>
${all.map(findingRow).join("\n")}
</tbody></table>`
  })
  return `<section aria-labelledby="${name}"><h2 id="${name}">${escapeHtml(title)}</h2>
<p>${escapeHtml(about)}</p>
${groups.filter(Boolean).join("\n")}
</section>`
}

function findingRow(finding: Finding): string {
  const { requirement, status, tests, checks, open } = finding
  const duty = dutyOf(finding)
  const seen = checks.filter((one) => status === "met" || status === "yours" || one.ok === true)
  const lines: readonly (readonly [string, string] | null)[] = [
    status === "met" && requirement.how ? ["How", requirement.how] : null,
    ...open.map((text) => [status === "failed" ? "Found" : "Missing", text] as const),
    duty === null ? null : ["To do for you", duty],
    ...seen.map(
      (one) =>
        [
          `Seen just now${one.ok === false ? ", not in order" : one.ok === null ? ", open" : ""}`,
          one.says,
        ] as const,
    ),
    tests.length > 0 ? ["Tested", testText(tests)] : null,
  ]
  const items = lines.flatMap((one) =>
    one ? [`<li><b>${escapeHtml(one[0])}:</b> ${inline(one[1])}</li>`] : [],
  )
  const asked = askedText(requirement)
  const weight =
    asked !== requirement.text || requirement.weight === undefined
      ? ""
      : `<br><small>${escapeHtml(requirement.weight)}</small>`
  return `<tr class="${status}"><th scope="row">${escapeHtml(requirement.id)}${weight}</th><td>${escapeHtml(asked)}<br><small>Answers for it: ${escapeHtml(answererOf(finding))}</small></td><td><ul>${items.join("")}</ul></td></tr>`
}

function checkSection(checks: readonly CheckResult[]): string {
  const rows = checks.map((one) => {
    const status = one.ok === true ? "met" : one.ok === false ? "failed" : "open"
    const word = { met: "Yes", failed: "No", open: "Not shown" }[status]
    return `<tr class="${status}"><th scope="row">${escapeHtml(one.title)}</th><td class="${status}">${word}</td><td>${escapeHtml(one.says)}</td></tr>`
  })
  return `<section aria-labelledby="checks"><h2 id="checks">What was looked at just now</h2>
<p>Each line is a question that the running system and its database answered while this report was made.</p>
<table class="checks"><thead><tr><th scope="col">Does this hold?</th><th scope="col">Answer</th><th scope="col">What was seen</th></tr></thead>
<tbody>${rows.join("\n")}</tbody></table></section>`
}

function partSection(name: string, { title, intro, notes = [], tables }: Section): string {
  return `<section aria-labelledby="part-${name}"><h2 id="part-${name}">${escapeHtml(title)}</h2>
<p>${inline(intro)}</p>
${notes.length > 0 ? `<ul>${notes.map((one) => `<li>${escapeHtml(one)}</li>`).join("")}</ul>` : ""}
${tables
  .map(
    ({ caption, head, rows }) => `<table><caption>${escapeHtml(caption)}</caption>
<thead><tr>${head.map((one) => `<th scope="col">${escapeHtml(one)}</th>`).join("")}</tr></thead>
<tbody>${rows.map(([first = "", ...others]) => `<tr><th scope="row">${escapeHtml(first)}</th>${others.map((one) => `<td>${inline(one)}</td>`).join("")}</tr>`).join("\n")}</tbody></table>`,
  )
  .join("\n")}
</section>`
}
