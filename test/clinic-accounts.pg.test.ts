/** The clinic's people sign in: what they see then is what the rules say. */
import { afterAll, beforeAll, expect, test } from "vitest"
import clinic from "../examples/clinic/backend.ts"
import { codeNow, readyAccounts, readyPeople } from "../src/cli/ready-accounts.ts"
import { startTestBackend, type TestBackend, testSecret } from "./support/backend.ts"

let backend: TestBackend
const ready = new Map(readyAccounts(clinic, testSecret).map((one) => [one.name, one]))

beforeAll(async () => {
  backend = await startTestBackend(clinic, { readyPeople: readyPeople(clinic, testSecret) })
})
afterAll(() => backend?.stop())

const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  backend.request(null, method, path, { headers, ...(body ? { body } : {}) })

async function signIn(name: string): Promise<Record<string, string>> {
  const { email, password, secret } = ready.get(name)!
  const first = await call("POST", "/auth/sign-in/email", { email, password })
  expect(first.status).toBe(200)
  if (secret === null) return { authorization: `Bearer ${first.json.token}` }
  expect(first.json).toMatchObject({ twoFactorRedirect: true, twoFactorMethods: ["totp"] })
  expect(first.json.token).toBeUndefined()
  const cookie = first.headers
    .getSetCookie()
    .map((one) => one.split(";")[0])
    .join("; ")
  const code = await codeNow(secret)
  const second = await call("POST", "/auth/two-factor/verify-totp", { code }, { cookie })
  expect(second.status).toBe(200)
  return { authorization: `Bearer ${second.json.token}` }
}

test("a nurse signs in with two factors, and sees her own practice alone", async () => {
  const headers = await signIn("nurse")
  const { json } = await call("GET", "/rest/patients?select=practice(name)&limit=2000", undefined, headers)
  expect(new Set(json.map((one: { practice: { name: string } }) => one.practice.name))).toEqual(
    new Set(["Praxis am Lindenplatz"]),
  )
  const graphql = { query: "{ patientCollection(first: 1) { edges { node { practice { name } } } } }" }
  const answer = await call("POST", "/graphql", graphql, headers)
  expect(answer.json.data.patientCollection.edges).toEqual([
    { node: { practice: { name: "Praxis am Lindenplatz" } } },
  ])
})

test("a patient signs in with a password, sees their own record and their own address alone", async () => {
  const headers = await signIn("patient")
  const { json } = await call("GET", "/rest/patients?select=name", undefined, headers)
  expect(json).toEqual([{ name: "Renate Köhler" }])
  const people = await call("GET", "/rest/users?select=name,email", undefined, headers)
  expect(people.json).toEqual([{ name: "Renate Köhler", email: "renate.koehler@example.org" }])
})

test("a doctor sees names of people, and no address but their own", async () => {
  const headers = await signIn("doctor")
  const { json } = await call("GET", "/rest/users?select=name,email&limit=2000", undefined, headers)
  expect(json.length).toBeGreaterThan(100)
  expect(json.filter((one: { email: string | null }) => one.email !== null)).toEqual([
    { name: "Dr. Hanna Lindqvist", email: "hanna.lindqvist@clinic.example" },
  ])
})

test("what was revoked or changed holds in the next request, through GraphQL, too", async () => {
  const headers = await signIn("patient")
  const ask = (query: string) => call("POST", "/graphql", { query }, headers)
  expect(
    (await ask("{ patientCollection { edges { node { name } } } }")).json.data.patientCollection.edges,
  ).toHaveLength(1)
  const introspection = "{ __schema { queryType { name } } }"
  expect((await ask(introspection)).status).toBe(200)
  await call("POST", "/auth/sign-out", {}, headers)
  for (const query of [
    "{ patientCollection { edges { node { name } } } }",
    introspection,
    "{ nothing }",
    "{ __typename }",
  ])
    expect((await ask(query)).status).toBe(401)
  expect((await call("POST", "/rest/rpc/bookAppointment", {}, headers)).status).toBe(401)
  expect((await call("GET", "/openapi.json", undefined, headers)).status).toBe(401)
})
