/** `undercroft evidence` on the line: a report in a file, a baseline, and what has drifted from it. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { runSql } from "../../test/support/backend.ts"
import { notesProject, runCommand } from "../../test/support/command.ts"
import { makeReadyProject, type ReadyProject } from "../../test/support/command-database.ts"

let ready: ReadyProject
beforeAll(async () => {
  ready = await makeReadyProject(notesProject)
})
afterAll(() => ready?.remove())

const evidence = (...line: string[]): ReturnType<typeof runCommand> =>
  runCommand(["evidence", ...line], ready.options)

test("a report goes to a file, in the format of its name", async () => {
  const file = join(ready.project.folder, "report.html")
  expect(await evidence("--standard", "gdpr", "--out", file)).toEqual({ code: 0, stdout: "", stderr: "" })
  const text = await readFile(file, "utf8")
  expect(text).toContain('<th scope="row">Art. 33<')
  expect(text).not.toContain('<th scope="row">Auth_1<')
})

test("what does not go together is refused", async () => {
  const { code, stderr } = await evidence("--part", "data", "--check")
  expect([code, stderr]).toEqual([1, expect.stringContaining("UC906")])
})

test("drift is told against a baseline alone: when a table no longer forces its rules", async () => {
  const bare = await evidence("--check")
  expect([bare.code, bare.stderr]).toEqual([
    1,
    expect.stringContaining("evidence.json can't be read, if it is there."),
  ])
  const lock = (needs: object): Promise<void> =>
    ready.project.write("package-lock.json", JSON.stringify({ packages: { "": {}, ...needs } }))
  const a = { "node_modules/a": { version: "1.0.0", integrity: "sha512-AAAA" } }
  await lock(a)
  expect((await evidence("--accept")).code).toBe(0)
  const { code, stdout } = await evidence("--check", "--json")
  expect([code, JSON.parse(stdout)]).toEqual([
    0,
    { ok: true, isOfModel: true, drift: [], changes: [], newlyMet: 0 },
  ])
  // With the record's view that a start would make, the database is of another model: that is said first, and once.
  const backend = notesProject["backend.ts"]!
  await ready.project.write(
    "backend.ts",
    backend.replace("callers:", "audit: { accessesToMe: true },\n  callers:"),
  )
  const other = await evidence("--check")
  expect(other.code).toBe(1)
  expect(other.stdout.split("\n")[0]).toBe(
    "✗ The database is that of another model: start the backend once, and look again.",
  )
  expect(other.stdout.match(/another model/g)).toHaveLength(1)
  expect(other.stdout).toContain("was met and is not")
  expect(other.stdout).not.toMatch(/alter |update undercroft/)
  await ready.project.write("backend.ts", backend)
  await runSql(ready.url, "alter table app.notes no force row level security")
  await lock({ ...a, "node_modules/b": { version: "2.0.0", integrity: "sha512-AAAA" } })
  const checked = await evidence("--check")
  expect(checked.code).toBe(1)
  expect(checked.stdout).toContain("OWASP ASVS 5.0 8.2.2 was met and is not")
  expect(checked.stdout).toContain("GDPR Art. 25(1) was met and is not")
  expect(checked.stdout).toContain("notes")
  expect(checked.stdout).toContain("Software of others: b is new: 2.0.0.")
  expect(checked.stdout).toContain("accepted with: undercroft evidence --accept")
}, 60_000)
