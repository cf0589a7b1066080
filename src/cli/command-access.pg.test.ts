/** Why a caller may or may not touch a row: the deciding clauses, and the database's own word. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { notesProject, runCommand } from "../../test/support/command.ts"
import { makeReadyProject, type ReadyProject } from "../../test/support/command-database.ts"
import type { Decision } from "./access-decision.ts"

const hers = "018ce7a8-0f00-7000-8000-000000000002"
const his = "018ce7a8-0f00-7000-8000-000000000003"

let ready: ReadyProject
beforeAll(async () => {
  ready = await makeReadyProject(notesProject)
})
afterAll(() => ready?.remove())

const access = (...line: string[]): ReturnType<typeof runCommand> =>
  runCommand(["access", ...line], ready.options)

const owns = "the caller is the note's owner"
const keeps = "the caller's shelves include the note's shelf"
const isOpen = "the note is not locked"

test.each<[string, string, string, boolean, readonly string[]]>([
  ["ann", "read", hers, true, [owns]],
  ["ann", "read", his, true, [keeps]],
  ["bob", "read", hers, false, [owns, keeps]],
  ["anonymous", "read", hers, false, [owns, keeps]],
  ["ann", "update", hers, true, [owns, isOpen]],
  ["ann", "update", his, false, [owns]],
  ["bob", "update", his, false, [isOpen]],
  ["bob", "delete", his, false, [isOpen]],
  ["ann", "delete", hers, true, [owns, isOpen]],
])("%s, %s %s: %s", async (as, operation, key, answer, decidedBy) => {
  const { code, stdout, stderr } = await access("--as", as, "--can", operation, "Note", key, "--json")
  const decision = JSON.parse(stdout) as Decision
  expect([decision.model, decision.database, stderr]).toEqual([answer, answer, ""])
  expect(decision.decidedBy).toEqual(decidedBy)
  expect(code).toBe(answer ? 0 : 2)
})

test("in words, clause by clause", async () => {
  const { stdout } = await access("--as", "bob", "--can", "update", "Note", his)
  expect(stdout).toBe(`No: bob (bob, no roles) may not change this Note (${his}).

  Notes may be changed by everyone who is the note's owner, if the note is not locked. After the
  change it must hold that the caller is the note's owner.

  Decided by what does not hold:
  - the note is not locked

  To read it
    ✓ any of these:
      ✓ the caller is the note's owner
        · the note's owner is "bob"; the caller is "bob"
      ✗ the caller's shelves include the note's shelf
        · the note's shelf is "018ce7a8-0f00-7000-8000-000000000001"; the caller's shelves: none

  To change it
    ✗ all of these:
      ✓ the caller is the note's owner
        · the note's owner is "bob"; the caller is "bob"
      ✗ the note is not locked
        · the note's is locked is true

  Of the changed row (here: unchanged)
    ✓ the caller is the note's owner
      · the note's owner is "bob"; the caller is "bob"

  The database says no too.
`)
})

test.each<[string[], string]>([
  [["Note"], 'error UC912: "" is not a key of Note: it is missing.'],
  [["Note", "17"], 'error UC912: "17" is not a key of Note: id must be a UUID.'],
  [["Note", hers, his], "it has 1 part(s): id."],
  [["Note", "018ce7a8-0f00-7000-8000-00000000000f"], "error UC913: There is no Note with the key"],
  [["Nota", hers], "error UC911: The model has no entity Nota."],
  [[], "error UC906: --can needs an entity and a key."],
])("%j", async (line, message) => {
  const { code, stdout, stderr } = await access("--as", "ann", "--can", "read", ...line)
  expect(stderr).toContain(message)
  expect([code, stdout]).toEqual([1, ""])
})

test("a changed model is told before it is asked of an old database", async () => {
  const model = notesProject["model.ts"] ?? ""
  await ready.project.write(
    "model.ts",
    model.replace("isLocked: boolean()", "isDraft: boolean().default(true),\n    isLocked: boolean()"),
  )
  const { code, stderr } = await access("--as", "ann", "--can", "read", "Note", hers)
  await ready.project.write("model.ts", model)
  expect(stderr).toContain("error UC910:")
  expect(code).toBe(1)
})

test("where model and database differ, that is an error", async () => {
  const model = notesProject["model.ts"] ?? ""
  await ready.project.write(
    "model.ts",
    model.replace("read: anyOf(own, row.shelf.in(me.shelves))", "read: own"),
  )
  const { code, stderr } = await access("--as", "ann", "--can", "read", "Note", his)
  await ready.project.write("model.ts", model)
  expect(stderr).toContain("error UC914: The model says no, and the database says yes.")
  expect(code).toBe(1)
})
