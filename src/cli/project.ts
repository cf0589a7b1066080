/** A team's project: the folder, its definition, and where its data lies. */
import { existsSync, statSync } from "node:fs"
import { registerHooks } from "node:module"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import type { BackendDefinition } from "../backend.ts"
import { UndercroftError } from "../base/errors.ts"
import { toLoadError } from "./load-error.ts"
import { shortPath } from "./short-path.ts"

export interface Project {
  readonly folder: string
  readonly definition: BackendDefinition
  /** `<project>/.undercroft`: the embedded database, the development key. */
  readonly directory: string
}

const files = ["backend.ts", "backend.mts", "backend.js", "backend.mjs"]

/** The folder of a project. Throws UC901. */
export function findProject(option: string | undefined): { folder: string; file: string; directory: string } {
  const folder = resolve(option ?? ".")
  const file = files.map((name) => join(folder, name)).find((path) => existsSync(path))
  if (file === undefined || !statSync(file).isFile()) throw new UndercroftError("UC901", { folder })
  return { folder, file, directory: join(folder, ".undercroft") }
}

/** Imports a project's definition. Throws UC901, UC902, UC903. */
export async function loadProject(option: string | undefined): Promise<Project> {
  const { folder, file, directory } = findProject(option)
  resolveOwnPackage()
  const module = (await import(pathToFileURL(file).href).catch((cause: unknown) => {
    throw toLoadError(cause, file)
  })) as { default?: unknown }
  return { folder, directory, definition: checkDefinition(module.default, shortPath(file)) }
}

let isResolved = false

/** A project's `undercroft` is this very package, wherever the command was installed: entities are known by identity. */
function resolveOwnPackage(): void {
  if (isResolved) return
  isResolved = true
  registerHooks({
    resolve(specifier, context, next) {
      const isOurs = specifier === "undercroft" || specifier.startsWith("undercroft/")
      return next(specifier, isOurs ? { ...context, parentURL: import.meta.url } : context)
    },
  })
}

function checkDefinition(found: unknown, file: string): BackendDefinition {
  const refuse = (why: string): never => {
    throw new UndercroftError("UC903", { file, why })
  }
  if (found === undefined) refuse("has no default export")
  if (typeof found !== "object" || found === null) refuse("exports something else than a backend by default")
  const { name, model } = found as Partial<BackendDefinition>
  if (typeof name !== "string" || name === "") refuse("exports a backend without a name")
  if (!Array.isArray(model)) refuse("exports a backend whose model is not a list of entities")
  return found as BackendDefinition
}
