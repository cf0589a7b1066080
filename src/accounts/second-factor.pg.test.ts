/** The second factor: no route makes a session that is good without it, and nothing that proves it is good twice. */
import { randomBytes } from "node:crypto"
import { afterAll, beforeAll, expect, test } from "vitest"
import type { TestBackend } from "../../test/support/backend.ts"
import { uncounted } from "../../test/support/guard.ts"
import { ownWays, peopleAt, startNotes } from "../../test/support/notes.ts"
import { codeNow, Person, password } from "../../test/support/people.ts"
import { hashToken } from "../base/hash-token.ts"

let backend: TestBackend
beforeAll(async () => {
  backend = await startNotes(ownWays)
})
afterAll(() => backend?.stop())

const somebody = peopleAt(() => backend)

async function withFactor(): Promise<{
  email: string
  id: string
  secret: string
  recovery: readonly string[]
}> {
  const person = somebody()
  const { json } = await person.signUp()
  return { email: person.email, id: json.user.id, ...(await person.enrol()) }
}

/** Each way in that makes a session, up to the second factor. */
const waysIn: Readonly<Record<string, (person: Person) => Promise<unknown>>> = {
  password: (person) => person.signIn(),
  "magic link, asked for by a program": async (person) => {
    await person.post("/sign-in/magic-link", { email: person.email })
    const link = new URL((await person.mail(/sign in/)).link)
    link.searchParams.delete("callbackURL")
    return person.get(link.href)
  },
  "magic link, opened in a browser": async (person) => {
    await person.post("/sign-in/magic-link", { email: person.email, callbackURL: "/home" })
    const answer = await person.get((await person.mail(/sign in/)).link)
    expect(answer.status).toBe(302)
    expect(answer.headers.get("location")).toBe(`${backend.url}/home?twoFactor=required`)
    return answer
  },
  "code by mail": async (person) => {
    await person.post("/email-otp/send-verification-otp", { email: person.email, type: "sign-in" })
    return person.post("/sign-in/email-otp", {
      email: person.email,
      otp: (await person.mail(/your code/)).code,
    })
  },
  "reset of the password": async (person) => {
    await person.post("/request-password-reset", { email: person.email })
    const token = new URL((await person.mail(/new password/)).link).pathname.split("/").at(-1)
    const reset = await person.post("/reset-password", { token, newPassword: password })
    expect(reset.status).toBe(200)
    expect(person.session).toBeUndefined()
    return person.signIn()
  },
}

test.each(Object.keys(waysIn))("half-finished second factor: %s (GHSA-xg6x-h9c9-2m83)", async (way) => {
  const { email, id, secret } = await withFactor()
  await backend.sql(`delete from accounts.session where "userId" = $1`, [id])
  const person = somebody(email)
  const answer = (await waysIn[way]!(person)) as { text: string; headers: Headers }
  expect(person.session).toBeUndefined()
  expect(answer.text).not.toContain('"token"')
  expect(answer.headers.get("set-auth-token")).toBeNull()
  expect(answer.headers.getSetCookie().join()).not.toMatch(/session_token=[^;]/)
  expect(await backend.sql(`select 1 from accounts.session where "userId" = $1`, [id])).toEqual([])
  const wrong = await person.post("/two-factor/verify-totp", { code: "000000" })
  expect(wrong.status).toBe(401)
  expect((await person.post("/two-factor/verify-totp", { code: codeNow(secret) })).status).toBe(200)
  expect(await person.isSignedIn()).toBe(true)
  expect(await backend.sql(`select assurance from accounts.session where "userId" = $1`, [id])).toEqual([
    { assurance: "two-factor" },
  ])
  // On record it is no sign-in until the second factor is proved.
  const events = await backend.sql(
    "select kind, result from accounts.event where subject = $1 and kind like any(array['first-%', 'signed-%', 'session-%', 'factor-failed']) order by place",
    [id],
  )
  const [first, failed, done] = events.slice(-3)
  expect([first, failed, done]).toEqual([
    { kind: "first-factor", result: "done" },
    { kind: "factor-failed", result: "refused" },
    { kind: "signed-in", result: "done" },
  ])
})

