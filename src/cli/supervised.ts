/** The server's side of watching: it is told to stop by its supervisor, and tells it why it failed. */
import { codeOf } from "./tell-error.ts"

/** Set for the servers that a supervisor starts: "first", or "again" after a change. */
export const supervisedVariable = "UNDERCROFT_SUPERVISED"

/** What a server tells its supervisor. */
export type ServerMessage = { readonly kind: "ready" } | { readonly kind: "failed"; readonly code: string }

export function isSupervised(): boolean {
  return process.env[supervisedVariable] !== undefined && process.send !== undefined
}

/** Whether an earlier server of the same supervisor has shown the start screen. */
export function isRestart(): boolean {
  return isSupervised() && process.env[supervisedVariable] === "again"
}

export function tellReady(): void {
  tell({ kind: "ready" })
}

export function tellFailure(error: unknown): void {
  tell({ kind: "failed", code: codeOf(error) })
}

function tell(message: ServerMessage): void {
  if (isSupervised() && process.connected) process.send?.(message, undefined, undefined, () => undefined)
}
