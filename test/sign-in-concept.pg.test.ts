/** What docs/sign-in.md states about levels, roles, lifetimes and ends of sessions is so, in a backend that runs. */
import { readFileSync } from "node:fs"
import { afterAll, beforeAll, expect, test } from "vitest"
import { givenPasswordMs, hashPassword } from "../src/accounts/passwords.ts"
import { defineBackend, entity, signedIn, text } from "../src/index.ts"
import { roleNames } from "../src/sql/roles.ts"
import { startTestBackend, type TestBackend } from "./support/backend.ts"
import { Person, password } from "./support/people.ts"

const Note = entity("Note", { fields: { body: text() } })
Note.access(() => ({ read: signedIn }))

const document = readFileSync(new URL("../docs/sign-in.md", import.meta.url), "utf8")
/** The rows of the table under a heading, cell by cell. */
function table(heading: string): readonly (readonly string[])[] {
  const part = document.split(`\n## ${heading}\n`)[1]!.split("\n## ")[0]!
  const rows = part.split("\n").filter((line) => line.startsWith("|"))
  return rows.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(
    defineBackend({
      name: "notes",
      model: [Note],
      accounts: {
        password: true,
        signUp: "open",
        magicLink: true,
        emailCode: true,
        twoFactor: true,
        apiKeys: true,
        organizations: true,
      },
    }),
    { secret: "a secret of at least thirty-two bytes", keepsMail: true },
  )
})
afterAll(() => backend?.stop())

let counter = 0
type Somebody = Person & { readonly id: string }
async function somebody(role = ""): Promise<Somebody> {
  const person = new Person(backend, `concept${++counter}@example.org`)
  const { json } = await person.signUp()
  await backend.sql(`update accounts."user" set role = $2 where id = $1`, [json.user.id, role])
  return Object.assign(person, { id: json.user.id as string })
}
async function again(person: Person): Promise<Person> {
  const other = new Person(backend, person.email)
  expect((await other.signIn()).status).toBe(200)
  return other
}
const sessionOf = async (person: Person): Promise<string> =>
  (await person.get("/get-session")).json.session.id

const units = { minute: 60, hour: 3600, day: 86_400 }
function secondsOf(words: string): number {
  const [, count, unit] = /^(\d+) (minute|hour|day)s?$/.exec(words)!
  return Number(count) * units[unit as keyof typeof units]
}

/** How long what somebody just asked for lasts, from its row: the newest one. */
async function newest(from: string): Promise<number> {
  const [row] = await backend.sql(
    `select extract(epoch from "expiresAt" - "createdAt") as seconds from accounts.${from} order by "createdAt" desc limit 1`,
  )
  return Number(row.seconds)
}

