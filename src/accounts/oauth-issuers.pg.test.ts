/** Which issuers are believed about whom: domains, organizations, closed sign-up, issuers that are away. */
import { afterAll, beforeAll, expect, test, vi } from "vitest"
import type { TestBackend } from "../../test/support/backend.ts"
import { peopleAt, startNotes } from "../../test/support/notes.ts"
import {
  begin,
  claimsOf,
  comesBy,
  errorOf,
  startTestIssuer,
  type TestIssuer,
  testClient,
} from "../../test/support/oidc-issuer.ts"
import { Person } from "../../test/support/people.ts"

const organization = "0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d"

let backend: TestBackend
let issuer: TestIssuer
let other: TestIssuer
let hospital: TestIssuer
beforeAll(async () => {
  issuer = await startTestIssuer()
  other = await startTestIssuer({ saysIssuer: false })
  hospital = await startTestIssuer()
  const issuers = [
    { id: "one", name: "One", issuer: issuer.url, ...testClient },
    { id: "other", name: "Other", issuer: other.url, ...testClient },
    {
      id: "hospital",
      name: "Hospital",
      issuer: hospital.url,
      domains: ["hospital.example"],
      organization,
      ...testClient,
    },
  ]
  backend = await startNotes({
    password: true,
    signUp: "open",
    organizations: true,
    oauth: { issuers, github: testClient },
  })
})
afterAll(async () => {
  await backend?.stop()
  for (const one of [issuer, other, hospital]) await one?.stop()
})

const somebody = peopleAt(() => backend)
const come = comesBy(() => issuer)

test("an issuer with domains signs in nobody else's people, and nobody else signs in its people", async () => {
  const outside = somebody()
  const foreign = hospital.comeBack(await begin(outside, "hospital"), claimsOf(outside))
  expect(errorOf(await outside.get(foreign))).toBe("domain_not_allowed")
  for (const email of [
    "a@sub.hospital.example",
    "a@hospital.example.org",
    '"a@hospital.example"@example.org',
  ]) {
    const person = somebody(email)
    const answer = await person.get(hospital.comeBack(await begin(person, "hospital"), claimsOf(person)))
    expect(errorOf(answer)).toMatch(/domain_not_allowed|email_not_found/)
  }
  const doctor = somebody("doctor@hospital.example")
  expect(errorOf(await come(doctor))).toBe("domain_not_allowed")
  const claims = { ...claimsOf(doctor), email_verified: undefined }
  await doctor.get(
    hospital.comeBack(await begin(doctor, "hospital"), { ...claims, email: "Doctor@Hospital.example" }),
  )
  expect(await doctor.isSignedIn()).toBe(true)
  const denied = somebody("denied@hospital.example")
  const said = { ...claimsOf(denied), email_verified: false }
  expect(errorOf(await denied.get(hospital.comeBack(await begin(denied, "hospital"), said)))).toBe(
    "email_not_verified",
  )
})

test("whoever an organization's own issuer brings becomes its member, once; others don't", async () => {
  const membersOf = (): Promise<any[]> =>
    backend.sql(
      'select u.email, m.role from accounts.member m join accounts."user" u on u.id = m."userId" where m."organizationId" = $1',
      [organization],
    )
  const arrive = async (person: Person): Promise<void> => {
    await person.get(hospital.comeBack(await begin(person, "hospital"), claimsOf(person)))
    expect(await person.isSignedIn()).toBe(true)
  }
  // While there is no such organization nobody becomes a member of anything.
  await arrive(somebody("early@hospital.example"))
  await backend.sql(
    `insert into accounts.organization (id, name, slug, "createdAt") values ($1, 'Hospital', 'hospital', now())`,
    [organization],
  )
  await arrive(somebody("nurse@hospital.example"))
  await come(somebody())
  expect(await membersOf()).toEqual([{ email: "nurse@hospital.example", role: "member" }])
  // Who was sent away does not come back by signing in.
  await backend.sql("delete from accounts.member")
  await arrive(somebody("nurse@hospital.example"))
  expect(await membersOf()).toEqual([])
})

test("userinfo tells the address of whom the signed token is about, and of nobody else", async () => {
  const person = somebody()
  const { sub, ...rest } = claimsOf(person)
  const noAddress = { sub: String(sub) }
  for (const userinfo of [{ ...rest, sub: "another" }, rest, undefined]) {
    const answer = await come(person, noAddress, userinfo ? { userinfo } : {})
    expect(errorOf(answer)).toBe("unable_to_get_user_info")
  }
  const unverified = { userinfo: { ...rest, sub: String(sub), email_verified: false } }
  expect(errorOf(await come(person, noAddress, unverified))).toBe("email_not_verified")
  await come(person, noAddress, { userinfo: { ...rest, sub: String(sub) } })
  expect(await person.isSignedIn()).toBe(true)
})

