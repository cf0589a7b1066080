/** The schema as SDL, for all and for one caller, and the list of registered documents: written, kept, checked, refused. */
import { mkdir, readFile, rm } from "node:fs/promises"
import { join } from "node:path"
import { buildSchema } from "graphql"
import { afterAll, beforeAll, expect, test } from "vitest"
import { notesProject, runCommand } from "../../test/support/command.ts"
import { makeReadyProject, type ReadyProject } from "../../test/support/command-database.ts"
import { documentIdOf } from "../graphql/registered-documents.ts"

let ready: ReadyProject
beforeAll(async () => {
  ready = await makeReadyProject(notesProject)
  const { project } = ready
  await mkdir(join(project.folder, "asked"))
  await project.write("asked/titles.graphql", titles)
  await project.write("asked/shelves.graphql", shelves)
})
afterAll(() => ready?.remove())

const graphql = (...line: string[]): ReturnType<typeof runCommand> =>
  runCommand(["graphql", ...line], ready.options)
const list = async (name = "graphql.documents.json"): Promise<unknown> =>
  JSON.parse(await readFile(join(ready.project.folder, name), "utf8"))

const titles = "query Titles {\n  noteCollection { edges { node { title phone } } }\n}\n"
const shelves = "query Shelves { shelfCollection { totalCount } }"
const both = { [documentIdOf(titles)]: titles, [documentIdOf(shelves)]: shelves }

test("the schema has what all together could know, or one of them", async () => {
  const whole = await graphql("schema")
  expect([whole.code, whole.stderr]).toEqual([0, ""])
  expect(buildSchema(whole.stdout).getType("Note")).toMatchObject({ name: "Note" })
  expect(whole.stdout).toContain("phone")
  const anns = await graphql("schema", "--as", "ann")
  expect(anns.stdout).toContain("insertIntoNoteCollection")
  expect(anns.stdout).not.toContain("phone")
  const nurses = await graphql("schema", "--as", "eve", "--roles", "<i>nurse</i>")
  expect(nurses.stdout).toContain("phone")
  await graphql("schema", "--out", "schema.graphql")
  expect(await readFile(join(ready.project.folder, "schema.graphql"), "utf8")).toBe(whole.stdout)
})

test("documents are registered under their hashes, the same every time, and checked", async () => {
  const pattern = "asked/*.graphql"
  const unwritten = await graphql("persist", pattern, "--check")
  expect(unwritten.code).toBe(1)
  expect(unwritten.stderr).toContain(`missing: ${documentIdOf(titles)} of asked/titles.graphql`)

  const first = await graphql("persist", pattern, "--json")
  expect([first.code, first.stderr]).toEqual([0, ""])
  expect(JSON.parse(first.stdout)).toMatchObject({ file: "graphql.documents.json", isChanged: true })
  expect(await list()).toEqual(both)
  expect(Object.keys((await list()) as object)).toEqual(Object.keys(both).toSorted())
  const again = await graphql("persist", pattern, "asked/titles.graphql", "--check", "--json")
  expect(JSON.parse(again.stdout)).toMatchObject({
    isChanged: false,
    documents: Object.keys(both)
      .toSorted()
      .map((id) => ({ id, operations: [id === documentIdOf(titles) ? "Titles" : "Shelves"] })),
  })

  const fewer = await graphql("persist", "asked/titles.graphql", "--check")
  expect(fewer.stderr).toContain(`no longer asked for: ${documentIdOf(shelves)}`)
  expect((await graphql("persist", "asked/titles.graphql", "--keep", "--check")).code).toBe(0)
  expect((await graphql("persist", "asked/titles.graphql")).stdout).toContain("1 document\n")
  expect(await list()).toEqual({ [documentIdOf(titles)]: titles })
})

test("Relay's and Apollo's manifests are read", async () => {
  const relay = { "0cc175b9c0f1b6a831c399e269772661": shelves }
  const operations = [{ id: documentIdOf(titles).slice(7), name: "Titles", type: "query", body: titles }]
  const apollo = { format: "apollo-persisted-query-manifest", version: 1, operations }
  await ready.project.write("relay.json", JSON.stringify(relay))
  await ready.project.write("apollo.json", JSON.stringify(apollo))
  const { stderr } = await graphql("persist", "relay.json", "apollo.json", "--out", "own.json")
  expect(stderr).toBe("")
  expect(await list("own.json")).toEqual({ ...relay, [documentIdOf(titles)]: titles })
})

test("every mistake is told at once, with its place, and nothing is written", async () => {
  const files = {
    "bad/field.graphql": "query {\n  noteCollection { edges { node { titel } } }\n}",
    "bad/fragment.graphql": "fragment F on Note { title }",
    "bad/syntax.gql": "query {",
    "bad/deep.graphql": `{ ${"a { ".repeat(60)} b ${"}".repeat(60)} }`,
    "bad/hash.json": JSON.stringify({ ["a".repeat(64)]: shelves, "a:b": shelves, c: 1 }),
    "bad/one.json": JSON.stringify({ same: shelves }),
    "bad/other.json": JSON.stringify({ same: "{ __typename }" }),
    "bad/text.json": "{",
    "bad/list.json": "[]",
    "bad/note.txt": "",
  }
  await mkdir(join(ready.project.folder, "bad"))
  for (const [name, text] of Object.entries(files)) await ready.project.write(name, text)
  const { code, stdout, stderr } = await graphql("persist", "bad/*", "none/*.graphql", "--out", "bad.json")
  expect([code, stdout]).toEqual([1, ""])
  for (const said of [
    "error UC920: The GraphQL documents have 12 problem(s). Nothing was written.",
    'bad/field.graphql:2:35: Cannot query field "titel" on type "Note".',
    'bad/fragment.graphql:1:1: Fragment "F" is never used.',
    "bad/syntax.gql:1:8: Syntax Error",
    "bad/deep.graphql: the document has a depth of 41, and at most 40 is allowed",
    `bad/hash.json: "${"a".repeat(64)}" is not the hash of its document`,
    'bad/hash.json: "a:b" is no identifier',
    "bad/hash.json: each entry of a manifest has",
    "bad/other.json: same is another document in bad/one.json",
    "bad/text.json: it is not JSON",
    "bad/list.json: a manifest is a JSON object",
    "bad/note.txt: it must be a .graphql file or a .json manifest",
    "none/*.graphql: there is no such file",
  ])
    expect(stderr).toContain(said)
  await expect(list("bad.json")).rejects.toThrow("ENOENT")
  await rm(join(ready.project.folder, "bad"), { recursive: true })
})

test.each<[string[], string]>([
  [[], "Say schema or persist."],
  [["print"], "Say schema or persist."],
  [["persist"], "persist needs files."],
  [["schema", "a.graphql"], 'schema does not know what to do with "a.graphql".'],
  [["schema", "--check"], "--check does not go with schema."],
  [["persist", "a", "--as", "ann"], "--as does not go with persist."],
  [["schema", "--roles", "a"], "--roles and --claims go with --as."],
  [["persist", "asked/*.graphql", "--out", "no/where.json"], "no/where.json can't be written: ENOENT."],
])("undercroft graphql %j is refused", async (line, message) => {
  const { code, stderr } = await graphql(...line)
  expect([code, stderr.split("\n")[0]]).toEqual([1, `error UC906: ${message}`])
})

test("what is no list of documents is not written over", async () => {
  const { code, stderr } = await graphql("persist", "asked/*.graphql", "--out", "backend.ts")
  expect(code).toBe(1)
  expect(stderr).toContain("backend.ts: it is not a list of documents")
})
