/** Steps beyond the caller's rights: what they may, what they may not, and what goes on record. */
import { sql } from "kysely"
import pg from "pg"
import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, test, vi } from "vitest"
import {
  startTestBackend,
  type TestAnswer,
  type TestBackend,
  type TestCaller,
} from "../../test/support/backend.ts"
import { desk, deskBackend, Mark, Ticket } from "../../test/support/desk-backend.ts"
import { buildModel } from "../model/build.ts"
import { anyone } from "../model/capture.ts"
import { type AnyEntity, view } from "../model/entity.ts"
import { ProblemList } from "../model/model-error.ts"
import { action } from "./action.ts"
import { checkActions } from "./check-actions.ts"

let backend: TestBackend
const causes: string[] = []
const ann: TestCaller = { id: "ann" }
const [annsTicket, bobsTicket] = [
  "00000000-0000-7000-8000-00000000000a",
  "00000000-0000-7000-8000-00000000000b",
]

beforeAll(async () => {
  backend = await startTestBackend(deskBackend, {
    onError: ({ cause }) => void causes.push(String((cause as Error | undefined)?.message)),
  })
  await backend.sql("insert into app.secrets (word) values ('the word')")
})
afterAll(() => backend?.stop())
beforeEach(async () => {
  causes.length = 0
  desk.run = null
  desk.seen = null
  await backend.sql("delete from app.marks")
  await backend.sql("delete from app.tickets")
  await backend.sql("delete from undercroft_state.system_steps")
  await backend.sql(
    `insert into app.tickets (id, holder, title, note, price, big, at, day, tags) values
      ('${annsTicket}', 'ann', 'first', 'hers', 1.50, 9007199254740993, '2026-01-01 08:00:00+00', '2026-02-03', '{"a,b","c\\"d"}'),
      ('${bobsTicket}', 'bob', 'second', 'his', 20.25, 7, null, null, '{}')`,
  )
})

/** Calls an action whose body is `run`. */
async function call(
  name: string,
  run: (scope: any) => Promise<unknown>,
  caller: TestCaller | null = ann,
): Promise<TestAnswer> {
  desk.run = run
  return backend.request(caller, "POST", `/rest/rpc/${name}`, { body: {} })
}

const codeOf = ({ status, json }: TestAnswer): string => `${status} ${json?.code ?? ""}`.trim()
const recorded = (): Promise<any[]> =>
  backend.sql("select action, actor, reason, statements from undercroft_state.system_steps order by id")

