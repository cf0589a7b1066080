/** A ward whose records are encrypted: for the tests of encrypted fields. */

import { sql } from "kysely"
import {
  action,
  actor,
  anyone,
  beforeWrite,
  boolean,
  decimal,
  defineBackend,
  entity,
  integer,
  json,
  list,
  many,
  ref,
  signedIn,
  text,
} from "undercroft"
import { z } from "zod"
import type { BackendDefinition } from "../../src/backend.ts"

const me = actor({})

export const Person = entity("Person", {
  fields: {
    ward: text().internal(),
    name: text().personal(),
    number: text({ pattern: /[A-Z][0-9]{9}/ })
      .personal()
      .encrypted({ findable: true })
      .optional(),
    history: text({ max: 20_000 })
      .special()
      .encrypted()
      .optional()
      .visibleTo(() => me.has("doctor")),
    allergies: list(text()).special().encrypted().optional(),
    consents: boolean().personal().encrypted().optional(),
    weight: decimal({ precision: 5, scale: 2 }).special().encrypted().optional(),
    visits: integer().personal().encrypted().optional(),
    extra: json().personal().encrypted().optional(),
    get notes() {
      return many(Note, "person")
    },
  },
  collection: "people",
  subject: "id",
  unique: [["ward", "number"]],
})
Person.access(() => ({ read: anyone, create: signedIn, update: signedIn, delete: signedIn }))

export const Note = entity("Note", {
  fields: {
    person: ref(Person).immutable(),
    label: text().internal(),
    body: text().special().encrypted(),
    get remarks() {
      return many(Remark, "note")
    },
  },
  subject: "person",
})
Note.access(() => ({ read: anyone, create: signedIn, update: signedIn, delete: signedIn }))

export const Remark = entity("Remark", {
  fields: {
    note: ref(Note).immutable(),
    words: text().special().encrypted(),
  },
  subject: "note",
})
Remark.access(() => ({ read: anyone, create: signedIn, update: signedIn, delete: signedIn }))

/** Its hook is shown what is encrypted, and completes it. */
export const Diary = entity("Diary", {
  fields: {
    person: ref(Person).immutable(),
    entry: text().special().encrypted(),
    summary: text().special().encrypted().optional(),
    length: integer().optional(),
  },
  subject: "person",
})
Diary.access(() => ({ read: anyone, create: signedIn, update: signedIn, delete: signedIn }))

const summarise = beforeWrite(Diary, {
  async run(write) {
    if (write.kind === "delete") return undefined
    const before = write.kind === "update" ? write.before.entry : ""
    const entry = write.kind === "insert" ? write.row.entry : (write.changes.entry ?? before)
    return { changes: { summary: `about: ${entry}`, length: String(entry).length } }
  },
})

const rewrite = action({
  uses: [Person, Note],
  input: z.object({ person: z.uuid(), body: z.string() }),
  output: z.object({
    id: z.uuid(),
    found: z.array(z.object({ id: z.uuid(), number: z.string().nullable() })),
    notes: z.array(z.object({ id: z.uuid(), body: z.string() })),
  }),
  access: () => signedIn,
  async run({ input, db }) {
    const { id } = await db
      .insertInto("notes")
      .values({ person: input.person, label: "by action", body: input.body })
      .returning("id")
      .executeTakeFirstOrThrow()
    await db
      .updateTable("notes")
      .set({ body: `${input.body}, changed` })
      .where("id", "=", id)
      .execute()
    const person = await db
      .selectFrom("people")
      .selectAll()
      .where("id", "=", input.person)
      .executeTakeFirstOrThrow()
    const found = await db
      .selectFrom("people")
      .select(["id", "number"])
      .where("number", "=", person.number)
      .execute()
    const notes = await db
      .selectFrom("notes as n")
      .innerJoin("people as p", "p.id", "n.person")
      .select(["n.id", "n.body"])
      .where("n.id", "=", id)
      .execute()
    return { id, found, notes }
  },
})

const orderByNote = action({
  uses: [Note],
  input: z.object({}),
  output: z.null(),
  access: () => signedIn,
  async run({ db }) {
    await db.selectFrom("notes").select("id").orderBy("body").execute()
    return null
  },
})

/** What steps beyond the caller's rights do with encrypted fields. */
const beyond = action({
  uses: [],
  system: [Person, Note],
  input: z.object({ do: z.string(), value: z.string() }),
  output: z.unknown(),
  access: () => signedIn,
  run: ({ input, asSystem }) =>
    asSystem("look after the ward", async (db): Promise<unknown> => {
      switch (input.do) {
        case "find":
          return db.selectFrom("people").selectAll().where("number", "=", input.value).execute()
        case "join":
          return db
            .selectFrom("notes as n")
            .innerJoin("people as p", "p.id", "n.person")
            .select(["n.body", "p.number as whose"])
            .where("n.person", "=", input.value)
            .execute()
        case "label":
          return db
            .updateTable("notes")
            .set({ label: "seen" })
            .where("person", "=", input.value)
            .returningAll()
            .execute()
        case "order":
          return db.selectFrom("notes").select("id").orderBy("body").execute()
        case "write":
          return db.updateTable("notes").set({ body: "in clear" }).where("person", "=", input.value).execute()
        default:
          return db.selectFrom("people").select(sql<string>`history::text`.as("history")).execute()
      }
    }),
})

export const ward: BackendDefinition = defineBackend({
  name: "ward",
  model: [Person, Note, Remark, Diary],
  actions: { rewrite, orderByNote, beyond },
  hooks: [summarise],
  limits: { statementTimeoutMs: 20_000 },
})
