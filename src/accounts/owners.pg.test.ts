/** Whose an account is: who claimed it first, who proves it, what its owner is told, and how they take it back. */
import { createHash } from "node:crypto"
import { afterAll, beforeAll, expect, test, vi } from "vitest"
import type { TestBackend } from "../../test/support/backend.ts"
import { uncounted } from "../../test/support/guard.ts"
import { ownWays, peopleAt, startNotes } from "../../test/support/notes.ts"
import { codeNow, mails, type Person, password } from "../../test/support/people.ts"
import type { UndercroftError } from "../base/errors.ts"

let backend: TestBackend
const told: UndercroftError[] = []
beforeAll(async () => {
  backend = await startNotes(ownWays, { onError: (error) => void told.push(error) })
})
afterAll(() => backend?.stop())

const somebody = peopleAt(() => backend, "owner")

/** How the true owner of a mailbox comes. */
const proofs: Readonly<Record<string, (owner: Person) => Promise<void>>> = {
  "magic link": async (owner) => {
    await owner.post("/sign-in/magic-link", { email: owner.email })
    await owner.get((await owner.mail(/sign in/)).link)
  },
  "code by mail": async (owner) => {
    await owner.post("/email-otp/send-verification-otp", { email: owner.email, type: "sign-in" })
    await owner.post("/sign-in/email-otp", { email: owner.email, otp: (await owner.mail(/your code/)).code })
  },
  reset: async (owner) => {
    await owner.post("/request-password-reset", { email: owner.email })
    const token = new URL((await owner.mail(/new password/)).link).pathname.split("/").at(-1)
    await owner.post("/reset-password", { token, newPassword: "the owner's own password" })
    await owner.signIn("the owner's own password")
  },
}

test.each(Object.keys(proofs))(
  "an account claimed before its owner came is the owner's alone: %s (CVE-2026-44166)",
  async (way) => {
    const thief = somebody()
    const { json } = await thief.signUp()
    expect(await thief.isSignedIn()).toBe(true)
    // Nothing lasting can be put into it.
    for (const [method, path] of [
      ["POST", "/two-factor/enable"],
      ["GET", "/passkey/generate-register-options"],
      ["POST", "/passkey/verify-registration"],
    ] as const)
      expect(
        (await thief.ask(method, path, method === "POST" ? { password, response: {} } : undefined)).status,
      ).toBe(403)
    // One from before mail was there:
    await backend.sql(
      `insert into accounts.passkey (id, "publicKey", "userId", "credentialID", counter, "deviceType", "backedUp") values (gen_random_uuid(), 'key', $1, 'id', 0, 'singleDevice', false)`,
      [json.user.id],
    )
    const owner = somebody(thief.email)
    await proofs[way]!(owner)
    expect(await owner.isSignedIn()).toBe(true)
    expect(await thief.isSignedIn()).toBe(false)
    expect((await thief.signIn()).status).toBe(401)
    expect(await backend.sql(`select 1 from accounts.passkey where "userId" = $1`, [json.user.id])).toEqual(
      [],
    )
    const [row] = await backend.sql(`select id, "emailVerified" from accounts."user" where email = $1`, [
      owner.email,
    ])
    expect(row).toEqual({ id: json.user.id, emailVerified: true })
  },
)

test("one mailbox is one account however it is written, on every route (GHSA-7rqj-j65f-68wh)", async () => {
  const person = somebody("mike@example.org")
  await person.signUp()
  expect((await somebody("MIKE@Example.org").signIn()).status).toBe(200)
  expect((await somebody(" mike@example.org").signIn()).status).toBe(400)
  for (const other of [
    "mıke@example.org",
    "miKe@example.org".replace("K", "\u{212a}"),
    "ｍike@example.org",
    "mіke@example.org",
  ])
    for (const [path, more] of [
      ["/sign-up/email", { name: "x", password }],
      ["/sign-in/email", { password }],
      ["/sign-in/magic-link", {}],
      ["/email-otp/send-verification-otp", { type: "sign-in" }],
      ["/sign-in/email-otp", { otp: "12345678" }],
      ["/request-password-reset", {}],
      ["/send-verification-email", {}],
    ] as const)
      expect([
        path,
        (await uncounted(backend, () => person.post(path, { email: other, ...more }))).status,
      ]).toEqual([path, 400])
  const wide = somebody("mike@ｅxample.org")
  await wide.post("/sign-in/magic-link", { email: wide.email })
  await somebody("mike@example.org").mail(/sign in/)
  expect((await mails(backend)).filter(({ to }) => to !== to.normalize("NFKC"))).toEqual([])
})