test("GitHub is asked by its API, and believed about addresses that it has verified", async () => {
  let person = somebody()
  let profile = {}
  let emails: readonly object[] = []
  const real = globalThis.fetch
  const answers: Readonly<Record<string, () => unknown>> = {
    "https://github.com/login/oauth/access_token": () => ({
      access_token: "of github",
      token_type: "bearer",
    }),
    "https://api.github.com/user": () => profile,
    "https://api.github.com/user/emails": () => emails,
  }
  vi.stubGlobal("fetch", (async (input, init) => {
    const answer = answers[input instanceof Request ? input.url : String(input)]
    return answer ? Response.json(answer()) : real(input, init)
  }) satisfies typeof fetch)
  const arrive = async (): Promise<string | null> => {
    const state = (await begin(person, "github")).searchParams.get("state")!
    return errorOf(await person.get(`/callback/github?code=x&state=${state}`))
  }
  try {
    const { email } = person
    const primary = { email, primary: true, verified: true }
    profile = { id: 42, login: "octo", email: null }
    emails = [{ ...primary, verified: false }]
    expect(await arrive()).toBe("email_not_verified")
    // An address on the profile that is none of those which GitHub knows.
    profile = { id: 42, login: "octo", email: "victim@example.org" }
    emails = [primary]
    expect(await arrive()).toBe("email_not_verified")
    profile = { id: 42, login: "octo", email: "doctor@hospital.example" }
    emails = [{ ...primary, email: "doctor@hospital.example" }]
    expect(await arrive()).toBe("domain_not_allowed")
    profile = { id: 42, login: "octo", email: null }
    emails = [primary]
    expect(await arrive()).toBeNull()
    expect(await person.isSignedIn()).toBe(true)
    const [account] = await backend.sql(`select * from accounts.account where "providerId" = 'github'`)
    expect(account).toMatchObject({ accountId: "42", accessToken: null, refreshToken: null })
    // Who has taken over the login of somebody is somebody else.
    person = somebody()
    profile = { id: 43, login: "octo", email: null }
    emails = [{ ...primary, email: person.email }]
    expect(await arrive()).toBeNull()
    expect(await backend.sql(`select 1 from accounts.account where "providerId" = 'github'`)).toHaveLength(2)
  } finally {
    vi.unstubAllGlobals()
  }
})

test("where sign-up is closed nobody new comes in, but through whose setting says so", async () => {
  const closed = await startNotes({
    oauth: {
      issuers: [
        { id: "one", name: "One", issuer: issuer.url, ...testClient },
        { id: "other", name: "Other", issuer: other.url, signUp: true, ...testClient },
      ],
    },
  })
  try {
    const person = new Person(closed, "new@example.org")
    const refused = await person.get(
      issuer.comeBack(await begin(person, "one", { requestSignUp: true }), claimsOf(person)),
    )
    expect(errorOf(refused)).toBe("signup_disabled")
    expect(await person.isSignedIn()).toBe(false)
    await person.get(other.comeBack(await begin(person, "other"), claimsOf(person)))
    expect(await person.isSignedIn()).toBe(true)
  } finally {
    await closed.stop()
  }
})

test("an issuer that is away, or calls itself something else, is no way in, and keeps nobody else out", async () => {
  const away = await startTestIssuer()
  await away.stop()
  const liar = await startTestIssuer({ name: issuer.url })
  let back: TestIssuer | null = null
  const issuers = [
    { id: "away", name: "Away", issuer: away.url, ...testClient },
    { id: "liar", name: "Liar", issuer: liar.url, ...testClient },
    { id: "one", name: "One", issuer: issuer.url, ...testClient },
  ]
  const lonely = await startNotes({ signUp: "open", oauth: { issuers } })
  try {
    const person = new Person(lonely, "somebody@example.org")
    for (const provider of ["away", "liar"]) {
      const { status, json } = await person.post("/sign-in/social", { provider, callbackURL: "/home" })
      expect([status, json.code]).toEqual([503, "PROVIDER_UNAVAILABLE"])
    }
    await person.get(issuer.comeBack(await begin(person, "one"), claimsOf(person)))
    expect(await person.isSignedIn()).toBe(true)
    back = await startTestIssuer({ port: Number(new URL(away.url).port) })
    expect((await begin(person, "away")).origin).toBe(away.url)
  } finally {
    await lonely.stop()
    await liar.stop()
    await back?.stop()
  }
})