describe("a step", () => {
  test("does what the caller may not, in the same transaction, and is on record", async () => {
    const rate = (stars: number): Promise<TestAnswer> =>
      backend.request(ann, "POST", "/rest/rpc/rate", { body: { ticket: annsTicket, stars } })
    expect((await rate(4)).json).toEqual({ average: "4.0000000000000000", count: 1 })
    expect((await rate(1)).json).toEqual({ average: "2.5000000000000000", count: 2 })
    const statement = (kind: string): object => ({ kind, entities: ["Mark"], rows: 1 })
    expect((await recorded())[1]).toEqual({
      action: "rate",
      actor: "ann",
      reason: "count a rating",
      statements: [statement("insert"), statement("select")],
    })
    // The rest of the action stays the caller's.
    const foreign = { body: { ticket: bobsTicket, stars: 1 } }
    expect(codeOf(await backend.request(ann, "POST", "/rest/rpc/rate", foreign))).toBe("404 UC703")
    expect(await recorded()).toHaveLength(2)
  })

  test("gives values as the caller's own statements give them", async () => {
    const { json } = await call("free", async ({ db, asSystem }) => {
      const read = (from: any): Promise<unknown> =>
        from.selectFrom("tickets").selectAll().where("id", "=", annsTicket).executeTakeFirst()
      return [await read(db), await asSystem("compare", read)]
    })
    const [own, beyond] = json
    expect(beyond).toEqual({ ...own, note: "hers" })
    expect(own).toMatchObject({ price: "1.50", big: "9007199254740993", tags: ["a,b", 'c"d'], note: null })
  })

  test("takes values of every kind, and tells how many rows it wrote", async () => {
    const odd = `it's \\ "so" $1; %s {null}`
    const { json } = await call("free", ({ asSystem }) =>
      asSystem("write", async (db: any) => {
        const row = {
          holder: odd,
          title: "odd",
          tags: [odd, "NULL", ""],
          at: "2026-05-06T07:08:09Z",
          big: 12,
        }
        await db.insertInto("tickets").values(row).execute()
        const { numUpdatedRows } = await db
          .updateTable("tickets")
          .set((eb: any) => ({ seats: eb("seats", "+", 1) }))
          .where((eb: any) => eb("tags", "@>", eb.val([odd])))
          .executeTakeFirst()
        const { numDeletedRows } = await db
          .deleteFrom("tickets")
          .where("id", "in", [annsTicket, bobsTicket])
          .executeTakeFirst()
        const rows = await db
          .selectFrom("tickets")
          .selectAll()
          .where("holder", "=", odd)
          .where("at", "=", new Date("2026-05-06T07:08:09Z"))
          .orderBy("title", "desc")
          .execute()
        return { rows, updated: String(numUpdatedRows), deleted: String(numDeletedRows) }
      }),
    )
    expect(causes).toEqual([])
    expect(json).toMatchObject({ updated: "1", deleted: "2" })
    expect(json.rows).toMatchObject([
      {
        holder: odd,
        tags: [odd, "NULL", ""],
        at: "2026-05-06T07:08:09+00:00",
        big: 12,
        seats: 2,
        version: 2,
      },
    ])
  })

  test("may join, group, use common tables and go on where rows conflict", async () => {
    const { json } = await call("free", ({ asSystem }) =>
      asSystem("all of it", async (db: any) => {
        await db
          .insertInto("marks")
          .values([
            { ticket: annsTicket, stars: 5 },
            { ticket: annsTicket, stars: 2 },
          ])
          .execute()
        await db
          .insertInto("tickets")
          .values({ holder: "bob", title: "second", seats: 9 })
          .onConflict((on: any) =>
            on.columns(["holder", "title"]).doUpdateSet((eb: any) => ({ seats: eb.ref("excluded.seats") })),
          )
          .execute()
        return db
          .with("best", (inner: any) =>
            inner
              .selectFrom("marks as m")
              .select(["m.ticket", ({ fn }: any) => fn.max("m.stars").as("most")])
              .groupBy("m.ticket"),
          )
          .selectFrom("tickets as t")
          .leftJoin("best", "best.ticket", "t.id")
          .select(["t.holder", "t.seats", "best.most"])
          .where((eb: any) => eb.or([eb("t.seats", ">", 1), eb.exists(eb.selectFrom("marks").selectAll())]))
          .orderBy("t.holder")
          .limit(10)
          .forUpdate("t")
          .execute()
      }),
    )
    expect(causes).toEqual([])
    expect(json).toEqual([
      { holder: "ann", seats: 1, most: 5 },
      { holder: "bob", seats: 9, most: null },
    ])
  })

  test("is on record without a statement, too, and for who is not signed in", async () => {
    await call("free", ({ asSystem }) => asSystem("nothing at all", async () => 1), null)
    expect(await recorded()).toEqual([
      { action: "free", actor: null, reason: "nothing at all", statements: [] },
    ])
  })

  test("stays on record when it was undone to a savepoint", async () => {
    const { status } = await call("free", async ({ db, asSystem }) => {
      await sql`savepoint a`.execute(db)
      await asSystem("look", (system: any) => system.selectFrom("tickets").select("id").execute())
      await sql`rollback to a`.execute(db)
    })
    expect([status, (await recorded())[0]?.statements]).toEqual([
      200,
      [{ kind: "select", entities: ["Ticket"], rows: 2 }],
    ])
  })

  test("in an action that only reads, reads, and is on record", async () => {
    const read = await call("reads", ({ asSystem }) =>
      asSystem("look", (db: any) => db.selectFrom("tickets").select("holder").orderBy("holder").execute()),
    )
    expect(read.json).toEqual([{ holder: "ann" }, { holder: "bob" }])
    expect(await recorded()).toHaveLength(1)
    const write = await call("reads", ({ asSystem }) =>
      asSystem("write", (db: any) => db.deleteFrom("tickets").execute()),
    )
    expect([codeOf(write), await backend.sql("select 1 from app.tickets")]).toEqual([
      "500 UC690",
      [expect.anything(), expect.anything()],
    ])
  })

  test("that fails undoes all of the action, and leaves no record", async () => {
    const answer = await call("free", async ({ db, asSystem }) => {
      await db.insertInto("tickets").values({ holder: "ann", title: "half" }).execute()
      await asSystem("break off", async (system: any) => {
        await system.updateTable("tickets").set({ seats: 5 }).execute()
        throw new Error("no")
      })
    })
    expect(codeOf(answer)).toBe("500 UC690")
    expect(await backend.sql("select 1 from app.tickets where seats = 5 or title = 'half'")).toEqual([])
    expect(await recorded()).toEqual([])
  })

  test.each([
    ["a key that is taken", { holder: "bob", title: "second" }, "409 UC702"],
    ["a check", { holder: "bob", title: "x", seats: -1 }, "409 UC702"],
    ["a value too long", { holder: "bob", title: "x".repeat(21), seats: -1 }, "409 UC702"],
    ["no reference", { holder: "bob", title: null }, "409 UC702"],
  ])("is held by what the tables hold: %s; nothing of it is told", async (_, row, told) => {
    const answer = await call("free", ({ asSystem }) =>
      asSystem("write", (db: any) => db.insertInto("tickets").values(row).execute()),
    )
    expect(codeOf(answer)).toBe(told)
    expect(answer.text).not.toMatch(/bob|second|title|holder|seats|tickets/)
  })

  test("can't set what only the database sets, or what does not change", async () => {
    for (const set of [{ version: 9 }, { createdAt: "2020-01-01T00:00:00Z" }, { holder: "ann" }]) {
      const answer = await call("free", ({ asSystem }) =>
        asSystem("write", (db: any) => db.updateTable("tickets").set(set).execute()),
      )
      expect(codeOf(answer)).toBe("500 UC690")
    }
  })

  test.each(["", "  ", "x".repeat(201), 7, undefined])("needs a reason, and %j is none", async (reason) => {
    expect(codeOf(await call("free", ({ asSystem }) => asSystem(reason, async () => 1)))).toBe("500 UC690")
  })

  test("ends with its function, and before the action does", async () => {
    const late = await call("free", async ({ asSystem }) => {
      const db: any = await asSystem("keep it", async (system: unknown) => ({ system }))
      return db.system.selectFrom("tickets").selectAll().execute()
    })
    expect([codeOf(late), causes.at(-1)]).toEqual(["500 UC690", expect.stringContaining("the step is over")])
    const open = await call("free", async ({ asSystem }) => {
      asSystem("wait", () => new Promise((resolve) => setTimeout(resolve, 100))).catch(() => undefined)
    })
    expect([codeOf(open), causes.at(-1)]).toEqual(["500 UC690", expect.stringContaining("under way")])
    let kept: any
    await call("free", async ({ asSystem }) => {
      kept = asSystem
    })
    await expect(kept("later", async () => 1)).rejects.toThrow("the action is over")
  })
})

