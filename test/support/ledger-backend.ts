/** A backend of accounts with actions of every kind: good ones, and those that go wrong. */
import { sql } from "kysely"
import {
  action,
  actor,
  allOf,
  anyOf,
  anyone,
  choice,
  decimal,
  defineBackend,
  entity,
  fail,
  instant,
  integer,
  json,
  list,
  point,
  range,
  ref,
  signedIn,
  text,
} from "undercroft"
import { z } from "zod"

export const Team = entity("Team", { fields: { name: text(), lead: text() } })
Team.access(({ row }) => ({ read: row.lead.is(me.id) }))

export const me = actor({
  get leading() {
    return Team.where(({ me, row }) => row.lead.is(me.id)).pick("lead")
  },
})

export const Account = entity("Account", {
  fields: {
    holder: text(),
    firstName: text({ max: 20 }).internal().optional(),
    balance: integer().default(0),
    pinCode: text()
      .secret()
      .optional()
      .visibleTo(({ row, me }) => anyOf(me.has("vault"), allOf(row.holder.is(me.id), me.has("own-pin")))),
    rate: decimal({ precision: 6, scale: 2 }).default("0"),
    seenAt: instant().optional(),
    open: range(instant()).optional(),
    place: point().internal().optional(),
    tags: list(text()).default([]),
    extra: json().optional(),
    kind: choice("plain", "savings").default("plain"),
  },
  unique: [["holder", "firstName"]],
})
Account.access(({ row }) => {
  const own = row.holder.is(me.id)
  return { read: own, create: own, update: own }
})

export const Entry = entity("Entry", {
  collection: "entries",
  fields: { account: ref(Account), amount: integer(), note: text().optional() },
})
Entry.access(({ row }) => ({ read: row.account.visible(), create: row.account.visible() }))

const uses = [Account, Entry] as const
const none = z.object({})

/** What the tests hold a run up with, and what they see of it. */
export const probe: { runs: number; meet: (() => Promise<void>) | null } = { runs: 0, meet: null }

export const ledgerBackend = defineBackend({
  name: "ledger",
  model: [Team, Account, Entry],
  limits: { actionTimeoutMs: 1500, statementTimeoutMs: 1000 },
  actions: {
    open: action({
      uses,
      input: z.object({ firstName: z.string(), pinCode: z.string().optional() }),
      output: z.object({ id: z.uuid(), firstName: z.string().nullable() }),
      access: () => signedIn,
      async run({ input, db, me }) {
        const row = { holder: me.id ?? "", ...input }
        return db.insertInto("accounts").values(row).returningAll().executeTakeFirstOrThrow()
      },
    }),
    everything: action({
      description: "All of the caller's accounts.",
      uses,
      readOnly: true,
      input: z.object({ atLeast: z.number().optional() }),
      output: z.array(z.looseObject({ id: z.string() })),
      access: () => signedIn,
      run: ({ input, db }) =>
        db
          .selectFrom("accounts")
          .selectAll()
          .where("balance", ">=", input.atLeast ?? 0)
          .orderBy("firstName")
          .execute(),
    }),
    joined: action({
      uses,
      readOnly: true,
      input: none,
      output: z.array(z.unknown()),
      access: () => anyone,
      run: ({ db }) =>
        db
          .with("mine", (inner) =>
            inner.selectFrom("accounts as a").select(["a.id", "a.firstName as givenName"]),
          )
          .selectFrom("entries as e")
          .innerJoin("mine", "mine.id", "e.account")
          .select(["e.amount", "mine.givenName"])
          .select(({ fn }) => fn.countAll<number>().over().as("howMany"))
          .execute(),
    }),
    fill: action({
      uses,
      input: none,
      output: z.unknown(),
      access: () => signedIn,
      async run({ db, me }) {
        const row = {
          holder: me.id ?? "",
          firstName: "full",
          rate: "12.50",
          seenAt: "2026-01-01T08:00:00Z",
          open: "[2026-01-01T08:00:00Z,2026-01-01T09:00:00Z)",
          place: { latitude: 52.5, longitude: 13.4 },
          tags: ["a,b", 'c"d'],
          extra: [1, { two: "x" }],
        }
        await db.insertInto("accounts").values(row).execute()
        await db
          .updateTable("accounts")
          .set({ pinCode: "4711", kind: "savings" })
          .where("firstName", "=", "full")
          .execute()
        return db
          .selectFrom("accounts")
          .selectAll("accounts")
          .where("firstName", "=", "full")
          .executeTakeFirst()
      },
    }),
    raw: action({
      uses,
      input: z.object({ text: z.string() }),
      output: z.unknown(),
      access: () => signedIn,
      // As nobody should write it: what is sent is SQL.
      run: async ({ input, db }) => (await sql.raw(input.text).execute(db)).rows,
    }),
    halfway: action({
      uses,
      input: z.object({ how: z.enum(["fail", "throw", "database", "caught", "output", "unawaited"]) }),
      output: z.object({ done: z.literal(true) }),
      access: () => signedIn,
      async run({ input, db, me }) {
        await db
          .insertInto("accounts")
          .values({ holder: me.id ?? "", firstName: `half ${input.how}` })
          .execute()
        if (input.how === "fail") fail("UC702", { why: "not today" })
        if (input.how === "throw") throw new TypeError("a secret of the server")
        const bad = sql`select 1 / 0, 'secret of the database'`
        if (input.how === "database") await bad.execute(db)
        if (input.how === "caught") await bad.execute(db).catch(() => undefined)
        if (input.how === "unawaited") bad.execute(db).catch(() => undefined)
        return { done: (input.how !== "output") as true }
      },
    }),
    add: action({
      uses,
      isolation: "serializable",
      input: z.object({ amount: z.int() }),
      output: z.object({ balance: z.number() }),
      access: () => signedIn,
      async run({ input, db }) {
        probe.runs++
        const { id, balance } = await db
          .selectFrom("accounts")
          .select(["id", "balance"])
          .executeTakeFirstOrThrow()
        await probe.meet?.()
        await db
          .updateTable("accounts")
          .set({ balance: balance + input.amount })
          .where("id", "=", id)
          .execute()
        await db.insertInto("entries").values({ account: id, amount: input.amount }).execute()
        return { balance: balance + input.amount }
      },
    }),
    slow: action({
      uses,
      input: z.object({ how: z.enum(["statement", "code"]) }),
      output: z.null(),
      access: () => signedIn,
      async run({ input, db, me }) {
        await db
          .insertInto("accounts")
          .values({ holder: me.id ?? "", firstName: "slow" })
          .execute()
        if (input.how === "statement") await sql`select pg_sleep(20)`.execute(db)
        else await new Promise((resolve) => setTimeout(resolve, 4000))
        return null
      },
    }),
    writesReading: action({
      uses,
      readOnly: true,
      input: none,
      output: z.null(),
      access: () => anyone,
      async run({ db }) {
        await db.updateTable("accounts").set({ balance: 1 }).execute()
        return null
      },
    }),
    leads: action({
      uses: [],
      input: none,
      output: z.object({ me: z.string().nullable(), at: z.iso.datetime() }),
      access: () => anyOf(me.has("boss"), me.id.in(me.leading)),
      run: ({ me, now }) => ({ me: me.id, at: now.toISOString() }),
    }),
  },
})
