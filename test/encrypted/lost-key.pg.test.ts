/** One person's key is lost: nothing is made in its place, everybody else's values are read and written, and it is told. */
import { createHash } from "node:crypto"
import { rename } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { countLostKeys } from "../../src/store/lost-keys.ts"
import { startTestBackend, type TestBackend } from "../support/backend.ts"
import { testKeys } from "../support/keys.ts"
import { ward } from "./ward-backend.ts"

const doctor = { id: "018ce7a8-0f00-7003-8000-0000000000aa", roles: ["doctor"] }
const keys = await testKeys()
let backend: TestBackend

beforeAll(async () => {
  backend = await startTestBackend(ward, { keys })
})
afterAll(() => backend?.stop())

async function ask(method: string, path: string, body?: unknown): Promise<any> {
  const headers = { prefer: "return=representation" }
  const { status, json } = await backend.request(doctor, method, `/rest/${path}`, { body, headers })
  return { status, code: json?.code, rows: json }
}

async function makePerson(name: string): Promise<string> {
  const { rows } = await ask("POST", "people", { ward: "a", name, history: `history of ${name}` })
  return rows[0].id
}

function pathOf(id: string): string {
  const name = createHash("sha256").update(`Person:${id}`).digest("hex")
  return join(keys.store.place, "subjects", name.slice(0, 2), `${name}.json`)
}

const lost = (): Promise<number> =>
  countLostKeys(backend.adminUrl, backend.app.policies.model, backend.app.keys!)

test("TR-03161-3 Cryp_6: a single key that is lost is never made anew, and comes back with a backup of the keys", async () => {
  const [id, other] = [await makePerson("one"), await makePerson("other")]
  expect(await lost()).toBe(0)
  await rename(pathOf(id), `${pathOf(id)}.away`)
  backend.app.keys!.forget()
  expect(await lost()).toBe(1)
  // What is there can't be read, and nothing is written under another key: it would hide the loss.
  expect(await ask("GET", `people?id=eq.${id}`)).toMatchObject({ status: 500, code: "UC332" })
  for (const [method, path, body] of [
    ["PATCH", `people?id=eq.${id}`, { history: "again" }],
    ["POST", "notes", { person: id, label: "n", body: "a note" }],
  ] as const)
    expect(await ask(method, path, body)).toMatchObject({ status: 503, code: "UC333" })
  expect(await backend.app.keys!.has(`Person:${id}`)).toBe(false)
  // Others don't notice, and whoever is new gets a key.
  expect((await ask("PATCH", `people?id=eq.${other}`, { history: "well" })).status).toBe(200)
  expect((await ask("GET", `people?id=eq.${await makePerson("third")}`)).rows[0].history).toBe(
    "history of third",
  )
  await rename(`${pathOf(id)}.away`, pathOf(id))
  expect((await ask("PATCH", `people?id=eq.${id}`, { history: "again" })).rows[0].history).toBe("again")
  expect(await lost()).toBe(0)
})

test("who has no values is given a key, whether or not there was one before", async () => {
  const { rows } = await ask("POST", "people", { ward: "a", name: "empty" })
  const { id } = rows[0]
  expect(await backend.app.keys!.has(`Person:${id}`)).toBe(false)
  expect((await ask("POST", "notes", { person: id, label: "n", body: "a note" })).status).toBe(201)
  expect(await backend.app.keys!.has(`Person:${id}`)).toBe(true)
})
