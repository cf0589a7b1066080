/** The complete models of README and docs are what they say: they compile, build, and run as a newcomer would have them. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, beforeAll, expect, test } from "vitest"
import { buildBackend } from "../src/build-backend.ts"
import { readyPeople } from "../src/cli/ready-accounts.ts"
import type { BackendDefinition, ModelError } from "../src/index.ts"
import { startTestBackend } from "./support/backend.ts"
import { makeTypeFolder, type TypeFolder } from "./support/type-folder.ts"

const root = new URL("../", import.meta.url)
const documents = [
  "README.md",
  ...readdirSync(new URL("docs", root))
    .filter((one) => one.endsWith(".md"))
    .map((one) => `docs/${one}`),
]

/** The blocks that are a whole file: they import what they use, and export a backend. */
const complete = documents.flatMap((name) =>
  [...readFileSync(new URL(name, root), "utf8").matchAll(/```ts\n([\s\S]*?)```/g)]
    .map(([, code]) => code!)
    .filter(
      (code) => /^import .* from "undercroft"/m.test(code) && code.includes("export default defineBackend("),
    ),
)

let folder: TypeFolder
beforeAll(async () => {
  folder = await makeTypeFolder()
  // The first is the model, which others import.
  for (const [at, code] of complete.entries())
    await folder.write(
      at === 0 ? "model.ts" : `backend${at}.ts`,
      code.replace('from "undercroft"', 'from "../../src/index.ts"'),
    )
})
afterAll(() => folder?.remove())

const load = async (at: number): Promise<BackendDefinition> => {
  const path = join(folder.path, at === 0 ? "model.ts" : `backend${at}.ts`)
  return (await import(pathToFileURL(path).href)).default
}

test("each complete model builds", async () => {
  expect(complete.length).toBeGreaterThan(1)
  for (const at of complete.keys())
    expect(buildBackend(await load(at)).model.entities.length).toBeGreaterThan(2)
  expect(await folder.compile()).toBe("")
})

test("whose data it is has to be said: without it the first model does not build, and the hint names its own field", async () => {
  const { Patient, default: definition } = (await import(
    pathToFileURL(join(folder.path, "model.ts")).href
  )) as {
    Patient: { options: { subject?: unknown } }
    default: BackendDefinition
  }
  const { subject } = Patient.options
  delete Patient.options.subject
  try {
    buildBackend(definition)
    expect.unreachable()
  } catch (error) {
    expect((error as ModelError).problems).toMatchObject([
      { code: "UC141", where: "Patient", hint: expect.stringContaining('`subject: "user"`') },
    ])
  } finally {
    Patient.options.subject = subject
  }
})

test("the backend of one's own with accounts runs, and who it is made ready for signs in", async () => {
  const definition = await load(1)
  expect(complete[1]!.trim().split("\n").length).toBeLessThanOrEqual(20)
  const people = readyPeople(definition, "a development key of thirty-two bytes")
  const backend = await startTestBackend(definition, { seed: true, readyPeople: people })
  try {
    const [ann] = people
    const body = { email: ann!.email, password: ann!.password }
    const { json } = await backend.request(null, "POST", "/auth/sign-in/email", { body })
    const headers = { authorization: `Bearer ${json.token}` }
    const read = async (path: string): Promise<unknown> =>
      (await backend.request(null, "GET", path, { headers })).json
    expect(await read("/rest/practices?select=name")).toEqual([{ name: "Linden" }])
    expect(await read("/rest/users?select=name,roles")).toEqual([{ name: "Ann", roles: ["doctor"] }])
  } finally {
    await backend.stop()
  }
})