test("the second wall: a session with one factor of two is none, whoever made it, on every route", async () => {
  const { id } = await withFactor()
  const token = randomBytes(24).toString("base64url")
  await backend.sql(
    `insert into accounts.session (id, token, "userId", "expiresAt", "createdAt", "updatedAt", assurance, methods, "authenticatedAt", "seenAt", "idleSeconds")
      values (gen_random_uuid(), $1, $2, now() + interval '1 hour', now(), now(), 'one-factor', '', now(), now(), 1800)`,
    [hashToken(token), id],
  )
  const person = somebody()
  person.headers["authorization"] = `Bearer ${token}`
  const routes: readonly (readonly [string, string, unknown?])[] = [
    ["GET", "/rest/notes"],
    ["GET", "/list-sessions"],
    ["GET", "/list-accounts"],
    ["GET", "/passkey/list-user-passkeys"],
    ["GET", "/passkey/generate-register-options"],
    ["POST", "/change-password", { currentPassword: password, newPassword: "another password" }],
    ["POST", "/update-user", { name: "Eve" }],
    ["POST", "/revoke-sessions", {}],
    ["POST", "/revoke-other-sessions", {}],
    ["POST", "/two-factor/disable", { password }],
    ["POST", "/two-factor/enable", { password }],
    ["POST", "/two-factor/generate-backup-codes", { password }],
  ]
  for (const [method, path, body] of routes)
    expect([path, (await person.ask(method, path, body)).status]).toEqual([path, 401])
  expect((await person.get("/get-session")).json).toBeNull()
  // The same session is good once it is whole: it is the factor that was refused.
  await backend.sql(`update accounts.session set assurance = 'two-factor' where token = $1`, [
    hashToken(token),
  ])
  for (const [method, path, body] of routes.slice(0, 4))
    expect([path, (await person.ask(method, path, body)).status]).toEqual([path, 200])
  // And not when it is idle, or its person is banned.
  await backend.sql(`update accounts.session set "seenAt" = now() - interval '31 minutes' where token = $1`, [
    hashToken(token),
  ])
  expect((await person.get("/list-sessions")).status).toBe(401)
  await backend.sql(`update accounts.session set "seenAt" = now() where token = $1`, [hashToken(token)])
  expect((await person.get("/list-sessions")).status).toBe(200)
  await backend.sql(`update accounts."user" set banned = true where id = $1`, [id])
  expect((await person.get("/list-sessions")).status).toBe(401)
})

test("a code of an app counts once, in a hundred attempts at once and after (CVE-2026-1035)", async () => {
  const { email, secret } = await withFactor()
  const people = Array.from({ length: 100 }, () => somebody(email))
  await inTurn(people, 4, (one) => one.signIn())
  const code = codeNow(secret)
  const answers = await uncounted(backend, () =>
    Promise.all(people.map((one) => one.post("/two-factor/verify-totp", { code }))),
  )
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  const late = somebody(email)
  await late.signIn()
  expect((await late.post("/two-factor/verify-totp", { code })).status).toBe(401)
  expect((await late.post("/two-factor/verify-totp", { code: codeNow(secret, -1) })).status).toBe(401)
  expect((await late.post("/two-factor/verify-totp", { code: codeNow(secret, 1) })).status).toBe(200)
})

test("a recovery code counts once, in a hundred attempts at once and after (CVE-2026-33624)", async () => {
  const { email, recovery } = await withFactor()
  const people = Array.from({ length: 100 }, () => somebody(email))
  await inTurn(people, 4, (one) => one.signIn())
  const code = recovery[0]!
  const answers = await uncounted(backend, () =>
    Promise.all(people.map((one) => one.post("/two-factor/verify-backup-code", { code }))),
  )
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  const late = somebody(email)
  await late.signIn()
  expect((await late.post("/two-factor/verify-backup-code", { code })).status).toBe(401)
  expect((await late.post("/two-factor/verify-backup-code", { code: recovery[1] })).status).toBe(200)
})

test("links, codes and reset tokens count once, in a hundred attempts at once (CVE-2026-33624)", async () => {
  const person = somebody()
  await person.signUp()
  const race = async (attempt: (one: Person) => Promise<{ status: number }>): Promise<number> => {
    const people = Array.from({ length: 100 }, () => somebody(person.email))
    const answers = await uncounted(backend, () => Promise.all(people.map(attempt)))
    expect(answers.filter(({ status }) => status >= 500)).toEqual([])
    return answers.filter(({ status }) => status === 200).length
  }
  await person.post("/sign-in/magic-link", { email: person.email })
  const link = new URL((await person.mail(/sign in/)).link)
  link.searchParams.delete("callbackURL")
  let signedIn = 0
  await race(async (one) => {
    const answer = await one.get(link.href)
    if (one.session) signedIn++
    return answer
  })
  expect(signedIn).toBe(1)
  await person.post("/email-otp/send-verification-otp", { email: person.email, type: "sign-in" })
  const otp = (await person.mail(/your code/)).code
  expect(await race((one) => one.post("/sign-in/email-otp", { email: person.email, otp }))).toBe(1)
  await person.post("/request-password-reset", { email: person.email })
  const token = new URL((await person.mail(/new password/)).link).pathname.split("/").at(-1)
  expect(await race((one) => one.post("/reset-password", { token, newPassword: password }))).toBe(1)
})

test("codes are not guessed: a challenge ends after five attempts, a mailed code after three", async () => {
  const { email, secret } = await withFactor()
  const person = somebody(email)
  await person.signIn()
  for (let tries = 0; tries < 5; tries++) await person.post("/two-factor/verify-totp", { code: "000000" })
  expect(
    (await person.post("/two-factor/verify-totp", { code: codeNow(secret) })).status,
  ).toBeGreaterThanOrEqual(400)
  expect(person.session).toBeUndefined()

  const other = somebody()
  await other.signUp()
  await other.post("/email-otp/send-verification-otp", { email: other.email, type: "sign-in" })
  const { code } = await other.mail(/your code/)
  for (let tries = 0; tries < 3; tries++)
    await other.post("/sign-in/email-otp", { email: other.email, otp: "00000000" })
  expect(
    (await somebody(other.email).post("/sign-in/email-otp", { email: other.email, otp: code })).status,
  ).toBe(403)
})

