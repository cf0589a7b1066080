/** Sign-in through others: whom an issuer may tell of, what it is believed, and whose account that is. */
import type { JWTPayload } from "jose"
import { afterAll, beforeAll, expect, test } from "vitest"
import type { TestBackend } from "../../test/support/backend.ts"
import { uncounted } from "../../test/support/guard.ts"
import { peopleAt, startNotes } from "../../test/support/notes.ts"
import {
  begin,
  claimsOf,
  comesBy,
  errorOf,
  issuedTokens,
  signed,
  startTestIssuer,
  type TestIssuer,
  testClient,
} from "../../test/support/oidc-issuer.ts"
import { codeNow, type Person, type PersonAnswer } from "../../test/support/people.ts"

let backend: TestBackend
let issuer: TestIssuer
let other: TestIssuer
beforeAll(async () => {
  issuer = await startTestIssuer()
  other = await startTestIssuer({ saysIssuer: false })
  const issuers = [
    { id: "one", name: "One", issuer: issuer.url, ...testClient },
    { id: "other", name: "Other", issuer: other.url, ...testClient },
  ]
  backend = await startNotes({
    password: true,
    signUp: "open",
    twoFactor: true,
    oauth: { issuers, github: testClient },
  })
})
afterAll(async () => {
  await backend?.stop()
  for (const one of [issuer, other]) await one?.stop()
})

const somebody = peopleAt(() => backend)
const come = comesBy(() => issuer)

async function link(person: Person, at: TestIssuer, id: string, claims: JWTPayload): Promise<PersonAnswer> {
  return person.get(at.comeBack(await begin(person, id, {}, "/link-social"), claims))
}

const accountsOf = (email: string): Promise<any[]> =>
  backend.sql(
    `select a.* from accounts.account a join accounts."user" u on u.id = a."userId" where u.email = $1 order by a."providerId"`,
    [email],
  )

test("somebody new comes in, comes again as the same, and nothing of the provider's is kept", async () => {
  const person = somebody()
  const answer = await come(person)
  expect([answer.status, answer.headers.get("location")]).toEqual([302, "/home"])
  expect(await person.isSignedIn()).toBe(true)
  const [account, ...more] = await accountsOf(person.email)
  expect(more).toEqual([])
  expect(account).toMatchObject({
    providerId: "one",
    accountId: `${issuer.url}|subject of ${person.email}`,
    accessToken: null,
    refreshToken: null,
    idToken: null,
  })
  const again = somebody(person.email)
  await come(again, { ...claimsOf(person), email: "moved@example.org" })
  expect(await again.isSignedIn()).toBe(true)
  expect((await again.get("/get-session")).json.user.email).toBe(person.email)
  expect((await again.get("/list-sessions")).json[0].methods).toBe("callback/one")
  const dump = JSON.stringify(await backend.sql("select * from accounts.account, accounts.verification"))
  expect(issuedTokens.length).toBeGreaterThan(5)
  for (const token of issuedTokens) expect(dump).not.toContain(token)
})

test("what is asked of the provider is ours alone: PKCE, nonce, state, scopes", async () => {
  const url = await begin(somebody(), "one", {
    scopes: ["admin"],
    additionalParams: { prompt: "none", request: "x", claims: "{}" },
  })
  const { code_challenge, nonce, state, ...asked } = Object.fromEntries(url.searchParams)
  expect(asked).toEqual({
    client_id: testClient.clientId,
    response_type: "code",
    redirect_uri: `${backend.url}/auth/callback/one`,
    scope: "openid profile email",
    code_challenge_method: "S256",
  })
  for (const one of [code_challenge, nonce, state]) expect(one!.length).toBeGreaterThan(31)
  const github = await begin(somebody(), "github", { scopes: ["repo"] })
  expect(github.searchParams.get("scope")).toBe("read:user user:email")
  expect(github.searchParams.get("code_challenge_method")).toBe("S256")
})

const seconds = (): number => Math.floor(Date.now() / 1000)

test("an address that the provider does not call verified tells nothing of who has an account (GHSA-g38m-r43w-p2q7)", async () => {
  const known = somebody()
  await known.signUp()
  await known.verify()
  const answers = []
  for (const person of [somebody(known.email), somebody()])
    for (const email_verified of [false, undefined, "yes", 1]) {
      const answer = await come(person, { ...claimsOf(person), email_verified })
      expect(person.session).toBeUndefined()
      answers.push([answer.status, answer.headers.get("location"), answer.text])
    }
  expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1)
  expect(String(answers[0]![1])).toContain("error=email_not_verified")
  expect(await accountsOf(known.email)).toHaveLength(1)
})

