/** Passwords over real HTTP: judged wherever one is set, refused with the reason, kept as argon2id with a salt. */
import { setTimeout as wait } from "node:timers/promises"
import { afterAll, beforeAll, expect, test } from "vitest"
import type { TestAnswer, TestBackend } from "../../test/support/backend.ts"
import { postAuth, startBehindProxy } from "../../test/support/notes.ts"
import { password } from "../../test/support/people.ts"
import { hashPassword } from "./passwords.ts"

let backend: TestBackend
beforeAll(async () => {
  backend = await startBehindProxy("notebooks", { password: true, signUp: "open" })
})
afterAll(() => backend?.stop())

const post = (path: string, body: unknown, token?: string): Promise<TestAnswer> =>
  postAuth(backend, path, body, token ? { authorization: `Bearer ${token}` } : {})

let counter = 0
const signUp = (chosen: string, name = "Ada Lovelace"): Promise<TestAnswer> =>
  post("/sign-up/email", { email: `person${++counter}@example.org`, name, password: chosen })

test("TR-03161-3 Pass_1, Pass_3: a bad password is refused at every door, and the reason is said", async () => {
  const { json } = await signUp(password)
  let { token } = json
  await backend.sql(`update accounts."user" set role = 'admin' where id = $1`, [json.user.id])
  const doors: readonly ((chosen: string) => Promise<TestAnswer>)[] = [
    (chosen) => signUp(chosen),
    async (newPassword) => {
      const answer = await post("/change-password", { currentPassword: password, newPassword }, token)
      // All other sessions end, and this one goes on under another token.
      token = answer.json.token ?? token
      return answer
    },
    (newPassword) => post("/admin/set-user-password", { userId: json.user.id, newPassword }, token),
    (chosen) =>
      post(
        "/admin/create-user",
        { email: `made${++counter}@example.org`, name: "Ada Lovelace", password: chosen },
        token,
      ),
  ]
  const before = await backend.sql("select count(*)::int as count from accounts.account")
  for (const door of doors) {
    for (const [chosen, code] of [
      ["short", "PASSWORD_TOO_SHORT"],
      ["password1", "PASSWORD_COMPROMISED"],
      ["Lovelace1815", "PASSWORD_TOO_PERSONAL"],
      ["Notebooks2026", "PASSWORD_TOO_PERSONAL"],
    ] as const) {
      const answer = await door(chosen)
      expect(answer.status).toBe(400)
      expect(answer.json).toMatchObject({ code, message: expect.stringMatching(/^The password /) })
    }
  }
  expect(await backend.sql("select count(*)::int as count from accounts.account")).toEqual(before)
  // And a good one is taken, at each.
  for (const door of doors.slice(1)) expect((await door("a walk along the harbour")).status).toBe(200)
})

test("a reset judges before it uses the link up", async () => {
  const { json } = await signUp(password, "Grace Hopper")
  const expires = new Date(Date.now() + 60_000)
  const token = "abcdefghijklmnopqrstuvwx"
  const stored = Buffer.from(
    await crypto.subtle.digest("SHA-256", Buffer.from(`reset-password:${token}`)),
  ).toString("base64url")
  await backend.sql(
    `insert into accounts.verification (id, identifier, value, "expiresAt", "createdAt", "updatedAt") values (gen_random_uuid(), $1, $2, $3, now(), now())`,
    [stored, json.user.id, expires],
  )
  for (const newPassword of ["short", "hopper-1906", "password1"])
    expect((await post("/reset-password", { newPassword, token })).json.code).toMatch(/^PASSWORD_/)
  expect((await post("/reset-password", { newPassword: "a walk along the harbour", token })).status).toBe(200)
  expect((await post("/reset-password", { newPassword: "another walk somewhere", token })).json.code).toBe(
    "INVALID_TOKEN",
  )
})

test("a refusal does not tell somebody else's name or address", async () => {
  const [victim, other] = [await signUp(password, "Hedwig Lamarr"), await signUp(password)]
  for (const token of [undefined, other.json.token]) {
    for (const path of ["/change-password", "/admin/set-user-password", "/reset-password"]) {
      for (const newPassword of ["Hedwig Lamarr", victim.json.user.email]) {
        const body = { userId: victim.json.user.id, newPassword, currentPassword: "wrong", token: "wrong" }
        const { status, json } = await post(path, body, token)
        expect([400, 401, 403]).toContain(status)
        expect(json?.code).not.toBe("PASSWORD_TOO_PERSONAL")
      }
    }
  }
})

