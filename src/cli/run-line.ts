/** Runs one command line: finds the command, checks its options, tells its errors, and ends with the right code. */
import { readFileSync } from "node:fs"
import { type ArgsDef, runCommand } from "citty"
import { UndercroftError } from "../base/errors.ts"
import { checkOptions, nearest } from "./check-options.ts"
import type { Command } from "./command.ts"
import { commands } from "./commands.ts"
import { tellFailure } from "./supervised.ts"
import { tellError } from "./tell-error.ts"
import { stderr, stdout } from "./terminal.ts"
import { usageOf, usageOfAll } from "./usage.ts"

/** Runs a line, such as `["check", "--json"]`, and ends the process: 0, or 1 after an error. */
export async function runLine(line: readonly string[]): Promise<void> {
  // Whoever reads our output may stop reading: `undercroft access | head`.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1))
  process.on("uncaughtException", (error) => {
    tellError(error, stderr)
    process.exit(1)
  })
  try {
    await run(line)
  } catch (error) {
    tellError(error, stderr)
    tellFailure(error)
    process.exitCode = 1
  }
  // A project may have left something running; what was written is out first.
  process.stdout.write("", () => process.exit())
}

async function run([name = "--help", ...rest]: readonly string[]): Promise<void> {
  if (["--version", "-v"].includes(name)) return stdout.line(version())
  if (["--help", "-h", "help"].includes(name)) {
    const asked = await loadCommand(rest[0])
    return stdout.line(asked ? usageOf(asked, stdout) : usageOfAll(commands, version(), stdout))
  }
  const command = await loadCommand(name)
  if (!command) {
    const what = `There is no command ${name}${nearest(name, Object.keys(commands), "")}.`
    throw new UndercroftError("UC906", { what }, { hint: "See: undercroft --help" })
  }
  const end = rest.indexOf("--")
  const isHelp = rest.slice(0, end < 0 ? rest.length : end).some((word) => word === "--help" || word === "-h")
  if (isHelp) return stdout.line(usageOf(command, stdout))
  checkOptions(name, (command.args ?? {}) as ArgsDef, rest, command.words ?? 0)
  await runCommand(command, { rawArgs: [...rest] })
}

async function loadCommand(name: string | undefined): Promise<Command | undefined> {
  return name !== undefined && Object.hasOwn(commands, name) ? commands[name]?.load() : undefined
}

function version(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8")
  return (JSON.parse(manifest) as { version: string }).version
}
