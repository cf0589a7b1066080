/** What happens to accounts is on record: by whom, how, from where, and without anything secret. */
import { afterAll, beforeAll, expect, test } from "vitest"
import type { TestAnswer, TestBackend } from "../../test/support/backend.ts"
import { Note, postAuth, startBehindProxy } from "../../test/support/notes.ts"
import { password } from "../../test/support/people.ts"
import { defineBackend, entity, ref } from "../index.ts"

let backend: TestBackend
beforeAll(async () => {
  const accounts = { password: true, twoFactor: true, signUp: "open", organizations: true } as const
  backend = await startBehindProxy("notes", accounts)
})
afterAll(() => backend?.stop())

interface Person {
  readonly id: string
  readonly email: string
  readonly headers: Record<string, string>
}

const place = { "x-forwarded-for": "192.0.2.7", "user-agent": "a test" }
const post = (path: string, body: unknown, headers: Record<string, string> = place): Promise<TestAnswer> =>
  postAuth(backend, path, body, headers)

let counter = 0
async function signUp(role?: string): Promise<Person> {
  const email = `person${++counter}@example.org`
  const { json, status } = await post("/sign-up/email", { email, name: "A person", password })
  expect(status).toBe(200)
  if (role) await backend.sql(`update accounts."user" set role = $1 where id = $2`, [role, json.user.id])
  return { id: json.user.id, email, headers: { authorization: `Bearer ${json.token}`, ...place } }
}

const eventsOf = (id: string): Promise<any[]> =>
  backend.sql("select * from accounts.event where subject = $1 order by place", [id])
const kindsOf = async (id: string): Promise<string[]> => (await eventsOf(id)).map((one) => one.kind)
const read = (person: Person, query = ""): Promise<TestAnswer> =>
  backend.request(null, "GET", `/auth/events${query}`, { headers: person.headers })

test("a sign-up, a failure, a sign-in and a sign-out are written down with who, how and where", async () => {
  const person = await signUp()
  await post("/sign-in/email", { email: person.email, password: "wrong" })
  const { json } = await post("/sign-in/email", { email: person.email, password })
  await post("/sign-out", {}, { authorization: `Bearer ${json.token}`, ...place })
  const events = await eventsOf(person.id)
  const where = { address: "192.0.2.7", userAgent: "a test", subject: person.id }
  expect(events).toMatchObject([
    { kind: "account-created", route: "POST /sign-up/email", actor: null, ...where },
    { kind: "credential-linked", detail: { providerId: "credential" }, ...where },
    {
      kind: "signed-in",
      actor: person.id,
      detail: { methods: "sign-up/email", assurance: "one-factor" },
      ...where,
    },
    {
      kind: "sign-in-failed",
      result: "refused",
      detail: { status: 401, code: "INVALID_EMAIL_OR_PASSWORD" },
      ...where,
    },
    { kind: "signed-in", actor: person.id, route: "POST /sign-in/email", ...where },
    { kind: "session-ended", actor: person.id, route: "POST /sign-out", ...where },
  ])
  expect(events[4].session).toBe(events[5].session)
  expect(events).toHaveLength(6)
})

test("TR-03161-3 Pass_4: changes of passwords and second factors are written down, without them", async () => {
  const person = await signUp()
  const next = "another horse battery"
  await post("/change-password", { currentPassword: "wrong", newPassword: next }, person.headers)
  const changed = await post(
    "/change-password",
    { currentPassword: password, newPassword: next },
    person.headers,
  )
  const headers = { ...person.headers, authorization: `Bearer ${changed.json.token}` }
  const { json } = await post("/two-factor/enable", { password: next }, headers)
  const secret = new URL(json.totpURI).searchParams.get("secret")!
  await post("/two-factor/verify-totp", { code: "000000" }, headers)
  expect((await kindsOf(person.id)).slice(3)).toEqual([
    "password-failed",
    "password-changed",
    "session-ended",
    "signed-in",
    "factor-enrolled",
    "factor-failed",
  ])
  const text = JSON.stringify(await backend.sql("select * from accounts.event"))
  for (const one of [password, next, secret, ...json.backupCodes, person.headers["authorization"]!.slice(7)])
    expect(text.includes(one)).toBe(false)
})

