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

test("ASVS 14.2.1: what is searched for is asked in the body by QUERY, and nothing of it in the address", async () => {
  for (const title of ["für Ann", "a&b=c", "100%"])
    expect((await backend.request(null, "POST", "/rest/notes", { body: { title } })).status).toBe(201)
  const type = "application/x-www-form-urlencoded"
  const ask = (body: string, path = "/rest/notes", headers: Record<string, string> = {}) =>
    backend.request(null, "QUERY", path, { body, headers: { "content-type": type, ...headers } })
  for (const title of ["für Ann", "a&b=c", "100%"]) {
    const search = new URLSearchParams({ select: "title", title: `eq.${title}` }).toString()
    const [asked, read] = [await ask(search), await backend.request(null, "GET", `/rest/notes?${search}`)]
    expect([asked.status, asked.json]).toEqual([200, [{ title }]])
    expect(asked.text).toBe(read.text)
    const again = await ask(search, "/rest/notes", { "if-none-match": asked.headers.get("etag")! })
    expect(again.status).toBe(304)
  }
  const counted = await ask("select=title&limit=1", "/rest/notes", { prefer: "count=exact" })
  expect([counted.status, counted.headers.get("content-range")]).toEqual([206, "0-0/4"])
  // It never writes, and is asked in one place and one form.
  expect((await ask("nothing=eq.1")).json.code).toBe("42703")
  expect((await ask("select=title", "/rest/notes?title=eq.a")).json.code).toBe("PGRST102")
  for (const other of ["application/json", "text/plain", ""])
    expect((await ask("title=eq.a", "/rest/notes", { "content-type": other })).json.code).toBe("PGRST102")
  expect((await backend.sql("select count(*)::int as count from app.notes"))[0].count).toBe(4)
})
