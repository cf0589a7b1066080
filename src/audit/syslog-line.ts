/** One entry as a syslog message of RFC 5424; its framing is that of whoever sends it. */
import { hostname } from "node:os"
import type { ExportedEntry } from "./export-formats.ts"

export interface SyslogMessage {
  /** The backend's name. */
  readonly product: string
  /** From 0 to 10, as CEF counts. */
  readonly severity: number
  /** What stands after the header: CEF or OCSF, of one line. */
  readonly message: string
}

/** "Log audit", of RFC 5424's table. */
const facility = 13
const sequenceMax = 2_147_483_647

/** No mark stands before the message (BOM): what reads CEF or JSON expects these at its first character. */
export function syslogLine(
  { at, kind, position }: Pick<ExportedEntry, "at" | "kind" | "position">,
  { product, severity, message }: SyslogMessage,
): string {
  const priority = facility * 8 + (severity >= 9 ? 1 : severity >= 5 ? 4 : 6)
  // The counter of RFC 5424, section 7.3.1, begins anew after its last number.
  const sequence = ((position - 1) % sequenceMax) + 1
  const data = `[origin software="${escapeParameter(product.slice(0, 48))}"][meta sequenceId="${sequence}"]`
  return `<${priority}>1 ${at} ${word(hostname(), 255)} ${word(product, 48)} - ${word(kind, 32)} ${data} ${message}`
}

/** A message with its length in bytes before it (RFC 6587, octet counting): a line's end within it ends nothing. */
export function countedFrame(line: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(line)} ${line}`, "utf8")
}

/** What a part of the header may hold: visible characters of ASCII. */
function word(text: string, length: number): string {
  return text.replaceAll(/[^\x21-\x7e]/g, "_").slice(0, length) || "-"
}

/** RFC 5424, section 6.3.3. */
function escapeParameter(text: string): string {
  return text.replaceAll(/["\\\]]/g, String.raw`\$&`)
}
