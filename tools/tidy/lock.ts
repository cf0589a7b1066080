/** The lock file is whole: every package that a locked package wants is locked too, for every platform. */
import type { Violation } from "./sources.ts"

/** A package's entry in package-lock.json, as far as it is looked at. */
export interface LockEntry {
  readonly version?: string
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  readonly os?: readonly string[]
  readonly dev?: boolean | undefined
  readonly license?: string | undefined
  readonly optional?: boolean
  readonly resolved?: string
  readonly engines?: Readonly<Record<string, string>> | undefined
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** package-lock.json, version 3. */
export interface Lock {
  readonly packages: Record<string, LockEntry>
}

interface Missing {
  readonly name: string
  readonly version: string
  readonly owner: LockEntry
  readonly optional: boolean
}

/** What the lock's packages want and the lock does not hold. */
export function missingFromLock(lock: Lock): readonly Missing[] {
  const missing = new Map<string, Missing>()
  for (const [path, owner] of Object.entries(lock.packages)) {
    const optional = owner.optionalDependencies ?? {}
    for (const [name, version] of Object.entries({ ...owner.dependencies, ...optional })) {
      if (isLocked(lock, path, name)) continue
      missing.set(name, { name, version, owner, optional: name in optional })
    }
  }
  return [...missing.values()]
}

/** Whether Node's lookup from `path` upwards finds `name`. */
function isLocked(lock: Lock, path: string, name: string): boolean {
  const folders = path === "" ? [] : path.split("/node_modules/")
  for (let depth = folders.length; depth >= 0; depth -= 1) {
    const folder = folders.slice(0, depth).join("/node_modules/")
    if (`${folder === "" ? "" : `${folder}/`}node_modules/${name}` in lock.packages) return true
  }
  return false
}

/** `npm ci` will accept the lock, and it carries no address of a registry. */
export function checkLock(text: string): readonly Violation[] {
  const lock = JSON.parse(text) as Lock
  const path = "package-lock.json"
  const incomplete = missingFromLock(lock).map(({ name }) => ({
    rule: "lock",
    path,
    message: `${name} is not in it: run \`node tools/complete-lock.ts\``,
  }))
  const addressed = Object.entries(lock.packages)
    .filter(([, { resolved }]) => resolved !== undefined)
    .map(([name]) => ({
      rule: "lock",
      path,
      message: `${name} carries an address: install with omit-lockfile-registry-resolved`,
    }))
  return [...incomplete, ...addressed]
}
