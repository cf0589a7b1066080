/** Child processes that end when this process does, and the identity of other processes. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { readFileSync, readlinkSync } from "node:fs"
import type { Socket } from "node:net"
import { hostname } from "node:os"
import { dirname } from "node:path"

/** The unprivileged user that PostgreSQL runs as when we are root. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/** How a child ended: its exit code, or why it could not be started. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly error?: Error
}

/** A running child. `ended` never rejects. `hold` says whether waiting for it keeps this process alive. */
export interface Guarded {
  readonly child: ChildProcess
  readonly ended: Promise<Ending>
  hold(held: boolean): void
}

const onWindows = process.platform === "win32"

/**
 * The shell becomes the program (`exec`), so that our child is the postmaster itself. Before that it leaves a
 * watcher behind, which reads the pipe that this process holds: the end of the pipe without the word `done`
 * means that this process died. The watcher is an orphan, since a postmaster takes the death of a child that
 * it does not know for a crash.
 */
const guardScript = `
signal=$1; erase=$2; shift 2
( (
  read -r word <&3 && exit
  kill -s "$signal" $$
  [ -n "$erase" ] || exit
  tries=0
  while kill -0 $$ && [ $tries -lt 200 ]; do sleep 0.1; tries=$((tries + 1)); done
  rm -rf -- "$erase"
) & ) >/dev/null 2>&1
exec 3<&-
exec "$@"
`

/** How a guarded child runs, and what happens to it when this process ends. */
export interface GuardOptions {
  readonly account?: Account | undefined
  /** The open file that its output goes to: a pipe would kill it together with us. */
  readonly output: number
  /** Sent when this process ends; 0 lets the child finish. */
  readonly signal: "INT" | "0"
  /** A directory to delete when both have ended. */
  readonly erase?: string | undefined
}

/** Starts a program that notices when this process ends, even by SIGKILL, but not the terminal's Ctrl-C. */
export function spawnGuarded(program: string, args: readonly string[], options: GuardOptions): Guarded {
  const { account, output, signal, erase = "" } = options
  // Windows: libuv puts the child in a job that ends with this process; a hidden console gets no Ctrl-C.
  const child = onWindows
    ? spawn(program, args, { stdio: ["ignore", output, output], windowsHide: true, ...place(program) })
    : spawn("/bin/sh", ["-c", guardScript, "undercroft-guard", signal, erase, program, ...args], {
        stdio: ["ignore", output, output, "pipe"],
        detached: true,
        ...place(program, account),
      })
  const guard = child.stdio[3] as Socket | undefined
  guard?.on("error", () => {}).resume()
  child.once("exit", () => guard?.end("done\n"))
  return {
    child,
    ended: untilEnded(child),
    hold(held) {
      for (const handle of [child, guard]) {
        if (held) handle?.ref()
        else handle?.unref()
      }
    },
  }
}

/** Runs a program to its end and gives back what it wrote. */
export async function run(
  program: string,
  args: readonly string[],
  options: { readonly account?: Account | undefined; readonly input?: string },
): Promise<Ending & { readonly output: string }> {
  const child = spawn(program, args, {
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    windowsHide: true,
    ...place(program, options.account),
  })
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => chunks.push(chunk))
  child.stdin?.on("error", () => {}).end(options.input)
  const ending = await untilEnded(child)
  return { ...ending, output: Buffer.concat(chunks).toString("utf8") }
}

/** Where and with what a child runs: no secrets of our environment, no `PG…` variables, no locale of the user. */
function place(
  program: string,
  account?: Account,
): { cwd: string; env: NodeJS.ProcessEnv; uid?: number; gid?: number } {
  if (onWindows) {
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/i.test(name)),
    )
    return { cwd: dirname(program), env }
  }
  const env: NodeJS.ProcessEnv = { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" }
  for (const name of ["LD_LIBRARY_PATH", "NIX_LD", "NIX_LD_LIBRARY_PATH"]) {
    if (process.env[name] !== undefined) env[name] = process.env[name]
  }
  return { cwd: "/", env, ...account }
}

function untilEnded(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: null, signal: null, error }))
    child.once("close", (code, signal) => resolve({ code, signal }))
  })
}

/** When a living process started, in words that only compare to each other; nothing if it is dead. */
export function processStart(pid: number): string | undefined {
  try {
    if (process.platform === "linux") {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
      return /^[ZX]/.test(fields[0] ?? "Z") ? undefined : fields[19]
    }
    if (onWindows) return process.kill(pid, 0) ? "running" : undefined
    return psField(pid, "lstart=")
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "running" : undefined
  }
}

/** One column of `ps` about one process. */
export function psField(pid: number, column: string): string | undefined {
  const env = { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" }
  const text = execFileSync("ps", ["-ww", "-o", column, "-p", String(pid)], { env, encoding: "utf8" }).trim()
  return text === "" ? undefined : text
}

/** Names the set of processes in which a process id means something: a boot and a PID namespace. */
export function processSpace(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`
  } catch {
    return hostname()
  }
}
