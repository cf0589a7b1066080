/** What accounts give to rules: people and organizations as entities, how well and how recently a caller proved who they are. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { actor, allOf, anyOf, defineBackend, entity, ref, text, userEntity } from "../index.ts"

const me = actor({})
const User = userEntity()
User.access(({ row }) => ({ read: anyOf(row.id.is(me.id), me.has("admin")) }))
const Profile = entity("Profile", { fields: { user: ref(User).unique().reveals(), nick: text().public() } })
Profile.access(({ row }) => ({ read: row.user.visible(), create: row.user.is(me.id) }))
const Ward = entity("Ward", { fields: { organization: ref("Organization"), name: text() } })
Ward.access(({ row }) => ({ read: me.in(row.organization) }))
const Chart = entity("Chart", { fields: { title: text() } })
Chart.access(() => ({
  read: me.assurance.atLeast("two-factor"),
  create: me.authenticatedWithin({ minutes: 15 }),
  delete: allOf(me.has("chief"), me.authenticatedWithin({ minutes: 15 })),
}))

let backend: TestBackend

beforeAll(async () => {
  backend = await startTestBackend(
    defineBackend({
      name: "wards",
      model: [User, Profile, Ward, Chart],
      accounts: { password: true, twoFactor: true, signUp: "open", organizations: true },
    }),
    { secret: "a secret of at least thirty-two bytes" },
  )
})
afterAll(() => backend?.stop())

let counter = 0
async function signUp(): Promise<{ id: string; headers: Record<string, string>; email: string }> {
  const email = `person${++counter}@example.org`
  const body = { email, name: `Person ${counter}`, password: "correct horse battery" }
  const { json } = await backend.request(null, "POST", "/auth/sign-up/email", { body })
  return { id: json.user.id, email, headers: { authorization: `Bearer ${json.token}` } }
}
const ask = (headers: Record<string, string>, path: string, method = "GET", body?: unknown) =>
  backend.request(null, method, path, { headers, ...(body ? { body } : {}) })

test("people are an entity: each reads what the model lets them, with what refers to them", async () => {
  const [one, two] = [await signUp(), await signUp()]
  const nick = { user: one.id, nick: "Ada" }
  expect((await ask(one.headers, "/rest/profiles", "POST", nick)).status).toBe(201)
  const { json } = await ask(one.headers, "/rest/users?select=id,name,email,roles,profiles(nick)")
  expect(json).toEqual([
    { id: one.id, name: expect.any(String), email: one.email, roles: [], profiles: { nick: "Ada" } },
  ])
  expect((await ask(two.headers, "/rest/profiles")).json).toEqual([])
  await backend.sql(`update accounts."user" set role = 'admin', name = 'Boss' where id = $1`, [two.id])
  const all = (await ask(two.headers, "/rest/users?select=name,roles")).json
  expect(all).toContainEqual({ name: "Boss", roles: ["admin"] })
  expect(all.length).toBeGreaterThan(1)
})

test("people are written by accounts alone", async () => {
  const { id, headers } = await signUp()
  for (const [method, path, body] of [
    ["POST", "/rest/users", { name: "x", email: "x@example.org" }],
    ["PATCH", `/rest/users?id=eq.${id}`, { roles: ["admin"] }],
    ["DELETE", `/rest/users?id=eq.${id}`, undefined],
  ] as const)
    expect((await ask(headers, path, method, body)).status).toBeGreaterThanOrEqual(400)
  expect((await ask(headers, "/rest/users?select=id")).json).toEqual([{ id }])
})

test("an account that is gone is gone from the entity", async () => {
  const { id } = await signUp()
  await backend.sql(`delete from accounts."user" where id = $1`, [id])
  expect(await backend.sql("select id from app.users where id = $1", [id])).toEqual([])
})

test("members of an organization see what is its, from the moment they join until they leave", async () => {
  const [one, two] = [await signUp(), await signUp()]
  const made = await ask(one.headers, "/auth/organization/create", "POST", { name: "North", slug: "north" })
  expect(made.status).toBe(200)
  const full = await ask(
    one.headers,
    `/auth/organization/get-full-organization?organizationId=${made.json.id}`,
  )
  expect(full.json).toMatchObject({
    name: "North",
    members: [{ role: "owner", user: { id: one.id } }],
    invitations: [],
  })
  await backend.sql("insert into app.wards (organization, name) values ($1, 'Ward 1')", [made.json.id])
  const wards = "/rest/wards?select=name,organization(name)"
  expect((await ask(one.headers, wards)).json).toEqual([{ name: "Ward 1", organization: { name: "North" } }])
  expect((await ask(two.headers, wards)).json).toEqual([])
  await backend.sql(
    `insert into accounts.member ("userId", "organizationId", role, "createdAt") values ($1, $2, 'member', now())`,
    [two.id, made.json.id],
  )
  expect((await ask(two.headers, wards)).json).toHaveLength(1)
  await backend.sql(`delete from accounts.member where "userId" = $1`, [two.id])
  expect((await ask(two.headers, wards)).json).toEqual([])
})

test("TR-03161-3 Auth_5: what a rule wants a second factor for is refused with what to do, and given once it is proved", async () => {
  const { id, headers } = await signUp()
  await backend.sql("insert into app.charts (title) values ('one')")
  const refused = await ask(headers, "/rest/charts?select=title")
  expect(refused).toMatchObject({ status: 401, json: { code: "UC612" } })
  expect(refused.headers.get("www-authenticate")).toContain(
    'error="insufficient_user_authentication", acr_values="two-factor"',
  )
  await backend.sql(`update accounts.session set assurance = 'two-factor' where "userId" = $1`, [id])
  expect((await ask(headers, "/rest/charts?select=title")).json).toContainEqual({ title: "one" })
  // Nobody who is not signed in is told to come again.
  expect((await ask({}, "/rest/charts?select=title")).json).toEqual([])
})

test("a rule about how recently holds for a while", async () => {
  const { id, headers } = await signUp()
  const write = () => ask(headers, "/rest/charts", "POST", { title: "two" })
  expect((await write()).status).toBe(201)
  await backend.sql(
    `update accounts.session set "authenticatedAt" = now() - interval '16 minutes' where "userId" = $1`,
    [id],
  )
  const late = await write()
  expect(late).toMatchObject({ status: 401, json: { code: "UC612" } })
  // Who only has to sign in again is not asked for more.
  expect(late.headers.get("www-authenticate")).toMatch(/error="insufficient_user_authentication"$/)
  // What proving it again would not help with is refused as ever.
  const remove = await ask(headers, "/rest/charts?title=eq.one", "DELETE")
  expect(remove.json?.code).not.toBe("UC612")
})

test("TR-03161-3 Auth_4: a second factor that is switched on is needed on every way in", async () => {
  const { id, headers } = await signUp()
  await backend.sql(`update accounts."user" set "twoFactorEnabled" = true where id = $1`, [id])
  expect((await ask(headers, "/rest/users")).status).toBe(401)
  await backend.sql(`update accounts.session set assurance = 'two-factor' where "userId" = $1`, [id])
  expect((await ask(headers, "/rest/users")).status).toBe(200)
})

test("a token of an issuer tells how its holder proved who they are (RFC 8176)", async () => {
  const read = (claims: object) => backend.request({ id: "x", ...claims }, "GET", "/rest/charts?select=title")
  expect((await read({})).json).toMatchObject({ code: "UC612" })
  expect((await read({ amr: ["pwd"] })).json).toMatchObject({ code: "UC612" })
  expect((await read({ amr: ["pwd", "otp", "mfa"] })).status).toBe(200)
  expect((await read({ amr: "mfa" })).json).toMatchObject({ code: "UC612" })
})
