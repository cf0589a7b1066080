/** The access matrix as one HTML page that needs nothing else: to read, to print, to file with an audit. */

import { escapeHtml } from "../base/escape-html.ts"
import { plainPage } from "../base/plain-page.ts"
import {
  type AccessEntity,
  type AccessGrant,
  type AccessMatrix,
  accessGround,
} from "../policy/access-matrix.ts"
import { restrictionText } from "./restriction-text.ts"

const operations = { read: "Read", create: "Create", update: "Change", delete: "Delete" } as const
const answers = { everyone: "Everyone", conditional: "On conditions", "no one": "No one" } as const

/** A whole document. */
export function accessHtml(name: string, matrix: AccessMatrix): string {
  const title = `Who may do what in ${name}`
  return plainPage({
    title,
    style,
    head: `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">\n`,
    body: `<p>Derived from the rules that the database enforces. ${accessGround.map(escapeHtml).join(" ")}</p>
${overview(matrix)}
${matrix.entities.map(entitySection).join("\n")}
${factSection(matrix)}`,
  })
}

function overview({ entities }: AccessMatrix): string {
  const head = Object.values(operations).map((one) => `<th scope="col">${one}</th>`)
  const rows = entities.map(
    (entity) =>
      `<tr><th scope="row"><a href="#${idOf(entity)}">${escapeHtml(entity.entity)}</a></th>${entity.grants.map((grant) => `<td class="${classOf(grant)}">${answers[grant.allowed]}</td>`).join("")}</tr>`,
  )
  return `<table class="overview"><caption>Overview</caption>
<thead><tr><th scope="col">Entity</th>${head.join("")}</tr></thead>
<tbody>
${rows.join("\n")}
</tbody></table>`
}

function entitySection(entity: AccessEntity): string {
  const grants = entity.grants.map(
    (grant) =>
      `<tr><th scope="row">${operations[grant.operation]}</th><td class="${classOf(grant)}">${escapeHtml(grant.sentence)}</td></tr>`,
  )
  return `<section aria-labelledby="${idOf(entity)}">
<h2 id="${idOf(entity)}">${escapeHtml(entity.entity)}</h2>
${entity.description === null ? "" : `<p>${escapeHtml(entity.description)}</p>`}
${entity.viewOf === null ? "" : `<p>A view of ${escapeHtml(entity.viewOf)}.</p>`}
<table><caption>Who may do what with ${escapeHtml(entity.entity)}</caption>
<thead><tr><th scope="col">Operation</th><th scope="col">Who</th></tr></thead>
<tbody>
${grants.join("\n")}
</tbody></table>
${fieldTable(entity)}
${notes(entity)}
</section>`
}

function fieldTable({ entity, fields }: AccessEntity): string {
  if (fields.length === 0) return ""
  const rows = fields.map(
    (field) =>
      `<tr><th scope="row">${escapeHtml(field.field)}</th><td>${escapeHtml(field.classification)}</td><td>${escapeHtml(restrictionText(field))}</td></tr>`,
  )
  return `<table><caption>Restricted fields of ${escapeHtml(entity)}</caption>
<thead><tr><th scope="col">Field</th><th scope="col">Classification</th><th scope="col">Restriction</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody></table>`
}

function notes({ classified, reveals }: AccessEntity): string {
  const items = [
    ...Object.entries(classified).map(([name, fields]) => `Classified as ${name}: ${fields.join(", ")}.`),
    ...(reveals
      ? [
          "Its unique and exclusion constraints tell that rows exist, also rows that the caller may not read; the model accepts this.",
        ]
      : []),
  ]
  return items.length === 0 ? "" : `<ul>${items.map((one) => `<li>${escapeHtml(one)}</li>`).join("")}</ul>`
}

function factSection({ facts }: AccessMatrix): string {
  if (facts.length === 0) return ""
  const items = facts.map(
    ({ name, meaning }) => `<dt>A caller’s ${escapeHtml(name)}</dt><dd>${escapeHtml(meaning)}</dd>`,
  )
  return `<section aria-labelledby="facts"><h2 id="facts">What a caller has</h2><dl>${items.join("\n")}</dl></section>`
}

function idOf({ entity }: AccessEntity): string {
  return `entity-${escapeHtml(entity)}`
}

function classOf({ allowed }: AccessGrant): string {
  return allowed === "no one" ? "none" : allowed
}

const style = `
:root { color-scheme: light dark; --line: light-dark(#c9ccd1, #4a4f57); --soft: light-dark(#f4f5f7, #23262b); }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; } h2 { font-size: 1.25rem; margin: 2.5rem 0 0.5rem; }
table { width: 100%; border-collapse: collapse; margin: 0.75rem 0; }
caption { text-align: left; font-weight: 600; padding: 0.25rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.6rem; border: 1px solid var(--line); }
thead th { background: var(--soft); } th[scope=row] { white-space: nowrap; font-weight: 600; width: 1%; }
.everyone { font-weight: 600; } .none { color: light-dark(#5c6066, #a4a9b1); }
dt { font-weight: 600; } dd { margin: 0 0 0.5rem 1.25rem; }
@media print { body { font-size: 10pt; } main { max-width: none; padding: 0; } section, tr { break-inside: avoid; } a { color: inherit; text-decoration: none; } }
`
