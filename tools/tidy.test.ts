/** The house is in order; and a planted violation of each rule is found. */
import { describe, expect, it } from "vitest"
import { exceptions, withoutExceptions } from "./tidy/exceptions.ts"
import { checkFloors } from "./tidy/floors.ts"
import { checkBarrels, checkCycles, checkDeadExports, checkDeadFiles } from "./tidy/graph.ts"
import { checkLock } from "./tidy/lock.ts"
import { type FileMap, parseSources, type SourceMap, type Violation } from "./tidy/sources.ts"
import { checkDocstrings, checkLengths, checkOpenings, checkWords } from "./tidy/texts.ts"
import { checkHouse, readFiles } from "./tidy.ts"

const entrances = { doors: ["src/index.ts"], programs: ["src/cli/main.ts"] }
const use = (specifier: string): string => `import { a } from "${specifier}"\na()\n`
const one = "export const a = 1\n"
const types = (specifier: string): string => `import type { A } from "${specifier}"\nexport type B = A`

function filesOf(files: Readonly<Record<string, string>>): FileMap {
  return new Map(Object.entries(files))
}

function sourcesOf(files: Readonly<Record<string, string>>): SourceMap {
  return parseSources(filesOf(files))
}

/** Each violation as "path: message", to compare with. */
function said(violations: readonly Violation[]): readonly string[] {
  return violations.map(({ path, message }) => `${path}: ${message}`)
}

it("finds the house in order", () => {
  expect(said(withoutExceptions(checkHouse(readFiles()), exceptions))).toEqual([])
})

describe("floors", () => {
  it.each([
    ["upwards", "src/model/a.ts", "../sql/b.ts", "model (floor 1) imports src/sql/b.ts (floor 4)"],
    ["to a neighbour", "src/rest/a.ts", "../auth/b.ts", "rest (floor 7) imports src/auth/b.ts (floor 7)"],
    ["of the composition root", "src/cli/a.ts", "../console/b.ts", undefined],
    ["from a door", "src/engine/a.ts", "../index.ts", "engine (floor 6) imports src/index.ts (floor 8)"],
    ["out of src", "src/sql/a.ts", "../../tools/b.ts", "imports tools/b.ts, which is outside of src"],
    ["of a test", "src/sql/a.ts", "./b.test.ts", "imports the test src/sql/b.test.ts"],
    ["of a package in base", "src/base/a.ts", "zod", "base imports zod: only node:* may be"],
    ["of the driver", "src/engine/a.ts", "pg", "imports the driver pg: only src/store may"],
    [
      "of the driver's kin",
      "src/rest/a.ts",
      "pg-pool/x.js",
      "imports the driver pg-pool: only src/store may",
    ],
    ["of itself", "src/sql/a.ts", "undercroft", "imports undercroft by name: inside src, import the file"],
    [
      "of src in an example",
      "examples/x/a.ts",
      "../../src/b.ts",
      "imports src/b.ts: take it from a door of the package",
    ],
    [
      "of a value in the client",
      "src/client/a.ts",
      "../model/b.ts",
      "client imports ../model/b.ts: it is for browsers, and takes only types from other rooms",
    ],
    [
      "of a package in the client",
      "src/client/a.ts",
      "node:fs",
      "client imports node:fs: it is for browsers, and takes only types from other rooms",
    ],
    ["in a new room", "src/attic/a.ts", "./b.ts", 'the room "attic" has no floor'],
    ["within a room", "src/sql/a.ts", "./deep/b.ts", undefined],
    ["downwards", "src/app.ts", "./rest/b.ts", undefined],
    ["of node in base", "src/base/a.ts", "node:fs", undefined],
    ["of the driver in store", "src/store/a.ts", "pg", undefined],
    ["in a test", "src/base/a.test.ts", "../store/b.ts", undefined],
  ])("judges an import %s", (_, path, specifier, message) => {
    const found = said(checkFloors(sourcesOf({ [path]: use(specifier) })))
    expect(found).toEqual(message === undefined ? [] : [`${path}: ${message}`])
  })

  it.each([
    ["types", 'import type { A } from "../sql/b.ts"\nexport type B = A'],
    ["passing on", 'export { a } from "../sql/b.ts"'],
    ["a lazy import", 'await import("../sql/b.ts")'],
    ["a type by import()", 'export type B = import("../sql/b.ts").A'],
    ["a worker", 'new Worker(new URL("../sql/b.ts", import.meta.url))'],
    ["a bare import", 'import "../sql/b.ts"'],
  ])("counts %s", (_, text) => {
    expect(checkFloors(sourcesOf({ "src/model/a.ts": text }))).toHaveLength(1)
  })

  it("lets the client take types", () => {
    expect(checkFloors(sourcesOf({ "src/client/a.ts": types("../model/b.ts") }))).toEqual([])
    expect(checkFloors(sourcesOf({ "src/client/a.ts": types("../sql/b.ts") }))).toHaveLength(1)
  })

  it("does not read comments as code", () => {
    expect(checkFloors(sourcesOf({ "src/model/a.ts": '// import("../sql/b.ts")\n' }))).toEqual([])
  })
})