/** By the first words of each row of the document. */
const lifetimes: Readonly<Record<string, () => Promise<number>>> = {
  "a session that nobody uses": async () => {
    const { id } = await somebody()
    const [row] = await backend.sql(
      `select "idleSeconds" as idle from accounts.session where "userId" = $1`,
      [id],
    )
    return Number(row.idle)
  },
  "a session, however much it is used": async () =>
    newest(`session where "userId" = '${(await somebody()).id}'`),
  "an administrator's acting": async () => {
    const [boss, person] = [await somebody("admin"), await somebody()]
    boss.headers["x-reason"] = "they asked for help"
    expect((await boss.post("/admin/impersonate-user", { userId: person.id })).status).toBe(200)
    return newest(`session where "impersonatedBy" = '${boss.id}'`)
  },
  "a sign-in that waits": async () => {
    const person = await somebody()
    await person.enrol()
    await new Person(backend, person.email).signIn()
    return newest(`verification where value = '${person.id}'`)
  },
  "a link that signs in": async () => {
    const person = await somebody()
    await person.post("/sign-in/magic-link", { email: person.email })
    await person.mail(/sign in/)
    return newest(`verification where value like '%${person.email}%'`)
  },
  "a code by mail": async () => {
    const person = await somebody()
    const before = await backend.sql("select id from accounts.verification")
    await person.post("/email-otp/send-verification-otp", { email: person.email, type: "sign-in" })
    await person.mail(/your code/)
    const known = before.map(({ id }) => `'${id}'`).join(", ") || "null"
    return newest(`verification where id not in (${known})`)
  },
  "a link that confirms": async () => {
    const person = await somebody()
    await person.post("/send-verification-email", { email: person.email })
    const token = new URL((await person.mail(/confirm/)).link).searchParams.get("token")!
    const { exp, iat } = JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString())
    return exp - iat
  },
  "a link for a new password": async () => {
    const person = await somebody()
    await person.post("/request-password-reset", { email: person.email })
    await person.mail(/new password/)
    return newest(`verification where value = '${person.id}'`)
  },
  "a password that `undercroft user` makes": async () => {
    const until = /\$until=(\d+)$/.exec(
      await hashPassword(password, new Date(Date.now() + givenPasswordMs)),
    )![1]
    return Number(until) - Date.now() / 1000
  },
  "a link that changes an address": async () => {
    const person = await somebody()
    await person.verify()
    const newEmail = `new-${person.email}`
    expect((await person.post("/change-email", { newEmail })).status).toBe(200)
    return newest(`verification where value like '%${newEmail}%'`)
  },
  "a link that undoes": async () => {
    const person = await somebody()
    await person.post("/change-password", {
      currentPassword: password,
      newPassword: "a walk along the harbour",
    })
    await person.mail(/was changed/)
    return newest(`verification where value like '%"${person.id}"%'`)
  },
  "an API key": async () => {
    const person = await somebody()
    expect((await person.post("/api-key/create", { name: "device" })).status).toBe(200)
    return newest(`apikey where "referenceId" = '${person.id}'`)
  },
}

test.each(table("How long things last"))("TR-03161-3 Auth_1: %s lasts %s", async (what, stated) => {
  const [, measure] = Object.entries(lifetimes).find(([begins]) => what!.startsWith(begins))!
  // The row and its end are written at two moments.
  expect(Math.abs((await measure()) - secondsOf(stated!))).toBeLessThan(5)
})

test("every lifetime that is measured is stated", () => {
  const stated = table("How long things last").map(([what]) => what!)
  expect(Object.keys(lifetimes).filter((one) => !stated.some((what) => what.startsWith(one)))).toEqual([])
  expect(stated).toHaveLength(Object.keys(lifetimes).length)
})

const boss = async (): Promise<Somebody> => somebody("admin")
/** What is done; `here` is the session that does it, if one of the person's does. */
const ends: Readonly<Record<string, (here: Somebody, there: Person) => Promise<unknown>>> = {
  "signing out": (here) => here.post("/sign-out"),
  "`POST /auth/sessions/end` by its owner": async (here, there) =>
    there.post("/sessions/end", { id: await sessionOf(here) }),
  "`POST /auth/sessions/end` by an administrator": async (here) =>
    (await boss()).post("/sessions/end", { id: await sessionOf(here) }),
  "`POST /auth/revoke-other-sessions`": (_here, there) => there.post("/revoke-other-sessions"),
  "`POST /auth/revoke-sessions`": (here) => here.post("/revoke-sessions"),
  "no use for the idle time": async (here) =>
    backend.sql(`update accounts.session set "seenAt" = now() - interval '31 minutes' where id = $1`, [
      await sessionOf(here),
    ]),
  "the end of its time": async (here) =>
    backend.sql(`update accounts.session set "expiresAt" = now() where id = $1`, [await sessionOf(here)]),
  "another password": (_here, there) =>
    there.post("/change-password", { currentPassword: password, newPassword: "a walk along the harbour" }),
  "another password, by an administrator": async (here) =>
    (await boss()).post("/admin/set-user-password", {
      userId: here.id,
      newPassword: "a walk along the harbour",
    }),
  "a lock of the account": async (here) => (await boss()).post("/admin/ban-user", { userId: here.id }),
  "the account's removal": async (here) => (await boss()).post("/admin/remove-user", { userId: here.id }),
}

