/** Contenders that are no dependency of the project: `BENCH_MODULES` names the folder where they were installed. */
import { createRequire } from "node:module"
import { join } from "node:path"

/** The versions that are compared with. */
const benchModules: readonly string[] = [
  "mercurius@16.10.1",
  "postgraphile@5.1.5",
  "postgraphile-plugin-connection-filter@4.0.1",
]

/** The command that makes such a folder. */
export const benchModulesInstall: string = `npm install --prefix /tmp/bench-modules -E --ignore-scripts ${benchModules.join(" ")}`

/** Loads a module of that folder. */
export function requireBenchModule(name: string): unknown {
  const folder = process.env.BENCH_MODULES
  if (folder === undefined) throw new Error("BENCH_MODULES does not name a folder")
  return createRequire(join(folder, "package.json"))(name)
}
