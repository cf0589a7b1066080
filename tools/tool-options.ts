/** Options of the tools and benches: each with its default and what it means, which `--help` prints. */
import { parseArgs } from "node:util"

/** The default, and what the option means. A default of `true` or `false` is a switch. */
type Option = readonly [by: string | number | boolean, means: string]

type Values<T extends Readonly<Record<string, Option>>> = {
  readonly [name in keyof T]: T[name][0] extends number
    ? number
    : T[name][0] extends boolean
      ? boolean
      : string
}

/**
 * Reads this process's command line. `--help` prints what the tool does and its options, and ends it; so does what can't be read,
 * with 1.
 */
export function readOptions<const T extends Readonly<Record<string, Option>>>(
  does: string,
  options: T,
): Values<T> {
  const usage = usageOf(does, options)
  const end = (text: string, code: 0 | 1): never => {
    process[code === 0 ? "stdout" : "stderr"].write(text)
    process.exit(code)
  }
  try {
    const { values } = parseArgs({
      options: {
        help: { type: "boolean", short: "h" },
        ...Object.fromEntries(
          Object.entries(options).map(([name, [by]]) => [
            name,
            { type: typeof by === "boolean" ? ("boolean" as const) : ("string" as const) },
          ]),
        ),
      },
    })
    if (values.help) end(usage, 0)
    return Object.fromEntries(
      Object.entries(options).map(([name, [by]]) => [
        name,
        readValue(name, by, (values as Readonly<Record<string, unknown>>)[name]),
      ]),
    ) as Values<T>
  } catch (cause) {
    return end(`${(cause as Error).message}\n\n${usage}`, 1)
  }
}

function readValue(name: string, by: Option[0], given: unknown): string | number | boolean {
  if (given === undefined) return by
  if (typeof by !== "number") return given as string | boolean
  const number = Number(given)
  if (given === "" || !Number.isFinite(number) || number < 0) throw new Error(`--${name} must be a number`)
  return number
}

function usageOf(does: string, options: Readonly<Record<string, Option>>): string {
  const width = Math.max(...Object.keys(options).map((name) => name.length)) + 4
  const lines = Object.entries(options).map(
    ([name, [by, means]]) =>
      `  ${`--${name}`.padEnd(width)}${means}${by === "" || typeof by === "boolean" ? "" : ` (${by})`}`,
  )
  return `${does}\n\n${lines.join("\n")}\n`
}