describe("cycles", () => {
  it("finds one within a room", () => {
    const sources = sourcesOf({
      "src/sql/a.ts": use("./b.ts"),
      "src/sql/b.ts": use("./c.ts"),
      "src/sql/c.ts": use("./a.ts"),
    })
    expect(said(checkCycles(sources))).toEqual([
      "src/sql/a.ts: src/sql/a.ts → src/sql/b.ts → src/sql/c.ts → src/sql/a.ts",
    ])
  })

  it("lets types refer to one another within a room, and not across rooms", () => {
    expect(
      checkCycles(sourcesOf({ "src/sql/a.ts": types("./b.ts"), "src/sql/b.ts": types("./a.ts") })),
    ).toEqual([])
    const across = sourcesOf({
      "src/sql/a.ts": types("../query/b.ts"),
      "src/query/b.ts": types("../sql/a.ts"),
    })
    expect(checkCycles(across)).toHaveLength(1)
  })
})

describe("what nobody uses", () => {
  const whole = {
    "src/index.ts": 'export { a } from "./sql/a.ts"\n',
    "src/cli/main.ts": 'await import("../sql/lazy.ts")\n',
    "src/sql/a.ts": 'import { b } from "./b.ts"\nexport const a = b\n',
    "src/sql/lazy.ts": one,
  }

  it("finds a dead file, and a door that isn't there", () => {
    const sources = sourcesOf({
      "src/index.ts": use("./sql/a.ts"),
      "src/sql/a.ts": one,
      "src/sql/dead.ts": one,
    })
    expect(said(checkDeadFiles(sources, entrances))).toEqual([
      "src/cli/main.ts: package.json names it, and it does not exist",
      "src/sql/dead.ts: nothing reaches it: delete it or use it",
    ])
  })

  it("finds a name that nobody imports, or only its own test", () => {
    const sources = sourcesOf({
      ...whole,
      "src/sql/b.ts":
        "export const b = 1\nexport interface Dead {}\nexport { hidden as shown }\nconst hidden = 1\n",
      "src/sql/b.pg.test.ts": 'import type { Dead } from "./b.ts"\nexport type X = Dead',
    })
    expect(said(checkDeadExports(sources, entrances))).toEqual([
      'src/sql/b.ts: nobody imports "Dead"',
      'src/sql/b.ts: nobody imports "shown"',
    ])
  })

  it("lets a type be exported for the sake of another export's signature", () => {
    const text = "export interface Options {}\nexport interface Dead {}\nexport function a(o: Options) {}\n"
    const sources = sourcesOf({ "src/index.ts": 'export { a } from "./a.ts"\n', "src/a.ts": text })
    expect(said(checkDeadExports(sources, entrances))).toEqual(['src/a.ts: nobody imports "Dead"'])
  })

  it("counts the doors' names, another's test, a namespace and a lazy import as uses", () => {
    const sources = sourcesOf({
      "src/index.ts": 'export * from "./sql/a.ts"\n',
      "src/cli/main.ts": 'await import("../sql/lazy.ts")\n',
      "src/sql/a.ts": one,
      "src/sql/lazy.ts": one,
      "src/sql/spaces.ts": one,
      "src/sql/proven.ts": one,
      "test/a.test.ts":
        'import { a } from "../src/sql/proven.ts"\nimport * as s from "../src/sql/spaces.ts"\na(s)',
    })
    expect(checkDeadExports(sources, entrances)).toEqual([])
  })
})

describe("barrels", () => {
  it.each([
    ["by export from", 'export { a } from "./b.ts"', 'passes on "a" of src/sql/b.ts: import it from there'],
    ["by a star", 'export * from "./b.ts"', 'passes on "*" of src/sql/b.ts: import it from there'],
    [
      "in two steps",
      'import { a } from "./b.ts"\nexport { a }',
      'passes on "a" of src/sql/b.ts: import it from there',
    ],
  ])("finds one %s", (_, text, message) => {
    expect(said(checkBarrels(sourcesOf({ "src/sql/a.ts": text }), entrances))).toEqual([
      `src/sql/a.ts: ${message}`,
    ])
    expect(checkBarrels(sourcesOf({ "src/index.ts": text }), entrances)).toEqual([])
  })
})

