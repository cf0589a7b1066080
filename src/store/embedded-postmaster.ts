/** A running postmaster: how it is started, awaited and stopped. */
import { lchown, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises"
import { createServer } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import type { Place } from "./embedded-place.ts"
import { type Guarded, run, spawnGuarded } from "./embedded-process.ts"
import type { Programs } from "./embedded-programs.ts"
import type { Endpoint } from "./embedded-settings.ts"

const logBytesMax = 10 * 1024 * 1024
const silenceMsMax = 60_000
const askedEarly = /the database system is (starting up|shutting down|not yet accepting connections)/

/** A started postmaster, and where its part of the log begins. */
export interface Postmaster extends Guarded {
  readonly logStart: number
}

/** Makes the private socket directory; on Windows, finds a free port. */
export async function prepareEndpoint(place: Place): Promise<Endpoint> {
  if (process.platform === "win32")
    return { host: "127.0.0.1", port: await findFreePort(), listensOnTcp: true }
  await rm(place.socket, { recursive: true, force: true })
  await mkdir(place.socket, { mode: 0o700 })
  if (place.account) await lchown(place.socket, place.account.uid, place.account.gid)
  return { host: place.socket, port: 5432, listensOnTcp: false }
}

/** Starts the postmaster, its output going to the log. */
export async function spawnPostmaster(
  place: Place,
  programs: Programs,
  settings: readonly string[],
): Promise<Postmaster> {
  const size = await stat(place.log).then(
    (found) => found.size,
    () => 0,
  )
  if (size > logBytesMax) await rename(place.log, `${place.log}.1`)
  const log = await open(place.log, "a", 0o600)
  try {
    if (place.heir) await log.chown(place.heir.uid, place.heir.gid)
    const guarded = spawnGuarded(programs.postgres, ["-D", place.data, ...settings], {
      account: place.account,
      output: log.fd,
      signal: "INT",
      erase: place.passwordFile === undefined ? place.home : undefined,
    })
    return { ...guarded, logStart: size > logBytesMax ? 0 : size }
  } finally {
    await log.close()
  }
}

/** Waits until the server answers, and gives its version. Throws UC507, UC509. */
export async function untilReady(
  postmaster: Postmaster,
  place: Place,
  connection: pg.ClientConfig,
  onProgress: (step: string) => void,
): Promise<string> {
  let ended = false
  void postmaster.ended.then(() => (ended = true))
  let tellAt = Date.now() + 1_000
  let deadline = Date.now() + silenceMsMax
  for (let waitMs = 2; ; waitMs = Math.min(waitMs * 1.5, 50)) {
    const answer = await tryConnect(connection)
    if (typeof answer === "string") return answer
    if (ended) throw new UndercroftError("UC507", { why: await lastWords(postmaster, place), log: place.log })
    if (answer.code === "28P01") {
      throw new UndercroftError("UC509", { file: String(place.passwordFile) }, { cause: answer })
    }
    // 57P03: it is starting up. A recovery takes as long as it takes.
    if (answer.code === "57P03") deadline = Date.now() + silenceMsMax
    if (answer.code === "57P03" && Date.now() > tellAt) {
      tellAt = Number.POSITIVE_INFINITY
      onProgress("PostgreSQL recovers from a crash")
    }
    if (Date.now() > deadline) {
      throw new UndercroftError("UC507", { why: answer.message, log: place.log }, { cause: answer })
    }
    await sleep(waitMs)
  }
}

/** Stops the server: fast shutdown; an immediate one if a client's replication holds it up. */
export async function stopPostmaster(postmaster: Postmaster, programs: Programs): Promise<void> {
  postmaster.hold(true)
  let ended = false
  void postmaster.ended.then(() => (ended = true))
  for (const [signal, waitMs] of [
    ["SIGINT", 15_000],
    ["SIGQUIT", 5_000],
    ["SIGKILL", 5_000],
  ] as const) {
    if (ended || postmaster.child.pid === undefined || postmaster.child.exitCode !== null) break
    await sendSignal(postmaster, programs, signal)
    const timer = new AbortController()
    await Promise.race([postmaster.ended, sleep(waitMs, undefined, { signal: timer.signal }).catch(() => {})])
    timer.abort()
  }
  await postmaster.ended
}

/** Windows has no signals: PostgreSQL listens on a pipe, which pg_ctl knows. */
async function sendSignal(postmaster: Postmaster, programs: Programs, signal: NodeJS.Signals): Promise<void> {
  if (process.platform !== "win32" || signal === "SIGKILL") return void postmaster.child.kill(signal)
  const pgCtl = programs.postgres.replace(/postgres\.exe$/, "pg_ctl.exe")
  await run(pgCtl, ["kill", signal.slice(3), String(postmaster.child.pid)], {})
}

async function tryConnect(connection: pg.ClientConfig): Promise<string | (Error & { code?: string })> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 5_000 })
  client.on("error", () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ server_version: string }>("show server_version")
    return rows[0]?.server_version ?? ""
  } catch (error) {
    return error as Error
  } finally {
    await client.end().catch(() => {})
  }
}

/** Why the server ended: its last fatal line, without the time and the process id. */
async function lastWords(postmaster: Postmaster, place: Place): Promise<string> {
  const { code, signal, error } = await postmaster.ended
  const log = (await readFile(place.log).catch(() => Buffer.alloc(0))).subarray(postmaster.logStart)
  const fatal = log
    .toString("utf8")
    .split("\n")
    .findLast((line) => /FATAL|PANIC|error/.test(line) && !askedEarly.test(line))
  return error?.message ?? fatal?.replace(/^.*?(?:FATAL|PANIC): +/, "") ?? `it ended with ${signal ?? code}`
}

async function findFreePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === "object" && address !== null ? address.port : 0
}
