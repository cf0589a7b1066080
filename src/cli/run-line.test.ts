/** Every command helps, and every mistake is one clear message and the code 1. */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { makeProject, notesProject, runCommand, type TestProject } from "../../test/support/command.ts"

let project: TestProject
beforeAll(async () => {
  project = await makeProject(notesProject)
})
afterAll(() => project.remove())

const commands = ["dev", "start", "check", "access", "graphql", "sql", "callers"]

test.each([["--help"], ["-h"], ["help"]])("undercroft %s names every command", async (word) => {
  const { code, stdout, stderr } = await runCommand([word])
  expect([code, stderr]).toEqual([0, ""])
  for (const name of commands) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, "m"))
})

test("a line without a command helps too", async () => {
  expect((await runCommand([])).stdout).toContain("undercroft <command> [options]")
})

test.concurrent.each(commands)("undercroft %s --help tells its options and examples", async (name) => {
  const { code, stdout, stderr } = await runCommand([name, "--help"])
  expect([code, stderr]).toEqual([0, ""])
  expect(stdout).toContain(`undercroft ${name}`)
  expect(stdout).toContain("--project <dir>")
  expect(stdout).not.toContain("\u001b")
})

test("undercroft --version is the package's", async () => {
  expect((await runCommand(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})

describe.concurrent("mistakes", () => {
  test.each<[string[], string]>([
    [["chek"], "error UC906: There is no command chek (did you mean check?).\n  See: undercroft --help\n"],
    [["toString"], "error UC906: There is no command toString."],
    [["check", "--projekt", "x"], "error UC906: check has no option --projekt (did you mean --project?)."],
    [["check", "--project"], "error UC906: --project needs a value."],
    [["check", "--json=yes"], "error UC906: --json takes no value."],
    [["check", "now"], 'error UC906: check does not know what to do with "now".'],
    [["dev", "--port", "high"], 'error UC906: The port is a number from 0 to 65535, not "high".'],
    [["dev", "--port", "65536"], 'error UC906: The port is a number from 0 to 65535, not "65536".'],
    [["access", "--can", "fly"], 'error UC906: --can is one of read, update, delete, not "fly".'],
    [["access", "--as", "ann"], "error UC906: --as goes with --can."],
    [["sql", "-c", "select 1"], "error UC906: -c needs --as"],
    [["callers", "carl"], "error UC906: There is no ready caller carl; there are: ann, bob."],
    [["access", "Nota"], "error UC911: The model has no entity Nota.\n  Its entities: Shelf, Note.\n"],
  ])("%j", async (line, message) => {
    const { code, stdout, stderr } = await runCommand(line, { cwd: project.folder })
    expect(stderr.slice(0, message.length)).toBe(message)
    expect([code, stdout]).toEqual([1, ""])
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  test.each([["dev"], ["start", "--development-callers"]])("%j is refused in production", async (...line) => {
    const { code, stderr } = await runCommand(line.flat(), {
      cwd: project.folder,
      env: { NODE_ENV: "production" },
    })
    expect(stderr).toContain("error UC908:")
    expect(code).toBe(1)
  })

  test("UNDERCROFT_DEBUG tells where", async () => {
    const { stderr } = await runCommand(["check", "--project", "/nowhere"], {
      env: { UNDERCROFT_DEBUG: "1" },
    })
    expect(stderr).toMatch(/^error UC901: There is no backend in \/nowhere\.$/m)
    expect(stderr).toMatch(/^\s+at findProject/m)
  })
})

describe.concurrent("a project that can't be loaded", () => {
  test.each<[string, string, string]>([
    [
      "a syntax error",
      "const x =\nexport default {}\n",
      "backend.ts:2: Expression expected\n  export default {}\n",
    ],
    [
      "an enum",
      "enum A { b }\nexport default A\n",
      "backend.ts:1: TypeScript enum is not supported in strip-only mode\n",
    ],
    [
      "a file that is not there",
      'import "./nowhere.ts"\n',
      "backend.ts: it imports nowhere.ts, which is not there\n",
    ],
    [
      "a package that is not there",
      'import "no-such-package-x"\n',
      "backend.ts: it imports the package no-such-package-x, which is not there\n  Install it: npm install no-such-package-x\n",
    ],
    [
      "an export that is not there",
      'import { nope } from "undercroft"\nexport default nope\n',
      "backend.ts:1: The requested module 'undercroft' does not provide an export named 'nope'\n",
    ],
    [
      "an error at run time",
      "const x: any = undefined\n\nexport default x.y\n",
      "backend.ts:3:18: Cannot read properties of undefined (reading 'y')\n  export default x.y\n",
    ],
  ])("%s", async (_, text, message) => {
    const broken = await makeProject({ "backend.ts": text })
    const { code, stderr } = await runCommand(["check"], { cwd: broken.folder })
    await broken.remove()
    expect(stderr).toContain(`error UC902: ${message}`)
    expect(code).toBe(1)
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  test.each([
    ["export const x = 1", "backend.ts has no default export."],
    ["export default 5", "backend.ts exports something else than a backend by default."],
    ["export default { model: [] }", "backend.ts exports a backend without a name."],
    ['export default { name: "x" }', "backend.ts exports a backend whose model is not a list of entities."],
  ])("%s", async (text, message) => {
    const broken = await makeProject({ "backend.ts": text })
    const { code, stderr } = await runCommand(["check", "--project", broken.folder], { cwd: broken.folder })
    await broken.remove()
    expect(stderr).toContain(`error UC903: ${message}`)
    expect(code).toBe(1)
  })
})

describe("check", () => {
  test("says what there is", async () => {
    const { code, stdout } = await runCommand(["check"], { cwd: project.folder })
    expect(stdout).toBe(
      "✓ notes is in order.\n  2 entities, 0 views, 15 fields\n  classified: 14 internal, 1 personal\n  1 fact about callers, looked up by the database\n",
    )
    expect(code).toBe(0)
  })

  test("says it as JSON", async () => {
    const { stdout } = await runCommand(["check", "--json"], { cwd: project.folder })
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      name: "notes",
      problems: [],
      summary: { entities: 2 },
    })
  })

  test("tells every problem of a model", async () => {
    const broken = await makeProject({
      "backend.ts": `import { anyone, defineBackend, entity, text } from "undercroft"
const Person = entity("Person", { fields: { email: text() } })
Person.access(({ row }) => ({ read: (row as any).emial.is("x") }))
const Lost = entity("Lost", { fields: { name: text() } })
export default defineBackend({ name: "broken", model: [Person, Lost] })
`,
    })
    const text = await runCommand(["check"], { cwd: broken.folder })
    const json = await runCommand(["check", "--json"], { cwd: broken.folder })
    await broken.remove()
    expect([text.code, json.code, text.stderr, json.stderr]).toEqual([1, 1, "", ""])
    expect(text.stdout).toContain("✗ broken has ")
    expect(text.stdout).toContain(
      "  Person.email looks personal by its name and is not classified. UC105\n    Write .personal(), or .internal()",
    )
    expect(text.stdout).toContain("  Lost has no access statement. UC101\n")
    const { ok, problems } = JSON.parse(json.stdout) as {
      ok: boolean
      problems: { code: string; where: string }[]
    }
    expect(ok).toBe(false)
    expect(problems.map(({ code, where }) => `${where} ${code}`)).toEqual(
      expect.arrayContaining(["Person.email UC105", "Lost UC101"]),
    )
  })
})

test("callers prints tokens, the same key for every run, before any server ran", async () => {
  const [whole, one] = [
    await runCommand(["callers", "--json"], { cwd: project.folder }),
    await runCommand(["callers", "ann"], { cwd: project.folder }),
  ]
  const tokens = JSON.parse(whole.stdout) as Record<string, { token: string; description: string }>
  expect(Object.keys(tokens)).toEqual(["ann", "bob"])
  expect(tokens.ann?.description).toBe("Ann, who writes")
  expect(one.stdout.split(".")[0]).toBe(tokens.ann?.token.split(".")[0])
  const claims = JSON.parse(Buffer.from(one.stdout.split(".")[1] ?? "", "base64url").toString()) as Record<
    string,
    unknown
  >
  expect(claims).toMatchObject({ sub: "ann", roles: ["writer"], iss: "undercroft-development" })
})
