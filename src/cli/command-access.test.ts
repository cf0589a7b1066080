/** The access matrix as text, JSON and a page: the same sentences, and nothing in them that a page would run. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { makeProject, notesProject, runCommand, type TestProject } from "../../test/support/command.ts"
import type { AccessMatrix } from "../policy/access-matrix.ts"

let project: TestProject
beforeAll(async () => {
  project = await makeProject(notesProject)
})
afterAll(() => project.remove())

const access = (...line: string[]): ReturnType<typeof runCommand> =>
  runCommand(["access", ...line], { cwd: project.folder })

const read =
  "Notes may be read by everyone who is the note's owner or whose shelves include the note's shelf."
const phone = 'everyone who has the role "<i>nurse</i>"'

test("as text", async () => {
  const { code, stdout } = await access("Note")
  expect(code).toBe(0)
  expect(stdout).toBe(`Who may do what in notes
● everyone   ◐ whoever the sentence says   ○ no one

Note /rest/notes
  personal: phone
  ◐ read    Notes may be read by everyone who is the note's owner or whose shelves include the
            note's shelf.
  ◐ create  Notes may be created by everyone who is the note's owner.
  ◐ change  Notes may be changed by everyone who is the note's owner, if the note is not locked.
            After the change it must hold that the caller is the note's owner.
  ◐ delete  Notes may be deleted by everyone who is the note's owner, if the note is not locked.
  ▪ owner   Never changed once it is set.
  ▪ phone   Only seen and set by ${phone}.

What a caller has
  - shelves: the id of every shelf for which the caller is the shelf's keeper

  - What is not allowed here is refused, by the database itself.
  - To change or delete a row, or to refer to it from another, one must also be allowed to read it.
  - Roles come with the caller's token; everything else about a caller is looked up in the database
    for every request.
`)
})

test("as JSON", async () => {
  const { stdout } = await access("--json")
  const matrix = JSON.parse(stdout) as AccessMatrix & { name: string }
  expect(matrix.name).toBe("notes")
  expect(matrix.entities.map((one) => one.entity)).toEqual(["Shelf", "Note"])
  const [shelf, note] = matrix.entities
  expect(shelf?.grants.map((one) => one.allowed)).toEqual(["everyone", "no one", "no one", "no one"])
  expect(note?.grants[0]).toEqual({ operation: "read", allowed: "conditional", sentence: read })
  expect(note?.classified).toEqual({ personal: ["phone"] })
  expect(note?.fields).toEqual([
    { field: "owner", classification: "internal", visibleTo: null, writableBy: null, immutable: true },
    { field: "phone", classification: "personal", visibleTo: phone, writableBy: phone, immutable: false },
  ])
})

test("as a page that needs nothing else, everything escaped", async () => {
  const { stdout } = await access("--html")
  expect(stdout.startsWith('<!doctype html>\n<html lang="en">')).toBe(true)
  expect(stdout).toContain("has the role &#34;&#60;i&#62;nurse&#60;/i&#62;&#34;")
  expect(stdout).not.toContain("<i>")
  expect(stdout).not.toMatch(/<script|<link|<img|src=|url\(|https?:/)
  const ids = [...stdout.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const [, id] of stdout.matchAll(/(?:aria-labelledby="|href="#)([^"]+)"/g)) expect(ids).toContain(id)
  for (const name of [
    "html",
    "body",
    "main",
    "section",
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "ul",
    "dl",
  ]) {
    expect(stdout.split(`<${name}`).length - stdout.split(`<${name}er`).length, name).toBeGreaterThanOrEqual(
      stdout.split(`</${name}>`).length - 1,
    )
  }
})
