/** The embedded database: a real PostgreSQL server that starts and ends with this process. */
import { rm } from "node:fs/promises"
import { UndercroftError } from "../base/errors.ts"
import { prepareCluster, superuser } from "./embedded-cluster.ts"
import { launchPostmaster } from "./embedded-launch.ts"
import { acquireLock, type Lock } from "./embedded-lock.ts"
import { chooseEphemeralPlace, choosePlace, type Place } from "./embedded-place.ts"
import { type Postmaster, prepareEndpoint, stopPostmaster } from "./embedded-postmaster.ts"
import { endPredecessor } from "./embedded-predecessor.ts"
import { findNativePackage, type Programs, preparePrograms } from "./embedded-programs.ts"
import { Reviver } from "./embedded-reviver.ts"
import { type Endpoint, settingArguments } from "./embedded-settings.ts"

/** What to start. */
export interface EmbeddedOptions {
  /** The project's own directory for it, such as `<project>/.undercroft`; made if it is not there. */
  readonly directory: string
  /** Settings of PostgreSQL, in place of the defaults in `embedded-settings.ts`. */
  readonly settings?: Readonly<Record<string, string>>
  /** For tests: no fsync, everything in a temporary directory that `stop` deletes; `directory` stays untouched. */
  readonly ephemeral?: boolean
  /** Told what is being done, in a few words. */
  readonly onProgress?: (step: string) => void
  /** Has PostgreSQL started again whenever it ends by itself (killed, out of memory), and is told so: UC510, UC507. */
  readonly onEnd?: (error: UndercroftError) => void
}

/** A running server, and how its superuser connects. */
export interface EmbeddedServer {
  /** Contains the password. The host is the socket's directory, percent-encoded, so `new URL(url)` reads it too. */
  readonly url: string
  readonly host: string
  readonly port: number
  readonly superuser: string
  readonly password: string
  readonly version: string
  readonly pid: number
  /** Ends connections and server; resolves when it is gone, also if it ended by itself. May be called again. */
  stop(): Promise<void>
}

/**
 * Starts PostgreSQL on the data of a directory, making it first if there is none. The server ends with this
 * process, however that ends; it does not keep this process alive. Errors: UC501 to UC509.
 *
 * @example
 * const server = await startEmbedded({ directory: ".undercroft" })
 * const client = new pg.Client({ connectionString: server.url })
 * await server.stop()
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const onProgress = options.onProgress ?? (() => {})
  const place = await (options.ephemeral ? chooseEphemeralPlace() : choosePlace(options.directory))
  let lock: Lock | undefined
  let programs: Programs | undefined
  let postmaster: Postmaster | undefined
  let reviver: Reviver | undefined
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> =>
    (stopping ??= (async () =>
      tearDown({ place, lock, programs, postmaster: (await reviver?.stop()) ?? postmaster }))())
  try {
    if (place.home !== place.directory) onProgress(`The data is in ${place.home}`)
    programs = await preparePrograms(await findNativePackage(), place.programs, place.account)
    lock = await acquireLock(place.lock, place.socket, place.directory)
    for (const socket of lock.deadSockets) await removeShortSocket(socket)
    await endPredecessor(place.data, place.log)
    const password = await prepareCluster(place, programs, onProgress)
    const endpoint = await prepareEndpoint(place)
    onProgress(`Starting PostgreSQL ${programs.version}`)
    const { host, port } = endpoint
    const connection = { host, port, user: superuser, password, database: "postgres" }
    const settings = settingArguments(options, place.data, endpoint)
    const parts = { place, programs, settings, connection, onProgress }
    const version = await launchPostmaster(parts, (spawned) => (postmaster = spawned))
    const pid = postmaster?.child.pid ?? 0
    const { onEnd } = options
    if (postmaster && onEnd)
      reviver = new Reviver(postmaster, { ...parts, endpoint, onEnd, onProgress: () => {} })
    else void postmaster?.ended.then(() => lock?.release())
    return { url: connectionUrl(endpoint, password), host, port, superuser, password, version, pid, stop }
  } catch (cause) {
    await stop().catch(() => {})
    if (cause instanceof UndercroftError) throw cause
    throw new UndercroftError("UC507", { why: (cause as Error).message, log: place.log }, { cause })
  }
}

/** Undoes as much as was done, in the reverse order. */
async function tearDown(done: {
  readonly place: Place
  readonly lock: Lock | undefined
  readonly programs: Programs | undefined
  readonly postmaster: Postmaster | undefined
}): Promise<void> {
  if (done.postmaster && done.programs) await stopPostmaster(done.postmaster, done.programs)
  if (done.lock) await removeShortSocket(done.place.socket)
  done.lock?.release()
  if (done.place.passwordFile === undefined) await rm(done.place.home, { recursive: true, force: true })
}

/** Removes a socket directory that had to be in /tmp, and nothing else. */
async function removeShortSocket(path: string): Promise<void> {
  if (/^\/tmp\/undercroft-[0-9a-f]{16}$/.test(path)) await rm(path, { recursive: true, force: true })
}

function connectionUrl({ host, port }: Endpoint, password: string): string {
  return `postgresql://${superuser}:${encodeURIComponent(password)}@${encodeURIComponent(host)}:${port}/postgres`
}
