/** Relay: its compiler is content with the schema, and its documents, registered by its manifest, page, refetch and write. */
import { execFile } from "node:child_process"
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { printSchema } from "graphql"
import { afterAll, beforeAll, expect, test } from "vitest"
import { buildBackend } from "../../src/build-backend.ts"
import { wholeKnowledge } from "../../src/engine/knowledge.ts"
import { createNames } from "../../src/graphql/names.ts"
import { createSchema } from "../../src/graphql/schema.ts"
import { startTestBackend, type TestBackend } from "../support/backend.ts"
import { ids, studioBackend } from "../support/studio.ts"
import { relayConfig, relaySources } from "./relay-documents.ts"

// The package gives the path of its program for this machine; it brings no types.
const relay = createRequire(import.meta.url)("relay-compiler") as string

let folder: string
let backend: TestBackend
let manifest: Readonly<Record<string, string>>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "undercroft-relay-"))
  await mkdir(join(folder, "src"))
  await mkdir(join(folder, "made"))
  const policies = buildBackend(studioBackend)
  const { model } = policies
  const schema = createSchema({ model, names: createNames(model), known: wholeKnowledge(policies), page: 30 })
  const files = {
    ...Object.fromEntries(Object.entries(relaySources).map(([name, text]) => [`src/${name}`, text])),
    "schema.graphql": printSchema(schema),
    "relay.config.json": JSON.stringify(relayConfig),
    "manifest.json": "{}",
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  await promisify(execFile)(relay, ["relay.config.json"], { cwd: folder })
  manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8"))
  const documents = Object.fromEntries(Object.entries(manifest).map(([id, text]) => [`sha256:${id}`, text]))
  backend = await startTestBackend({ ...studioBackend, graphql: { documents, only: "persisted" } })
}, 60_000)
afterAll(async () => {
  await backend?.stop()
  await rm(folder, { recursive: true })
})

/** Asks as a Relay application does: by the identifier that the compiler wrote into the artifact. */
async function ask(name: string, variables: Readonly<Record<string, unknown>>): Promise<any> {
  const [id] = Object.entries(manifest).find(([, text]) => new RegExp(`^\\w+ ${name}\\b`).test(text))!
  expect(await readFile(join(folder, `made/${name}.graphql.ts`), "utf8")).toContain(id)
  const body = { documentId: `sha256:${id}`, variables }
  const { json } = await backend.request({ id: "ada" }, "POST", "/graphql", { body })
  expect(json.errors).toBeUndefined()
  return json.data
}

const titles = (connection: any): readonly string[] => connection.edges.map((edge: any) => edge.node.title)

test("each query, mutation and refetch is compiled", async () => {
  const made = (await readdir(join(folder, "made"))).map((name) => name.replace(".graphql.ts", ""))
  expect(made.toSorted()).toEqual([
    "FilmCardRefetchQuery",
    "FilmCard_film",
    "FilmListPageQuery",
    "FilmList_studio",
    "FilmPageBackwardsQuery",
    "FilmPageCreateMutation",
    "FilmPageDeleteMutation",
    "FilmPageNodeQuery",
    "FilmPageQuery",
    "FilmPageRenameMutation",
    "FilmPage_all",
  ])
  expect(Object.keys(manifest)).toHaveLength(8)
})

test("connections page within a row and at the root, in both directions", async () => {
  const first = await ask("FilmPageQuery", { code: "amber" })
  const [{ node: studio }] = first.studioCollection.edges
  expect([studio.name, titles(studio.films), studio.films.totalCount]).toEqual(["Amber", ["Alpha"], 2])
  expect(studio.films.edges[0].node).toMatchObject({ __typename: "Film" })
  const { nodeId, films } = studio
  const cursor = films.pageInfo.endCursor
  const second = await ask("FilmListPageQuery", { nodeId, count: 1, cursor })
  expect(second.node).toMatchObject({ __typename: "Studio" })
  expect([titles(second.node.films), second.node.films.pageInfo.hasNextPage]).toEqual([["Beta"], false])

  expect(titles(first.filmCollection)).toEqual(["Beta"])
  const before = first.filmCollection.pageInfo.startCursor
  const back = await ask("FilmPageBackwardsQuery", { before, last: 5 })
  expect([titles(back.filmCollection), back.filmCollection.pageInfo.hasPreviousPage]).toEqual([
    ["Alpha"],
    false,
  ])
})

test("a row is fetched again by its nodeId, and every row has one", async () => {
  const { studioCollection, filmCollection } = await ask("FilmPageQuery", { code: "amber" })
  const { node: film } = filmCollection.edges[0]
  const again = await ask("FilmCardRefetchQuery", { nodeId: film.nodeId })
  expect(again.node).toEqual({ ...film, __typename: "Film" })
  const { nodeId } = studioCollection.edges[0].node
  expect(await ask("FilmPageNodeQuery", { nodeId })).toEqual({
    node: { __typename: "Studio", nodeId, code: "amber" },
  })
  const rows = [film, film.director, film.actors.edges[0].node, film.actors.edges[0].node.person]
  expect(new Set(rows.map((row) => row.nodeId)).size).toBe(4)
})

test("mutations give what the store needs to add, change and remove rows", async () => {
  const films = [{ studioId: "amber", title: "Delta", directorId: ids.ada }]
  const { insertIntoFilmCollection: made } = await ask("FilmPageCreateMutation", { films })
  const [{ nodeId, title, director }] = made.records
  expect([made.affectedCount, title, director.fullName]).toEqual([1, "Delta", "Ada Ash"])

  const [{ id }] = await backend.sql("select id from app.films where title = 'Delta'")
  const { updateFilmCollection: changed } = await ask("FilmPageRenameMutation", { id, title: "Epsilon" })
  expect(changed.records).toEqual([{ nodeId, title: "Epsilon" }])
  const { deleteFromFilmCollection: gone } = await ask("FilmPageDeleteMutation", { id })
  expect(gone).toEqual({ affectedCount: 1, records: [{ nodeId }] })
})
