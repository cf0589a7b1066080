/** Guessing is hopeless, and nobody can lock out somebody else: over real HTTP, from many networks. */
import { createOTP } from "@better-auth/utils/otp"
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestAnswer, type TestBackend } from "../../test/support/backend.ts"
import { defineBackend, entity, ref } from "../index.ts"
import type { AccountSettings } from "./settings.ts"

const Note = entity("Note", { fields: { owner: ref("User") } })
Note.access(() => ({}))

const accounts: AccountSettings = { password: true, twoFactor: true, signUp: "open" }
const definition = defineBackend({ name: "notes", model: [Note], accounts, trustedProxies: ["127.0.0.1"] })
const secret = "a secret of at least thirty-two bytes"
const password = "correct horse battery"

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(definition, { secret })
})
afterAll(() => backend?.stop())

type Headers = Readonly<Record<string, string>>
const from = (address: string): Headers => ({ "x-forwarded-for": address })
const post = (path: string, body: unknown, headers: Headers = from("192.0.2.1")): Promise<TestAnswer> =>
  backend.request(null, "POST", `/auth${path}`, { body, headers })
const signIn = (email: string, typed: string, headers?: Headers): Promise<TestAnswer> =>
  post("/sign-in/email", { email, password: typed }, headers)

let counter = 0
/** A network that nobody came from yet. */
const elsewhere = (): string => `198.51.${100 + Math.floor(++counter / 250)}.${counter % 250}`

async function signUp(
  headers: Headers = from(elsewhere()),
): Promise<{ email: string; id: string; token: string }> {
  const email = `person${++counter}@example.org`
  const { json, status } = await post("/sign-up/email", { email, name: "A person", password }, headers)
  expect(status).toBe(200)
  return { email, id: json.user.id, token: json.token }
}

/** As if this much time had passed. */
const pass = (interval: string): Promise<unknown> =>
  backend.sql("update accounts.guess set until = until - $1::interval, seen = seen - $1::interval", [
    interval,
  ])

const cookiesOf = (answer: TestAnswer): string =>
  answer.headers
    .getSetCookie()
    .map((one) => one.split(";")[0])
    .join("; ")

test("TR-03161-3 Auth_9: from one place an account can be guessed at five times, then the wait doubles", async () => {
  const { email } = await signUp()
  const place = from(elsewhere())
  for (let at = 0; at < 5; at++) expect((await signIn(email, `wrong ${at}`, place)).status).toBe(401)
  const refused = await signIn(email, password, place)
  expect(refused.status).toBe(429)
  expect(refused.json).toMatchObject({ code: "TOO_MANY_ATTEMPTS", message: expect.any(String) })
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(20)
  // The wait is the guesser's: elsewhere the owner comes in at once.
  expect((await signIn(email, password, from(elsewhere()))).status).toBe(200)
  await pass("31 seconds")
  expect((await signIn(email, "wrong again", place)).status).toBe(401)
  expect(Number((await signIn(email, password, place)).headers.get("retry-after"))).toBeGreaterThan(50)
  // After the wait a right password works here, too, and counting begins anew.
  await pass("61 seconds")
  expect((await signIn(email, password, place)).status).toBe(200)
  for (let at = 0; at < 5; at++) expect((await signIn(email, `wrong ${at}`, place)).status).toBe(401)
})

test("a hundred attempts at the same time are counted one by one", async () => {
  const { email } = await signUp()
  const place = from(elsewhere())
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, at) => signIn(email, `wrong ${at}`, place)),
  )
  expect(answers.filter((one) => one.status === 401)).toHaveLength(5)
  expect(answers.filter((one) => one.status === 429)).toHaveLength(95)
})

test("the counter can't be changed by writing the request otherwise (CVE-2025-64526, CVE-2026-45364)", async () => {
  const { email } = await signUp()
  const base = elsewhere().replace(/\./g, ":")
  const writings = [
    email,
    email.toUpperCase(),
    ` ${email} `,
    email.replace("p", "P"),
    email.replace("person", "ｐerson"),
  ]
  let tries = 0
  for (let at = 0; at < 10; at++) {
    // Each from another address of the same /64, with another field that means nothing.
    const place = { "x-forwarded-for": `2001:db8:${base.split(":")[3]}:7:${at + 1}::${at}` }
    const body = {
      email: writings[at % writings.length],
      password: `wrong ${at}`,
      [`field${at}`]: at,
      callbackURL: `/${at}`,
    }
    if ((await post("/sign-in/email", body, place)).status !== 429) tries++
  }
  expect(tries).toBe(5)
})

