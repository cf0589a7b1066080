/** The package as people get it: packed, installed into an empty folder, imported, and type-checked there. */
import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { parseSources } from "../tools/tidy/sources.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
  readonly name: string
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | Readonly<Record<"undercroft-source", string>>>>
}

/** What people write after `from`, against the source behind it. */
const doors = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
  typeof target === "string"
    ? []
    : [{ specifier: manifest.name + subpath.slice(1), source: target["undercroft-source"].slice(2) }],
)

/** Runs a program; when it fails, what it printed is the error's message. */
async function run(folder: string, program: string, ...args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, args, { cwd: folder, maxBuffer: 64 << 20 })
    return stdout
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string }
    throw new Error(`${program} ${args.join(" ")}\n${stdout}${stderr}`, { cause: error })
  }
}

/** The names that `import(specifier)` gives in a folder, as Node itself resolves it. */
async function importedNames(
  folder: string,
  specifier: string,
  ...flags: readonly string[]
): Promise<string[]> {
  const script = `console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(specifier)}))))`
  const printed = await run(folder, process.execPath, ...flags, "--input-type=module", "--eval", script)
  return (JSON.parse(printed) as string[]).toSorted()
}

let folder = ""
let packed: readonly string[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "undercroft-package-"))
  // `npm pack` builds first (prepack), and says what went in.
  const printed = await run(root, "npm", "pack", "--json", "--pack-destination", folder)
  const said = JSON.parse(printed.slice(printed.search(/^[[{]/m))) as unknown
  const [pack] = Object.values(said as object) as [{ filename: string; files: { path: string }[] }]
  packed = pack.files.map(({ path }) => path)
  await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }\n')
  const tarball = join(folder, pack.filename)
  await run(folder, "npm", "install", "--prefix", folder, "--prefer-offline", "--no-audit", tarball)
}, 300_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

it("holds what people run and read, and nothing else", () => {
  const wanted = /^(dist\/.*\.(js|js\.map|d\.ts)|package\.json|(README|CHANGELOG|SECURITY)\.md|LICENSE)$/
  expect(packed.filter((path) => !wanted.test(path) || path.includes(".test."))).toEqual([])
  expect(packed).toEqual(expect.arrayContaining(["LICENSE", "SECURITY.md", "CHANGELOG.md"]))
})

it.each(Object.entries(manifest.bin))("brings the command %s", async (_, path) => {
  const text = await readFile(join(folder, "node_modules", manifest.name, path), "utf8")
  expect(text.split("\n", 1)).toEqual(["#!/usr/bin/env node"])
})

describe.each(doors)("$specifier", ({ specifier, source }) => {
  it("exports what its source exports", async () => {
    const promised = await importedNames(root, specifier, "--conditions=undercroft-source")
    expect(promised).not.toEqual([])
    expect(await importedNames(folder, specifier)).toEqual(promised)
  })

  it("has types that resolve", async () => {
    const values = await importedNames(folder, specifier)
    const text = await readFile(join(root, source), "utf8")
    const exported = parseSources(new Map([[source, text]])).get(source)?.exports ?? []
    const names = new Set([...values, ...exported.map(({ name }) => name)])
    const file = join(folder, `uses-${doors.findIndex((door) => door.specifier === specifier)}.ts`)
    await writeFile(
      file,
      consumerOf(
        specifier,
        [...names].filter((name) => name !== "*"),
        values,
      ),
    )
    await run(folder, join(root, "node_modules/.bin/tsc"), ...tscFlags, file)
  })
})

const tscFlags = [
  "--ignoreConfig",
  "--noEmit",
  "--strict",
  "--module",
  "nodenext",
  "--target",
  "es2024",
  "--typeRoots",
  join(root, "node_modules/@types"),
  "--types",
  "node",
]

/** Takes every name, and refuses values that are `any`, as an import that does not resolve would be. */
function consumerOf(specifier: string, names: readonly string[], values: readonly string[]): string {
  const checks = values.map((name) => `export const ${name}IsTyped: IsAny<typeof door.${name}> = false`)
  return [
    `import * as door from "${specifier}"`,
    `export { ${names.join(", ")} } from "${specifier}"`,
    "type IsAny<T> = 0 extends 1 & T ? true : false",
    ...checks,
    "",
  ].join("\n")
}
