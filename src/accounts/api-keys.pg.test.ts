/** API keys: made by people, used by machines, resolved by the database in each request. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { actor, anyOf, defineBackend, entity, text } from "../index.ts"

const me = actor({})
const Reading = entity("Reading", { fields: { what: text() } })
Reading.access(() => ({ read: anyOf(me.has("reader"), me.has("device")), create: me.has("device") }))

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(
    defineBackend({
      name: "readings",
      model: [Reading],
      accounts: { password: true, signUp: "open", apiKeys: true },
    }),
    { secret: "a secret of at least thirty-two bytes" },
  )
  await backend.sql("insert into app.readings (what) values ('one')")
})
afterAll(() => backend?.stop())

let counter = 0
async function person(role: string): Promise<{ id: string; headers: Record<string, string> }> {
  const body = { email: `p${++counter}@example.org`, name: "P", password: "correct horse battery" }
  const { json } = await backend.request(null, "POST", "/auth/sign-up/email", { body })
  await backend.sql(`update accounts."user" set role = $2 where id = $1`, [json.user.id, role])
  return { id: json.user.id, headers: { authorization: `Bearer ${json.token}` } }
}
const call = (headers: Record<string, string>, method: string, path: string, body?: unknown) =>
  backend.request(null, method, path, { headers, ...(body ? { body } : {}) })
const withKey = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` })
async function keyOf(
  headers: Record<string, string>,
  body: object = {},
): Promise<{ id: string; key: string }> {
  const { json, status } = await call(headers, "POST", "/auth/api-key/create", { name: "device", ...body })
  expect(status).toBe(200)
  return json
}

test("a key is its owner, with the owner's roles of now", async () => {
  const { id, headers } = await person("device,reader")
  const { key } = await keyOf(headers)
  expect(key).toMatch(/^uck_/)
  expect((await call(withKey(key), "GET", "/rest/readings?select=what")).json).toContainEqual({ what: "one" })
  expect((await call(withKey(key), "POST", "/rest/readings", { what: "two" })).status).toBe(201)
  await backend.sql(`update accounts."user" set role = 'reader' where id = $1`, [id])
  expect((await call(withKey(key), "POST", "/rest/readings", { what: "three" })).status).toBe(403)
})

test("TR-03161-3 Auth_9: unknown keys of one network are slowed down like other guesses, good ones are not", async () => {
  const { headers } = await person("device")
  const { key } = await keyOf(headers)
  const answers = []
  for (let tries = 0; tries < 55; tries++)
    answers.push(
      await call(withKey(`${key.slice(0, -4)}${String(tries).padStart(4, "0")}`), "GET", "/rest/readings"),
    )
  expect(answers.slice(0, 50).map(({ status, json }) => `${status} ${json.code}`)).toEqual(
    Array(50).fill("401 PGRST301"),
  )
  const slowed = answers.find(({ status }) => status === 429)!
  expect(slowed.json.code).toBe("UC613")
  expect(Number(slowed.headers.get("retry-after"))).toBeGreaterThan(0)
  // Not at one door alone, and not for whoever has a key, seen here before or not.
  const [{ seconds }] = await backend.sql(
    "select ceil(extract(epoch from max(until) - now())) as seconds from accounts.guess",
  )
  expect(Number(seconds)).toBeGreaterThan(0)
  await backend.sql(
    "update accounts.guess set until = now() + interval '20 seconds' where until > '-infinity'",
  )
  const graphql = await call(withKey("uck_unknown"), "POST", "/graphql", { query: "{ __typename }" })
  expect([graphql.status, graphql.headers.get("retry-after")]).toEqual([429, "20"])
  expect((await call(withKey(key), "GET", "/rest/readings")).status).toBe(200)
  const { key: another } = await keyOf(headers)
  expect((await call(withKey(another), "GET", "/rest/readings")).status).toBe(200)
  // Who was signed in until now is told to sign in again.
  expect((await call(withKey("a session that ended"), "GET", "/rest/readings")).status).toBe(401)
  expect((await call(withKey("abcdefghijklmnopqrstuvwxyz012345"), "GET", "/rest/readings")).json.code).toBe(
    "PGRST301",
  )
  expect(
    await backend.sql(
      "select route, detail->>'group' as asked from accounts.event where kind = 'guessing-slowed'",
    ),
  ).toEqual([{ route: "GET /rest/readings", asked: "key" }])
  await backend.sql("delete from accounts.guess")
})

test("a key can have fewer roles than its owner, and never others", async () => {
  const { headers } = await person("device,reader")
  const { key } = await keyOf(headers, { metadata: { roles: ["reader", "admin"] } })
  expect((await call(withKey(key), "GET", "/rest/readings?select=what")).json).toContainEqual({ what: "one" })
  expect((await call(withKey(key), "POST", "/rest/readings", { what: "two" })).status).toBe(403)
  const { key: none } = await keyOf(headers, { metadata: { roles: [] } })
  expect((await call(withKey(none), "GET", "/rest/readings")).json).toEqual([])
})

test("TR-03161-3 Auth_16: a key ends: when it is deleted, disabled, expired, or its owner locked", async () => {
  const { id, headers } = await person("reader")
  const status = async (key: string): Promise<number> =>
    (await call(withKey(key), "GET", "/rest/readings")).status
  const [one, two, three, four] = [
    await keyOf(headers),
    await keyOf(headers),
    await keyOf(headers),
    await keyOf(headers),
  ]
  for (const { key } of [one, two, three, four]) expect(await status(key)).toBe(200)
  expect((await call(headers, "POST", "/auth/api-key/delete", { keyId: one.id })).status).toBe(200)
  await backend.sql("update accounts.apikey set enabled = false where id = $1", [two.id])
  await backend.sql(`update accounts.apikey set "expiresAt" = now() - interval '1 second' where id = $1`, [
    three.id,
  ])
  for (const { key } of [one, two, three]) expect(await status(key)).toBe(401)
  expect(await status(four.key)).toBe(200)
  await backend.sql(`update accounts."user" set banned = true where id = $1`, [id])
  expect(await status(four.key)).toBe(401)
})

test("no key is in the database, and what is there is none", async () => {
  const { headers } = await person("reader")
  const { key } = await keyOf(headers)
  const rows = await backend.sql("select to_jsonb(k)::text as row, key from accounts.apikey k")
  expect(rows.filter(({ row }) => row.includes(key.slice(8)))).toEqual([])
  for (const one of rows) expect((await call(withKey(one.key), "GET", "/rest/readings")).status).toBe(401)
})

test("a key is made by somebody who signed in a moment ago", async () => {
  const { id, headers } = await person("reader")
  const later = `update accounts.session set "authenticatedAt" = now() - interval '16 minutes' where "userId" = $1`
  await backend.sql(later, [id])
  const refused = await call(headers, "POST", "/auth/api-key/create", { name: "x" })
  expect(refused).toMatchObject({ status: 401, json: { code: "UC612" } })
})

test("a key signs nobody in at the door of accounts", async () => {
  const { headers } = await person("reader")
  const { key } = await keyOf(headers)
  for (const way of [withKey(key), { "x-api-key": key }])
    expect((await call(way, "GET", "/auth/get-session")).json ?? null).toBeNull()
  expect((await call(withKey(key), "POST", "/auth/api-key/create", { name: "x" })).status).toBeGreaterThan(
    399,
  )
})

test("what a key can't be told is refused, never passed over: it would be wider than was asked", async () => {
  const { headers } = await person("device,reader")
  const make = (body: object) => call(headers, "POST", "/auth/api-key/create", body)
  for (const body of [
    { name: "x", roles: ["device"] },
    { name: "x", permissions: { readings: ["read"] } },
    { name: "x", metadata: { role: "device" } },
    { name: "x", metadata: { roles: "device" } },
  ])
    expect(await make(body)).toMatchObject({ status: 400, json: { code: "UNKNOWN_FIELD" } })
  const { json } = await make({ name: "x", metadata: { roles: ["reader"] } })
  expect((await call(withKey(json.key), "POST", "/rest/readings", { what: "no" })).status).toBe(403)
  const changed = { keyId: json.id, roles: ["device"] }
  expect((await call(headers, "POST", "/auth/api-key/update", changed)).status).toBe(400)
})

test("whoever comes with what is good no more is told what it was", async () => {
  const { headers } = await person("reader")
  const { key, id } = await keyOf(headers)
  const told = async (way: Record<string, string>): Promise<unknown> => {
    const { status, json } = await call(way, "GET", "/rest/readings")
    return [status, json.code, json.message]
  }
  expect(await told({ "x-api-key": key })).toEqual([
    401,
    "PGRST301",
    "Keys are sent as Authorization: Bearer <key>",
  ])
  expect((await call(withKey(key), "GET", "/rest/readings")).status).toBe(200)
  await call(headers, "POST", "/auth/api-key/delete", { keyId: id })
  const refused = [401, "PGRST301", "The key is not known, was revoked or has expired"]
  // The process knows this one yet, and another it has never seen.
  expect(await told(withKey(key))).toEqual(refused)
  expect(await told(withKey("uck_nothing"))).toEqual(refused)
  await call(headers, "POST", "/auth/sign-out", {})
  expect(await told(headers)).toEqual([401, "PGRST301", "The session has ended: sign in again"])
})

test("what is not there at /auth is answered like everything else that is not there", async () => {
  for (const path of ["/auth/no-such-route", "/auth/two-factor/enable", "/auth/email-otp/verify-email"])
    expect(await call({}, "POST", path, {})).toMatchObject({ status: 404, json: { code: "UC320" } })
})