test("a session that somebody was made to use is not the one they get (CVE-2025-4644)", async () => {
  const [thief, victim] = [somebody(), somebody()]
  await thief.signUp()
  await victim.signUp()
  await victim.post("/sign-out")
  for (const planted of [thief.session!, "chosen-by-the-thief.signature"]) {
    const person = somebody(victim.email)
    person.cookies.set("undercroft.session_token", planted)
    const { json } = await person.signIn()
    expect(json.user.email).toBe(victim.email)
    expect(person.session).not.toBe(planted)
    const other = somebody()
    other.cookies.set("undercroft.session_token", planted)
    expect((await other.get("/get-session")).json?.user.email).not.toBe(victim.email)
  }
})

test("TR-03161-3 Auth_13: who did not change their password takes the account back", async () => {
  const owner = somebody()
  await owner.signUp()
  const thief = somebody(owner.email)
  await thief.signIn()
  const newPassword = "the thief's own password"
  expect((await thief.post("/change-password", { currentPassword: password, newPassword })).status).toBe(200)
  expect(await owner.isSignedIn()).toBe(false)
  const { link } = await owner.mail(/was changed/)
  // What opens links in mails changes nothing.
  expect((await owner.get(link)).text).toContain("<form")
  expect(await thief.isSignedIn()).toBe(true)
  const undone = await owner.ask("POST", link)
  expect(undone.status).toBe(200)
  expect(await thief.isSignedIn()).toBe(false)
  expect((await thief.signIn(newPassword)).status).toBe(401)
  expect((await owner.ask("POST", link)).status).toBe(400)
  const token = new URL((await owner.mail(/new password/)).link).pathname.split("/").at(-1)
  expect((await owner.post("/reset-password", { token, newPassword: password })).status).toBe(200)
  expect((await owner.signIn()).status).toBe(200)
})

test("TR-03161-3 Auth_13: each change of what proves who somebody is, is told, and ends their other sessions", async () => {
  const person = somebody()
  await person.signUp()
  const told = async (): Promise<number> =>
    (await mails(backend)).filter(({ to, subject }) => to === person.email && /was changed/.test(subject))
      .length
  const other = somebody(person.email)
  await other.signIn()
  const { secret } = await person.enrol()
  await expect.poll(told).toBe(1)
  expect(await other.isSignedIn()).toBe(false)
  expect(
    await backend.sql(
      `select 1 from accounts.session s join accounts."user" u on u.id = s."userId" where email = $1`,
      [person.email],
    ),
  ).toHaveLength(1)
  expect((await person.post("/two-factor/generate-backup-codes", { password })).status).toBe(200)
  await expect.poll(told).toBe(2)
  await other.signIn()
  await other.post("/two-factor/verify-totp", { code: codeNow(secret) })
  expect(await other.isSignedIn()).toBe(true)
  expect((await person.post("/two-factor/disable", { password })).status).toBe(200)
  await expect.poll(told).toBe(3)
  expect(await person.isSignedIn()).toBe(true)
  expect(await other.isSignedIn()).toBe(false)
  // What was refused is not told.
  expect(
    (await person.post("/change-password", { currentPassword: "wrong", newPassword: password })).status,
  ).toBe(400)
  await person.post("/sign-in/magic-link", { email: person.email })
  await person.mail(/sign in/)
  expect(await told()).toBe(3)
})

