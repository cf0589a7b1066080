/** How a server is asked to stop: a first signal asks for an orderly end, a second one ends at once. */
import { constants } from "node:os"
import { isSupervised } from "./supervised.ts"
import { stderr } from "./terminal.ts"

export interface StopSignal {
  /** Settles at the first request. */
  readonly requested: Promise<void>
  isRequested(): boolean
}

export type StopName = "SIGINT" | "SIGTERM" | "SIGHUP"

/** A Ctrl-C in `npm start` arrives twice at once: from the terminal, and from npm. */
const sameMs = 500

/** Counts requests to stop: calls `first` once, and ends the process at the second, after `last`. */
export function countStops(first: () => void, last: () => void): (name: StopName) => void {
  let firstAt: number | null = null
  return (name) => {
    if (firstAt === null) {
      firstAt = Date.now()
      if (stderr.isTerminal && !isSupervised())
        stderr.line(stderr.paint("dim", "\nStopping; Ctrl-C again ends at once."))
      first()
    } else if (Date.now() - firstAt > sameMs) {
      last()
      process.exit(128 + constants.signals[name])
    }
  }
}

/** Listens from now on, for the rest of the process. */
export function listenForStop(): StopSignal {
  let isRequested = false
  let settle = (): void => undefined
  const requested = new Promise<void>((resolve) => {
    settle = resolve
  })
  const stop = countStops(
    () => {
      isRequested = true
      settle()
    },
    () => undefined,
  )
  if (isSupervised()) {
    // A terminal's signals reach the supervisor too, and that one decides.
    for (const name of ["SIGINT", "SIGHUP"] as const) process.on(name, () => undefined)
    process.on("SIGTERM", stop)
    process.on("message", (message) => message === "stop" && stop("SIGTERM"))
    process.on("disconnect", () => stop("SIGTERM"))
  } else for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, stop)
  return { requested, isRequested: () => isRequested }
}