test("who is signed in guesses no more often than who signs in", async () => {
  const person = somebody()
  await person.signUp()
  const { secret } = await person.enrol()
  for (let tries = 0; tries < 5; tries++)
    expect((await person.post("/two-factor/verify-totp", { code: "000000" })).status).toBe(401)
  expect((await person.post("/two-factor/verify-totp", { code: codeNow(secret) })).status).toBe(429)
  expect((await person.post("/two-factor/verify-backup-code", { code: "00000-00000" })).status).toBe(429)
})

test("each rise rotates the token, and the old one ends", async () => {
  const person = somebody()
  await person.signUp()
  const tokens = [person.session!]
  const { secret } = await person.enrol()
  tokens.push(person.session!)
  await backend.sql(`update accounts.session set "authenticatedAt" = now() - interval '1 hour'`)
  expect((await person.post("/two-factor/verify-totp", { code: codeNow(secret) })).status).toBe(200)
  tokens.push(person.session!)
  expect(new Set(tokens).size).toBe(3)
  expect(await person.isSignedIn()).toBe(true)
  const old = somebody(person.email)
  for (const token of tokens.slice(0, 2)) {
    old.cookies.set("undercroft.session_token", token)
    expect(await old.isSignedIn()).toBe(false)
  }
  const [{ fresh }] = await backend.sql(
    `select "authenticatedAt" > now() - interval '1 minute' as fresh from accounts.session s join accounts."user" u on u.id = s."userId" where email = $1`,
    [person.email],
  )
  expect(fresh).toBe(true)
})

test("changing the password keeps what was proved, and ends all other sessions", async () => {
  const { email, secret } = await withFactor()
  const [here, there] = [somebody(email), somebody(email)]
  await here.signIn()
  await here.post("/two-factor/verify-totp", { code: codeNow(secret) })
  await there.signIn()
  await there.post("/two-factor/verify-totp", { code: codeNow(secret, 1) })
  expect(await there.isSignedIn()).toBe(true)
  const before = here.session
  const change = {
    currentPassword: password,
    newPassword: "another long password",
    revokeOtherSessions: false,
  }
  expect((await here.post("/change-password", change)).status).toBe(200)
  expect(here.session).not.toBe(before)
  expect(await here.isSignedIn()).toBe(true)
  expect(await there.isSignedIn()).toBe(false)
})

test("TR-03161-3 Auth_12: what proves who somebody is, is changed by who proved it a moment ago", async () => {
  const person = somebody()
  await person.signUp()
  const { secret } = await person.enrol()
  await backend.sql(`update accounts.session set "authenticatedAt" = now() - interval '16 minutes'`)
  for (const [path, body] of [
    ["/two-factor/disable", { password }],
    ["/two-factor/generate-backup-codes", { password }],
    ["/passkey/delete-passkey", { id: "0" }],
  ] as const)
    expect([path, (await person.post(path, body)).json.code]).toEqual([path, "SESSION_NOT_FRESH"])
  expect((await person.post("/two-factor/verify-totp", { code: codeNow(secret) })).status).toBe(200)
  expect((await person.post("/two-factor/generate-backup-codes", { password })).status).toBe(200)
  // The secret of an app is shown when it is made, and never again.
  expect((await person.post("/two-factor/get-totp-uri", { password })).status).toBe(404)
  // A password is changed by who knows the old one.
  for (const currentPassword of ["wrong", "", undefined])
    expect(
      (await person.post("/change-password", { currentPassword, newPassword: "another long password" }))
        .status,
    ).toBe(400)
})

test("without mail, changing the password ends all other sessions, too", async () => {
  const quiet = await startNotes({ password: true, signUp: "open" }, { keepsMail: false })
  try {
    const [here, there] = [new Person(quiet, "a@example.org"), new Person(quiet, "a@example.org")]
    await here.signUp()
    await there.signIn()
    const change = { currentPassword: password, newPassword: "another long password" }
    expect((await here.post("/change-password", change)).status).toBe(200)
    expect(await here.isSignedIn()).toBe(true)
    expect(await there.isSignedIn()).toBe(false)
  } finally {
    await quiet.stop()
  }
})

test("a device is not trusted for having been used once", async () => {
  const { email, secret } = await withFactor()
  const person = somebody(email)
  await person.signIn()
  expect(
    (await person.post("/two-factor/verify-totp", { code: codeNow(secret), trustDevice: true })).status,
  ).toBe(200)
  expect([...person.cookies.keys()].filter((name) => name.includes("trust"))).toEqual([])
  await person.post("/sign-out")
  await person.signIn()
  expect(person.session).toBeUndefined()
})

async function inTurn<T>(
  all: readonly T[],
  width: number,
  work: (one: T) => Promise<unknown>,
): Promise<void> {
  for (let at = 0; at < all.length; at += width) await Promise.all(all.slice(at, at + width).map(work))
}