test("TR-03161-3 Auth_12, Auth_13: what an administrator changes ends sessions, is told, and can be undone", async () => {
  const [boss, person] = [somebody(), somebody()]
  await boss.signUp()
  const { json } = await person.signUp()
  const userId: string = json.user.id
  const promote = `update accounts."user" set role = 'admin' where email = $1`
  await backend.sql(promote, [boss.email])
  const age = (minutes: number): Promise<unknown> =>
    backend.sql(
      `update accounts.session set "authenticatedAt" = now() - make_interval(mins => $1) where "userId" = (select id from accounts."user" where email = $2)`,
      [minutes, boss.email],
    )
  const newPassword = "an administrator's choice"
  const requests = [
    ["/admin/set-user-password", { userId, newPassword }],
    ["/admin/update-user", { userId, data: { email: "moved@example.org" } }],
    ["/admin/set-role", { userId, role: "user" }],
    ["/admin/create-user", { email: "made@example.org", name: "Made", password }],
  ] as const
  await age(16)
  for (const [path, body] of requests)
    expect([path, (await boss.post(path, body)).json.code]).toEqual([path, "UC612"])
  expect(await person.isSignedIn()).toBe(true)
  await age(1)

  const [[setPassword, password2], [update, moved], ...others] = requests
  expect((await boss.post(setPassword, password2)).status).toBe(200)
  expect(await person.isSignedIn()).toBe(false)
  expect((await person.mail(/was changed/)).text).toContain("a new password")
  expect((await person.signIn(newPassword)).status).toBe(200)
  // A name is nothing that proves who somebody is.
  expect((await boss.post(update, { userId, data: { name: "Another" } })).status).toBe(200)
  expect(await person.isSignedIn()).toBe(true)
  const off = { userId, data: { twoFactorEnabled: false } }
  expect((await boss.post(update, off)).status).toBe(200)
  expect(await person.isSignedIn()).toBe(true)
  await backend.sql(`update accounts."user" set "twoFactorEnabled" = true where id = $1`, [userId])
  await backend.sql(`update accounts.session set assurance = 'two-factor' where "userId" = $1`, [userId])
  expect((await boss.post(update, off)).status).toBe(200)
  expect(await person.isSignedIn()).toBe(false)
  await expect.poll(async () => (await person.mail(/was changed/)).text).toContain("second factor off")
  expect((await person.signIn(newPassword)).status).toBe(200)
  expect((await boss.post(update, moved)).status).toBe(200)
  expect(await person.isSignedIn()).toBe(false)
  expect((await person.signIn(newPassword)).status).toBe(401)
  await expect.poll(async () => (await person.mail(/was changed/)).text).toContain("another address")
  const { link } = await person.mail(/was changed/)
  expect((await person.ask("POST", link)).status).toBe(200)
  const token = new URL((await person.mail(/new password/)).link).pathname.split("/").at(-1)
  expect((await person.post("/reset-password", { token, newPassword: password })).status).toBe(200)
  expect((await person.signIn()).status).toBe(200)
  for (const [path, body] of others) expect([path, (await boss.post(path, body)).status]).toEqual([path, 200])
  // Of their own they may change it, and stay.
  const { id } = (await boss.get("/get-session")).json.user
  expect((await boss.post(setPassword, { userId: id, newPassword })).status).toBe(200)
  expect(await boss.isSignedIn()).toBe(true)
})

test("TR-03161-3 Auth_8: a device that was not seen before is told, once", async () => {
  const person = somebody()
  const told = async (): Promise<number> =>
    (await mails(backend)).filter(({ to, subject }) => to === person.email && /new device/.test(subject))
      .length
  const chrome =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/155.0.0.0 Safari/537.36"
  await person.signUp()
  await person.signIn()
  const other = somebody(person.email)
  other.headers["user-agent"] = chrome
  // What a request says of its address is not believed.
  person.headers["x-forwarded-for"] = "198.51.100.7"
  person.headers["x-undercroft-address"] = "198.51.100.7"
  await person.signIn()
  expect(await told()).toBe(0)
  await other.signIn()
  await expect.poll(told).toBe(1)
  expect((await person.mail(/new device/)).text).toContain("Chrome on Linux")
  other.headers["user-agent"] = chrome.replace("155", "156")
  await other.signIn()
  await person.post("/sign-in/magic-link", { email: person.email })
  await person.mail(/sign in/)
  expect(await told()).toBe(1)
})

