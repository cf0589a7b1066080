/** A backend whose actions take steps beyond their caller's rights: good ones, and those that try for more. */
import { sql } from "kysely"
import {
  action,
  actor,
  anyone,
  bigint,
  date,
  decimal,
  defineBackend,
  entity,
  fail,
  instant,
  integer,
  list,
  ref,
  signedIn,
  text,
} from "undercroft"
import { z } from "zod"

export const me = actor({})

export const Ticket = entity("Ticket", {
  fields: {
    holder: text().immutable(),
    title: text({ max: 20 }),
    note: text()
      .optional()
      .visibleTo(({ me }) => me.has("boss")),
    seats: integer().default(1),
    price: decimal({ precision: 8, scale: 2 }).default("0"),
    big: bigint().optional(),
    at: instant().optional(),
    day: date().optional(),
    tags: list(text()).default([]),
  },
  unique: [["holder", "title"]],
  check: { hasSeats: ({ row }) => row.seats.atLeast(0) },
})
Ticket.access(({ row }) => ({ read: row.holder.is(me.id), create: row.holder.is(me.id) }))

export const Mark = entity("Mark", {
  fields: { ticket: ref(Ticket), stars: integer() },
})
Mark.access(() => ({}))

export const Secret = entity("Secret", { fields: { word: text() } })
Secret.access(() => ({}))

const none = z.object({})

/** What the tests do in an action, and what they see of it. */
export const desk: { run: ((scope: any) => Promise<unknown>) | null; seen: unknown } = {
  run: null,
  seen: null,
}

const run = async (scope: object): Promise<unknown> => (await desk.run?.(scope)) ?? null
const free = { input: none, output: z.unknown(), access: () => anyone } as const

export const deskBackend = defineBackend({
  name: "desk",
  model: [Ticket, Mark, Secret],
  limits: { actionTimeoutMs: 5000 },
  actions: {
    rate: action({
      uses: [Ticket],
      system: [Mark],
      input: z.object({ ticket: z.uuid(), stars: z.int() }),
      output: z.object({ average: z.string().nullable(), count: z.number() }),
      access: () => signedIn,
      async run({ input, db, asSystem }) {
        const own = await db
          .selectFrom("tickets")
          .select("id")
          .where("id", "=", input.ticket)
          .executeTakeFirst()
        if (!own) fail("UC703", { what: "the ticket" })
        return asSystem("count a rating", async (system) => {
          await system.insertInto("marks").values({ ticket: own.id, stars: input.stars }).execute()
          return system
            .selectFrom("marks")
            .select(({ fn }) => [fn.avg<string>("stars").as("average"), fn.countAll<number>().as("count")])
            .executeTakeFirstOrThrow()
        })
      },
    }),
    free: action({ ...free, uses: [Ticket], system: [Ticket, Mark], run }),
    marksOnly: action({ ...free, uses: [Ticket], system: [Mark], run }),
    reads: action({ ...free, uses: [Ticket], system: [Ticket], readOnly: true, run }),
    plain: action({ ...free, uses: [Ticket], run }),
    raw: action({
      ...free,
      uses: [Ticket],
      system: [Ticket],
      input: z.object({ text: z.string() }),
      // As nobody should write it: what is sent is SQL, beside a step that is in order.
      async run({ input, db, asSystem }) {
        await asSystem("look", (system) => system.selectFrom("tickets").select("id").execute())
        return (await sql.raw(input.text).execute(db)).rows
      },
    }),
  },
})