test("a body that could be read in two ways is not read at all", async () => {
  const { email } = await signUp()
  const ask = (body: string, type: string, place: Headers): Promise<TestAnswer> =>
    post("/sign-in/email", body, { ...place, "content-type": type })
  const place = from(elsewhere())
  const json = JSON.stringify({ email, password: "wrong" })
  const form = `email=nobody@example.org&email=${encodeURIComponent(email)}&password=wrong`
  let tries = 0
  for (let at = 0; at < 8; at++) {
    const [body, type] = [
      [json, "application/json"],
      [`\uFEFF${json}`, "application/json; charset=utf-8"],
      [form, "application/x-www-form-urlencoded"],
      [json.replace("{", `{"email":"nobody@example.org",`), "application/JSON"],
    ][at % 4] as [string, string]
    const { status } = await ask(body, type, place)
    expect([401, 429]).toContain(status)
    if (status === 401) tries++
  }
  expect(tries).toBe(5)
  for (const type of ["text/plain", "multipart/form-data; boundary=x", "application/octet-stream"])
    expect((await ask(json, type, from(elsewhere()))).status).toBe(400)
  expect((await ask("{", "application/json", from(elsewhere()))).status).toBe(400)
})

test("TR-03161-3 Auth_6, Auth_9: many networks slow an account down, but not its owner where they are known", async () => {
  const home = from(elsewhere())
  const { email } = await signUp(home)
  expect((await signIn(email, password, home)).status).toBe(200)
  const device = cookiesOf(await signIn(email, password, from(elsewhere())))
  for (let at = 0; at < 20; at++) expect((await signIn(email, "wrong", from(elsewhere()))).status).toBe(401)
  const stranger = await signIn(email, password, from(elsewhere()))
  expect(stranger.status).toBe(429)
  expect(Number(stranger.headers.get("retry-after"))).toBeLessThanOrEqual(30)
  expect((await signIn(email, password, home)).status).toBe(200)
  const known = { ...from(elsewhere()), cookie: device, origin: backend.url }
  expect((await signIn(email, password, known)).status).toBe(200)
  // With somebody else's device one is a stranger.
  const other = await signUp()
  const theirs = cookiesOf(await signIn(other.email, password, from(elsewhere())))
  expect(
    (await signIn(email, password, { ...from(elsewhere()), cookie: theirs, origin: backend.url })).status,
  ).toBe(429)
  // Never for good: after the wait whoever knows the password comes in.
  await pass("31 seconds")
  expect((await signIn(email, password, from(elsewhere()))).status).toBe(200)
})

test("one network can't try many accounts for long", async () => {
  const place = from(elsewhere())
  const tries = []
  for (let at = 0; at < 52; at++) tries.push((await signIn(`nobody${at}@example.org`, "wrong", place)).status)
  expect(tries.slice(0, 50)).toEqual(Array(50).fill(401))
  expect(tries.slice(51)).toEqual([429])
})

test("codes of the second factor are counted by account, however often the password is given anew", async () => {
  const person = await signUp()
  const bearer = { authorization: `Bearer ${person.token}`, ...from(elsewhere()) }
  const { json, status } = await post("/two-factor/enable", { password }, bearer)
  expect(status).toBe(200)
  const otp = createOTP(Buffer.from(base32(new URL(json.totpURI).searchParams.get("secret")!)).toString())
  expect((await post("/two-factor/verify-totp", { code: await otp.totp() }, bearer)).status).toBe(200)

  const place = from(elsewhere())
  const begin = async (): Promise<Headers> => {
    const answer = await signIn(person.email, password, place)
    expect(answer.json).toMatchObject({ twoFactorRedirect: true })
    return { ...place, cookie: cookiesOf(answer), origin: backend.url }
  }
  let tries = 0
  for (let at = 0; at < 8; at++)
    if ((await post("/two-factor/verify-totp", { code: "000000" }, await begin())).status !== 429) tries++
  expect(tries).toBe(5)
  // Somebody else's session in front of it changes nothing.
  const other = await signUp()
  const waiting = await begin()
  for (const more of [
    { authorization: `Bearer ${other.token}.forged` },
    { cookie: `undercroft.session_token=${other.token}.forged; ${waiting["cookie"]}` },
  ])
    expect((await post("/two-factor/verify-totp", { code: "000000" }, { ...waiting, ...more })).status).toBe(
      429,
    )
  expect((await post("/two-factor/verify-backup-code", { code: "aaaaa-aaaaa" }, waiting)).status).toBe(429)
})

