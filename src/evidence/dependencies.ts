/** The software that a project is made of, as npm's lock file has it. */
import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { dirname, join } from "node:path"

/** One package, at one place. */
export interface LockedPackage {
  /** Where it lies: `node_modules/a/node_modules/b`. */
  readonly path: string
  readonly name: string
  readonly version: string
  readonly license: string | null
  /** Subresource integrity: `sha512-…`; null where npm wrote none, as for some platforms' packages. */
  readonly integrity: string | null
  /** For this platform or that, or where it is wished for. */
  readonly optional: boolean
  /** For development alone: no part of what runs. */
  readonly development: boolean
  /** Names of what it needs. */
  readonly needs: readonly string[]
}

export interface ProjectLock {
  readonly name: string
  readonly version: string | null
  /** The project's own needs. */
  readonly needs: readonly string[]
  readonly packages: readonly LockedPackage[]
  /** What the list was made of. */
  readonly text: string
}

interface LockEntry {
  readonly name?: string
  readonly version?: string
  readonly license?: unknown
  readonly integrity?: string
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly optional?: boolean
  readonly link?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/** Reads the nearest package-lock.json, in the project's folder or above it; null where there is none. */
export async function readLock(folder: string): Promise<ProjectLock | null> {
  const path = findLock(folder)
  if (path === null) return null
  const text = await readFile(path, "utf8")
  const { packages = {} } = JSON.parse(text) as { packages?: Readonly<Record<string, LockEntry>> }
  const { "": own = {}, ...others } = packages
  return {
    name: own.name ?? "project",
    version: own.version ?? null,
    needs: needsOf(own, true),
    packages: Object.entries(others).flatMap(([place, entry]) =>
      entry.link ? [] : [packageOf(place, entry)],
    ),
    text,
  }
}

/** The package that Node finds when `from` asks for `name`; null where an optional one is not there. */
export function resolvePackage(
  byPath: ReadonlyMap<string, LockedPackage>,
  from: string,
  name: string,
): LockedPackage | null {
  const folders = from === "" ? [] : from.split("/node_modules/")
  for (let depth = folders.length; depth >= 0; depth -= 1) {
    const folder = folders.slice(0, depth).join("/node_modules/")
    const found = byPath.get(`${folder === "" ? "" : `${folder}/`}node_modules/${name}`)
    if (found) return found
  }
  return null
}

function findLock(folder: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, "package-lock.json")
    if (existsSync(path)) return path
    if (dirname(at) === at) return null
  }
}

function packageOf(path: string, entry: LockEntry): LockedPackage {
  return {
    path,
    name: entry.name ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length),
    version: entry.version ?? "0",
    license: typeof entry.license === "string" ? entry.license : null,
    integrity: entry.integrity ?? null,
    optional: entry.optional === true || entry.devOptional === true,
    development: entry.dev === true || entry.devOptional === true,
    needs: needsOf(entry, false),
  }
}

function needsOf(entry: LockEntry, isProject: boolean): readonly string[] {
  return Object.keys({
    ...entry.dependencies,
    ...entry.optionalDependencies,
    ...(isProject ? entry.devDependencies : {}),
  })
}
