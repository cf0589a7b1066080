/** Who reads the record: auditors all of it, everyone what was done with their own data, and nobody else anything. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { heldKey, makeKey } from "../../src/audit/signing-key.ts"
import { createClient } from "../../src/client/client.ts"
import { startTestBackend, type TestBackend } from "../support/backend.ts"
import { chartBackend, people, peopleSql } from "../support/chart-backend.ts"

const { ann, bob, doctor, clerk, auditor, privacy } = people
let backend: TestBackend

beforeAll(async () => {
  const origin = "undercroft/charts"
  backend = await startTestBackend(chartBackend, {
    audit: { keys: heldKey(makeKey(), origin), anchors: [] },
  })
  await backend.sql(peopleSql)
  // One page with both of them, then something about Ann alone, then a change.
  const about = { headers: { "x-purpose": "treatment" } }
  await backend.request(doctor, "GET", "/rest/charts?select=words&ward=eq.A", about)
  await backend.request(clerk, "GET", "/rest/patients?select=name&name=eq.Ann")
  await backend.app.sealer!.sealNow()
  await backend.request(doctor, "PATCH", "/rest/charts?words=eq.cough", { body: { words: "cured" } })
  await backend.request(ann, "GET", "/rest/patients?select=name&name=eq.Ann")
})
afterAll(() => backend?.stop())

const entries = (caller: object | null, search: string): ReturnType<TestBackend["request"]> =>
  backend.request(caller as typeof doctor, "GET", `/rest/auditEntries?${search}`)

test("HIPAA 164.312(b): an auditor examines who did what, sealed and waiting, by the usual grammar", async () => {
  const search = "select=actor,kind,position,purpose&entity=eq.Chart&kind=in.(read,update)&order=at.asc"
  const { status, json } = await entries(auditor, search)
  expect(status).toBe(200)
  expect(json).toEqual([
    { actor: `user:${doctor.id}`, kind: "read", position: expect.any(Number), purpose: "treatment" },
    { actor: `user:${doctor.id}`, kind: "update", position: null, purpose: null },
  ])
  const counted = await backend.request(auditor, "GET", "/rest/auditEntries?kind=eq.read&limit=1", {
    headers: { prefer: "count=exact" },
  })
  expect([counted.status, counted.headers.get("content-range")]).toEqual([
    206,
    expect.stringMatching(/^0-0\/\d+$/),
  ])
})

test("values of personal fields are for those whose role is named for them", async () => {
  const search = "select=personal&kind=eq.update&entity=eq.Chart"
  expect((await entries(auditor, search)).json.code).toBe("42703")
  expect((await entries(auditor, "kind=eq.update&entity=eq.Chart")).text).not.toContain("cured")
  expect((await entries(privacy, search)).json).toEqual([
    { personal: { before: { words: "cough" }, after: { words: "cured" } } },
  ])
  const sealed = await entries(privacy, "select=personal&kind=eq.create&entity=eq.Chart&position=not.is.null")
  expect(sealed.json.map((one: any) => one.personal.after.words).toSorted()).toEqual(["cold", "cough"])
})

test("nobody else sees an entry, through whichever door", async () => {
  for (const caller of [null, ann, doctor]) {
    const { json } = await entries(caller, "select=id")
    expect(json).toEqual([])
    expect((await entries(caller, "select=count()")).json).toEqual([{ count: 0 }])
    const told = await backend.request(caller, "POST", "/graphql", {
      body: { query: "{ auditEntryCollection { edges { node { actor } } } }" },
    })
    expect(JSON.stringify(told.json.data ?? null)).not.toContain("user:")
  }
  for (const method of ["POST", "PATCH", "DELETE"]) {
    const { status } = await backend.request(auditor, method, "/rest/auditEntries?kind=eq.read", {
      body: { kind: "none" },
    })
    expect([method, status]).toEqual([method, 403])
  }
})

test("reading the record is on record, once, with its keys", async () => {
  const count = async (): Promise<any[]> =>
    backend.sql(
      "select actor, kind, cardinality(rows) as rows, fields from audit.pending where entity = 'AuditEntry' and kind = 'read'",
    )
  const before = (await count()).length
  await entries(auditor, "select=actor&order=position.desc.nullslast&limit=3")
  const after = await count()
  expect(after.slice(before)).toEqual([
    { actor: `user:${auditor.id}`, kind: "read", rows: 3, fields: ["actor", "position"] },
  ])
})

test("GDPR Art. 15(1)(c), EHDS Art. 9: a person sees who saw which of their data, when, and what for", async () => {
  const { status, json } = await backend.request(
    ann,
    "GET",
    "/rest/accesses-to-me?select=who,own,roles,kind,entity,fields,purpose,door,emergency&kind=in.(read,update)&order=at.asc",
  )
  expect(status).toBe(200)
  const seen = { own: false, door: "rest", emergency: false, purpose: null }
  expect(json).toEqual([
    {
      ...seen,
      who: "Dr. Dora",
      roles: ["doctor"],
      kind: "read",
      entity: "Chart",
      fields: ["ward", "words"],
      purpose: "treatment",
    },
    // She may not see the clerk's name, and does see that a clerk looked.
    { ...seen, who: null, roles: ["clerk"], kind: "read", entity: "Patient", fields: ["name"] },
    {
      ...seen,
      who: "Dr. Dora",
      roles: ["doctor"],
      kind: "update",
      entity: "Chart",
      fields: ["version", "words"],
    },
    { ...seen, who: "Ann", own: true, roles: [], kind: "read", entity: "Patient", fields: ["name"] },
  ])
})

test("neither the question nor who else stood on the page is told, and own reads can be left out", async () => {
  const all = await backend.request(bob, "GET", "/rest/accessesToMe?kind=in.(read,update)")
  expect(all.json).toHaveLength(1)
  for (const word of ["aaaaaaaa", ann.id, clerk.id, 'ward":', "question", "eq"])
    expect(all.text).not.toContain(word)
  const others = await backend.request(
    ann,
    "GET",
    "/rest/accesses-to-me?own=is.false&kind=eq.read&select=kind",
  )
  expect(others.json).toHaveLength(2)
  expect((await backend.request(null, "GET", "/rest/accesses-to-me")).json).toEqual([])
  expect((await backend.request(clerk, "GET", "/rest/accesses-to-me?kind=eq.read")).json).toEqual([])
  const [read] = await backend.sql(
    "select actor, subjects, cardinality(rows) as rows from audit.pending where entity = 'AccessToMe' order by at limit 1",
  )
  expect(read).toMatchObject({ actor: expect.stringContaining("user:"), subjects: null })
})

test("what a caller asks is not tried on entries about others", async () => {
  const [{ reloptions }] = await backend.sql(
    "select reloptions from pg_class where oid = 'app.accesses_to_me'::regclass",
  )
  expect(reloptions).toEqual(["security_barrier=true"])
  // By a cast that fails, an error would tell of them.
  const search = "kind=eq.read&who=match.^Dr&select=who"
  expect((await backend.request(bob, "GET", `/rest/accesses-to-me?${search}`)).json).toEqual([
    { who: "Dr. Dora" },
  ])
})

test("GraphQL and the client read both", async () => {
  const { json } = await backend.request(ann, "POST", "/graphql", {
    body: {
      query:
        "{ accessToMeCollection(filter: { own: { eq: false } }, first: 2) { edges { node { who kind fields } } } }",
    },
  })
  expect(json.errors).toBeUndefined()
  expect(json.data.accessToMeCollection.edges).toHaveLength(2)
  const clientOf = async (caller: typeof doctor | typeof auditor | typeof ann): Promise<any> =>
    createClient<typeof chartBackend>({ url: backend.url, token: await backend.tokenOf(caller) })
  const audited = await (await clientOf(auditor)).auditEntries.list({
    select: ["actor", "kind"],
    where: { entity: "Chart", kind: "update" },
  })
  expect(audited).toEqual([{ actor: `user:${doctor.id}`, kind: "update" }])
  const mine = await (await clientOf(ann)).accessesToMe.list({ select: ["who"], where: { kind: "update" } })
  expect(mine).toEqual([{ who: "Dr. Dora" }])
})
