/** A backend whose reads are on record: people, their stays on a ward, and what is noted of them. */
import {
  action,
  actor,
  anyone,
  beforeWrite,
  date,
  defineBackend,
  entity,
  integer,
  many,
  ref,
  signedIn,
  text,
  view,
} from "undercroft"
import { z } from "zod"

export const me = actor({})

export const Person = entity("Person", {
  collection: "people",
  fields: {
    name: text().personal(),
    born: date().personal().optional(),
    ward: text().internal().default("A"),
    pin: text().secret().optional(),
    size: integer().default(1),
    get stays() {
      return many(Stay, "person")
    },
  },
  subject: "id",
  audit: { reads: true },
})
Person.access(() => ({ read: signedIn, create: anyone, update: signedIn, delete: signedIn }))

export const Stay = entity("Stay", {
  fields: {
    person: ref(Person).onDelete("cascade"),
    reason: text().special().optional(),
    get notes() {
      return many(Note, "stay")
    },
  },
  subject: "person",
})
Stay.access(() => ({ read: anyone, create: signedIn, update: signedIn, delete: signedIn }))

export const Note = entity("Note", {
  fields: { stay: ref(Stay).onDelete("cascade"), words: text().special() },
  subject: "stay",
  audit: { reads: true },
})
Note.access(() => ({ read: signedIn, create: signedIn, update: signedIn }))

export const Research = entity("Research", {
  fields: { topic: text().internal() },
  audit: { reads: true, purpose: true },
})
Research.access(() => ({ read: anyone, create: anyone }))

export const Sheet = entity("Sheet", { fields: { title: text() } })
Sheet.access(() => ({ read: anyone, create: anyone, update: anyone }))

export const Named = view("Named", Person, {
  collection: "named",
  key: "id",
  fields: { id: "id", called: (row) => row.name },
})

/** What the tests do in an action, and in the hook of sheets. */
export const ward: { run: ((scope: any) => Promise<unknown>) | null } = { run: null }

const none = z.object({})
const run = async (scope: object): Promise<unknown> => (await ward.run?.(scope)) ?? null

export const wardBackend = defineBackend({
  name: "ward",
  model: [Person, Stay, Note, Research, Sheet, Named],
  purposes: ["treatment", "research"],
  allowsRollback: true,
  hooks: [
    beforeWrite(Sheet, {
      async run({ kind }) {
        return kind === "insert" ? { changes: {} } : undefined
      },
    }),
  ],
  actions: {
    free: action({
      uses: [Person, Sheet, Note],
      input: none,
      output: z.unknown(),
      access: () => anyone,
      run,
    }),
    look: action({
      uses: [Person, Sheet, Note],
      input: none,
      output: z.unknown(),
      access: () => anyone,
      readOnly: true,
      run,
    }),
    beyond: action({
      uses: [Person],
      system: [Person, Sheet],
      input: none,
      output: z.unknown(),
      access: () => signedIn,
      run,
    }),
  },
})
