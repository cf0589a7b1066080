/** Watches the sources of a project: its folders, without those that are not its own work. */
import { type FSWatcher, readdirSync, watch } from "node:fs"
import { extname, join } from "node:path"

const skipped = new Set(["node_modules", "dist", "coverage"])
const sources = new Set([".ts", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json"])
const settleMs = 150

/** Calls `onChange` with a changed file once the folder is quiet again. */
export function watchFiles(folder: string, onChange: (path: string) => void): { close(): void } {
  const watchers = new Map<string, FSWatcher>()
  let timer: NodeJS.Timeout | undefined
  const forget = (path: string): void => {
    watchers.get(path)?.close()
    watchers.delete(path)
  }
  const changed = (path: string): void => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      scan(folder)
      onChange(path)
    }, settleMs)
  }
  const scan = (path: string): void => {
    if (!watchers.has(path)) {
      const watcher = watch(path, (_, name) => {
        if (name === null || isSource(name)) changed(name === null ? path : join(path, name))
        // A new folder has no ending; what is in it is watched from now on.
        else if (extname(name) === "" && !isSkipped(name)) scan(path)
      })
      watchers.set(
        path,
        watcher.on("error", () => forget(path)),
      )
    }
    for (const entry of readFolder(path)) scan(join(path, entry))
  }
  scan(folder)
  return {
    close() {
      clearTimeout(timer)
      for (const path of watchers.keys()) forget(path)
    },
  }
}

function isSource(name: string): boolean {
  return sources.has(extname(name)) && !name.startsWith(".") && !name.includes(".test.")
}

function isSkipped(name: string): boolean {
  return name.startsWith(".") || skipped.has(name)
}

function readFolder(path: string): readonly string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory() && !isSkipped(entry.name)).map((entry) => entry.name)
  } catch {
    return []
  }
}
