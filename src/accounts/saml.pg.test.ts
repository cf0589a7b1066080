/** Sign-on by SAML: who comes in, as whom, for how long an answer is good, and where the browser goes. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { makeCertificate } from "../../test/support/certificate.ts"
import { uncounted } from "../../test/support/guard.ts"
import { errorOf } from "../../test/support/oidc-issuer.ts"
import { Person, type PersonAnswer } from "../../test/support/people.ts"
import {
  answerTo,
  beginSaml,
  deliver,
  makeTestSaml,
  metadataOf,
  post,
  requestIn,
  type SamlForging,
  type TestSaml,
} from "../../test/support/saml-issuer.ts"
import { defineBackend, entity, signedIn, text } from "../index.ts"

const Note = entity("Note", { fields: { body: text() } })
Note.access(() => ({ read: signedIn }))

const organization = "0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d"
const strongContext = "https://refeds.org/profile/mfa"
const one = makeTestSaml("one")
const two = makeTestSaml("two")
const closed = makeTestSaml("closed")
const own = makeCertificate()
const key = {
  privateKey: own.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  certificate: own.certificate,
}

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(
    defineBackend({
      name: "notes",
      model: [Note],
      accounts: {
        password: true,
        organizations: true,
        twoFactor: true,
        signUp: "closed",
        mail: { from: "notes@example.org" },
        saml: {
          one: {
            ...one.setting,
            domains: ["one.example"],
            organization,
            signUp: true,
            twoFactor: [strongContext],
          },
          two: { ...two.setting, domains: ["two.example"], signUp: true, key, entityId: "urn:notes" },
          closed: { name: "Closed", metadata: metadataOf(closed), domains: ["closed.example"] },
        },
      },
    }),
    { secret: "a secret of at least thirty-two bytes", keepsMail: true },
  )
})
afterAll(() => backend?.stop())

let counter = 0
const somebody = (domain: string = "one.example"): Person =>
  new Person(backend, `somebody${++counter}@${domain}`)

async function come(
  person: Person,
  forging: SamlForging = {},
  from: TestSaml = one,
  id: string = "one",
): Promise<PersonAnswer> {
  return deliver(person, answerTo(from, await beginSaml(person, id), person, forging))
}

test("somebody comes in, is a member, and is the same the next time, whatever their address is by then", async () => {
  await backend.sql(
    `insert into accounts.organization (id, name, slug, "createdAt") values ($1, 'Hospital', 'hospital', now())`,
    [organization],
  )
  const person = somebody()
  const answer = await come(person)
  expect([answer.status, answer.headers.get("location")]).toEqual([302, "/home"])
  expect(await person.isSignedIn()).toBe(true)
  const { json } = await person.get("/get-session")
  expect(json).toMatchObject({
    user: { email: person.email, emailVerified: true, name: "Some Body" },
    session: { assurance: "one-factor", methods: "callback/one" },
  })
  const members = `select role from accounts.member where "userId" = $1 and "organizationId" = $2`
  expect(await backend.sql(members, [json.user.id, organization])).toEqual([{ role: "member" }])
  const moved = somebody()
  await come(moved, { said: { subject: `subject-of-${person.email}` } })
  expect((await moved.get("/get-session")).json.user).toMatchObject({ id: json.user.id, email: person.email })
})

test("sign-in begins by POST as with any provider, too", async () => {
  const person = somebody()
  const { json } = await person.post("/sign-in/social", { provider: "one", callbackURL: "/home" })
  await deliver(person, answerTo(one, new URL(json.url), person))
  expect(await person.isSignedIn()).toBe(true)
})

test("a request says who asks and where to answer, and is signed where a key is given", async () => {
  const url = await beginSaml(somebody(), "two")
  expect(requestIn(url)).toContain(`AssertionConsumerServiceURL="${backend.url}/auth/saml/two/acs"`)
  expect(url.searchParams.get("a")).toBe("1")
  expect(url.searchParams.get("SigAlg")).toMatch(/rsa-sha256$/)
  expect(url.searchParams.get("Signature")).toBeTruthy()
  const metadata = await fetch(`${backend.url}/auth/saml/two/metadata`)
  expect(metadata.headers.get("content-type")).toMatch(/^application\/samlmetadata\+xml/)
  const text = await metadata.text()
  expect(text).toContain('entityID="urn:notes"')
  expect(text).toContain('WantAssertionsSigned="true"')
  expect(text).not.toContain("PRIVATE")
  const unknown = somebody()
  for (const path of ["/saml/none/sign-in", "/saml/none/metadata"])
    expect((await unknown.get(path)).status).toBe(404)
})

test("the response may be signed, too", async () => {
  const person = somebody()
  await come(person, { signs: ["Assertion", "Response"] })
  expect(await person.isSignedIn()).toBe(true)
})

test("closed sign-up stays closed for those whom nobody knows", async () => {
  const person = somebody("closed.example")
  expect(errorOf(await come(person, {}, closed, "closed"))).toBe("signup_disabled")
  expect(await person.isSignedIn()).toBe(false)
})

test("an assertion and a request are good once, also for twenty at the same time", async () => {
  await uncounted(backend, async () => {
    const person = somebody()
    const url = await beginSaml(person)
    const posted = answerTo(one, url, person)
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(posted.url, posted.fields)))
    const places = answers.map((answer) => new URL(answer.headers.get("location")!))
    const good = places.filter((place) => place.searchParams.has("code"))
    expect(good).toHaveLength(1)
    expect(places.filter((place) => place.searchParams.get("error") === "answer_used")).toHaveLength(19)
    // Another assertion to the same request is a second answer.
    const again = await post(posted.url, answerTo(one, url, person).fields)
    expect(again.headers.get("location")).toContain("error=answer_used")
    // So is the code that stands for it.
    const cookies = new Map(person.cookies)
    const comings = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const same = somebody()
        for (const [name, value] of cookies) same.cookies.set(name, value)
        await same.get(good[0]!.href)
        return same.session
      }),
    )
    expect(comings.filter((session) => session !== undefined)).toHaveLength(1)
    // Once the sign-in is over nothing fits it any more.
    expect((await post(posted.url, posted.fields)).headers.get("location")).toContain("error=state_mismatch")
  })
})

test("an answer to another browser's sign-in signs nobody in", async () => {
  const [attacker, victim] = [somebody(), somebody()]
  const theirs = await beginSaml(attacker)
  const mine = await beginSaml(victim)
  // The attacker's own answer, posted by the victim's browser.
  expect(errorOf(await deliver(victim, answerTo(one, theirs, attacker)))).toBe("state_mismatch")
  expect(victim.session).toBeUndefined()
  // The same with the victim's state beside it.
  const { url, fields } = answerTo(one, theirs, attacker)
  const mixed = { ...fields, RelayState: mine.searchParams.get("RelayState")! }
  expect(errorOf(await deliver(victim, { url, fields: mixed }))).toBe("wrong_request")
  expect(victim.session).toBeUndefined()
})

test("cookies that come along, from a provider of the same site, change nothing", async () => {
  const [person, other] = [somebody(), somebody()]
  await come(other)
  const { url, fields } = answerTo(one, await beginSaml(person), person)
  const cookie = [...other.cookies].map((pair) => pair.join("=")).join("; ")
  const answer = await fetch(url, {
    method: "POST",
    redirect: "manual",
    headers: { cookie, origin: "https://sso.example.org", "sec-fetch-site": "same-site" },
    body: new URLSearchParams(fields),
  })
  expect(answer.headers.getSetCookie()).toEqual([])
  await person.get(answer.headers.get("location")!)
  expect((await person.get("/get-session")).json.user.email).toBe(person.email)
  expect(await other.isSignedIn()).toBe(true)
})

test("a code is good for the sign-in that it was made in", async () => {
  const [attacker, victim] = [somebody(), somebody()]
  const posted = answerTo(one, await beginSaml(attacker), attacker)
  const place = new URL((await post(posted.url, posted.fields)).headers.get("location")!)
  place.searchParams.set("state", (await beginSaml(victim)).searchParams.get("RelayState")!)
  expect(errorOf(await victim.get(place.href))).toBe("invalid_code")
  expect(victim.session).toBeUndefined()
})

test("nobody is signed in who did not ask: no state, another's state, another provider's", async () => {
  const person = somebody()
  const posted = answerTo(one, await beginSaml(person), person)
  for (const RelayState of ["https://evil.example/", "x".repeat(32)]) {
    const answer = await post(posted.url, { ...posted.fields, RelayState })
    expect(answer.headers.get("location")).toBe(`${backend.url}/auth/error?error=state_mismatch`)
  }
  const elsewhere = answerTo(two, await beginSaml(person, "two"), person)
  const answer = await post(posted.url, elsewhere.fields)
  expect(answer.headers.get("location")).toContain("error=state_mismatch")
})

test("the browser goes to trusted places alone", async () => {
  const person = somebody()
  for (const name of ["callbackURL", "errorCallbackURL", "newUserCallbackURL"])
    for (const place of ["https://evil.example/", "//evil.example", "javascript:alert(1)"]) {
      const answer = await person.get(`/saml/one/sign-in?${name}=${encodeURIComponent(place)}`)
      expect([name, place, answer.status]).toEqual([name, place, 403])
    }
  const url = await beginSaml(person, "one", "?callbackURL=/home&errorCallbackURL=/sorry")
  const answer = await deliver(person, answerTo(one, url, person, { said: { audience: "urn:other" } }))
  expect(answer.headers.get("location")).toBe(`${backend.url}/sorry?error=wrong_audience`)
})

test("a provider speaks for its domains alone, and the same identifier elsewhere is somebody else", async () => {
  const person = somebody()
  await come(person)
  const { user } = (await person.get("/get-session")).json
  // Another organization's provider claims the address, and then the identifier.
  const thief = somebody("two.example")
  expect(errorOf(await come(thief, { said: { email: person.email } }, two, "two"))).toBe("domain_not_allowed")
  await come(thief, { said: { subject: `subject-of-${person.email}` } }, two, "two")
  expect((await thief.get("/get-session")).json.user.id).not.toBe(user.id)
  expect(errorOf(await come(somebody(), { said: { email: [person.email, person.email] } }))).toBe(
    "email_not_found",
  )
})

test("an address that was never proved here is nobody's who has it there (CVE-2026-44166)", async () => {
  const person = somebody()
  await backend.sql(
    `insert into accounts."user" (id, name, email, "emailVerified", "createdAt", "updatedAt") values (gen_random_uuid(), 'x', $1, false, now(), now())`,
    [person.email],
  )
  expect(errorOf(await come(person))).toBe("account_not_linked")
  expect(person.session).toBeUndefined()
})

test("TR-03161-3 Auth_4: the second factor is asked for, unless the definition takes the provider's word for it", async () => {
  const person = somebody()
  await come(person)
  const enabled = await person.post("/two-factor/enable", {})
  expect(enabled.status).toBe(200)
  await backend.sql(`update accounts."user" set "twoFactorEnabled" = true where email = $1`, [person.email])
  const again = new Person(backend, person.email)
  const asked = await come(again)
  expect(asked.headers.get("location")).toContain("twoFactor=required")
  expect(again.session).toBeUndefined()
  const strong = new Person(backend, person.email)
  await come(strong, { said: { context: strongContext } })
  expect((await strong.get("/get-session")).json.session.assurance).toBe("two-factor")
  // What one provider's setting says is nothing to another's.
  const other = somebody("two.example")
  await come(other, { said: { context: strongContext } }, two, "two")
  expect((await other.get("/get-session")).json.session.assurance).toBe("one-factor")
})

test("an account is linked while signed in, by whoever asked, who is told of it", async () => {
  const person = somebody()
  await come(person)
  const alias = somebody("two.example")
  const asked = await person.post("/link-social", { provider: "two", callbackURL: "/home" })
  const posted = answerTo(two, new URL(asked.json.url), alias)
  const place = (await post(posted.url, posted.fields)).headers.get("location")!
  expect(errorOf(await somebody().get(place))).toBe("state_mismatch")
  await person.get(place)
  const { json } = await person.get("/list-accounts")
  expect(json.map((account: any) => account.providerId).toSorted()).toEqual(["one", "two"])
  expect((await person.mail(/changed/)).text).toContain("two is now a way into your account")
})

test("what is kept can't be used: codes as digests, and nothing after it was used", async () => {
  const person = somebody()
  const posted = answerTo(one, await beginSaml(person), person)
  const place = new URL((await post(posted.url, posted.fields)).headers.get("location")!)
  const dump = async (): Promise<string> =>
    JSON.stringify(await backend.sql("select * from accounts.verification"))
  expect(await dump()).toContain(person.email)
  expect(await dump()).not.toContain(place.searchParams.get("code"))
  const used = `select 1 from accounts.verification where value = 'used'`
  const before = (await backend.sql(used)).length
  await person.get(place.href)
  await come(somebody())
  // Of each sign-in that its assertion and its request were used, for every node to see.
  expect((await backend.sql(used)).length - before).toBe(2)
  expect(await dump()).not.toContain(person.email)
})

test("failures are on record", async () => {
  const person = somebody()
  await come(person, { said: { audience: "urn:other" } })
  const [event] = await backend.sql(
    "select result, route, detail from accounts.event where kind = 'sign-in-failed' order by place desc limit 1",
  )
  expect(event).toEqual({
    result: "refused",
    route: "POST /saml/one",
    detail: { status: 303, code: "wrong_audience" },
  })
})