describe("what is not under system is refused", () => {
  test("when the backend is built: views, and what is not in the model", () => {
    const Few = view("Few", Ticket, { key: "id", fields: { id: "id", title: "title" } })
    const schema = {
      "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
    } as const
    const any = { uses: [], input: schema, output: schema, access: () => anyone, run: () => null }
    const build = (system: readonly AnyEntity[]): unknown => {
      const problems = new ProblemList()
      const checked = checkActions({ one: action({ ...any, system }) }, buildModel([Ticket, Few]), problems)
      problems.check()
      return checked.system.map(({ name }) => name)
    }
    expect(() => build([Few])).toThrow(/actions\.one: has Few under `system`, which is a view/)
    expect(() => build([Mark])).toThrow(/actions\.one: refers to Mark, which is not in the model/)
    expect(build([Ticket])).toEqual(["Ticket"])
  })

  test("by the types", () => {
    const schema = {
      "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
    } as const
    const any = { input: schema, output: schema, access: () => anyone }
    action({
      ...any,
      uses: [Ticket, Mark],
      system: [Mark],
      run: ({ asSystem }) =>
        asSystem("look", async (db) => {
          expectTypeOf<Parameters<typeof db.selectFrom>[0]>().not.toBeNever()
          // @ts-expect-error: tickets are not under system.
          return () => db.selectFrom("tickets").selectAll().execute()
        }),
    })
    // @ts-expect-error: no system, no asSystem.
    action({ ...any, uses: [Ticket], run: ({ asSystem }) => asSystem })
  })

  test("where nothing is named, there is nothing", async () => {
    await call("plain", async (scope) => {
      desk.seen = Object.keys(scope)
    })
    expect(desk.seen).toEqual(["input", "db", "me", "now", "log"])
  })

  test.each<[string, (db: any) => { execute(): Promise<unknown> }]>([
    ["another entity", (db) => db.selectFrom("tickets").selectAll()],
    [
      "another entity in a join",
      (db) => db.selectFrom("marks").innerJoin("tickets", "tickets.id", "ticket").select("title"),
    ],
    [
      "another entity in a sub-query",
      (db) => db.selectFrom("marks").select((eb: any) => eb.selectFrom("tickets").select("title").as("x")),
    ],
    ["another entity in a write", (db) => db.deleteFrom("tickets")],
    ["an entity of no action", (db) => db.selectFrom("secrets").selectAll()],
    [
      "a name of its own that hides one",
      (db) =>
        db
          .with("tickets", (inner: any) => inner.selectFrom("marks").selectAll())
          .selectFrom("tickets")
          .selectAll(),
    ],
    [
      "an alias that hides one",
      (db) =>
        db
          .selectFrom("marks as tickets")
          .innerJoin("tickets", (on: any) => on.onTrue())
          .selectAll(),
    ],
    ["another schema", (db) => db.withSchema("undercroft_state").selectFrom("keys").selectAll()],
    ["the catalogue", (db) => db.selectFrom("pg_class").selectAll()],
    ["SQL in a selection", (db) => db.selectFrom("marks").select(sql`1`.as("one"))],
    ["SQL in a condition", (db) => db.selectFrom("marks").selectAll().where(sql.raw("true or true"))],
    ["SQL as a table", (db) => db.selectFrom(sql`tickets`.as("t")).selectAll()],
    ["SQL at the end", (db) => db.selectFrom("marks").selectAll().modifyEnd(sql`; drop table marks`)],
    ["SQL alone", (db) => ({ execute: () => sql`select 1`.execute(db) })],
    [
      "a function that looks elsewhere",
      (db) => db.selectNoFrom((eb: any) => eb.fn("query_to_xml", [eb.val("select 1")]).as("x")),
    ],
    [
      "a function that is more than a name",
      (db) => db.selectNoFrom((eb: any) => eb.fn("now(), pg_sleep", [eb.val(1)]).as("x")),
    ],
    [
      "a query with another text",
      (db) => {
        const compiled = db.selectFrom("marks").selectAll().compile()
        return { execute: () => db.executeQuery({ ...compiled, sql: "select * from tickets" }) }
      },
    ],
    [
      "a query of another db",
      (db) => ({
        execute: () =>
          db.withoutPlugins().executeQuery(db.withoutPlugins().selectFrom("tickets").selectAll().compile()),
      }),
    ],
    [
      "a query that a plugin has changed",
      (db) =>
        db
          .withPlugin({
            transformQuery: ({ node }: { node: object }) => ({
              ...node,
              endModifiers: [sql`union select 1`.toOperationNode()],
            }),
            transformResult: async ({ result }: { result: unknown }) => result,
          })
          .selectFrom("marks")
          .selectAll(),
    ],
    ["a change of the schema", (db) => db.schema.dropTable("marks")],
    [
      "a merge",
      (db) => db.mergeInto("marks").using("marks as m", "m.id", "marks.id").whenMatched().thenDelete(),
    ],
    ["a transaction", (db) => ({ execute: () => db.transaction().execute(async () => 1) })],
  ])("when it runs: %s", async (_, query) => {
    let refusal = ""
    const answer = await call("marksOnly", ({ asSystem }) =>
      asSystem("try", (db: any) =>
        Promise.resolve()
          .then(() => query(db).execute())
          .catch((cause) => {
            refusal = cause.message
            throw cause
          }),
      ),
    )
    expect([codeOf(answer), refusal]).toEqual([
      "500 UC690",
      expect.stringMatching(/^a query of asSystem |one transaction already/),
    ])
    expect(await backend.sql("select 1 from app.tickets")).toHaveLength(2)
  })
})

test("an action without a step sends its statements and its entry", async () => {
  const spy = vi.spyOn(pg.Client.prototype, "query")
  try {
    await call("free", ({ db }) => db.selectFrom("tickets").select("id").execute())
    const sent = spy.mock.calls.map(([query]: any[]) => String(query?.text ?? query).slice(0, 23))
    expect(sent).toEqual([
      "begin isolation level r",
      "select undercroft.enter",
      "select undercroft.ask($",
      'select undercroft."gate',
      'select "id" from "ticke',
      "select undercroft.recor",
      "commit",
      "discard all",
    ])
  } finally {
    spy.mockRestore()
  }
})
