/** The package as people get it: packed, installed into an empty folder, imported, and type-checked there. */
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { stripTypeScriptTypes } from "node:module"
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
  const wanted =
    /^(dist\/.*\.(m?js|m?js\.map|d\.m?ts)|package\.json|(README|CHANGELOG|SECURITY)\.md|LICENSE)$/
  expect(packed.filter((path) => !wanted.test(path) || path.includes(".test."))).toEqual([])
  expect(packed).toEqual(expect.arrayContaining(["LICENSE", "SECURITY.md", "CHANGELOG.md"]))
})

it.each(Object.entries(manifest.bin))("brings the command %s", async (_, path) => {
  const text = await readFile(join(folder, "node_modules", manifest.name, path), "utf8")
  expect(text.split("\n", 1)).toEqual(["#!/usr/bin/env node"])
})

const twoEntities = `import { actor, boolean, defineBackend, entity, many, ref, text } from "undercroft"

const Shelf = entity("Shelf", {
  collection: "shelves",
  fields: { owner: text(), name: text({ max: 40 }), get books() { return many(Book, "shelf") } },
})
const me = actor({
  get shelves() { return Shelf.where(({ me, row }) => row.owner.is(me.id)).pick("id") },
})
Shelf.access(({ row, me }) => ({ read: row.owner.is(me.id) }))
const Book = entity("Book", {
  fields: { shelf: ref(Shelf), title: text({ max: 80 }), lent: boolean().default(false) },
})
Book.access(({ row }) => ({ read: row.shelf.in(me.shelves), create: row.shelf.in(me.shelves) }))

const [mine, theirs] = ["00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"]
export default defineBackend({
  name: "library",
  model: [Shelf, Book],
  callers: { ready: [{ name: "ada", description: "Ada", claims: { sub: "ada" } }] },
  *seed() {
    yield ["Shelf", { id: mine, owner: "ada", name: "Mine" }]
    yield ["Shelf", { id: theirs, owner: "bo", name: "Theirs" }]
    yield ["Book", { shelf: mine, title: "Walden" }]
    yield ["Book", { shelf: theirs, title: "Emma" }]
  },
})
`

const useClient = `import { attempt, createClient } from "undercroft/client"
import type backend from "./backend.ts"

const [url = "", token = ""] = process.argv.slice(2)
const library = createClient<typeof backend>({ url, token })
const shelves: readonly { readonly name: string; readonly books: readonly { readonly lent: boolean }[] }[] =
  await library.shelves.list({ select: ["name"], include: { books: { select: ["title", "lent"] } } })
const made = await attempt(library.books.create({ shelf: "00000000-0000-7000-8000-000000000002", title: "x" }))
console.log(JSON.stringify({ shelves, refused: made.ok ? null : made.error.code }))
// @ts-expect-error: a book has no such field
void (() => library.books.list({ select: ["titel"] }))
`

/** Starts the installed command and gives the address that it prints. */
async function startInstalled(): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(join(folder, "node_modules/.bin/undercroft"), ["dev", "--no-watch", "--port", "0"], {
    cwd: folder,
  })
  let said = ""
  const url = await new Promise<string>((resolve, reject) => {
    const listen = (part: Buffer): void => {
      said += part.toString()
      const found = /Address\s+(http:\/\/\S+)/.exec(said)?.[1]
      if (found !== undefined) resolve(found)
    }
    child.stdout.on("data", listen)
    child.stderr.on("data", listen)
    child.on("exit", (code) => reject(new Error(`ended with ${code}: ${said}`)))
  })
  return { child, url }
}

it("runs a backend of two entities", async () => {
  await writeFile(join(folder, "backend.js"), twoEntities)
  const { child, url } = await startInstalled()
  try {
    const printed = await run(folder, join(folder, "node_modules/.bin/undercroft"), "callers", "--json")
    const { ada } = JSON.parse(printed) as { ada: { token: string } }
    const ask = async (path: string, token?: string): Promise<unknown> => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
      return (await fetch(`${url}/rest/${path}`, { headers })).json()
    }
    expect(await ask("shelves?select=name,books(title,lent)", ada.token)).toEqual([
      { name: "Mine", books: [{ title: "Walden", lent: false }] },
    ])
    expect(await ask("books?select=title")).toEqual([])

    // The same through the client of the package, and its types from the backend's.
    await writeFile(join(folder, "backend.ts"), twoEntities)
    await writeFile(join(folder, "use-client.ts"), useClient)
    await run(folder, join(root, "node_modules/.bin/tsc"), ...tscFlags, "use-client.ts")
    await writeFile(join(folder, "use-client.js"), stripTypeScriptTypes(useClient))
    const said = await run(folder, process.execPath, "use-client.js", url, ada.token)
    expect(JSON.parse(said)).toEqual({
      shelves: [{ name: "Mine", books: [{ title: "Walden", lent: false }] }],
      refused: "23503",
    })
  } finally {
    const gone = new Promise((resolve) => child.once("exit", resolve))
    child.kill("SIGTERM")
    await gone
  }
}, 120_000)

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