test.each(table("What ends a session"))("TR-03161-3 Auth_1: %s ends %s", async (what, which) => {
  const here = await somebody()
  const there = await again(here)
  // Signing out takes the cookie along, and a change of the password gives another: the old token tells.
  const authorization = `Bearer ${decodeURIComponent(here.session!).split(".")[0]}`
  const states = async (): Promise<number[]> => [
    (await backend.request(null, "GET", "/rest/notes", { headers: { authorization } })).status,
    (await there.get("/rest/notes")).status,
  ]
  expect(await states()).toEqual([200, 200])
  await ends[what!]!(here, there)
  expect(await states()).toEqual([401, which === "all" ? 401 : 200])
})

test("every end of a session that is shown is stated", () => {
  expect(table("What ends a session").map(([what]) => what)).toEqual(Object.keys(ends))
})

test("TR-03161-3 Auth_14: nobody but an administrator acts for others, whatever their role is called", async () => {
  const [target, admin] = [await somebody(), await boss()]
  const requests: readonly (readonly [string, string, unknown?])[] = [
    ["GET", "/admin/list-users"],
    ["GET", `/admin/get-user?id=${target.id}`],
    ["POST", "/admin/list-user-sessions", { userId: target.id }],
    ["POST", "/admin/set-role", { userId: target.id, role: "user" }],
    ["POST", "/admin/ban-user", { userId: target.id }],
    ["POST", "/admin/unban-user", { userId: target.id }],
    ["POST", "/admin/revoke-user-sessions", { userId: target.id }],
    ["POST", "/admin/set-user-password", { userId: target.id, newPassword: "a walk along the harbour" }],
    ["POST", "/admin/update-user", { userId: target.id, data: { name: "Another" } }],
    ["POST", "/admin/create-user", { email: "made@example.org", name: "Made", password }],
    ["POST", "/admin/impersonate-user", { userId: target.id }],
    ["POST", "/admin/remove-user", { userId: target.id }],
  ]
  for (const role of ["", "doctor", "Admin", "administrator", "owner", "user"]) {
    const person = await somebody(role)
    person.headers["x-reason"] = "because I can"
    for (const [method, path, body] of requests)
      expect([role, path, (await person.ask(method, path, body)).status]).toEqual([role, path, 403])
    expect((await person.get(`/events?user=${target.id}`)).json.events).toEqual([])
    expect((await person.post("/sessions/end", { id: await sessionOf(target) })).status).toBe(404)
    expect((await person.get("/get-session")).json.user.role ?? "").toBe(role)
  }
  admin.headers["x-reason"] = "they asked for help"
  expect((await admin.get(`/events?user=${target.id}`)).json.events.length).toBeGreaterThan(0)
  for (const [method, path, body] of requests.filter(([, path]) => !path.endsWith("impersonate-user")))
    expect([path, (await admin.ask(method, path, body)).status]).toEqual([path, 200])
  // To the model an administrator of accounts is nobody in particular.
  expect(table("Roles").map(([role]) => role)).toContain("`admin`")
})

test("TR-03161-3 Auth_14: the roles that log in to the database can do what is stated, and no more", async () => {
  const [{ name }] = await backend.sql("select current_database() as name")
  const { api, accounts, audit } = roleNames(name)
  const logins = [api, accounts, audit]
  const stated = table("Links inside").flatMap(([, to]) => /`<db>(_\w+)`/.exec(to!)?.[1] ?? [])
  expect(stated.map((one) => name + one)).toEqual(logins)
  const rows = await backend.sql(
    `select rolname as role, rolcanlogin as login, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication as more,
        exists (select from pg_auth_members where member = r.oid) as member,
        exists (select from pg_class c where relowner = r.oid and relnamespace = 'app'::regnamespace) as owns
      from pg_roles r where rolname like $1 || '\\_%' order by rolname`,
    [name],
  )
  for (const one of rows)
    expect(one).toMatchObject({ more: false, member: false, login: logins.includes(one.role) })
  expect(rows.filter((one) => one.login && one.owns)).toEqual([])
  expect(
    rows
      .filter((one) => one.login)
      .map((one) => one.role)
      .toSorted(),
  ).toEqual(logins.toSorted())
  const kept = await backend.sql(`select rolpassword from pg_authid where rolname = any($1)`, [logins])
  for (const one of kept) expect(one.rolpassword).toMatch(/^SCRAM-SHA-256\$/)
})
