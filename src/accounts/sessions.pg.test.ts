/** Signing in, and what a session is good for: over real HTTP, resolved by the database in each request. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { actor, anyOf, defineBackend, entity, ref, text } from "../index.ts"

const me = actor({})
const Note = entity("Note", {
  fields: {
    owner: ref("User"),
    body: text(),
    verdict: text()
      .optional()
      .visibleTo(() => me.has("auditor")),
  },
})
Note.access(({ row }) => ({
  read: anyOf(row.owner.is(me.id), me.has("auditor")),
  create: row.owner.is(me.id),
  update: row.owner.is(me.id),
}))

let backend: TestBackend
const password = "correct horse battery"

beforeAll(async () => {
  backend = await startTestBackend(
    defineBackend({
      name: "notes",
      model: [Note],
      accounts: {
        password: true,
        signUp: "open",
        sessions: { idleMinutes: 30, roles: { auditor: { idleMinutes: 5 } } },
      },
    }),
    { secret: "a secret of at least thirty-two bytes" },
  )
})
afterAll(() => backend?.stop())

interface SignedIn {
  readonly id: string
  readonly token: string
  readonly cookie: string
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  return backend.request(null, "POST", `/auth${path}`, { body, headers })
}

let counter = 0
async function signUp(): Promise<SignedIn & { readonly email: string }> {
  const email = `person${++counter}@example.org`
  const { json, headers, status } = await post("/sign-up/email", { email, name: "A person", password })
  expect(status).toBe(200)
  return { email, id: json.user.id, token: json.token, cookie: headers.getSetCookie()[0]!.split(";")[0]! }
}

async function signIn(email: string): Promise<SignedIn> {
  const { json, headers, status } = await post("/sign-in/email", { email, password })
  expect(status).toBe(200)
  return { id: json.user.id, token: json.token, cookie: headers.getSetCookie()[0]!.split(";")[0]! }
}

const ask = (headers: Record<string, string>, path = "/rest/notes") =>
  backend.request(null, "GET", path, { headers })
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

test("a session is its person, by header and by cookie", async () => {
  const [one, two] = [await signUp(), await signUp()]
  const body = { owner: one.id, body: "mine" }
  const made = await backend.request(null, "POST", "/rest/notes", { body, headers: bearer(one.token) })
  expect(made.status).toBe(201)
  expect((await ask(bearer(one.token))).json).toMatchObject([{ body: "mine" }])
  expect((await ask({ cookie: one.cookie })).json).toMatchObject([{ body: "mine" }])
  expect((await ask(bearer(two.token))).json).toEqual([])
  expect((await ask({ cookie: two.cookie })).json).toEqual([])
})

test("TR-03161-3 Auth_18: no token of a session is in the database", async () => {
  const { token } = await signUp()
  const rows = await backend.sql("select to_jsonb(s)::text as row from accounts.session s")
  expect(rows.length).toBeGreaterThan(0)
  expect(rows.filter((one) => one.row.includes(token))).toEqual([])
  // What is there is not a token either.
  const [{ token: stored }] = await backend.sql("select token from accounts.session limit 1")
  expect((await ask(bearer(stored))).status).toBe(401)
})

test("TR-03161-3 Auth_17: a session that is signed out is deleted and refused at once, and so is one that is none", async () => {
  const person = await signUp()
  expect((await ask(bearer(person.token))).status).toBe(200)
  const out = await post("/sign-out", {}, { cookie: person.cookie })
  expect(out.status).toBe(200)
  const gone = out.headers.getSetCookie().filter((one) => one.startsWith("undercroft.session_token="))
  expect(gone).toEqual([expect.stringMatching(/^undercroft\.session_token=;.*max-age=0/i)])
  expect(await backend.sql(`select from accounts.session where "userId" = $1`, [person.id])).toEqual([])
  const refused = await ask(bearer(person.token))
  expect(refused.status).toBe(401)
  expect(refused.json.code).toMatch(/^PGRST30[13]$/)
  expect((await ask(bearer("x".repeat(32)))).status).toBe(401)
  expect((await ask({ cookie: "undercroft.session_token=nothing" })).status).toBe(401)
})

test("TR-03161-3 Auth_3: roles are those of now, and what a session may see follows them in its next request", async () => {
  const person = await signUp()
  expect((await ask(bearer(person.token), "/rest/notes?select=verdict")).json.code).toBe("42703")
  await backend.sql(`update accounts."user" set role = 'auditor' where id = $1`, [person.id])
  expect((await ask(bearer(person.token), "/rest/notes?select=verdict")).status).toBe(200)
  await backend.sql(`update accounts."user" set role = '' where id = $1`, [person.id])
  expect((await ask(bearer(person.token), "/rest/notes?select=verdict")).json.code).toBe("42703")
})

const set = (id: string, what: string): Promise<unknown> =>
  backend.sql(`update accounts.session set ${what} where "userId" = $1`, [id])

test("TR-03161-3 Auth_10: a session ends when nobody uses it", async () => {
  const { id, token } = await signUp()
  expect((await ask(bearer(token))).status).toBe(200)
  await set(id, `"seenAt" = now() - interval '31 minutes'`)
  expect((await ask(bearer(token))).status).toBe(401)
  expect((await ask(bearer(token), "/auth/get-session")).json).toBeNull()
  await set(id, `"seenAt" = now() - interval '29 minutes'`)
  expect((await ask(bearer(token))).status).toBe(200)
  // That it was used is written down.
  const [{ fresh }] = await backend.sql(
    `select "seenAt" > now() - interval '1 minute' as fresh from accounts.session where "userId" = $1`,
    [id],
  )
  expect(fresh).toBe(true)
})

test("TR-03161-3 Auth_11: a session that is in use ends, too, and no use makes it longer", async () => {
  const { id, token } = await signUp()
  const end = async (): Promise<Date> =>
    (await backend.sql(`select "expiresAt" as at from accounts.session where "userId" = $1`, [id]))[0].at
  const before = await end()
  await set(id, `"seenAt" = now() - interval '5 minutes'`)
  for (const path of ["/rest/notes", "/auth/get-session", "/auth/list-sessions"])
    expect((await ask(bearer(token), path)).status).toBe(200)
  expect(await end()).toEqual(before)
  await set(id, `"seenAt" = now(), "expiresAt" = now() - interval '1 second'`)
  expect((await ask(bearer(token))).status).toBe(401)
  expect((await ask(bearer(token), "/auth/get-session")).json).toBeNull()
})

test("a session ends with the account", async () => {
  const { id, token } = await signUp()
  expect((await ask(bearer(token))).status).toBe(200)
  await backend.sql(`update accounts."user" set banned = true where id = $1`, [id])
  expect((await ask(bearer(token))).status).toBe(401)
})

test("TR-03161-3 Auth_15: identifiers of people and sessions are random and long", async () => {
  const people = await Promise.all(Array.from({ length: 12 }, () => signUp()))
  const tokens = people.map((one) => one.token)
  const rows = await backend.sql(`select id, "userId" as person from accounts.session`)
  const ids = rows.flatMap((one) => [one.id as string, one.person as string])
  // Letters and digits, 32 of them, are 190 bits; of a random UUID 122 are random.
  for (const one of tokens) expect(one).toMatch(/^[A-Za-z0-9]{32}$/)
  for (const one of ids)
    expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(new Set(tokens).size).toBe(tokens.length)
  expect(new Set(rows.map((one) => one.id)).size).toBe(rows.length)
  // No place of a token is the same in all, as a counter's or a clock's would be.
  for (let at = 0; at < 32; at++) expect(new Set(tokens.map((one) => one[at])).size).toBeGreaterThan(3)
})

test("how long a session lasts hangs on the roles", async () => {
  const person = await signUp()
  await backend.sql(`update accounts."user" set role = 'clerk,auditor' where id = $1`, [person.id])
  await signIn(person.email)
  const rows = await backend.sql(
    `select "idleSeconds" as idle, "expiresAt" - "createdAt" < interval '12 hours 1 minute' as ends from accounts.session where "userId" = $1 order by "createdAt"`,
    [person.id],
  )
  expect(rows).toEqual([
    { idle: 1800, ends: true },
    { idle: 300, ends: true },
  ])
})

test("a page of somebody else's can't act with a cookie", async () => {
  const person = await signUp()
  const write = (headers: Record<string, string>) =>
    backend.request(null, "POST", "/rest/notes", {
      body: { owner: person.id, body: "by cookie" },
      headers: { cookie: person.cookie, ...headers },
    })
  for (const origin of [
    "https://evil.example",
    "null",
    "http://127.0.0.1:1",
    "http://localhost.evil.example",
  ])
    expect((await write({ origin })).json).toMatchObject({ code: "UC611" })
  expect((await write({ "sec-fetch-site": "cross-site" })).status).toBe(403)
  expect((await write({ "sec-fetch-site": "same-site" })).status).toBe(403)
  expect((await write({})).status).toBe(201)
  expect((await write({ origin: backend.url })).status).toBe(201)
  expect(
    (await ask({ cookie: person.cookie, origin: "https://evil.example" })).headers.get(
      "access-control-allow-origin",
    ),
  ).toBeNull()
  // Of two cookies of one name nobody knows which is whose.
  expect((await ask({ cookie: `${person.cookie}; ${person.cookie}` })).json).toEqual([])
})

test("what is the server's can't be set by who signs up (CVE-2025-61928)", async () => {
  const email = `eve${++counter}@example.org`
  const body = { email, name: "Eve", password, role: "admin", banned: false, emailVerified: true, id: "1" }
  const { json, status } = await post("/sign-up/email", body)
  const [row] = await backend.sql(`select role, "emailVerified" from accounts."user" where email = $1`, [
    email,
  ])
  if (status === 200) {
    expect(row).toEqual({ role: "", emailVerified: false })
    expect(json.user.id).not.toBe("1")
  } else expect(row).toBeUndefined()
  const person = await signUp()
  const read = () => backend.sql(`select * from accounts."user" where id = $1`, [person.id])
  const [before] = await read()
  const fields = { role: "admin", emailVerified: true, twoFactorEnabled: true, banned: true, email, id: "1" }
  for (const [field, value] of Object.entries(fields))
    expect([field, (await post("/update-user", { [field]: value }, bearer(person.token))).status]).toEqual([
      field,
      400,
    ])
  expect(await read()).toEqual([before])
})

test("the API role reaches nothing of accounts", async () => {
  const [{ role }] = await backend.sql("select current_database() || '_api' as role")
  const rows = await backend.sql(
    `select c.relname from pg_class c where c.relnamespace = 'accounts'::regnamespace and c.relkind = 'r'
      and (has_schema_privilege($1, 'accounts', 'USAGE') or has_any_column_privilege($1, c.oid, 'SELECT, INSERT, UPDATE'))`,
    [role],
  )
  expect(rows).toEqual([])
})

test("TR-03161-3 Auth_16: a session is ended by its identifier: one's own, and by an administrator anyone's", async () => {
  const [person, other, boss] = [await signUp(), await signUp(), await signUp()]
  const second = await signIn(person.email)
  await backend.sql(`update accounts."user" set role = 'admin' where id = $1`, [boss.id])
  const list = async (token: string): Promise<{ id: string }[]> =>
    (await ask(bearer(token), "/auth/list-sessions")).json
  const idOf = async (token: string): Promise<string> =>
    (await ask(bearer(token), "/auth/get-session")).json.session.id
  const id = await idOf(second.token)
  expect((await list(person.token)).map((one) => one.id)).toContain(id)
  const end = async (token: string, of: string): Promise<number> =>
    (await post("/sessions/end", { id: of }, bearer(token))).status
  expect(await end(other.token, id)).toBe(404)
  expect(await end(person.token, id)).toBe(200)
  expect((await ask(bearer(second.token))).status).toBe(401)
  expect(await end(boss.token, await idOf(person.token))).toBe(200)
  expect((await ask(bearer(person.token))).status).toBe(401)
  expect(await end(boss.token, "nothing")).toBe(400)
})

test("TR-03161-3 Auth_16: all of one's sessions are ended at once, or all others", async () => {
  const person = await signUp()
  const sessions = [person, await signIn(person.email), await signIn(person.email)]
  const bystander = await signUp()
  const states = (): Promise<number[]> =>
    Promise.all([...sessions, bystander].map(async ({ token }) => (await ask(bearer(token))).status))
  expect(await states()).toEqual([200, 200, 200, 200])
  expect((await post("/revoke-other-sessions", {}, bearer(person.token))).status).toBe(200)
  expect(await states()).toEqual([200, 401, 401, 200])
  sessions.push(await signIn(person.email))
  expect((await post("/revoke-sessions", {}, bearer(person.token))).status).toBe(200)
  expect(await states()).toEqual([401, 401, 401, 401, 200])
})

test("TR-03161-3 Auth_18: a cookie is for this host, encrypted connections and no script; nothing is kept on the way", async () => {
  const secure = await startTestBackend(
    defineBackend({
      name: "notes",
      model: [Note],
      accounts: { password: true, signUp: "open", url: "https://notes.example.org" },
    }),
    { secret: "a secret of at least thirty-two bytes" },
  )
  try {
    const body = { email: "ann@example.org", name: "Ann", password }
    const answer = await secure.request(null, "POST", "/auth/sign-up/email", { body })
    expect(answer.status).toBe(200)
    const session = answer.headers.getSetCookie().filter((one) => one.includes("session_token"))
    expect(session).toHaveLength(1)
    const [pair, ...attributes] = session[0]!.split("; ")
    expect(pair).toMatch(/^__Host-undercroft\.session_token=/)
    expect(attributes.map((one) => one.toLowerCase())).toEqual(
      expect.arrayContaining(["path=/", "httponly", "secure", "samesite=lax"]),
    )
    expect(session[0]).not.toMatch(/domain/i)
    const headers = { cookie: pair! }
    for (const path of ["/auth/get-session", "/auth/list-sessions"])
      expect((await secure.request(null, "GET", path, { headers })).headers.get("cache-control")).toContain(
        "no-store",
      )
    expect(answer.headers.get("cache-control")).toContain("no-store")
    // An address is written down in logs and histories: a token in it is none.
    const { token } = answer.json
    const byAddress = `/auth/get-session?token=${token}&access_token=${token}`
    expect((await secure.request(null, "GET", byAddress)).json).toBeNull()
    expect((await secure.request(null, "GET", "/auth/get-session", { headers })).json).not.toBeNull()
  } finally {
    await secure.stop()
  }
})

test("TR-03161-3 Auth_20: a sign-in's answer holds what it must, and nothing of what is secret", async () => {
  const person = await signUp()
  const told = new Set(
    "id name email emailVerified image createdAt updatedAt role banned banReason banExpires twoFactorEnabled".split(
      " ",
    ),
  )
  const { json, text: answered } = await post("/sign-in/email", { email: person.email, password })
  expect(new Set(Object.keys(json))).toEqual(new Set(["redirect", "token", "user"]))
  expect(new Set(Object.keys(json.user))).toEqual(told)
  const known = await ask(bearer(json.token), "/auth/get-session")
  expect(new Set(Object.keys(known.json.user))).toEqual(told)
  const fields =
    "id userId token expiresAt createdAt updatedAt ipAddress userAgent impersonatedBy assurance methods authenticatedAt seenAt"
  expect(new Set(Object.keys(known.json.session))).toEqual(new Set(fields.split(" ")))
  // Of other sessions the list gives no token that is one.
  const { json: list } = await ask(bearer(json.token), "/auth/list-sessions")
  expect(list).toHaveLength(2)
  for (const one of list)
    if (one.token !== json.token) expect((await ask(bearer(String(one.token)))).status).toBe(401)
  for (const text of [answered, known.text, JSON.stringify(list)]) {
    expect(text).not.toContain(password)
    expect(text).not.toContain("argon2")
    expect(text).not.toContain(person.token)
  }
})

test("acting as somebody else is for a quarter of an hour", async () => {
  const [boss, person] = [await signUp(), await signUp()]
  await backend.sql(`update accounts."user" set role = 'admin' where id = $1`, [boss.id])
  const headers = { ...bearer(boss.token), "x-reason": "they asked for help" }
  const acting = await post("/admin/impersonate-user", { userId: person.id }, headers)
  expect(acting.status).toBe(200)
  const [{ ends, reason }] = await backend.sql(
    `select "expiresAt" <= now() + interval '15 minutes' as ends, reason from accounts.session where "impersonatedBy" = $1`,
    [boss.id],
  )
  expect({ ends, reason }).toEqual({ ends: true, reason: "they asked for help" })
  // They look, and change nothing of what proves who somebody is.
  const acted = bearer(acting.headers.get("set-auth-token")!)
  expect((await ask(acted)).status).toBe(200)
  expect((await ask(acted, "/auth/get-session")).json.user.id).toBe(person.id)
  for (const [path, body] of [
    ["/change-password", { currentPassword: password, newPassword: "a walk along the harbour" }],
    ["/update-user", { name: "Somebody" }],
    ["/sessions/end", { id: person.id }],
  ] as const)
    expect([path, (await post(path, body, acted)).status]).toEqual([path, 401])
  expect((await post("/sign-out", {}, acted)).status).toBe(200)
  await backend.sql(
    `update accounts.session set "authenticatedAt" = now() - interval '1 hour' where "userId" = $1`,
    [boss.id],
  )
  expect((await post("/admin/impersonate-user", { userId: person.id }, headers)).json.code).toBe("UC612")
})
