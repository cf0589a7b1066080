/** After an import, and after data to start with, new rows get numbers that are free. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { anyone, defineBackend, entity, serial, text } from "../index.ts"
import { importRows } from "./import-rows.ts"

const File = entity("File", { fields: { number: serial(), word: text() }, unique: [["number"]] })
File.access(() => ({ read: anyone, create: anyone }))
const key = (n: number): string => `018ce7a8-0f00-7003-8000-00000000000${n}`
let backend: TestBackend

beforeAll(async () => {
  const seed = (): Iterable<[string, Record<string, unknown>]> => [
    ["File", { id: key(1), number: 40, word: "seeded" }],
  ]
  backend = await startTestBackend(defineBackend({ name: "files", model: [File], seed }))
})
afterAll(() => backend?.stop())

async function next(): Promise<number> {
  const headers = { prefer: "return=representation" }
  const { json, text: said } = await backend.request(null, "POST", "/rest/files", {
    body: { word: "new" },
    headers,
  })
  return json[0]?.number ?? said
}

test("numbers go on after those that came with rows, and never back", async () => {
  expect(await next()).toBe(41)
  const info = backend.app.policies.model.byName.get("File")!
  const moments = { createdAt: "2026-01-01T00:00:00Z", updatedAt: "2026-01-01T00:00:00Z", version: 1 }
  await importRows(
    backend.adminUrl,
    [[info, [{ id: key(2), number: 90, word: "imported", ...moments }]]],
    null,
  )
  expect(await next()).toBe(91)
  await importRows(
    backend.adminUrl,
    [[info, [{ id: key(3), number: 7, word: "imported", ...moments }]]],
    null,
  )
  expect(await next()).toBe(92)
})
