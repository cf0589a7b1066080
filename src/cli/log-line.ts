/** An entry of an action's log as one line: for people, or as JSON for programs. */
import type { LogEntry } from "../actions/action-log.ts"
import { printable, type Style, type Terminal } from "./terminal.ts"

const styles: Readonly<Record<LogEntry["level"], Style>> = { info: "cyan", warn: "yellow", error: "red" }

/** `2026-01-01T08:00:00.000Z info bookAppointment: booked {"slot":"…"}`; nothing in it can begin another line. */
export function logLine({ level, action, message, data }: LogEntry, at: Date, out: Terminal): string {
  const more = Object.keys(data).length === 0 ? "" : ` ${out.paint("dim", jsonOf(data))}`
  const text = printable(String(message))
  return `${at.toISOString()} ${out.paint(styles[level], level)} ${action}: ${text}${more}`
}

/** The same as one object. */
export function logJson({ level, action, message, data }: LogEntry, at: Date): string {
  const told = jsonOf({ at: at.toISOString(), level, action, message: String(message) })
  return `${told.slice(0, -1)},"data":${jsonOf(data)}}`
}

/** What can't be written is not worth a failed action. What is shown in place of a control character is JSON, too. */
function jsonOf(value: object): string {
  try {
    return printable(JSON.stringify(value, (_, one) => (typeof one === "bigint" ? String(one) : one)) ?? "{}")
  } catch {
    return '{"unwritable":true}'
  }
}