test("whoever holds a session can't guess its password", async () => {
  const person = await signUp()
  const answers = []
  for (let at = 0; at < 7; at++) {
    const place = { authorization: `Bearer ${person.token}`, ...from(elsewhere()) }
    const path = at % 2 ? "/two-factor/enable" : "/change-password"
    const body = { password: "wrong", currentPassword: "wrong", newPassword: "another horse battery" }
    answers.push((await post(path, body, place)).status)
  }
  expect(answers.filter((one) => one !== 429).every((one) => one === 400)).toBe(true)
  const same = { authorization: `Bearer ${person.token}`, ...from(elsewhere()) }
  for (let at = 0; at < 5; at++)
    await post("/change-password", { currentPassword: "wrong", newPassword: "another horse battery" }, same)
  expect(
    (
      await post(
        "/change-password",
        { currentPassword: password, newPassword: "another horse battery" },
        same,
      )
    ).status,
  ).toBe(429)
})

test("a mailbox is not flooded, whoever asks", async () => {
  const { email } = await signUp()
  const answers = []
  for (let at = 0; at < 6; at++)
    answers.push((await post("/request-password-reset", { email }, from(elsewhere()))).status)
  expect(answers.slice(0, 5)).not.toContain(429)
  expect(answers[5]).toBe(429)
})

test("nodes count together, and what they count by does not tell whose it is", async () => {
  const { email } = await signUp()
  const place = from(elsewhere())
  const { startApp } = await import("../app.ts")
  const other = await startApp(definition, {
    host: "127.0.0.1",
    port: 0,
    directory: "",
    databaseUrl: backend.adminUrl,
    secret,
  })
  try {
    const there = (): Promise<Response> =>
      fetch(`${other.url}/auth/sign-in/email`, {
        method: "POST",
        headers: { "content-type": "application/json", ...place },
        body: JSON.stringify({ email, password: "wrong" }),
      })
    for (let at = 0; at < 3; at++) expect((await there()).status).toBe(401)
    for (let at = 0; at < 2; at++) expect((await signIn(email, "wrong", place)).status).toBe(401)
    expect((await there()).status).toBe(429)
  } finally {
    await other.stop()
  }
  const rows = await backend.sql("select to_jsonb(g)::text as row from accounts.guess g")
  expect(rows.length).toBeGreaterThan(3)
  expect(rows.filter((one) => /@|198\.51|192\.0/.test(one.row))).toEqual([])
})

test("a client's word about where it is counts only through a proxy that is trusted", async () => {
  const direct = await startTestBackend(defineBackend({ name: "notes", model: [Note], accounts }), { secret })
  try {
    const answers = []
    for (let at = 0; at < 6; at++) {
      const body = { email: "somebody@example.org", password: "wrong" }
      const headers = {
        ...from(elsewhere()),
        "x-undercroft-address": elsewhere(),
        forwarded: `for=${elsewhere()}`,
      }
      answers.push((await direct.request(null, "POST", "/auth/sign-in/email", { body, headers })).status)
    }
    expect(answers).toEqual([401, 401, 401, 401, 401, 429])
    const [{ addresses }] = await direct.sql(
      "select array_agg(distinct address) as addresses from accounts.event",
    )
    expect(addresses).toEqual(["127.0.0.1"])
  } finally {
    await direct.stop()
  }
})

test("known and unknown accounts are answered alike (CVE-2026-26185)", async () => {
  const { email } = await signUp()
  const answer = async (path: string, body: object): Promise<unknown> => {
    const { status, json, headers } = await post(path, body, from(elsewhere()))
    return { status, json, names: [...headers.keys()].filter((one) => one !== "date") }
  }
  for (const path of ["/sign-in/email", "/request-password-reset"])
    expect(await answer(path, { email, password: "wrong" })).toEqual(
      await answer(path, { email: "nobody.else@example.org", password: "wrong" }),
    )
})

function base32(text: string): Uint8Array {
  const bits = [...text.replace(/=+$/, "")]
    .map((one) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(one).toString(2).padStart(5, "0"))
    .join("")
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (one) => Number.parseInt(one, 2))
}
