/** Ends the PostgreSQL processes that a dead predecessor left on exactly this data directory. */
import { readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs"
import { basename, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { UndercroftError } from "../base/errors.ts"
import { psField } from "./embedded-process.ts"

/** Signals from polite to final, and how long to wait after each: fast shutdown, immediate shutdown, kill. */
const signals = [
  { signal: "SIGINT", waitMs: 15_000 },
  { signal: "SIGQUIT", waitMs: 5_000 },
  { signal: "SIGKILL", waitMs: 5_000 },
] as const

/** Ends them; the caller holds the lock, so nobody owns them. Throws UC507 if they do not end. */
export async function endPredecessor(data: string, log: string): Promise<void> {
  const pid = readPostmasterPid(data)
  if (pid === undefined || process.platform === "win32") return // a job ends it there
  for (const { signal, waitMs } of signals) {
    const end = Date.now() + waitMs
    let left = findPostmasterFirst(data, pid)
    // The postmaster ends its children; without one they notice, and are helped along.
    const alone = left[0] !== pid
    if (alone && signal === "SIGINT" && left.length > 0) continue
    for (const each of alone || signal === "SIGKILL" ? left : [pid]) trySignal(each, signal)
    for (; left.length > 0 && Date.now() < end; left = findPostmasterFirst(data, pid)) await sleep(10)
    if (left.length === 0) return forgetReusedPid(data, pid)
  }
  throw new UndercroftError("UC507", { why: `the process ${pid} of an earlier server does not end`, log })
}

/**
 * The processes that serve the data directory, the postmaster first. Every process of PostgreSQL runs the
 * program `postgres` in its data directory; the number in postmaster.pid alone could be anyone's by now.
 */
function findPostmasterFirst(data: string, postmaster: number): number[] {
  if (process.platform !== "linux") return isPostmasterByCommand(data, postmaster) ? [postmaster] : []
  const found = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const program = basename(readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ""))
        return program === "postgres" && readlinkSync(`/proc/${pid}/cwd`) === data
      } catch {
        return false // ended, or another user's
      }
    })
  return found.toSorted((a, b) => Number(b === postmaster) - Number(a === postmaster))
}

function isPostmasterByCommand(data: string, pid: number): boolean {
  try {
    const command = psField(pid, "command=") ?? ""
    return command.includes("postgres") && command.includes(` -D ${data} -c `)
  } catch {
    return false
  }
}

/**
 * PostgreSQL refuses to start when the number in a stale postmaster.pid is a process, be it another one by now, or a
 * dead one that nobody reaps, as in a container whose first process does not.
 */
function forgetReusedPid(data: string, pid: number): void {
  if (readPostmasterPid(data) === pid && isKnown(pid)) rmSync(join(data, "postmaster.pid"))
}

/** Whether the system has a process of this number, alive or dead. */
function isKnown(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}

/** The process id in postmaster.pid; nothing if there is no such file. */
function readPostmasterPid(data: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(data, "postmaster.pid"), "utf8"), 10)
    return pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}

function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended in between.
  }
}