test("roles and bans, whoever changes them, and acting as somebody else", async () => {
  const [admin, person] = [await signUp("admin"), await signUp()]
  expect((await post("/admin/set-role", { userId: person.id, role: "user" }, admin.headers)).status).toBe(200)
  await backend.sql(`update accounts."user" set role = 'auditor' where id = $1`, [person.id])
  await post("/admin/ban-user", { userId: person.id }, admin.headers)
  await post("/admin/unban-user", { userId: person.id }, admin.headers)
  const silent = await post("/admin/impersonate-user", { userId: person.id }, admin.headers)
  expect(silent).toMatchObject({ status: 400, json: { code: "REASON_REQUIRED" } })
  const why = { ...admin.headers, "x-reason": "they asked for help" }
  const acting = await post("/admin/impersonate-user", { userId: person.id }, why)
  expect(acting.status).toBe(200)
  const events = (await eventsOf(person.id)).slice(3)
  const roles = events.filter((one) => one.kind === "role-changed")
  // By SQL from outside nobody is known, and it is written down all the same.
  expect(roles).toMatchObject([
    { actor: admin.id, route: "POST /admin/set-role", detail: { role: "user" } },
    { actor: null, route: null, detail: { role: "auditor", before: { role: "user" } } },
  ])
  expect(events.filter((one) => one.kind === "ban-changed")).toMatchObject([
    { actor: admin.id },
    { actor: admin.id },
  ])
  expect(events.at(-1)).toMatchObject({
    kind: "impersonated",
    actor: admin.id,
    detail: { impersonatedBy: admin.id, reason: "they asked for help" },
  })

  // What is done while acting as somebody is the administrator's doing.
  const organization = { name: "Ward", slug: `ward-${counter}` }
  const headers = { authorization: `Bearer ${acting.json.session.token}`, ...place }
  expect((await post("/organization/create", organization, headers)).status).toBe(200)
  expect((await eventsOf(person.id)).at(-1)).toMatchObject({
    kind: "member-added",
    actor: admin.id,
    detail: { role: "owner" },
  })
})

test("what is rolled back did not happen", async () => {
  const before = (
    await backend.sql("select count(*)::int as count from accounts.event where kind = 'account-created'")
  )[0].count
  const email = `person${++counter}@example.org`
  await backend
    .sql(`do $$ begin insert into accounts."user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
      values (gen_random_uuid(), 'A', '${email}', false, now(), now()); raise 'no'; end $$`)
    .catch(() => null)
  const after = (
    await backend.sql("select count(*)::int as count from accounts.event where kind = 'account-created'")
  )[0].count
  expect(after).toBe(before)
})

test("a wait that begins is written down once", async () => {
  const person = await signUp()
  for (let at = 0; at < 8; at++)
    await post(
      "/sign-in/email",
      { email: person.email, password: "wrong" },
      { "x-forwarded-for": "192.0.2.99" },
    )
  const slowed = (await eventsOf(person.id)).filter((one) => one.kind === "guessing-slowed")
  expect(slowed).toMatchObject([{ address: "192.0.2.99", detail: { group: "password", counted: ["pair"] } }])
  expect((await kindsOf(person.id)).filter((one) => one === "sign-in-failed")).toHaveLength(5)
})

