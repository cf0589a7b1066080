/** Entries as other systems read them: JSON Lines, CSV, CEF, OCSF and syslog; a line each. */
import { toOcsf } from "./export-ocsf.ts"
import { syslogLine } from "./syslog-line.ts"

export const exportFormats = ["jsonl", "csv", "cef", "ocsf", "syslog"] as const
export type ExportFormat = (typeof exportFormats)[number]

/** A sealed entry, without the values of personal fields. */
export interface ExportedEntry {
  readonly position: number
  readonly id: string
  readonly at: string
  readonly kind: string
  readonly actor: string
  readonly onBehalf: string | null
  readonly roles: readonly string[]
  readonly assurance: string | null
  readonly credential: string | null
  readonly door: string
  readonly request: string | null
  readonly address: string | null
  readonly purpose: string | null
  readonly entity: string | null
  readonly rows: readonly string[] | null
  readonly subjects: readonly string[] | null
  readonly fields: readonly string[] | null
  readonly question: unknown
  readonly result: string
  readonly detail: unknown
}

export const exportedFields: readonly (keyof ExportedEntry)[] = [
  "position",
  "id",
  "at",
  "kind",
  "actor",
  "onBehalf",
  "roles",
  "assurance",
  "credential",
  "door",
  "request",
  "address",
  "purpose",
  "entity",
  "rows",
  "subjects",
  "fields",
  "question",
  "result",
  "detail",
]

/** What a format is sent as, its first line, and an entry in it. */
export interface EntryFormat {
  readonly contentType: string
  readonly head: string | null
  readonly line: (entry: ExportedEntry) => string
}

/** `product` is the backend's name. */
export function formatOf(format: ExportFormat, product: string): EntryFormat {
  switch (format) {
    case "jsonl":
      return { contentType: "application/x-ndjson", head: null, line: (entry) => JSON.stringify(entry) }
    case "ocsf":
      return {
        contentType: "application/x-ndjson",
        head: null,
        line: (entry) => JSON.stringify(toOcsf(entry, product)),
      }
    case "csv":
      return {
        contentType: "text/csv; charset=utf-8; header=present",
        head: csvLine(exportedFields),
        line: toCsv,
      }
    case "cef":
      return { contentType: "text/plain; charset=utf-8", head: null, line: (entry) => toCef(entry, product) }
    case "syslog":
      return {
        contentType: "text/plain; charset=utf-8",
        head: null,
        line: (entry) =>
          syslogLine(entry, { product, severity: severityOf(entry), message: toCef(entry, product) }),
      }
  }
}

function toCsv(entry: ExportedEntry): string {
  return csvLine(exportedFields.map((name) => textOf(entry[name])))
}

/** RFC 4180. What a spreadsheet would take for a formula (CWE-1236) begins with an apostrophe. */
function csvLine(cells: readonly string[]): string {
  return cells
    .map((cell) => (/^[\s\p{C}]*[=+\-@\t\r＝＋－＠]/u.test(cell) ? `'${cell}` : cell))
    .map((cell) => `"${cell.replaceAll('"', '""')}"`)
    .join(",")
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return ""
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}

/** ArcSight Common Event Format. */
function toCef(entry: ExportedEntry, product: string): string {
  const head = ["CEF:0", "Undercroft", product, "1", entry.kind, titleOf(entry), String(severityOf(entry))]
  const isAddress = /^[0-9.]+$/.test(entry.address ?? "")
  const extension: Readonly<Record<string, unknown>> = {
    rt: Date.parse(entry.at),
    externalId: entry.id,
    suser: entry.actor,
    spriv: entry.roles.join(" ") || null,
    src: isAddress ? entry.address : null,
    c6a2: isAddress ? null : entry.address,
    c6a2Label: isAddress || entry.address === null ? null : "Source IPv6 Address",
    act: entry.kind,
    app: entry.door,
    outcome: isDone(entry) ? "success" : "failure",
    reason: isDone(entry) ? null : entry.result,
    cn1: entry.position,
    cn1Label: "position",
    ...labelled(1, "entity", entry.entity),
    ...labelled(2, "fields", entry.fields?.join(" ") ?? null),
    ...labelled(3, "subjects", entry.subjects?.join(" ") ?? null),
    ...labelled(4, "purpose", entry.purpose),
    ...labelled(5, "credential", entry.credential),
    ...labelled(6, "request", entry.request),
  }
  const pairs = Object.entries(extension).flatMap(([key, value]) =>
    value === null || value === "" ? [] : [`${key}=${escapeExtension(String(value))}`],
  )
  const [version, ...parts] = head
  return `${[version, ...parts.map(escapeHeader)].join("|")}|${pairs.join(" ")}`
}

function labelled(at: number, label: string, value: string | null): Record<string, string | null> {
  return { [`cs${at}`]: value, [`cs${at}Label`]: value ? label : null }
}

/** A line must stay a line, and a bar the next part. */
function escapeHeader(text: string): string {
  return text.replaceAll(/[\r\n\u2028\u2029]+/g, " ").replaceAll(/[\\|]/g, String.raw`\$&`)
}

function escapeExtension(text: string): string {
  return text.replaceAll(/[\\=]/g, String.raw`\$&`).replaceAll(/\r\n|[\r\n\u2028\u2029]/g, String.raw`\n`)
}

/** Whether what was asked was done. */
function isDone({ kind, result }: Pick<ExportedEntry, "kind" | "result">): boolean {
  return result === "done" && kind !== "denied" && kind !== "failed"
}

/** From 0 to 10, as CEF counts. */
export function severityOf(entry: ExportedEntry): number {
  if (entry.kind === "alert") return 9
  if (entry.kind === "override") return 7
  if (!isDone(entry)) return 5
  return entry.kind === "read" ? 1 : 3
}

function titleOf({ kind, entity }: ExportedEntry): string {
  return entity === null ? kind : `${kind} ${entity}`
}
