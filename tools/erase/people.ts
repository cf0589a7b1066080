/** A practice to erase people from: accounts, rows at one, two and three steps, encrypted fields, consents, a row that stays anonymised. */
import { randomUUID } from "node:crypto"
import pg from "pg"
import { z } from "zod"
import {
  action,
  anyOf,
  anyone,
  type BackendDefinition,
  consentEntity,
  defineBackend,
  entity,
  integer,
  ref,
  signedIn,
  text,
  userEntity,
} from "../../src/index.ts"

const User = userEntity()
User.access(({ row, me }) => ({ read: anyOf(row.id.is(me.id), me.has("nurse")) }))
const Practice = entity("Practice", { fields: { name: text() } })
Practice.access(() => ({ read: anyone }))
const Patient = entity("Patient", {
  fields: {
    user: ref(User).optional(),
    practice: ref(Practice),
    name: text().personal(),
    number: text().personal().encrypted({ findable: true }).optional(),
    history: text().special().encrypted().optional(),
  },
  subject: "user",
  audit: { reads: true },
})
const Visit = entity("Visit", {
  fields: { patient: ref(Patient).immutable(), remark: text().special() },
  subject: "patient",
})
const Bill = entity("Bill", {
  fields: { visit: ref(Visit).immutable(), payer: text().personal(), cents: integer() },
  subject: "visit",
  erase: "anonymise",
})
for (const one of [Patient, Visit, Bill])
  one.access(({ me }) => ({ read: me.has("nurse"), create: me.has("nurse"), update: me.has("nurse") }))
const file = action({
  uses: [Visit],
  input: z.object({ patient: z.string(), remark: z.string(), fails: z.boolean() }),
  output: z.unknown(),
  access: ({ me }) => me.has("nurse"),
  async run({ input: { fails, ...row }, db }) {
    await db.insertInto("visits").values(row).execute()
    if (fails) throw new Error(`a fault that quotes ${row.remark}`)
    return row
  },
})
const rename = action({
  uses: [Patient],
  input: z.object({ patient: z.string(), name: z.string() }),
  output: z.null(),
  access: () => signedIn,
  approval: { by: ({ me }) => me.has("nurse"), within: { hours: 24 } },
  run: async () => null,
})
const Consent = consentEntity(Patient, {
  news: { text: "We may write.", version: 1, basis: "consent", withdrawal: "We stop." },
})

export const practice = "018ce7a8-0f00-7003-8000-000000000001"
export const nurse = { sub: "018ce7a8-0f00-7003-8000-0000000000aa", roles: ["nurse"] }

/** One who may go, with a word that all of their values have. */
export interface Someone {
  readonly account: string
  readonly patient: string
  readonly word: string
}

export function makePeople(count: number): readonly Someone[] {
  return Array.from({ length: count }, (_, n) => ({
    account: randomUUID(),
    patient: randomUUID(),
    word: `person-${n}-${Math.random().toString(36).slice(2, 8)}`,
  }))
}

/** `people` are there at the start; every third has a bill, which keeps a visit and the person's row without words. */
export function peopleBackend(people: readonly Someone[]): BackendDefinition {
  return defineBackend({
    name: "erase-many",
    model: [User, Practice, Patient, Visit, Bill, Consent, Consent.purposes],
    actions: { file, rename },
    audit: { sealEveryMs: 2_000 },
    accounts: { password: true, signUp: "open" },
    seed: function* () {
      yield ["Practice", { id: practice, name: "North" }]
      for (const { account, word } of people)
        yield ["User", { id: account, name: word, email: `${word}@example.org` }]
      for (const { account, patient, word } of people)
        yield [
          "Patient",
          {
            id: patient,
            user: account,
            practice,
            name: word,
            number: `${word}-nr`,
            history: `history ${word}`,
          },
        ]
      for (const [n, { patient, word }] of people.entries()) {
        const visits = [randomUUID(), randomUUID(), randomUUID()]
        for (const id of visits) yield ["Visit", { id, patient, remark: `remark ${word}` }]
        if (n % 3 === 0) yield ["Bill", { visit: visits[0]!, payer: word, cents: 100 }]
      }
    },
  })
}

/** What comes by itself where people use the backend: sessions, consents, kept answers; `answers` of others are kept, too. */
export async function addTraces(adminUrl: string, answers: number): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  try {
    await admin.query(
      `insert into accounts.session (id, "userId", token, "expiresAt", "createdAt", "updatedAt", assurance, methods, "idleSeconds")
        select gen_random_uuid(), id, gen_random_uuid()::text, now() + interval '1 day', now(), now(), 'one-factor', 'password', 1800 from accounts."user"`,
    )
    await admin.query(
      "insert into app.consents (person, purpose, version, reason) select id, 'news', 1, 'on paper' from app.patients",
    )
    await admin.query(
      `insert into undercroft_state.once (caller, key, digest, body, n)
        select 'caller', 'own ' || id, 'x', '[{"id": "' || id || '", "name": "' || name || '"}]', 1 from app.patients`,
    )
    await admin.query(
      `insert into undercroft_state.once (caller, key, digest, body, n)
        select 'caller', 'other ' || n, 'x', '[{"id": "' || gen_random_uuid() || '", "name": "somebody ' || n || '", "remark": "nothing of note"}]', 1
        from generate_series(1, $1::integer) n`,
      [answers],
    )
    // As they would be found by whoever erases in the evening.
    await admin.query("update undercroft_state.once set at = at - interval '1 hour'")
    await admin.query("vacuum analyze")
  } finally {
    await admin.end()
  }
}
