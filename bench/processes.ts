/** Child processes that answer messages, and the CPU time of PostgreSQL's processes. */
import { type ChildProcess, fork } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** A child that runs a file of this folder. */
export class Child {
  private readonly process: ChildProcess
  private readonly waiting: { resolve: (message: unknown) => void; reject: (error: Error) => void }[] = []
  private readonly early: unknown[] = []
  private ended: Error | null = null

  /** `profile` is a directory: the child writes a CPU profile there when it ends. */
  constructor(file: string, profile: string | null = null) {
    const path = fileURLToPath(new URL(file, import.meta.url))
    const flags =
      profile === null ? [] : ["--cpu-prof", "--cpu-prof-interval=200", `--cpu-prof-dir=${profile}`]
    const names = profile === null ? [] : [`--cpu-prof-name=${file.replace(/\W+/g, "-")}.cpuprofile`]
    this.process = fork(path, { execArgv: ["--conditions=undercroft-source", ...flags, ...names] })
    this.process.on("message", (message) => {
      const next = this.waiting.shift()
      if (next) next.resolve(message)
      else this.early.push(message)
    })
    this.process.on("exit", (code) => {
      this.ended = new Error(`${file} ended with ${code}`)
      for (const one of this.waiting) one.reject(this.ended)
    })
  }

  send(message: object | string): void {
    this.process.send(message)
  }

  /** The next message that nobody has received. */
  receive<Message>(): Promise<Message> {
    if (this.early.length > 0) return Promise.resolve(this.early.shift() as Message)
    if (this.ended) return Promise.reject(this.ended)
    return new Promise((resolve, reject) =>
      this.waiting.push({ resolve: (message) => resolve(message as Message), reject }),
    )
  }

  ask<Message>(message: object | string): Promise<Message> {
    this.send(message)
    return this.receive()
  }

  /** Waits until it is gone. */
  async stop(): Promise<void> {
    if (this.ended) return
    await new Promise<void>((resolve) => {
      this.process.on("exit", () => resolve())
      this.process.disconnect()
    })
  }
}

/** Microseconds that the children of a process have run so far; null where the system does not tell. */
export function childrenCpuMicroseconds(parent: number): number | null {
  try {
    let total = 0
    for (const name of readdirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8")
        const parentOf = Number(stat.slice(stat.lastIndexOf(")") + 4).split(" ", 1)[0])
        if (parentOf !== parent) continue
        total += Number(readFileSync(`/proc/${name}/schedstat`, "utf8").split(" ", 1)[0]) / 1000
      } catch {
        // It ended meanwhile.
      }
    }
    return total
  } catch {
    return null
  }
}
