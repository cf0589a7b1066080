/** What actions say about themselves, for the server's log. */

export interface LogEntry {
  readonly level: "info" | "warn" | "error"
  readonly action: string
  readonly message: string
  readonly data: Readonly<Record<string, unknown>>
}

/** Writes to the server's log. Nothing about persons belongs there. */
export interface ActionLog {
  info(message: string, data?: Readonly<Record<string, unknown>>): void
  warn(message: string, data?: Readonly<Record<string, unknown>>): void
  error(message: string, data?: Readonly<Record<string, unknown>>): void
}

/** The log of one action. */
export function createActionLog(action: string, write: (entry: LogEntry) => void): ActionLog {
  const at =
    (level: LogEntry["level"]): ActionLog["info"] =>
    (message, data = {}) =>
      write({ level, action, message, data })
  return { info: at("info"), warn: at("warn"), error: at("error") }
}
