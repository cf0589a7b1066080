/** The door as clients see it: a row a request. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { anyone, defineBackend, entity, text } from "../index.ts"

const Note = entity("Note", { fields: { title: text({ max: 20 }) } })
Note.access(() => ({ read: anyone, create: anyone }))

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(defineBackend({ name: "notes", model: [Note] }))
})
afterAll(() => backend?.stop())

test("a created row is read back", async () => {
  const created = await backend.request(null, "POST", "/rest/notes", { body: { title: "hello" } })
  expect(created.status).toBe(201)
  const read = await backend.request(null, "GET", "/rest/notes?select=title")
  expect(read.json).toEqual([{ title: "hello" }])
})
