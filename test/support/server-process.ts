/** Starts servers in processes of their own, for tests that kill them and benches that watch them. */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { signToken } from "../../src/auth/jwt-sign.ts"

export const sharedSecret: string = "a secret of at least thirty-two bytes"

/** What a server says of itself since it was last asked. */
export interface ServerState {
  /** The longest turn of the event loop, in CPU time of the main thread. */
  readonly busyMs: number
  /** The longest wait for a turn. */
  readonly stallMs: number
  readonly stallMs99: number
  readonly memoryMb: number
  /** Its own errors, told to nobody else. */
  readonly errors: readonly string[]
}

export interface ServerProcess {
  readonly url: string
  readonly adminUrl: string
  readonly pid: number
  state(): Promise<ServerState>
  /** Ends as an operator would end it. */
  stop(): Promise<void>
  /** Ends it as a power cut would. */
  kill(): Promise<void>
}

const script = fileURLToPath(new URL("served-backend.ts", import.meta.url))

/** Starts a server of the definition that a module exports under a name. Throws with what the server wrote. */
export async function startServerProcess(
  module: string,
  name: string,
  options: Readonly<Record<string, unknown>>,
): Promise<ServerProcess> {
  const child: ChildProcess = fork(script, [fileURLToPath(module), name, JSON.stringify(options)], {
    execArgv: ["--conditions=undercroft-source"],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  })
  let output = ""
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += String(chunk)))
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  const ready = new Promise<{ url: string; adminUrl: string }>((resolve, reject) => {
    child.once("message", (message) => resolve(message as { url: string; adminUrl: string }))
    child.once("exit", (code, signal) =>
      reject(new Error(`the server ended with ${signal ?? code}: ${output}`)),
    )
  })
  const { url, adminUrl } = await ready
  return {
    url,
    adminUrl,
    pid: child.pid ?? 0,
    async state() {
      child.send("state")
      return ((await once(child, "message")) as [ServerState])[0]
    },
    async stop() {
      if (child.connected) child.send("stop")
      await ended
    },
    async kill() {
      child.kill("SIGKILL")
      await ended
    },
  }
}

/** A token for a server of `startServerProcess`. */
export function tokenFor(claims: {
  readonly sub: string
  readonly roles?: readonly string[]
}): Promise<string> {
  return signToken(claims, { secret: sharedSecret, expiresInSeconds: 3600 })
}
