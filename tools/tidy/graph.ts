/** What the imports say as a whole: cycles, files and names that nobody uses, barrels. */
import { isTest } from "./floors.ts"
import type { Export, Import, SourceFile, SourceMap, Violation } from "./sources.ts"

/** Where people and programs come in. */
export interface Entrances {
  /** The files behind package.json's "exports". */
  readonly doors: readonly string[]
  /** Other files that are run by name: commands, scripts. */
  readonly programs: readonly string[]
}

/** Whatever stands here is run by name, by a test runner or by a person. */
const rootFolders = /^(test|tools|bench|examples|console)\//

/**
 * No import cycles. Within a room, imports that are not needed while the file loads don't count; examples are
 * exempt, since a model of one file an entity refers back and forth.
 */
export function checkCycles(sources: SourceMap): readonly Violation[] {
  const done = new Set<string>()
  const violations: Violation[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path)
    if (at >= 0) {
      const cycle = [...trail.slice(at), path]
      violations.push({ rule: "cycle", path, message: cycle.join(" → ") })
      return
    }
    if (done.has(path)) return
    for (const target of cycleEdges(sources.get(path))) visit(target, [...trail, path])
    done.add(path)
  }
  for (const path of sources.keys()) {
    if (!path.startsWith("examples/")) visit(path, [])
  }
  return violations
}

/** "src/sql" for all that is in it, and for a file of src itself that file. */
function roomOf(path: string): string {
  return path.split("/", 2).join("/")
}

function cycleEdges(file: SourceFile | undefined): readonly string[] {
  if (file === undefined) return []
  const counted = ({ target, eager }: Import): boolean =>
    target !== undefined && (eager || roomOf(target) !== roomOf(file.path))
  return [...new Set(file.imports.filter(counted).map(({ target }) => target as string))]
}

/** Every file of src is reached from a door, a command, a test, a tool, a bench or an example. */
export function checkDeadFiles(sources: SourceMap, { doors, programs }: Entrances): readonly Violation[] {
  const entrances = [...doors, ...programs]
  const absent = entrances
    .filter((path) => !sources.has(path))
    .map((path) => ({ rule: "door", path, message: "package.json names it, and it does not exist" }))
  const roots = [...sources.keys()].filter((path) => rootFolders.test(path) || isTest(path))
  const reached = new Set<string>()
  const pending = [...roots, ...entrances]
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (reached.has(path)) continue
    reached.add(path)
    pending.push(...(sources.get(path)?.imports ?? []).flatMap(({ target }) => target ?? []))
  }
  const dead = [...sources.keys()]
    .filter((path) => path.startsWith("src/") && !reached.has(path))
    .map((path) => ({ rule: "dead file", path, message: "nothing reaches it: delete it or use it" }))
  return [...absent, ...dead]
}

/**
 * Every exported name of src is imported by a file that is not just its own test; what doors export is used. A
 * type may also be part of another export of its file: people's own declarations must be able to name it.
 */
export function checkDeadExports(sources: SourceMap, { doors, programs }: Entrances): readonly Violation[] {
  const used = usedNames(sources)
  const open = new Set([...doors, ...programs])
  const violations: Violation[] = []
  for (const { path, exports } of sources.values()) {
    if (!path.startsWith("src/") || open.has(path) || isTest(path)) continue
    for (const { name, isType } of exports) {
      const names = used.get(path)
      if (isType && isInSignature(name, exports)) continue
      if (names?.has(name) || names?.has("*") || name === "*") continue
      violations.push({ rule: "dead export", path, message: `nobody imports "${name}"` })
    }
  }
  return violations
}

function isInSignature(name: string, exports: readonly Export[]): boolean {
  const word = new RegExp(`\\b${name}\\b`)
  return exports.some((other) => other.name !== name && word.test(other.text))
}

/** The names taken from each file, other than by its own tests. */
function usedNames(sources: SourceMap): ReadonlyMap<string, ReadonlySet<string>> {
  const used = new Map<string, Set<string>>()
  for (const { path, imports } of sources.values()) {
    for (const { target, names } of imports) {
      if (target === undefined || isOwnTest(path, target)) continue
      const known = used.get(target) ?? new Set()
      used.set(target, known)
      for (const name of names) known.add(name)
    }
  }
  return used
}

/** `x.test.ts`, `x.pg.test.ts` and the like, beside `x.ts`. */
function isOwnTest(path: string, target: string): boolean {
  return isTest(path) && path.startsWith(target.replace(/tsx?$/, ""))
}

/** Only doors pass on what other files export. */
export function checkBarrels(sources: SourceMap, { doors }: Entrances): readonly Violation[] {
  return [...sources.values()]
    .filter(({ path }) => path.startsWith("src/") && !doors.includes(path))
    .flatMap(({ path, exports }) =>
      exports
        .filter(({ from }) => from !== undefined)
        .map(({ name, from }) => ({
          rule: "barrel",
          path,
          message: `passes on "${name}" of ${from}: import it from there`,
        })),
    )
}