test("an account claimed before its owner came is neither entered nor verified by a provider (CVE-2026-44166)", async () => {
  const thief = somebody()
  await thief.signUp()
  const owner = somebody(thief.email)
  expect(errorOf(await come(owner))).toBe("account_not_linked")
  expect(owner.session).toBeUndefined()
  // Nor does the thief leave a way in of their own.
  expect((await thief.post("/link-social", { provider: "one" })).status).toBe(403)
  // One from before mail was there:
  await backend.sql(
    `insert into accounts.account (id, "providerId", "accountId", "userId", "createdAt", "updatedAt") select gen_random_uuid(), 'one', $1, id, now(), now() from accounts."user" where email = $2`,
    [`${issuer.url}|${claimsOf(owner).sub}`, owner.email],
  )
  await come(owner)
  const [row] = await backend.sql(`select "emailVerified" from accounts."user" where email = $1`, [
    owner.email,
  ])
  expect(row).toEqual({ emailVerified: false })
  await owner.post("/request-password-reset", { email: owner.email })
  const token = new URL((await owner.mail(/new password/)).link).pathname.split("/").at(-1)
  await owner.post("/reset-password", { token, newPassword: "the owner's own password" })
  expect(await thief.isSignedIn()).toBe(false)
  expect((await accountsOf(owner.email)).map((one) => one.providerId)).toEqual(["credential"])
})

test("an address that is verified on both sides is one person, who is told and can undo it", async () => {
  const person = somebody()
  await person.signUp()
  await person.verify()
  const again = somebody(person.email)
  await come(again)
  expect(await again.isSignedIn()).toBe(true)
  expect((await accountsOf(person.email)).map((one) => one.providerId)).toEqual(["credential", "one"])
  const { link: undo, text: said } = await person.mail(/changed/)
  expect(said).toContain("One is now a way into your account")
  await person.post(undo)
  expect((await accountsOf(person.email)).map((one) => one.providerId)).toEqual(["credential"])
  expect(await again.isSignedIn()).toBe(false)
})

test("the same subject of two issuers is two people (CVE-2026-25574)", async () => {
  const [first, second] = [somebody(), somebody()]
  await come(first, { ...claimsOf(first), sub: "42" })
  const url = other.comeBack(await begin(second, "other"), { ...claimsOf(second), sub: "42" })
  await second.get(url)
  const ids = await Promise.all(
    [first, second].map(async (one) => (await one.get("/get-session")).json.user.id),
  )
  expect(new Set(ids).size).toBe(2)
})

test("a state is good once, in its browser and for its provider", async () => {
  const person = somebody()
  const back = issuer.comeBack(await begin(person, "one"), claimsOf(person))
  const cookies = new Map(person.cookies)
  // Login CSRF: the link is given to somebody else.
  const victim = somebody()
  expect(errorOf(await victim.get(back))).toBe("state_mismatch")
  await begin(victim, "one")
  expect(errorOf(await victim.get(back))).toBe("state_mismatch")
  expect(victim.session).toBeUndefined()
  expect((await person.get(back)).headers.get("location")).toBe("/home")
  const replay = somebody()
  for (const [name, value] of cookies) replay.cookies.set(name, value)
  expect(errorOf(await replay.get(back))).toBe("state_mismatch")
  expect(replay.session).toBeUndefined()
  // Mix-up: what one provider was asked comes back as the other's answer.
  const mixed = somebody()
  const asked = await begin(mixed, "other")
  asked.searchParams.set("redirect_uri", `${backend.url}/auth/callback/one`)
  const answer = await mixed.get(issuer.comeBack(asked, claimsOf(mixed)))
  expect(errorOf(answer)).toBe("invalid_code")
  expect(mixed.session).toBeUndefined()
})

test.each([
  ["another issuer's answer", { iss: "https://attacker.example" }, "issuer_mismatch"],
  ["an answer that does not say whose it is", { iss: undefined }, "invalid_code"],
  ["an unknown code", { code: "unknown" }, "invalid_code"],
  ["no code", { code: undefined }, "no_code"],
  ["no state", { state: undefined }, "state_not_found"],
  ["an unknown state", { state: "unknown" }, "state_mismatch"],
  ["a refusal, in known words", { error: "access_denied" }, "access_denied"],
  [
    "a refusal in words of its own",
    { error: "<b>call 555</b>", error_description: "call 555" },
    "provider_error",
  ],
])("an answer that is refused: %s", async (_, params, error) => {
  const person = somebody()
  const answer = await come(person, claimsOf(person), { params })
  expect([answer.status, errorOf(answer)]).toEqual([302, error])
  expect(answer.headers.get("location")).not.toMatch(/555|attacker/)
  expect(person.session).toBeUndefined()
})

