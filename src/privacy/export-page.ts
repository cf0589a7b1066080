/** The page of an export: what is in it, what for, who gets it, and how long it is kept, for the person whose data it is. */
import { escapeHtml } from "../base/escape-html.ts"
import { plainPage } from "../base/plain-page.ts"
import type { EntityInfo, Model } from "../model/model.ts"
import type { ExportTable } from "../store/export-rows.ts"

/** What a definition's `processing` says, as far as people are to be told (GDPR Art. 15(1)). */
export interface ToldProcessing {
  readonly controller: { readonly name: string; readonly contact: string }
  readonly dpo?: { readonly name: string; readonly contact: string }
  readonly purposes: readonly {
    readonly name: string
    readonly basis: string
    readonly entities: readonly string[]
    readonly retention?: string
  }[]
  readonly recipients: readonly string[]
  readonly transfers: readonly { readonly to: string; readonly safeguard: string }[]
  readonly subprocessors: readonly {
    readonly name: string
    readonly service: string
    readonly place: string
  }[]
}

interface PageParts {
  readonly name: string
  readonly subject: string
  readonly at: string
  readonly counts: readonly { readonly table: ExportTable; readonly rows: number }[]
  readonly model: Model
  readonly processing: ToldProcessing | null
}

const style =
  "body{font:16px/1.5 system-ui,sans-serif;color:#111;margin:2rem}main{max-width:50rem;margin:auto}table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ccc;padding:.3rem .6rem;text-align:left;vertical-align:top}"

export function exportPage(parts: PageParts): string {
  const { name, subject, at, counts, model, processing } = parts
  const sections = [
    `<p>This is what ${text(name)} has about ${text(subject)}, as of ${text(at)}. Each table is there as JSON, with its schema, and as CSV.</p>`,
    table(
      ["What", "Rows", "Files", "Kept"],
      counts.map(({ table: one, rows }) => [
        one.entity?.description ? `${text(one.name)}<br>${text(one.entity.description)}` : text(one.name),
        String(rows),
        `<a href="data/${one.name}.json">JSON</a>, <a href="csv/${one.name}.csv">CSV</a>`,
        one.entity ? text(keptText(one.entity)) : "",
      ]),
    ),
    "<p><code>access</code> says who did what with it, when, and what for. In CSV a cell that a spreadsheet would take for a formula begins with an apostrophe.</p>",
    ...consentSections(model),
    ...(processing ? processingSections(processing) : [missing]),
    `<h2>Your rights</h2><p>You may have wrong data corrected (Art. 16), data erased (Art. 17), its processing restricted (Art. 18), object (Art. 21), and complain to a supervisory authority (Art. 77 GDPR).</p>`,
  ]
  return plainPage({ title: "Your data", style, body: sections.join("\n") })
}

const missing =
  "<p>What else it is processed for, and who is given it, the people who run this backend have not written down in it; ask them.</p>"

function consentSections({ entities }: Model): string[] {
  const purposes = entities.flatMap((one) => [...(one.consent?.purposes.values() ?? [])])
  if (purposes.length === 0) return []
  const rows = purposes.map((one) => [one.name, one.basis, one.text, one.withdrawal ?? ""].map(text))
  return ["<h2>What people are asked</h2>", table(["Purpose", "Basis", "Text", "After withdrawal"], rows)]
}

function processingSections(said: ToldProcessing): string[] {
  const { controller, dpo, purposes, recipients, transfers, subprocessors } = said
  const list = (items: readonly string[]): string =>
    items.length === 0 ? "<p>None.</p>" : `<ul>${items.map((one) => `<li>${text(one)}</li>`).join("")}</ul>`
  const rows = purposes.map((one) =>
    [one.name, one.basis, one.entities.join(", "), one.retention ?? ""].map(text),
  )
  return [
    `<h2>Who answers for it</h2><p>${text(controller.name)}, ${text(controller.contact)}${dpo ? `; data protection officer: ${text(dpo.name)}, ${text(dpo.contact)}` : ""}</p>`,
    "<h2>Purposes</h2>",
    table(["Purpose", "Basis", "Data", "Kept"], rows),
    "<h2>Recipients</h2>",
    list([...recipients, ...subprocessors.map((one) => `${one.name}: ${one.service} (${one.place})`)]),
    "<h2>Transfers to other countries</h2>",
    list(transfers.map((one) => `${one.to}: ${one.safeguard}`)),
  ]
}

/** How long rows of an entity are kept, in words. */
export function keptText({ retain }: Pick<EntityInfo, "retain">): string {
  if (!retain) return "until it is deleted"
  const [, years, months, days] = /^P(\d+)Y(\d+)M(\d+)D$/.exec(retain.period) ?? []
  const parts = [
    [years, "years"],
    [months, "months"],
    [days, "days"],
  ].filter(([count]) => Number(count) > 0)
  return `${parts.map((one) => one.join(" ")).join(", ")} after ${retain.after.name}, then ${retain.end === "delete" ? "deleted" : "anonymised"}`
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (tag: string, cells: readonly string[]): string =>
    `<tr>${cells.map((one) => `<${tag}>${one}</${tag}>`).join("")}</tr>`
  return `<table>${line("th", heads)}${rows.map((one) => line("td", one)).join("")}</table>`
}

const text = escapeHtml
