/** Consent through every door: asked for beforehand, granted in the words that were shown, withdrawn with effect at once, and kept. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { z } from "zod"
import { createClient } from "../src/client/client.ts"
import {
  action,
  actor,
  allOf,
  anyOf,
  consentEntity,
  defineBackend,
  entity,
  not,
  ref,
  signedIn,
  text,
} from "../src/index.ts"
import { buildAccessMatrix } from "../src/policy/access-matrix.ts"
import { policyOf } from "../src/policy/policies.ts"
import { holds, type JsonRow } from "../src/policy/to-predicate.ts"
import { startTestBackend, type TestBackend, type TestCaller } from "./support/backend.ts"

const me = actor({})
const Person = entity("Person", {
  fields: { user: ref("User").optional(), name: text().personal() },
  subject: "user",
  reveals: true,
})
Person.access(({ row }) => ({
  read: anyOf(row.user.is(me.id), me.has("desk"), allOf(me.has("researcher"), row.consentsTo("research"))),
}))
const Consent = consentEntity(Person, {
  research: {
    text: "We may use your notes for research into asthma.",
    version: 3,
    since: 2,
    basis: "explicit-consent",
    withdrawal: "Your notes are no longer read for research; your treatment stays as it is.",
  },
  reminders: {
    text: "We may write to you.",
    version: 1,
    basis: "consent",
    withdrawal: "We no longer write.",
  },
  treatment: { text: "We treat you.", version: 1, basis: "health-care" },
})
Consent.access(({ row }) => {
  const own = row.person.user.is(me.id)
  const desk = me.has("desk")
  return { read: anyOf(own, desk), create: anyOf(own, desk), update: anyOf(own, desk) }
})
const Note = entity("Note", {
  fields: { person: ref(Person), body: text().special() },
  subject: "person",
})
Note.access(({ row }) => ({
  read: anyOf(
    row.person.user.is(me.id),
    allOf(me.has("researcher"), row.consentsTo("research")),
    allOf(me.has("auditor"), not(row.person.consentsTo("research"))),
  ),
}))
const Remark = entity("Remark", { fields: { note: ref(Note), body: text().special() }, subject: "note" })
Remark.access(({ row }) => ({ read: allOf(me.has("researcher"), row.note.consentsTo("research")) }))

const model = [Person, Consent, Consent.purposes, Note, Remark] as const
const definition = defineBackend({
  name: "study",
  model,
  actions: {
    sendReminder: action({
      uses: [],
      input: z.object({}),
      output: z.object({ sent: z.boolean() }),
      access: ({ me }) => allOf(signedIn, me.consentsTo("reminders")),
      run: () => ({ sent: true }),
    }),
    forget: action({
      uses: [],
      system: [Consent],
      input: z.object({}),
      output: z.object({}),
      access: () => signedIn,
      async run({ asSystem }) {
        await asSystem("forget everything", (db) => db.deleteFrom("consents").execute())
        return {}
      },
    }),
    recordPaper: action({
      uses: [Consent],
      input: z.object({ person: z.uuid() }),
      output: z.object({ id: z.uuid() }),
      access: () => signedIn,
      run: ({ input, db }) =>
        db
          .insertInto("consents")
          .values({ person: input.person, purpose: "research", version: 3 })
          .returning("id")
          .executeTakeFirstOrThrow(),
    }),
  },
  seed: () => [
    ["Person", { id: id(1), user: "ada", name: "Ada" }],
    ["Person", { id: id(2), user: "bea", name: "Bea" }],
    ["Person", { id: id(3), user: null, name: "Cem" }],
    ...[1, 2, 3].map((at) => ["Note", { id: id(10 + at), person: id(at), body: `note ${at}` }] as const),
    ["Remark", { id: id(21), note: id(11), body: "remark" }],
  ],
})
const ada: TestCaller = { id: "ada" }
const bea: TestCaller = { id: "bea" }
const desk: TestCaller = { id: "dora", roles: ["desk"] }
const researcher: TestCaller = { id: "rob", roles: ["researcher"] }
const auditor: TestCaller = { id: "aud", roles: ["auditor"] }

function id(n: number): string {
  return `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`
}

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(definition)
})
afterAll(() => backend.stop())

const grant = (caller: TestCaller | null, body: object) =>
  backend.request(caller, "POST", "/rest/consents", {
    body,
    headers: { prefer: "return=representation", accept: "application/vnd.pgrst.object+json" },
  })
const withdraw = (caller: TestCaller, which: string, body: object = { status: "withdrawn" }) =>
  backend.request(caller, "PATCH", `/rest/consents?${which}`, {
    body,
    headers: { prefer: "return=representation" },
  })
const seenNotes = async (caller: TestCaller): Promise<string[]> =>
  (await backend.request(caller, "GET", "/rest/notes?order=body")).json.map((row: JsonRow) => row.body)
const graphql = async (caller: TestCaller | null, query: string) =>
  (await backend.request(caller, "POST", "/graphql", { body: { query } })).json
const withdrawAll = () =>
  backend.sql(
    "update app.consents set status = 'withdrawn', withdrawal_reason = 'a test' where status = 'granted'",
  )

describe("before anything is agreed to", () => {
  it("TR-03161-3 Purp_4, GDPR Art. 7(3): everyone reads what they would agree to, and what follows from withdrawing", async () => {
    const rest = await backend.request(null, "GET", "/rest/consentPurposes?current=is.true&order=name")
    expect(rest.json.map((one: JsonRow) => [one.name, one.version, one.basis, one.withdrawal])).toEqual([
      ["reminders", 1, "consent", "We no longer write."],
      ["research", 3, "explicit-consent", expect.stringContaining("your treatment stays")],
      ["treatment", 1, "health-care", null],
    ])
    const answer = await graphql(
      null,
      `{ consentPurposeCollection(filter: {name: {eq: "research"}}) { edges { node { text textHash version withdrawal } } } }`,
    )
    expect(answer.data.consentPurposeCollection.edges[0].node).toMatchObject({ version: 3 })
    const client = createClient<typeof definition>({ url: backend.url })
    const told = await client.consentPurposes.list({ where: { name: "research" } })
    expect(told[0]!.text).toBe("We may use your notes for research into asthma.")
  })

  it("TR-03161-3 Purp_3: nothing is read for a purpose that nobody consented to", async () => {
    expect(await seenNotes(researcher)).toEqual([])
    expect(await seenNotes(auditor)).toEqual(["note 1", "note 2", "note 3"])
    expect((await backend.request(ada, "POST", "/rest/rpc/sendReminder", { body: {} })).status).toBe(403)
  })
})

describe("granting", () => {
  it("TR-03161-3 Purp_2, GDPR Art. 7(1): is the person's own act, in the words that were shown", async () => {
    const made = await grant(ada, { person: id(1), purpose: "research", version: 3 })
    expect(made.status).toBe(201)
    const [told] = await backend.sql("select text_hash from app.consent_purposes where name = 'research'")
    expect(made.json).toMatchObject({
      status: "granted",
      version: 3,
      textHash: told.text_hash,
      grantedBy: "user:ada",
      withdrawnAt: null,
    })
    expect(Date.now() - Date.parse(made.json.grantedAt)).toBeLessThan(60_000)
    await withdrawAll()
  })

  it("TR-03161-3 Purp_2: refuses an outdated version, and says where the current one stands", async () => {
    for (const version of [1, 2, 4]) {
      const refused = await grant(ada, { person: id(1), purpose: "research", version })
      expect([refused.status, refused.json.code]).toEqual([409, "UC370"])
      expect(refused.json.hint).toContain("consentPurposes")
    }
    const asked = `mutation { insertIntoConsentCollection(objects: [{personId: "${id(1)}", purpose: research, version: 2}]) { affectedCount } }`
    expect((await graphql(ada, asked)).errors[0].extensions.code).toBe("UC370")
  })

  it.each([
    ["what the database says", { grantedAt: "2020-01-01T00:00:00Z" }, 400],
    ["who did it", { grantedBy: "user:bea" }, 400],
    ["a withdrawn one", { status: "withdrawn" }, 409],
    ["a purpose that is not declared", { purpose: "marketing" }, 400],
    ["a purpose that does not rest on consent", { purpose: "treatment", version: 1 }, 400],
    ["somebody else's", { person: id(2) }, 409],
    ["nobody's, and tells it in the same words", { person: id(9) }, 409],
  ])("refuses %s", async (_, more, status) => {
    const body = { person: id(1), purpose: "research", version: 3, reason: "said so", ...more }
    expect((await grant(ada, body)).status).toBe(status)
    expect(await backend.sql("select from app.consents where status = 'granted'")).toEqual([])
  })

  it("is refused to the anonymous", async () => {
    const refused = await grant(null, { person: id(1), purpose: "research", version: 3, reason: "x" })
    expect([refused.status, refused.json.code]).toEqual([409, "23503"])
  })

  it("needs a reason where it is recorded for somebody else, through an action too", async () => {
    const body = { person: id(3), purpose: "research", version: 3 }
    const refused = await grant(desk, { ...body, reason: "  " })
    expect([refused.status, refused.json.code]).toEqual([400, "UC371"])
    const acted = await backend.request(desk, "POST", "/rest/rpc/recordPaper", { body: { person: id(3) } })
    expect([acted.status, acted.json.code]).toEqual([400, "UC371"])
    const made = await grant(desk, { ...body, reason: "signed on paper" })
    expect(made.json).toMatchObject({ grantedBy: "user:dora", reason: "signed on paper" })
    expect(await seenNotes(researcher)).toEqual(["note 3"])
    const bare = await withdraw(desk, `id=eq.${made.json.id}`)
    expect([bare.status, bare.json.code]).toEqual([400, "UC371"])
    const told = { status: "withdrawn", withdrawalReason: "by telephone" }
    expect((await withdraw(desk, `id=eq.${made.json.id}`, told)).json[0]).toMatchObject({
      withdrawnBy: "user:dora",
      withdrawalReason: "by telephone",
    })
  })
})

describe("withdrawing", () => {
  it("TR-03161-3 Purp_4, GDPR Art. 7(3): takes effect in the next statement, at every door", async () => {
    const client = createClient<typeof definition>({ url: backend.url, token: () => backend.tokenOf(ada) })
    const [made, reminded] = [
      await client.consents.create({ person: id(1), purpose: "research", version: 3 }),
      await client.consents.create({ person: id(1), purpose: "reminders", version: 1 }),
    ]
    expect(await seenNotes(researcher)).toEqual(["note 1"])
    expect(await seenNotes(auditor)).toEqual(["note 2", "note 3"])
    const remarks = await backend.request(researcher, "GET", "/rest/remarks")
    expect(remarks.json).toHaveLength(1)
    expect((await backend.request(researcher, "GET", "/rest/persons?select=name")).json).toEqual([
      { name: "Ada" },
    ])
    expect((await backend.request(ada, "POST", "/rest/rpc/sendReminder", { body: {} })).status).toBe(200)
    expect((await backend.request(bea, "POST", "/rest/rpc/sendReminder", { body: {} })).status).toBe(403)

    await client.consents.update(reminded.id, { status: "withdrawn" })
    expect((await backend.request(ada, "POST", "/rest/rpc/sendReminder", { body: {} })).status).toBe(403)
    const asked = `mutation { updateConsentCollection(filter: {id: {eq: "${made.id}"}}, set: {status: withdrawn}) { records { status withdrawnBy } } }`
    expect((await graphql(ada, asked)).data.updateConsentCollection.records).toEqual([
      { status: "withdrawn", withdrawnBy: "user:ada" },
    ])
    expect(await seenNotes(researcher)).toEqual([])
    expect((await backend.request(researcher, "GET", "/rest/remarks")).json).toEqual([])
    expect(await seenNotes(auditor)).toEqual(["note 1", "note 2", "note 3"])
  })

  it("withdraws the purpose, however often it was agreed to", async () => {
    const body = { person: id(1), purpose: "research", version: 3 }
    await grant(ada, body)
    const { json } = await grant(ada, body)
    await grant(bea, { ...body, person: id(2) })
    await withdraw(ada, `id=eq.${json.id}`)
    const open = await backend.sql("select person from app.consents where status = 'granted'")
    expect(open.map((one) => one.person)).toEqual([id(2)])
    await withdrawAll()
  })

  it("TR-03161-3 Purp_5, GDPR Art. 7(1): the history stays: nothing of a consent is overwritten or deleted", async () => {
    const { json: made } = await grant(ada, { person: id(1), purpose: "research", version: 3 })
    const one = `id=eq.${made.id}`
    for (const body of [{ status: "granted" }, { withdrawalReason: "x" }]) {
      const refused = await withdraw(ada, one, body)
      expect([refused.status, refused.json.code]).toEqual([409, "UC372"])
    }
    for (const body of [{ version: 2 }, { purpose: "reminders" }, { person: id(2) }, { reason: "other" }])
      expect((await withdraw(ada, one, { status: "withdrawn", ...body })).status).toBe(400)
    expect((await backend.request(ada, "DELETE", `/rest/consents?${one}`)).status).toBe(403)
    expect((await backend.request(ada, "POST", "/rest/rpc/forget", { body: {} })).status).toBe(500)
    expect((await withdraw(ada, one)).status).toBe(200)
    expect((await withdraw(ada, one)).json.code).toBe("UC372")
    const own = await backend.request(ada, "GET", "/rest/consents?order=grantedAt.desc&limit=1")
    expect(own.json).toEqual([
      { ...made, status: "withdrawn", withdrawnBy: "user:ada", withdrawnAt: expect.any(String) },
    ])
    expect((await backend.request(bea, "GET", `/rest/consents?${one}`)).json).toEqual([])
  })

  it("goes with the person, whose consents they were", async () => {
    await backend.sql("insert into app.persons (id, name) values ($1, 'Dan')", [id(7)])
    await grant(desk, { person: id(7), purpose: "reminders", version: 1, reason: "on paper" })
    expect(await backend.sql("delete from app.persons where id = $1 returning id", [id(7)])).toHaveLength(1)
    expect(await backend.sql("select from app.consents where person = $1", [id(7)])).toEqual([])
  })

  it("TR-03161-3 Purp_3: a consent to a version that no longer counts is none", async () => {
    await backend.sql("alter table app.consents disable trigger undercroft_consent_keep")
    for (const [n, version] of [
      [1, 1],
      [2, 2],
      [3, 4],
    ] as const)
      await backend.sql(
        "insert into app.consents (person, purpose, version, text_hash, granted_at, granted_by) values ($1, 'research', $2, '', now(), 'x')",
        [id(n), version],
      )
    await backend.sql("alter table app.consents enable trigger undercroft_consent_keep")
    expect(await seenNotes(researcher)).toEqual(["note 2"])
    await withdrawAll()
  })
})

describe("as a rule", () => {
  it("is decided alike by the database and by the predicate, for every open and closed entry", async () => {
    const { policies } = backend.app
    for (const [caller, n] of [
      [ada, 1],
      [bea, 2],
    ] as const)
      await grant(caller, { person: id(n), purpose: "research", version: 3 })
    await withdraw(bea, `person=eq.${id(2)}&status=eq.granted`)
    const rows = new Map<string, JsonRow[]>()
    for (const entity of policies.model.entities) {
      const columns = entity.fields.map((field) => `'${field.name}', "${field.column}"`).join(", ")
      const found = await backend.sql(
        `select json_build_object(${columns}) as row from app."${entity.table}"`,
      )
      rows.set(
        entity.name,
        found.map((one) => one.row),
      )
    }
    for (const caller of [ada, bea, desk, researcher, auditor]) {
      const world = {
        caller: { id: caller.id, roles: caller.roles ?? [], claims: {} },
        now: new Date().toISOString(),
        rowsOf: (one: { readonly name: string }) => rows.get(one.name) ?? [],
      }
      for (const name of ["Note", "Person", "Remark"]) {
        const entity = policies.model.byName.get(name)!
        const { read } = policyOf(policies, entity)
        const { json } = await backend.request(caller, "GET", `/rest/${entity.collection}?order=id`)
        const expected = rows.get(name)!.filter((row) => holds(read, { row }, world))
        expect(json.map((row: JsonRow) => row.id)).toEqual(expected.map((row) => row.id))
      }
      const mayRemind = holds(policies.actions.get("sendReminder")!, {}, world)
      const called = await backend.request(caller, "POST", "/rest/rpc/sendReminder", { body: {} })
      expect(called.status).toBe(mayRemind ? 200 : 403)
    }
    await withdrawAll()
  })

  it("reads as a sentence", () => {
    const matrix = buildAccessMatrix(backend.app.policies)
    const note = matrix.entities.find((one) => one.entity === "Note")!
    expect(note.grants[0]!.sentence).toContain('consents to "research"')
    expect(note.grants[0]!.sentence).toContain('does not consent to "research"')
  })
})
