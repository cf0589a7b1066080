/** Refuses options that a command does not have, options without their value, and words too many. */
import { parseArgs } from "node:util"
import type { ArgDef, ArgsDef } from "citty"
import { UndercroftError } from "../base/errors.ts"

/** Throws UC906. `words` is how many more words may follow those that the command names. */
export function checkOptions(
  command: string,
  declared: ArgsDef,
  line: readonly string[],
  words: number,
): void {
  const options = Object.entries(declared).filter(([, one]) => one.type !== "positional")
  const byName = new Map(
    options.flatMap(([name, one]) => namesOf(name, one).map((each) => [each, one] as const)),
  )
  const types = Object.fromEntries(
    options.flatMap(([name, one]) =>
      namesOf(name, one).map((each) => {
        const type = one.type === "boolean" ? ("boolean" as const) : ("string" as const)
        return [each, each.length === 1 ? { type, short: each } : { type }]
      }),
    ),
  )
  const { tokens, positionals } = parseArgs({
    args: [...line],
    options: types,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const refuse = (what: string): never => {
    throw new UndercroftError("UC906", { what, command })
  }
  for (const token of tokens) {
    if (token.kind !== "option") continue
    const plain = token.name.replace(/^no-/, "")
    const one =
      byName.get(token.name) ?? (byName.get(plain)?.type === "boolean" ? byName.get(plain) : undefined)
    if (!one) refuse(`${command} has no option ${token.rawName}${nearest(token.name, [...byName.keys()])}.`)
    else if (one.type === "boolean" && token.value !== undefined) refuse(`${token.rawName} takes no value.`)
    else if (one.type !== "boolean" && !token.value) refuse(`${token.rawName} needs a value.`)
    else if (one.type === "enum" && !one.options?.includes(token.value ?? "")) {
      refuse(`${token.rawName} is one of ${one.options?.join(", ")}, not "${token.value}".`)
    }
  }
  const named = Object.values(declared).filter((one) => one.type === "positional").length
  const extra = positionals[named + words]
  if (extra !== undefined) refuse(`${command} does not know what to do with "${extra}".`)
}

function namesOf(name: string, one: ArgDef): readonly string[] {
  const alias = "alias" in one ? one.alias : undefined
  return [name, ...(alias === undefined ? [] : [alias].flat())]
}

/** " (did you mean --port?)", where a name is near. */
export function nearest(name: string, names: readonly string[], dash = "--"): string {
  const found = names.find((one) => one.length > 2 && distance(name, one) <= 2)
  return found === undefined ? "" : ` (did you mean ${dash}${found}?)`
}

/** How many letters must be added, left out or changed (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      next.push(
        Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1),
      )
    }
    row = next
  }
  return row[b.length] ?? 0
}