test("no character is dropped, and composed ones are the same however they are typed", async () => {
  const long = Array.from({ length: 40 }, (_, at) => `wörd${at}`)
    .join(" ")
    .slice(0, 256)
  const { json, status } = await signUp(long)
  expect(status).toBe(200)
  const signIn = async (typed: string): Promise<number> =>
    (await post("/sign-in/email", { email: json.user.email, password: typed })).status
  expect(await signIn(long.normalize("NFD"))).toBe(200)
  expect(await signIn(`${long.slice(0, -1)}#`)).toBe(401)
  expect(await signIn(long.slice(0, -1))).toBe(401)
})

test("TR-03161-3 Pass_5: what is stored is argon2id with a salt of its own", async () => {
  await Promise.all([signUp(password), signUp(password)])
  const rows = await backend.sql("select password from accounts.account")
  for (const one of rows) expect(one.password).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  expect(new Set(rows.map((one) => one.password.split("$")[4])).size).toBe(rows.length)
})

test("TR-03161-3 Pass_2: how strong a password is, is kept nowhere", async () => {
  const [weak, strong] = [await signUp("abcd1234efgh"), await signUp("kelp-Orbit-93-lantern-vex")]
  expect([weak.status, strong.status]).toEqual([200, 200])
  const kept = async ({ json }: TestAnswer): Promise<unknown> => {
    const rows = await backend.sql(
      `select to_jsonb(a) - '{id,accountId,userId,password,createdAt,updatedAt}'::text[] as account, to_jsonb(u) - '{id,email,createdAt,updatedAt}'::text[] as person,
          length(password) as length, (select jsonb_agg(kind order by place) from accounts.event where subject = u.id::text) as events
        from accounts.account a join accounts."user" u on u.id = a."userId" where u.id = $1`,
      [json.user.id],
    )
    expect(rows).toHaveLength(1)
    return rows
  }
  expect(await kept(weak)).toEqual(await kept(strong))
})

test("ASVS 6.4.1: a password that somebody was given ends, unless they choose their own, which is another one", async () => {
  const { json } = await signUp(password)
  const { email } = json.user
  const signIn = (chosen: string): Promise<TestAnswer> => post("/sign-in/email", { email, password: chosen })
  const given = "seven Geese 4 breakfast"
  const give = async (inMs: number): Promise<unknown> =>
    backend.sql(`update accounts.account set password = $2 where "userId" = $1`, [
      json.user.id,
      await hashPassword(given, new Date(Date.now() + inMs)),
    ])
  await give(-1000)
  expect([(await signIn(given)).status, (await signIn(given)).json.code]).toEqual([
    401,
    "INVALID_EMAIL_OR_PASSWORD",
  ])
  await give(60_000)
  expect((await signIn("another than given")).status).toBe(401)
  const { token } = (await signIn(given)).json
  const change = (newPassword: string): Promise<TestAnswer> =>
    post("/change-password", { currentPassword: given, newPassword }, token)
  expect((await change(given)).json).toMatchObject({ code: "PASSWORD_UNCHANGED" })
  expect((await change("a bench under the elm")).status).toBe(200)
  const [{ stored }] = await backend.sql(
    `select password as stored from accounts.account where "userId" = $1`,
    [json.user.id],
  )
  expect(stored).not.toContain("until")
  expect((await signIn("a bench under the elm")).status).toBe(200)
})

test("where too many wait for a hash, more are told to come again, and the rest of the server goes on", async () => {
  // The backend of this test shares its process, and so its queue.
  const end = new AbortController()
  const flood = Promise.all(
    Array.from({ length: 150 }, async () => {
      while (!end.signal.aborted) await hashPassword(password).catch(() => wait(1))
    }),
  )
  try {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        backend.request(null, "POST", "/auth/sign-in/email", {
          body: { email: `flood${at}@example.org`, password: "wrong" },
          headers: { "x-forwarded-for": `2001:db8:${at}::1` },
        }),
      ),
    )
    expect((await backend.request(null, "GET", "/health/ready")).status).toBe(200)
    const busy = answers.filter((one) => one.status === 503)
    expect(busy.length).toBeGreaterThan(0)
    expect(busy[0]!.json.code).toBe("TOO_BUSY")
    expect(busy[0]!.headers.get("retry-after")).toBe("2")
    // Who was not tried has not failed.
    const failed = await backend.sql(
      "select from accounts.event where kind = 'sign-in-failed' and address like '2001:db8:%'",
    )
    expect(failed.length).toBe(20 - busy.length)
  } finally {
    end.abort()
    await flood
  }
})
