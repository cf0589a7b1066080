/** Hands the command over to the Node of the npm package `node`, for machines whose own is older. */
import { spawn } from "node:child_process"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

/** Runs this very command again and ends as it ends. Written for Node 20. */
export function runUnderPinnedNode(): void {
  const program = findNode()
  if (program === null) {
    process.stderr.write(
      `error UC900: Undercroft needs Node 24 or later, and this is ${process.versions.node}.\n  Install Node 24, or the npm package node@24 beside undercroft.\n`,
    )
    process.exitCode = 1
    return
  }
  const child = spawn(program, [...process.execArgv, ...process.argv.slice(1)], { stdio: "inherit" })
  // A terminal's Ctrl-C reaches both; this process waits for the other's orderly end.
  process.on("SIGINT", () => undefined)
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal))
  child.on("error", (error) => {
    process.stderr.write(`error UC900: ${program} can't be run: ${error.message}\n`)
    process.exitCode = 1
  })
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 128)
  })
}

function findNode(): string | null {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve("node/package.json"))
    return join(folder, "bin", process.platform === "win32" ? "node.exe" : "node")
  } catch {
    return null
  }
}
