/** Keeps the house in order: `node tools/tidy.ts` prints what is not as the rules want it. */
import { readdirSync, readFileSync } from "node:fs"
import { join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { exceptions, withoutExceptions } from "./tidy/exceptions.ts"
import { checkFloors } from "./tidy/floors.ts"
import { checkBarrels, checkCycles, checkDeadExports, checkDeadFiles, type Entrances } from "./tidy/graph.ts"
import { checkLock } from "./tidy/lock.ts"
import { type FileMap, parseSources, type Violation } from "./tidy/sources.ts"
import { checkDocstrings, checkLengths, checkOpenings, checkWords } from "./tidy/texts.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const skipped = new Set([".git", ".undercroft", "node_modules", "dist", "coverage"])

/** Every text file of the repository, or of another folder. */
export function readFiles(folder: string = root, top: string = folder): FileMap {
  const files = new Map<string, string>()
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (skipped.has(entry.name) || entry.name.endsWith(".tgz")) continue
    if (entry.isDirectory()) for (const [name, text] of readFiles(path, top)) files.set(name, text)
    if (!entry.isFile()) continue
    const text = readFileSync(path, "utf8")
    if (!text.includes("\0")) files.set(relative(top, path).replaceAll(sep, "/"), text)
  }
  return files
}

interface Manifest {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly bin: Readonly<Record<string, string>>
}

/** The sources behind package.json's "exports" and "bin". */
export function entrancesOf(manifest: string): Entrances {
  const { exports, bin } = JSON.parse(manifest) as Manifest
  const doors = Object.values(exports).flatMap((door) =>
    typeof door === "string" ? [] : (door["undercroft-source"]?.replace("./", "") ?? []),
  )
  const programs = Object.values(bin).map((path) =>
    path.replace(/^(\.\/)?dist\//, "src/").replace(/js$/, "ts"),
  )
  return { doors, programs }
}

/** All rules over one set of files. */
export function checkHouse(files: FileMap): readonly Violation[] {
  const sources = parseSources(files)
  const entrances = entrancesOf(files.get("package.json") ?? "{}")
  return [
    ...checkFloors(sources),
    ...checkCycles(sources),
    ...checkDeadFiles(sources, entrances),
    ...checkDeadExports(sources, entrances),
    ...checkBarrels(sources, entrances),
    ...checkLengths(files),
    ...checkOpenings(sources),
    ...checkDocstrings(sources, entrances),
    ...checkWords(files),
    ...checkLock(files.get("package-lock.json") ?? '{ "packages": {} }'),
  ]
}

if (import.meta.main) {
  const violations = withoutExceptions(checkHouse(readFiles()), exceptions)
  for (const { rule, path, message } of violations) console.error(`${path}: ${rule}: ${message}`)
  if (violations.length > 0) process.exitCode = 1
}