test("nothing in the database is a token, a key, a code or a password", async () => {
  const canaries = new Map<string, string>()
  const person = somebody()
  await person.signUp()
  await person.verify()
  canaries.set("session", decodeURIComponent(person.session!).split(".")[0]!)
  const { json } = await person.post("/two-factor/enable", { password })
  json.backupCodes.forEach((code: string, index: number) => void canaries.set(`recovery ${index}`, code))
  canaries.set("app's secret, in base 32", new URL(json.totpURI).searchParams.get("secret")!)
  const { secret } = await somebodyEnrolled(canaries)
  canaries.set("app's secret", secret)
  await person.post("/sign-in/magic-link", { email: person.email })
  canaries.set("magic link", new URL((await person.mail(/sign in/)).link).searchParams.get("token")!)
  await person.post("/email-otp/send-verification-otp", { email: person.email, type: "sign-in" })
  const { code } = await person.mail(/your code/)
  canaries.set("mailed code", code)
  await person.post("/request-password-reset", { email: person.email })
  canaries.set("reset", new URL((await person.mail(/new password/)).link).pathname.split("/").at(-1)!)
  const change = { currentPassword: password, newPassword: "canary of a password" }
  await person.post("/change-password", change)
  canaries.set("undo", new URL((await person.mail(/was changed/)).link).searchParams.get("token")!)
  canaries.set("password", password).set("new password", change.newPassword)
  await person.get("/passkey/generate-authenticate-options")
  canaries.set(
    "passkey's challenge",
    decodeURIComponent(person.cookies.get("undercroft.passkey_challenge")!).split(".")[0]!,
  )
  expect([...canaries.values()].filter((one) => one.length < 6)).toEqual([])

  const tables = await backend.sql(
    `select quote_ident(relname) as name from pg_class where relnamespace = 'accounts'::regnamespace and relkind = 'r'`,
  )
  const dump: string[] = []
  for (const { name } of tables)
    for (const { row } of await backend.sql(`select to_jsonb(t)::text as row from accounts.${name} t`))
      dump.push(row)
  const all = dump.join("\n")
  expect([...canaries].filter(([, value]) => all.includes(value)).map(([name]) => name)).toEqual([])
  // Digests of what has few values would be as good as the values.
  for (const short of [code, canaries.get("recovery 0")!])
    for (const encoding of ["hex", "base64", "base64url"] as const)
      expect(all).not.toContain(createHash("sha256").update(short).digest(encoding))
  // The search finds what is there.
  expect(all).toContain(person.email)
})

test("an error of the server is told like every other, and nothing of it is printed", async () => {
  const ways = ["error", "warn", "info", "log", "debug"] as const
  const prints = ways.map((one) => vi.spyOn(console, one))
  const person = somebody()
  await person.signUp()
  for (const table of ['"user"', "session", "account", '"knownDevice"']) {
    told.length = 0

    await backend.sql(`alter table accounts.${table} rename to gone`)
    const answer = await person
      .signIn()
      .finally(() => backend.sql(`alter table accounts.gone rename to ${table}`))
    expect(answer).toMatchObject({ status: 500, json: { code: "UC690" } })
    expect(answer.text).not.toMatch(/gone|relation|owner/)
    expect(told.map(({ code }) => code)).toEqual(["UC690"])
  }
  // Nor where it happens after the answer, or while somebody is looked for whom there is not.
  told.length = 0
  await backend.sql("alter table accounts.verification rename to gone")
  await person.post("/request-password-reset", { email: person.email })
  await person.post("/sign-in/magic-link", { email: person.email })
  await backend.sql("alter table accounts.gone rename to verification")
  expect(told.length).toBeGreaterThan(0)
  expect(prints.flatMap(({ mock }) => mock.calls)).toEqual([])
  for (const one of prints) one.mockRestore()
})

/** Somebody who went through the whole of a second factor. */
async function somebodyEnrolled(canaries: Map<string, string>): Promise<{ secret: string }> {
  const person = somebody()
  await person.signUp()
  const { secret, recovery } = await person.enrol()
  await person.post("/sign-out")
  await person.signIn()
  canaries.set("challenge", decodeURIComponent(person.cookies.get("undercroft.two_factor")!).split(".")[0]!)
  await person.post("/two-factor/verify-backup-code", { code: recovery[0] })
  canaries.set("used recovery", recovery[0]!).set("next recovery", recovery[1]!)
  return { secret }
}