test("a parameter that comes twice is none; a form's answer is asked for again with cookies", async () => {
  const person = somebody()
  const back = issuer.comeBack(await begin(person, "one"), claimsOf(person))
  const state = new URL(back).searchParams.get("state")
  expect(errorOf(await person.get(`${back}&state=${state}`))).toBe("state_not_found")
  const { origin, pathname, search } = new URL(back)
  const form = await fetch(origin + pathname, {
    method: "POST",
    redirect: "manual",
    headers: { "content-type": "application/x-www-form-urlencoded", origin: issuer.url },
    body: `${search.slice(1)}&id_token=forged`,
  })
  const sorted = (place: string | null): string => [...new URL(place!).searchParams].toSorted().join()
  expect([form.status, sorted(form.headers.get("location"))]).toEqual([303, sorted(back)])
  expect((await person.get(back)).headers.get("location")).toBe("/home")
})

test("nobody is sent elsewhere, and what a request says of its host counts for nothing (GHSA-3529-5m8x-rpv3)", async () => {
  for (const name of ["callbackURL", "errorCallbackURL", "newUserCallbackURL"])
    for (const place of [
      "https://attacker.example/",
      "//attacker.example",
      "/\\attacker.example",
      "javascript:alert(1)",
    ]) {
      const answer = await somebody().post("/sign-in/social", { provider: "one", [name]: place })
      expect([name, place, answer.status]).toEqual([name, place, 403])
    }
  const person = somebody()
  person.headers["x-forwarded-host"] = "attacker.example"
  person.headers["forwarded"] = "host=attacker.example"
  expect((await begin(person, "one")).searchParams.get("redirect_uri")).toBe(
    `${backend.url}/auth/callback/one`,
  )
})

test("pages of other origins start no sign-in and no link", async () => {
  for (const path of ["/sign-in/social", "/link-social"]) {
    const person = somebody()
    await person.signUp()
    person.headers["origin"] = "https://attacker.example"
    expect((await person.post(path, { provider: "one" })).status).toBe(403)
  }
})

test("half-finished second factor: through a provider (GHSA-xg6x-h9c9-2m83)", async () => {
  const person = somebody()
  await person.signUp()
  const { secret } = await person.enrol()
  const again = somebody(person.email)
  const answer = await come(again)
  expect(answer.headers.get("location")).toBe(`${backend.url}/home?twoFactor=required`)
  expect(again.session).toBeUndefined()
  expect(await again.isSignedIn()).toBe(false)
  expect((await again.post("/two-factor/verify-totp", { code: codeNow(secret, 1) })).status).toBe(200)
  expect(await again.isSignedIn()).toBe(true)
})

test("who is signed in links an account with another address; the other sessions end", async () => {
  const person = somebody()
  await person.signUp()
  await person.verify()
  const elsewhere = somebody(person.email)
  await elsewhere.signIn()
  const elsewhereKnown = { ...claimsOf(person), email: "private@example.net" }
  expect((await link(person, other, "other", elsewhereKnown)).headers.get("location")).toBe("/home")
  expect(await person.isSignedIn()).toBe(true)
  expect(await elsewhere.isSignedIn()).toBe(false)
  expect((await person.mail(/changed/)).text).toContain("Other is now a way into your account")
  const again = somebody()
  await again.get(other.comeBack(await begin(again, "other"), elsewhereKnown))
  expect((await again.get("/get-session")).json.user.email).toBe(person.email)
  // What is linked to one is not linked to another.
  const thief = somebody()
  await thief.signUp()
  await thief.verify()
  expect(errorOf(await link(thief, other, "other", elsewhereKnown))).toBe(
    "account_already_linked_to_different_user",
  )
  expect(
    await backend.sql(
      "select 1 from accounts.event where kind = 'credential-linked' and detail->>'providerId' = 'other'",
    ),
  ).not.toEqual([])
})

