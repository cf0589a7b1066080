/** Every example in a docstring of the public door runs, and gives what its last comment says. */
import { readdir, readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"
import * as exported from "../src/index.ts"

/** Expressions that are values, though proxies of functions. */
const notCalled: ReadonlySet<string> = new Set(["now", "today"])

const door: Readonly<Record<string, unknown>> = { ...exported }
const root = fileURLToPath(new URL("../src/", import.meta.url))

interface Example {
  readonly name: string
  readonly code: string
}

async function examplesOf(path: string): Promise<readonly Example[]> {
  const text = await readFile(`${root}${path}`, "utf8")
  const found = text.matchAll(
    /\/\*\*(?:(?!\*\/)[\s\S])*?@example\n((?: \*.*\n)+?) \*\/\nexport (?:async )?(?:function|class|const) (\w+)/g,
  )
  return [...found].map(([, block, name]) => ({
    name: name ?? "",
    code: (block ?? "").replace(/^ \* ?/gm, "").trim(),
  }))
}

const files = (await readdir(root, { recursive: true })).filter(
  (path) => path.endsWith(".ts") && !path.endsWith(".test.ts"),
)
const examples = (await Promise.all(files.map(examplesOf))).flat().filter((one) => one.name in door)

describe("examples", () => {
  test.each(examples.map((one) => [one.name, one.code] as const))("%s", (_, code) => {
    const [source = "", wanted] = code.split(/\s*\/\/ (?=[^/]*$)/)
    const names = Object.keys(door)
    const run = new Function(...names, `"use strict"; return (${source})`)
    const result: unknown = run(...names.map((name) => door[name]))
    if (wanted !== undefined) expect(JSON.stringify(result)).toBe(wanted)
    else expect(result).toBeDefined()
  })

  test("every function and class of the door has one", () => {
    const without = Object.entries(door)
      .filter(
        ([name, value]) =>
          typeof value === "function" && !notCalled.has(name) && !examples.some((one) => one.name === name),
      )
      .map(([name]) => name)
    expect(without).toEqual([])
  })
})
