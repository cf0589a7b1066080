/** Changing one's e-mail address: who may, who proves it, what others learn of it, and how its owner takes it back. */
import { afterAll, beforeAll, expect, test } from "vitest"
import type { TestBackend } from "../../test/support/backend.ts"
import { ownWays, startNotes } from "../../test/support/notes.ts"
import { mails, Person, password } from "../../test/support/people.ts"

let backend: TestBackend
beforeAll(async () => {
  backend = await startNotes({ ...ownWays, apiKeys: true })
})
afterAll(() => backend?.stop())

let counter = 0
const address = (): string => `mover${++counter}@example.org`

/** Somebody who proved their address. */
async function owner(email: string = address()): Promise<Person> {
  const person = new Person(backend, email)
  await person.signUp()
  await person.verify()
  return person
}

/** Somebody else's device in the same account. */
async function beside({ email }: Person, secret?: string): Promise<Person> {
  const other = new Person(backend, email)
  await other.signIn(secret)
  return other
}

const reader = (email: string): Person => new Person(backend, email)
const ask = (person: Person, newEmail: string) => person.post("/change-email", { newEmail })
const linkTo = async (email: string): Promise<string> => (await reader(email).mail(/use this address/)).link

async function change(person: Person): Promise<string> {
  const to = address()
  expect((await ask(person, to)).status).toBe(200)
  expect((await person.ask("POST", await linkTo(to))).status).toBe(200)
  return to
}

const userOf = async (email: string) =>
  (await backend.sql(`select id, "emailVerified", banned from accounts."user" where email = $1`, [email]))[0]

test("the new address is proved, other sessions end, the old address is told, and it is on record", async () => {
  const person = await owner()
  const before = await userOf(person.email)
  const other = await beside(person)
  const to = address()
  expect((await ask(person, to.toUpperCase())).json).toEqual({ status: true })
  const link = await linkTo(to)
  // What opens links in mails changes nothing.
  expect((await reader(to).get(link)).text).toContain("<form")
  expect(await userOf(to)).toBeUndefined()
  expect(await other.isSignedIn()).toBe(true)
  expect((await person.ask("POST", link)).status).toBe(200)
  expect(await userOf(to)).toEqual({ ...before, emailVerified: true })
  expect([await person.isSignedIn(), await other.isSignedIn()]).toEqual([true, false])
  expect((await reader(person.email).signIn()).status).toBe(401)
  expect((await reader(to).signIn()).status).toBe(200)
  expect((await person.mail(/was changed/)).link).toContain("/auth/undo?token=")
  expect((await person.ask("POST", link)).status).toBe(400)
  const { json } = await person.get("/events")
  const kinds = json.events.map((one: { kind: string }) => one.kind)
  expect(kinds).toContain("email-changed")
  expect(JSON.stringify(json)).not.toContain(to)
})

test("TR-03161-3 Auth_12: an address is changed only by whoever signed in a moment ago, and proved the one they have", async () => {
  const person = await owner()
  expect((await ask(reader(person.email), address())).status).toBe(401)
  await backend.sql(
    `update accounts.session set "authenticatedAt" = now() - interval '16 minutes' where "userId" = $1`,
    [(await userOf(person.email)).id],
  )
  expect((await ask(person, address())).json).toMatchObject({ code: "SESSION_NOT_FRESH" })
  const unproved = reader(address())
  await unproved.signUp()
  expect((await ask(unproved, address())).json).toMatchObject({ code: "EMAIL_NOT_VERIFIED" })
})

test("nobody gets into an account of a stranger by opening a link (CVE-2026-44166)", async () => {
  const thief = await owner()
  const victim = address()
  await ask(thief, victim)
  const link = await linkTo(victim)
  const stranger = await owner()
  expect((await reader(victim).ask("POST", link)).status).toBe(401)
  expect((await stranger.ask("POST", link)).json).toMatchObject({ code: "ANOTHER_ACCOUNT" })
  expect(await userOf(victim)).toBeUndefined()
  expect(await userOf(stranger.email)).toBeDefined()
})