test("linking is for those who proved a moment ago who they are, and ends as who began it", async () => {
  const person = somebody()
  await person.signUp()
  await person.verify()
  const begun = await begin(person, "one", {}, "/link-social")
  const thief = somebody()
  await thief.signUp()
  await thief.verify()
  // In the same browser, but as somebody else.
  const session = person.session!
  person.cookies.set("undercroft.session_token", thief.session!)
  expect(errorOf(await person.get(issuer.comeBack(begun, claimsOf(person))))).toBe("invalid_code")
  person.cookies.set("undercroft.session_token", session)
  expect(await accountsOf(person.email)).toHaveLength(1)
  await backend.sql(`update accounts.session set "authenticatedAt" = now() - interval '16 minutes'`)
  for (const path of ["/link-social", "/unlink-account"]) {
    const answer = await person.post(path, { provider: "one", accountId: "x" })
    expect([answer.status, answer.json.code]).toEqual([401, "UC612"])
  }
  expect((await somebody().post("/link-social", { provider: "one" })).status).toBe(401)
})

test("who acts as somebody else adds no way in and takes none away", async () => {
  const person = somebody()
  await person.signUp()
  await person.verify()
  await backend.sql(
    `update accounts.session s set "impersonatedBy" = u.id from accounts."user" u where u.id = s."userId" and u.email = $1`,
    [person.email],
  )
  for (const path of ["/link-social", "/unlink-account"]) {
    const answer = await person.post(path, { provider: "one", accountId: "x" })
    expect([answer.status, answer.json.code]).toEqual([401, "UNAUTHORIZED"])
  }
})

test("one account elsewhere is one person's, also for the database", async () => {
  const [first, second] = [somebody(), somebody()]
  await come(first)
  await come(second)
  const [account] = await accountsOf(first.email)
  await expect(
    backend.sql(
      `update accounts.account set "accountId" = $1 where "accountId" <> $1 and "providerId" = 'one'`,
      [account.accountId],
    ),
  ).rejects.toThrow(/unique/)
})

test("the last way in stays", async () => {
  const person = somebody()
  await come(person)
  const [only] = await accountsOf(person.email)
  const refused = await person.post("/unlink-account", { accountId: only.id })
  expect([refused.status, refused.json.code]).toEqual([400, "FAILED_TO_UNLINK_LAST_ACCOUNT"])
  // A way in that is not there any more is none.
  await backend.sql(
    `insert into accounts.account (id, "providerId", "accountId", "userId", "createdAt", "updatedAt") values (gen_random_uuid(), 'gone', 'x', $1, now(), now())`,
    [only.userId],
  )
  expect((await person.post("/unlink-account", { accountId: only.id })).status).toBe(400)
  await link(person, other, "other", claimsOf(person))
  const elsewhere = somebody(person.email)
  await come(elsewhere)
  expect((await person.post("/unlink-account", { accountId: only.id })).status).toBe(200)
  expect(await elsewhere.isSignedIn()).toBe(false)
  expect((await accountsOf(person.email)).map((one) => one.providerId)).toEqual(["gone", "other"])
})

test("of two ways that are taken away at once one stays", async () => {
  const left: number[] = []
  await uncounted(backend, async () => {
    const pairs = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const person = somebody()
        await come(person)
        await link(person, other, "other", claimsOf(person))
        return { person, accounts: await accountsOf(person.email) }
      }),
    )
    await Promise.all(
      pairs.flatMap(({ person, accounts }) =>
        accounts.map(({ id }) => person.post("/unlink-account", { accountId: id })),
      ),
    )
    for (const { person, accounts } of pairs) {
      expect(accounts).toHaveLength(2)
      left.push((await accountsOf(person.email)).length)
    }
  })
  expect(left).toEqual(Array.from({ length: 20 }, () => 1))
})

test("an ID token alone signs nobody in, and the routes of providers' tokens are not there", async () => {
  const person = somebody()
  const token = await signed(
    { ...claimsOf(person), iss: issuer.url, aud: testClient.clientId, iat: seconds(), exp: seconds() + 300 },
    issuer.key,
  )
  for (const path of ["/sign-in/social", "/link-social"]) {
    if (path === "/link-social") await come(person)
    expect((await person.post(path, { provider: "one", idToken: { token } })).status).toBe(404)
  }
  for (const path of ["/get-access-token", "/refresh-token"])
    expect((await person.post(path, { accountId: "x" })).status).toBe(404)
  expect((await person.get("/account-info")).status).toBe(404)
})

test("a failure is on record, and failures are counted", async () => {
  const person = somebody()
  await come(person, claimsOf(person), { params: { code: "unknown" } })
  const [event] = await backend.sql(
    "select result, route, detail from accounts.event where kind = 'sign-in-failed' order by place desc limit 1",
  )
  expect(event).toEqual({
    result: "refused",
    route: "GET /callback/one",
    detail: { status: 302, code: "invalid_code" },
  })
})
