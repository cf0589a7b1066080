/** `undercroft audit export` writes sealed entries for other systems, and goes on where it ended; `audit touched` tells what a credential touched. */
import { once } from "node:events"
import { readFile, rename, writeFile } from "node:fs/promises"
import { setTimeout as wait } from "node:timers/promises"
import { type ExportedEntry, type ExportFormat, exportFormats, formatOf } from "../audit/export-formats.ts"
import { UndercroftError } from "../base/errors.ts"
import { exportedEntries } from "../sql/audit-export.ts"
import { touchedBy } from "../sql/audit-touched.ts"
import { readAudit } from "../store/audit-database.ts"
import { recordCommand } from "../store/record-entry.ts"
import { listenForStop } from "./stop-signal.ts"
import { printable, stdout } from "./terminal.ts"

export interface ExportOptions {
  readonly adminUrl: string
  /** The backend's name. */
  readonly product: string
  readonly format: string | undefined
  readonly from: string | undefined
  readonly to: string | undefined
  /** The file that says how far earlier runs came. */
  readonly cursor: string | undefined
  readonly follow: boolean
}

const followMs = 2000

/** Writes to standard output. Throws UC975 and UC976. */
export async function exportRecord(options: ExportOptions): Promise<void> {
  const { adminUrl, cursor, follow } = options
  const [from, to] = [readMoment(options.from, "--from"), readMoment(options.to, "--to")]
  const name = (options.format ?? "jsonl") as ExportFormat
  if (!exportFormats.includes(name))
    throw new UndercroftError("UC975", {
      what: `--format ${name}`,
      mend: `Say one of ${exportFormats.join(", ")}.`,
    })
  const format = formatOf(name, options.product)
  let position = cursor === undefined ? 0 : await readCursor(cursor)
  const stop = follow ? listenForStop() : null
  await recordCommand(adminUrl, {
    kind: "export",
    question: { format: name, after: position, from, to, follow },
  })
  if (format.head !== null && position === 0) await write(`${format.head}\n`)
  for (;;) {
    const reader = await readAudit(adminUrl)
    try {
      for await (const rows of reader.stream(exportedEntries, [position, from, to])) {
        const entries = rows.map((row) => ({ ...row, position: Number(row["position"]) }) as ExportedEntry)
        await write(entries.map((entry) => `${format.line(entry)}\n`).join(""))
        position = entries.at(-1)?.position ?? position
        // What was written is not written again; what was not, is.
        if (cursor !== undefined) await writeCursor(cursor, position)
      }
    } finally {
      await reader.close()
    }
    if (stop === null || stop.isRequested()) return
    await Promise.race([wait(followMs), stop.requested])
  }
}

export interface TouchedOptions {
  readonly adminUrl: string
  readonly credential: string | undefined
  readonly from: string | undefined
  readonly to: string | undefined
  readonly json: boolean
}

/** GDPR Art. 33(3): whose data, and which of it, a credential that is in wrong hands was used on. Throws UC975. */
export async function tellTouched({ adminUrl, credential, json, ...period }: TouchedOptions): Promise<void> {
  if (credential === undefined || !/^(session|key|token|user):./.test(credential))
    throw new UndercroftError("UC975", {
      what: `--credential ${credential ?? ""}`,
      mend: "Say session:<id>, key:<id>, token:<issuer> or user:<id>.",
    })
  const [from, to] = [readMoment(period.from, "--from"), readMoment(period.to, "--to")]
  await recordCommand(adminUrl, { kind: "read", question: { touched: credential, from, to } })
  const reader = await readAudit(adminUrl)
  let count = 0
  try {
    if (!json)
      stdout.line(stdout.paint("bold", columnsOf("SUBJECT", "ENTITY", "TIMES", "FIRST", "LAST", "FIELDS")))
    for await (const rows of reader.stream(touchedBy, [credential, from, to])) {
      count += rows.length
      for (const row of rows) await write(`${json ? JSON.stringify(row) : rowText(row)}\n`)
    }
  } finally {
    await reader.close()
  }
  if (!json && count === 0) stdout.line("It touched nothing in that time.")
}

function rowText({ subject, entity, times, first, last, fields }: Readonly<Record<string, unknown>>): string {
  return columnsOf(
    subject ?? "nobody's",
    entity,
    times,
    first,
    last,
    (fields as readonly string[]).join(", "),
  )
}

function columnsOf(...cells: readonly unknown[]): string {
  const widths = [46, 20, 6, 21, 21, 0]
  return cells
    .map((cell, at) => printable(String(cell)).padEnd(widths[at] ?? 0))
    .join(" ")
    .trimEnd()
}

/** A day is its beginning, in UTC. */
function readMoment(text: string | undefined, option: string): string | null {
  if (text === undefined) return null
  const isMoment = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
  if (!isMoment || Number.isNaN(Date.parse(text)))
    throw new UndercroftError("UC975", {
      what: `${option} ${text}`,
      mend: "Say a day or a moment, such as 2026-01-31 or 2026-01-31T12:00:00Z.",
    })
  return text.length === 10 ? `${text}T00:00:00Z` : text
}

async function readCursor(path: string): Promise<number> {
  try {
    const { position } = JSON.parse(await readFile(path, "utf8"))
    if (!Number.isSafeInteger(position) || position < 0) throw new Error("it holds no position")
    return position
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return 0
    throw new UndercroftError("UC976", { path, why: (cause as Error).message }, { cause })
  }
}

/** In the place of the former one at once: a cursor that was cut off would begin anew. */
async function writeCursor(path: string, position: number): Promise<void> {
  await writeFile(`${path}.next`, `${JSON.stringify({ position })}\n`)
  await rename(`${path}.next`, path)
}

/** As fast as the reader takes it. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain")
}
