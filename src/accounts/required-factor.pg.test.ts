/** Two factors where the definition asks for them: no door, and no route of accounts but those that lead to the second, takes one. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { Person, password } from "../../test/support/people.ts"
import { askFor, clients, discover, goThrough, openBrowser } from "../../test/support/provider.ts"
import { defineBackend, entity, signedIn, text } from "../index.ts"
import { createPeople } from "./people.ts"
import { type AccountSettings, needsTwoFactors } from "./settings.ts"

const Note = entity("Note", { fields: { body: text() } })
Note.access(() => ({ read: signedIn, create: signedIn }))

const accounts: AccountSettings = {
  password: true,
  signUp: "open",
  twoFactor: true,
  passkeys: true,
  apiKeys: true,
  requireTwoFactor: ["staff"],
  provider: { clients: [clients.house] },
}
let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(defineBackend({ name: "notes", model: [Note], accounts }), {
    secret: "a secret of at least thirty-two bytes",
    keepsMail: true,
  })
})
afterAll(() => backend?.stop())

let counter = 0
async function somebody(role = ""): Promise<Person & { readonly id: string }> {
  const person = new Person(backend, `person${++counter}@example.org`)
  const { json } = await person.signUp()
  await give(json.user.id, role)
  return Object.assign(person, { id: json.user.id as string })
}
const give = (id: string, role: string): Promise<unknown> =>
  backend.sql(`update accounts."user" set role = $2 where id = $1`, [id, role])
const doors = ["/rest/notes", "/graphql?query={__typename}", "/openapi.json"]
const ask = async (person: Person, path: string): Promise<{ status: number; code: unknown }> => {
  const { status, json } = await person.get(backend.url + path)
  return { status, code: json?.code ?? json?.errors?.[0].extensions.code ?? null }
}

test("TR-03161-3 Auth_4: with one factor of two nothing is answered, until the second is proved", async () => {
  const person = await somebody("staff")
  const token = decodeURIComponent(person.session!).split(".")[0]!
  for (const path of doors) {
    expect([path, await ask(person, path)]).toEqual([path, { status: 401, code: "UC612" }])
    const headers = { authorization: `Bearer ${token}` }
    expect((await backend.request(null, "GET", path, { headers })).status).toBe(401)
  }
  const refused = await person.get("/rest/notes")
  expect(refused.headers.get("www-authenticate")).toContain("insufficient_user_authentication")
  expect(refused.json.hint).toContain("switch one on first: POST /auth/two-factor/enable")
  for (const [method, path, body] of [
    ["GET", "/list-sessions"],
    ["GET", "/events"],
    ["POST", "/change-password", { currentPassword: password, newPassword: "a walk along the harbour" }],
    ["POST", "/update-user", { name: "Somebody" }],
    ["POST", "/revoke-other-sessions", {}],
    ["POST", "/api-key/create", { name: "x" }],
  ] as const) {
    // better-auth takes the cookie of whom it refuses.
    const page = new Person(backend, person.email)
    for (const [name, value] of person.cookies) page.cookies.set(name, value)
    expect([path, (await page.ask(method, path, body)).status]).toEqual([path, 401])
  }
  expect((await person.get("/get-session")).json.session.assurance).toBe("one-factor")

  await person.enrol()
  for (const path of doors)
    expect([path, await ask(person, path)]).toEqual([path, { status: 200, code: null }])
  expect((await person.get("/list-sessions")).status).toBe(200)
  // A machine has no second factor; its key was made by somebody who has.
  const { json } = await person.post("/api-key/create", { name: "device" })
  const headers = { authorization: `Bearer ${json.key}` }
  expect((await backend.request(null, "GET", "/rest/notes", { headers })).status).toBe(200)
})

test("TR-03161-3 Auth_5: who needs no second factor comes in with one, as the definition decides", async () => {
  const person = await somebody("patient")
  for (const path of doors)
    expect([path, await ask(person, path)]).toEqual([path, { status: 200, code: null }])
})

test("no other application is told who somebody is by one factor", async () => {
  const config = await discover(backend, "house")
  const [nurse, patient] = [await somebody("staff"), await somebody("patient")]
  const go = async ({ email }: Person): Promise<boolean> => {
    const [browser, { url }] = [openBrowser(backend), await askFor(config, "house")]
    const page = await goThrough(browser, url, email)
    return page.isElsewhere && page.url.searchParams.has("code")
  }
  expect(await go(patient)).toBe(true)
  expect(await go(nurse)).toBe(false)
  const codes = await backend.sql(`select from accounts.verification where value like $1`, [
    `%authorization_code%${nurse.id}%`,
  ])
  expect(codes).toEqual([])
})

test("whoever is given such a role needs it from the next request on", async () => {
  const person = await somebody()
  const write = (): ReturnType<Person["post"]> => person.ask("POST", "/rest/notes", { body: "by one factor" })
  const count = async (): Promise<number> => (await backend.sql("select from app.notes")).length
  expect((await write()).status).toBe(201)
  const before = await count()
  await give(person.id, "reader,staff")
  expect((await write()).json.code).toBe("UC612")
  expect(await count()).toBe(before)
  await give(person.id, "reader")
  expect((await write()).status).toBe(201)
})

test("it may be asked of everybody, and only where there is a second factor to have", () => {
  expect(needsTwoFactors({ requireTwoFactor: true })([])).toBe(true)
  expect(needsTwoFactors({})(["staff"])).toBe(false)
  const parts = { name: "x", secret: "a secret of at least thirty-two bytes", origins: [], keepsMail: false }
  const start = (settings: AccountSettings) => () =>
    createPeople({ ...parts, settings, tell: () => undefined })
  expect(start({ password: true, requireTwoFactor: true })).toThrow(
    expect.objectContaining({ code: "UC916" }),
  )
  expect(start({ password: true, twoFactor: true, requireTwoFactor: true })).not.toThrow()
})
