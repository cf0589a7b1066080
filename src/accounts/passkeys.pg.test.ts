/** Passkeys: bound to the backend's own domain, verified by the device, and refused once they were copied. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { Authenticator, type Ceremony } from "../../test/support/authenticator.ts"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { mails, Person } from "../../test/support/people.ts"
import type { UndercroftError } from "../base/errors.ts"
import { defineBackend, entity, signedIn, text } from "../index.ts"

const Note = entity("Note", { fields: { body: text() } })
Note.access(() => ({ read: signedIn }))

let backend: TestBackend
let origin = ""
const errors: UndercroftError[] = []
beforeAll(async () => {
  backend = await startTestBackend(
    defineBackend({
      name: "notes",
      model: [Note],
      accounts: { password: true, signUp: "open", twoFactor: true, passkeys: true },
    }),
    {
      secret: "a secret of at least thirty-two bytes",
      keepsMail: true,
      onError: (error) => errors.push(error),
    },
  )
  origin = `http://localhost:${new URL(backend.url).port}`
})
afterAll(() => backend?.stop())

let counter = 0
const somebody = (email: string = `holder${++counter}@example.org`): Person => new Person(backend, email)

async function register(person: Person, key: Authenticator, how: Partial<Ceremony> = {}) {
  const { json } = await person.get("/passkey/generate-register-options")
  expect(json.rp.id).toBe("localhost")
  expect(json.authenticatorSelection.userVerification).toBe("required")
  return person.post("/passkey/verify-registration", {
    response: key.create({ challenge: json.challenge, origin, ...how }),
  })
}

async function enter(person: Person, key: Authenticator, how: Partial<Ceremony> = {}) {
  const { json } = await person.get("/passkey/generate-authenticate-options")
  expect(json.userVerification).toBe("required")
  return person.post("/passkey/verify-authentication", {
    response: key.get({ challenge: json.challenge, origin, ...how }),
  })
}

async function holder(): Promise<{ person: Person; key: Authenticator }> {
  const [person, key] = [somebody(), new Authenticator("localhost")]
  await person.signUp()
  await person.verify()
  expect((await register(person, key)).status).toBe(200)
  return { person, key }
}

test("a passkey signs in, and counts as two factors", async () => {
  const { person, key } = await holder()
  const there = somebody(person.email)
  expect((await enter(there, key)).status).toBe(200)
  expect(await there.isSignedIn()).toBe(true)
  const [{ assurance }] = await backend.sql(
    `select assurance from accounts.session order by "createdAt" desc limit 1`,
  )
  expect(assurance).toBe("two-factor")
  expect((await person.mail(/was changed/)).text).toContain("passkey was added")
})

test("a passkey is the second factor of who has one", async () => {
  const { person, key } = await holder()
  await person.enrol()
  const there = somebody(person.email)
  const asked = await there.signIn()
  expect(asked.json.twoFactorMethods).toEqual(["totp", "passkey"])
  expect(there.session).toBeUndefined()
  expect((await enter(there, key)).status).toBe(200)
  expect(await there.isSignedIn()).toBe(true)
})

test("a device that did not verify its user proves nothing", async () => {
  const { person, key } = await holder()
  const there = somebody(person.email)
  const refused = await enter(there, key, { verifies: false })
  expect([refused.status, there.session]).toEqual([401, undefined])
  expect((await register(person, new Authenticator("localhost"), { verifies: false })).status).toBe(401)
  expect((await person.get("/passkey/list-user-passkeys")).json).toHaveLength(1)
})

test("a copied passkey is found out by its counter, refused and recorded", async () => {
  const { person, key } = await holder()
  const there = somebody(person.email)
  expect((await enter(there, key, { counter: 10 })).status).toBe(200)
  errors.length = 0
  for (const old of [9, 10]) {
    const copy = somebody(person.email)
    expect((await enter(copy, key, { counter: old })).status).toBe(400)
    expect(copy.session).toBeUndefined()
  }
  expect(errors.map(({ code }) => code)).toEqual(["UC932", "UC932"])
  expect(errors.map(({ message }) => message).join()).not.toContain("@")
  expect((await enter(somebody(person.email), key, { counter: 11 })).status).toBe(200)
})

test("a challenge is good once, in its own ceremony, for its own page and domain", async () => {
  const { person, key } = await holder()
  const there = somebody(person.email)
  const refused = async (how: Partial<Ceremony>, one: Authenticator = key): Promise<void> => {
    expect((await enter(there, one, how)).status).toBeGreaterThanOrEqual(400)
    expect(there.session).toBeUndefined()
  }
  await refused({ origin: "https://evil.example" })
  await refused({ origin: "http://localhost:1" })
  await refused({ challenge: "AAAA" })
  await refused({}, new Authenticator("localhost"))
  const elsewhere = new Authenticator("evil.example")
  expect((await register(person, elsewhere)).status).toBeGreaterThanOrEqual(400)
  const { json } = await there.get("/passkey/generate-authenticate-options")
  const response = key.get({ challenge: json.challenge, origin })
  const people = Array.from({ length: 20 }, () => {
    const one = somebody(person.email)
    for (const [name, value] of there.cookies) one.cookies.set(name, value)
    return one
  })
  const answers = await Promise.all(
    people.map((one) => one.post("/passkey/verify-authentication", { response })),
  )
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
})

test("nobody removes or renames the passkey of another", async () => {
  const [{ person }, { person: other }] = [await holder(), await holder()]
  const [{ id }] = (await person.get("/passkey/list-user-passkeys")).json
  for (const [path, body, status] of [
    ["/passkey/delete-passkey", { id }, 404],
    ["/passkey/update-passkey", { id, name: "mine" }, 401],
  ] as const)
    expect((await other.post(path, body)).status).toBe(status)
  expect((await person.get("/passkey/list-user-passkeys")).json).toMatchObject([{ id }])
})

test("who did not add a passkey has it removed by the link that told of it", async () => {
  const { person, key } = await holder()
  const { link } = await person.mail(/was changed/)
  expect((await person.ask("POST", link)).status).toBe(200)
  expect((await enter(somebody(person.email), key)).status).toBe(401)
  expect(
    (await mails(backend)).some(({ to, subject }) => to === person.email && /new password/.test(subject)),
  ).toBe(true)
})