test("each reads their own, administrators read all, page by page", async () => {
  const [admin, person, other] = [await signUp("admin"), await signUp(), await signUp()]
  const mine = (await read(person)).json.events
  expect(mine.map((one: any) => one.kind)).toEqual(["signed-in", "credential-linked", "account-created"])
  expect(mine[0]).toMatchObject({ subject: person.id, address: "192.0.2.7", detail: expect.any(Object) })
  expect(mine[0]).not.toHaveProperty("place")
  expect((await read(person, `?user=${other.id}`)).json).toEqual({ events: [] })
  expect((await read(person, `?before=${mine[0].id}&limit=1`)).json.events).toEqual([mine[1]])
  const theirs = (await read(admin, `?user=${person.id}`)).json.events
  expect(theirs.map((one: any) => one.id)).toEqual(mine.map((one: any) => one.id))
  expect(
    new Set((await read(admin, "?limit=200")).json.events.map((one: any) => one.subject)).size,
  ).toBeGreaterThan(2)
  for (const query of ["?limit=0", "?limit=201", "?limit=1&limit=2", "?before=1", "?user=x'", "?all=1"])
    expect((await read(person, query)).status).toBe(400)
  // Where an administrator was when they acted is not for the person to know.
  await post("/admin/ban-user", { userId: other.id }, admin.headers)
  await post("/admin/unban-user", { userId: other.id }, admin.headers)
  const { json } = await post("/sign-in/email", { email: other.email, password })
  const seen = (await read({ ...other, headers: { authorization: `Bearer ${json.token}` } })).json.events
  const ban = seen.find((one: any) => one.kind === "ban-changed")
  expect(ban).toMatchObject({ actor: admin.id })
  expect(Object.keys(ban)).not.toContain("address")
})

test("nobody reads events without a session that is good in every respect", async () => {
  const person = await signUp()
  const set = (what: string, table = "session", column = '"userId"'): Promise<unknown> =>
    backend.sql(`update accounts."${table}" set ${what} where ${column} = $1`, [person.id])
  expect((await read({ ...person, headers: {} })).status).toBe(401)
  expect((await read(person)).status).toBe(200)
  await set(`"seenAt" = now() - interval '31 minutes'`)
  expect((await read(person)).status).toBe(401)
  await set(`"seenAt" = now()`)
  await set(`"twoFactorEnabled" = true`, "user", "id")
  expect((await read(person)).status).toBe(401)
})

test("the record can't be changed or forged by the role of accounts", async () => {
  const [{ role }] = await backend.sql("select current_database() || '_accounts' as role")
  const rights = await backend.sql(
    `select one, has_table_privilege($1, 'accounts.event', one) as has from unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'trigger']) one`,
    [role],
  )
  expect(rights.filter((one) => one.has).map((one) => one.one)).toEqual(["select"])
  const [{ owner }] = await backend.sql(
    "select pg_get_userbyid(relowner) as owner from pg_class where oid = 'accounts.event'::regclass",
  )
  expect(owner).not.toBe(role)
  const members = await backend.sql(
    "select has_any_column_privilege($1, 'accounts.event', 'update') as has, pg_has_role($1, $2, 'member') as is",
    [role, owner],
  )
  expect(members).toEqual([{ has: false, is: false }])
})

test("a second start makes no trigger anew, and a changed model keeps them", async () => {
  const triggers = (): Promise<any[]> =>
    backend.sql("select oid::int, tgname from pg_trigger where tgname like 'record %' order by tgname")
  const before = await triggers()
  expect(before.length).toBeGreaterThan(15)
  const { startApp } = await import("../app.ts")
  const Page = entity("Page", { fields: { owner: ref("User") } })
  Page.access(() => ({}))
  const app = await startApp(
    defineBackend({
      name: "notes",
      model: [Note, Page],
      accounts: { password: true, twoFactor: true, signUp: "open", organizations: true },
    }),
    {
      host: "127.0.0.1",
      port: 0,
      directory: "",
      databaseUrl: backend.adminUrl,
      secret: "a secret of at least thirty-two bytes",
    },
  )
  await app.stop()
  expect(await triggers()).toEqual(before)
})
