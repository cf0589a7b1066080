/** A server in a process of its own: `node served-backend.ts <module of a definition> <export> <options as JSON>`. */
import { monitorEventLoopDelay } from "node:perf_hooks"
import { pathToFileURL } from "node:url"
import { startApp } from "../../src/app.ts"
import type { AppOptions } from "../../src/app-options.ts"
import type { BackendDefinition } from "../../src/backend.ts"
import { testKeys } from "./keys.ts"
import { sharedSecret } from "./server-process.ts"

const [path = "", name = "default", options = "{}"] = process.argv.slice(2)
const definitions = (await import(pathToFileURL(path).href)) as Record<string, BackendDefinition>
const delay = monitorEventLoopDelay({ resolution: 1 })
const errors: string[] = []
const app = await startApp(definitions[name]!, {
  host: "127.0.0.1",
  port: 0,
  directory: "",
  keys: await testKeys(),
  issuers: [{ secret: sharedSecret }],
  onError: (error) =>
    void errors.push(`${error.code} ${String((error.cause as Error)?.message ?? error.message)}`),
  ...(JSON.parse(options) as Partial<AppOptions>),
})
delay.enable()

/** What one turn of the event loop has cost at most, in milliseconds of the main thread: on a busy machine, time tells less. */
let busyMs = 0
let last = process.threadCpuUsage()
setInterval(() => {
  const now = process.threadCpuUsage()
  busyMs = Math.max(busyMs, (now.user - last.user + now.system - last.system) / 1000)
  last = now
}, 1).unref()

process.on("message", async (message) => {
  if (message === "stop") {
    await app.stop()
    process.exit(0)
  }
  // The longest that the event loop was held up since the last question, in milliseconds, and the memory in megabytes.
  process.send?.({
    kind: "state",
    busyMs: Math.round(busyMs * 10) / 10,
    stallMs: Math.round(delay.max / 1e5) / 10,
    stallMs99: Math.round(delay.percentile(99) / 1e5) / 10,
    memoryMb: Math.round(process.memoryUsage().rss / 1e6),
    errors: errors.splice(0),
  })
  delay.reset()
  busyMs = 0
})
process.on("disconnect", () => process.exit(1))
process.send?.({ kind: "ready", url: app.url, adminUrl: app.adminUrl })
