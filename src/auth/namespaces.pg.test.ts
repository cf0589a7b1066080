/** Callers of several issuers beside accounts, over HTTP: whose rows a `sub` opens. */
import { actor, defineBackend, entity, ref, signedIn, text, userEntity } from "undercroft"
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { signToken } from "./jwt-sign.ts"

const me = actor({})
const User = userEntity()
User.access(({ row }) => ({ read: row.id.is(me.id) }))

const Diary = entity("Diary", { fields: { holder: text().immutable(), line: text() } })
Diary.access(({ row }) => ({ read: row.holder.is(me.id), create: row.holder.is(me.id) }))

/** Tied to an account by a reference. */
const Desk = entity("Desk", { fields: { user: ref(User), name: text() } })
Desk.access(({ row }) => ({ read: row.user.is(me.id), create: signedIn }))

const secrets = { a: "the first secret of thirty-two bytes!!", b: "the other secret of thirty-two bytes!!" }
const ann = "019a0000-0000-7000-8000-000000000001"
let backend: TestBackend

beforeAll(async () => {
  backend = await startTestBackend(
    defineBackend({
      name: "diaries",
      model: [User, Diary, Desk],
      accounts: { password: true },
      callers: {
        issuers: [
          { issuer: "https://a.example", namespace: "a", secret: secrets.a },
          { issuer: "https://b.example", namespace: "b", secret: secrets.b },
        ],
      },
      seed: () => [
        ["User", { id: ann, name: "Ann", email: "ann@desk.example" }],
        ["Desk", { user: ann, name: "window" }],
        ["Diary", { holder: ann, line: "of the account" }],
      ],
    }),
    { issuers: [{ issuer: "development", secret: "a secret of at least thirty-two bytes" }] },
  )
})
afterAll(() => backend.stop())

async function ask(who: keyof typeof secrets, path: string, body?: unknown) {
  const token = await signToken(
    { sub: ann, iss: `https://${who}.example` },
    { secret: secrets[who], expiresInSeconds: 600 },
  )
  return backend.request(null, body === undefined ? "GET" : "POST", path, {
    ...(body === undefined ? {} : { body }),
    headers: { authorization: `Bearer ${token}` },
  })
}

test("ASVS 10.3.3, CVE-2026-25574: the same sub of two issuers is two people, and neither is an account here", async () => {
  for (const who of ["a", "b"] as const) {
    const made = await ask(who, "/rest/diaries", { holder: `${who}:${ann}`, line: `of ${who}` })
    expect(made.status, made.text).toBe(201)
    const read = await ask(who, "/rest/diaries?select=line")
    expect(read.json).toEqual([{ line: `of ${who}` }])
    for (const path of ["/rest/users?select=id", "/rest/desks?select=name"]) {
      const found = await ask(who, path)
      expect([found.status, found.json], path).toEqual([200, []])
    }
    // Nor can one write as the account or as somebody of the other issuer.
    for (const holder of [ann, `${who === "a" ? "b" : "a"}:${ann}`])
      expect((await ask(who, "/rest/diaries", { holder, line: "forged" })).status).toBe(403)
  }
})

test("the development key stands for all of them: its sub is the caller as it stands", async () => {
  const token = await signToken(
    { sub: ann, iss: "development" },
    { secret: "a secret of at least thirty-two bytes", expiresInSeconds: 600 },
  )
  const headers = { authorization: `Bearer ${token}` }
  expect((await backend.request(null, "GET", "/rest/diaries?select=line", { headers })).json).toEqual([
    { line: "of the account" },
  ])
  expect((await backend.request(null, "GET", "/rest/desks?select=name", { headers })).json).toEqual([
    { name: "window" },
  ])
})
