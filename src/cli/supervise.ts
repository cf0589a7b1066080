/** Runs a development server as a child and starts it again when the project changes, so that every module is loaded anew. */
import { type ChildProcess, spawn } from "node:child_process"
import { shortPath } from "./short-path.ts"
import { countStops } from "./stop-signal.ts"
import { type ServerMessage, supervisedVariable } from "./supervised.ts"
import { stderr } from "./terminal.ts"
import { watchFiles } from "./watch-files.ts"

/** Errors that a change of the project's files may mend. */
const mendable = /^UC(1\d\d|2\d\d|523|524|526|60[123]|900|902|903)$/

interface Server {
  readonly child: ChildProcess
  /** The exit code, once it has ended. */
  code: number | null
  /** The code of the error that it told. */
  failure: string | null
  wasReady: boolean
}

/** Returns when it is stopped, or when the first server fails for a reason that no change of a file mends. */
export async function supervise(
  project: { readonly folder: string },
  line: readonly string[],
): Promise<void> {
  const news: { changed: string | null; isStopping: boolean } = { changed: null, isStopping: false }
  let server: Server | null = null
  const bell = createBell()
  const stop = countStops(
    () => {
      news.isStopping = true
      bell.ring()
    },
    () => server?.child.kill("SIGKILL"),
  )
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, stop)
  const files = watchFiles(project.folder, (path) => {
    news.changed = path
    bell.ring()
  })
  let wasReady = false
  while (!news.isStopping) {
    news.changed = null
    const running: Server = startServer(line, wasReady, bell.ring)
    server = running
    await bell.until(() => running.code !== null || news.changed !== null || news.isStopping)
    wasReady ||= running.wasReady
    if (running.code === null) {
      await stopServer(running, bell, news.isStopping ? null : news.changed)
      if (news.isStopping) process.exitCode = running.code ?? 0
    } else if (!running.wasReady && !mendable.test(running.failure ?? "UC900")) {
      process.exitCode = running.code
      break
    } else await waitForChange(bell, () => news.changed !== null || news.isStopping)
  }
  files.close()
}

async function stopServer(server: Server, bell: Bell, changed: string | null): Promise<void> {
  if (changed !== null) stderr.line(stderr.paint("dim", `${shortPath(changed)} has changed`))
  if (server.child.connected) server.child.send("stop")
  await bell.until(() => server.code !== null)
}

async function waitForChange(bell: Bell, met: () => boolean): Promise<void> {
  stderr.line(stderr.paint("dim", "Waiting for a change of the project …"))
  await bell.until(met)
}

function startServer(line: readonly string[], isAgain: boolean, onNews: () => void): Server {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? "", "dev", ...line], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: { ...process.env, [supervisedVariable]: isAgain ? "again" : "first" },
  })
  const server: Server = { child, code: null, failure: null, wasReady: false }
  child.on("message", (message: ServerMessage) => {
    if (message.kind === "failed") server.failure = message.code
    else server.wasReady = true
  })
  const end = (code: number | null): void => {
    server.code = code ?? 1
    onNews()
  }
  child.once("error", () => end(1))
  child.once("exit", end)
  return server
}

interface Bell {
  /** Something has happened: conditions are looked at again. */
  ring(): void
  /** Waits until a condition is met; one at a time. */
  until(met: () => boolean): Promise<void>
}

function createBell(): Bell {
  let ring = (): void => undefined
  return {
    ring: () => ring(),
    until: (met) =>
      new Promise((resolve) => {
        ring = () => met() && resolve()
        ring()
      }),
  }
}