test("whether an address is taken is told to its mailbox alone", async () => {
  const [person, taken] = [await owner(), await owner()]
  const answers = [
    await ask(person, taken.email),
    await ask(person, address()),
    await ask(person, person.email),
  ]
  expect(new Set(answers.map(({ status, text: body }) => `${status} ${body}`)).size).toBe(1)
  await taken.mail(/an account already/)
  // Taken after the link was sent.
  const late = address()
  await ask(person, late)
  const link = await linkTo(late)
  await owner(late)
  expect((await person.ask("POST", link)).status).toBe(400)
  expect(await userOf(person.email)).toBeDefined()
})

test("a link is good once: of ten at once one goes on, and one of before does not", async () => {
  const person = await owner()
  const [first, second] = [address(), address()]
  await ask(person, first)
  await ask(person, second)
  const link = await linkTo(second)
  const answers = await Promise.all(Array.from({ length: 10 }, () => person.ask("POST", link)))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  expect((await person.ask("POST", await linkTo(first))).status).toBe(400)
  expect(await userOf(second)).toBeDefined()
})

test("TR-03161-3 Auth_13: who did not change their address takes the account back, and what came since is gone", async () => {
  const person = await owner()
  const { id } = await userOf(person.email)
  const thief = await beside(person)
  const elsewhere = await change(thief)
  // All that lasts:
  const { json: key } = await thief.post("/api-key/create", { name: "kept" })
  await reader(elsewhere).post("/request-password-reset", { email: elsewhere })
  const reset = new URL((await reader(elsewhere).mail(/new password/)).link).pathname.split("/").at(-1)
  await backend.sql(
    `insert into accounts.passkey (id, "publicKey", "userId", "credentialID", counter, "deviceType", "backedUp", "createdAt") values (gen_random_uuid(), 'key', $1, 'id', 0, 'singleDevice', false, now())`,
    [id],
  )
  const further = await change(thief)
  const { link: thiefs } = await reader(elsewhere).mail(/was changed/)

  const { link } = await person.mail(/was changed/)
  expect((await person.ask("POST", link)).status).toBe(200)
  expect(await userOf(person.email)).toMatchObject({ id, emailVerified: true })
  expect(await userOf(further)).toBeUndefined()
  expect(await thief.isSignedIn()).toBe(false)
  expect((await reader(further).signIn()).status).toBe(401)
  expect((await reader(elsewhere).ask("POST", thiefs)).status).toBe(400)
  expect(
    (await reader(elsewhere).post("/reset-password", { token: reset, newPassword: password })).status,
  ).toBe(400)
  const machine = reader(person.email)
  machine.headers["authorization"] = `Bearer ${key.key}`
  expect((await machine.get("/rest/notes")).status).toBe(401)
  expect(await backend.sql(`select 1 from accounts.passkey where "userId" = $1`, [id])).toEqual([])
  const token = new URL((await person.mail(/new password/)).link).pathname.split("/").at(-1)
  expect(
    (await person.post("/reset-password", { token, newPassword: "the owner's own password" })).status,
  ).toBe(200)
  expect((await person.signIn("the owner's own password")).status).toBe(200)
})

test("who takes the old address meanwhile does not keep its owner from having it back", async () => {
  const person = await owner()
  const { id } = await userOf(person.email)
  const to = await change(await beside(person))
  const claimed = reader(person.email)
  await claimed.signUp()
  const { link } = await person.mail(/was changed/)
  expect((await person.ask("POST", link)).status).toBe(200)
  expect(await userOf(person.email)).toMatchObject({ id, emailVerified: true })
  expect([await userOf(to), await claimed.isSignedIn()]).toEqual([undefined, false])
})

test("where the old address has an account that was proved, the changed one is locked", async () => {
  const person = await owner()
  const thief = await beside(person)
  const to = await change(thief)
  await backend.sql(
    `insert into accounts."user" (id, name, email, "emailVerified", "createdAt", "updatedAt") values (gen_random_uuid(), 'x', $1, true, now(), now())`,
    [person.email],
  )
  const { link } = await person.mail(/was changed/)
  expect((await person.ask("POST", link)).text).toContain("Locked")
  expect(await userOf(to)).toMatchObject({ banned: true })
  expect(await thief.isSignedIn()).toBe(false)
  expect((await mails(backend)).filter((one) => one.to === to && /new password/.test(one.subject))).toEqual(
    [],
  )
})