describe("texts", () => {
  it("finds a file that is too long", () => {
    const files = filesOf({ "src/a.ts": "\n".repeat(501), "src/b.ts": "\n".repeat(500) })
    expect(said(checkLengths(files))).toEqual(["src/a.ts: 501 lines, at most 500: divide it"])
  })

  it.each([
    ["nothing", "const a = 1\n", false],
    ["a line comment", "// What it is, in short.\n", false],
    ["a plain block", "/* What it is, in short. */\n", false],
    ["a name", "/** Things */\n", false],
    ["a sentence further down", "const a = 1\n/** What it is, in short. */\n", false],
    ["a sentence", "/** What it is, in short. */\nconst a = 1\n", true],
    ["a sentence after #!", "#!/usr/bin/env node\n/** What it is, in short. */\n", true],
    ["a sentence over lines", "/**\n * What it is,\n * in short.\n */\n", true],
  ])("wants a file to open with a sentence: %s", (_, text, fine) => {
    expect(checkOpenings(sourcesOf({ "src/a.ts": text }))).toHaveLength(fine ? 0 : 1)
  })

  it("finds a file that can't be parsed", () => {
    expect(checkOpenings(sourcesOf({ "tools/a.ts": "const = 1" }))[0]?.rule).toBe("syntax")
  })

  it("finds a public name without a doc comment, wherever it is declared", () => {
    const sources = sourcesOf({
      "src/index.ts":
        'export { a, b as c } from "./a.ts"\nexport * from "./d.ts"\nexport { e }\nconst e = 1\n',
      "src/a.ts":
        "/** The file. */\nimport x from 'x'\n/** A. */\nexport const a = x\nexport function b() {}\n",
      "src/d.ts": "/** D. */\nexport interface D {}\nexport class E {}\n// F\nexport type F = D\n",
    })
    expect(said(checkDocstrings(sources, entrances))).toEqual([
      'src/a.ts: "b" is public (src/index.ts) and has no doc comment',
      'src/d.ts: "E" is public (src/index.ts) and has no doc comment',
      'src/d.ts: "F" is public (src/index.ts) and has no doc comment',
      'src/index.ts: "e" is public (src/index.ts) and has no doc comment',
    ])
  })

  it.each([
    ["/wo·rk/main/x", true],
    ["file:///ho·me/somebody/x", true],
    ["C:\\Us·ers\\somebody", true],
    ["https://regis·try.npmjs.org/x", true],
    ["written with Cop·ilot", true],
    ["Co-Auth·ored-By: somebody", true],
    ["made by an LL·M", true],
    ["https://example.org/home/page", false],
    ["registry.routes.get", false],
    ["the cursor of the page, OpenAPI", false],
  ])("judges the words of %s", (text, found) => {
    expect(checkWords(filesOf({ "a.md": text.replace("·", "") }))).toHaveLength(found ? 1 : 0)
  })
})

describe("the lock", () => {
  it("finds a platform's package that npm left out, and an address", () => {
    const lock = {
      packages: {
        "": { dependencies: { x: "1" } },
        "node_modules/x": { optionalDependencies: { "x-win32-x64": "1" }, dependencies: { y: "1", z: "1" } },
        "node_modules/x/node_modules/y": { resolved: "somewhere" },
        "node_modules/z": {},
      },
    }
    expect(said(checkLock(JSON.stringify(lock)))).toEqual([
      "package-lock.json: x-win32-x64 is not in it: run `node tools/complete-lock.ts`",
      "package-lock.json: node_modules/x/node_modules/y carries an address: install with omit-lockfile-registry-resolved",
    ])
  })
})

describe("exceptions", () => {
  const violation = { rule: "length", path: "src/a.ts", message: "501 lines" }
  const exception = { rule: "length", path: "src/a.ts", reason: "A table." }

  it("cover what they name and nothing else", () => {
    expect(withoutExceptions([violation], [exception])).toEqual([])
    const other = { ...violation, rule: "barrel" }
    expect(withoutExceptions([violation, other], [exception])).toEqual([other])
    expect(withoutExceptions([violation], [{ ...exception, about: "502" }])).toHaveLength(2)
  })

  it("are found when they are stale", () => {
    expect(said(withoutExceptions([], [exception]))).toEqual([
      'src/a.ts: it needs no "length" exception any more',
    ])
  })
})
