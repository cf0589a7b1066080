/** A changed model meets the tables of the former one: what is safe is done, what could lose data is refused as a whole. */

import pg from "pg"
import { afterEach, describe, expect, test } from "vitest"
import { UndercroftError } from "../../src/base/errors.ts"
import { sealCaller } from "../../src/engine/caller.ts"
import { type AnyEntity, date, entity, integer, range, text } from "../../src/index.ts"
import { prepareDatabase } from "../../src/store/database.ts"
import { createDatabase, runSql } from "../support/backend.ts"
import { openDatabase, openSession, policiesOf, type TestDatabase } from "./database.ts"
import { insert, note, record, safeChanges, unsafeChanges } from "./schema-changes.ts"

const made: TestDatabase[] = []
afterEach(async () => {
  for (const one of made.splice(0)) await one.drop()
})

/** A database of a model, with SQL run in it. */
async function prepared(model: readonly AnyEntity[], ...sql: readonly string[]): Promise<TestDatabase> {
  const database = await openDatabase(model)
  made.push(database)
  for (const one of sql) await database.admin.query(one)
  return database
}

async function change(
  database: TestDatabase,
  model: readonly AnyEntity[],
): Promise<UndercroftError | readonly string[]> {
  try {
    return (await prepareDatabase(database.adminUrl, policiesOf(model))).changes
  } catch (cause) {
    if (cause instanceof UndercroftError) return cause
    throw cause
  }
}

/** Everything that the change of a model touches, rows and all, as one text. */
async function everything({ admin }: TestDatabase): Promise<string> {
  const { rows: tables } = await admin.query(
    "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('app', 'undercroft_state') order by 1",
  )
  const parts: unknown[] = [tables]
  for (const { name } of tables)
    parts.push((await admin.query(`select * from ${name} t order by t::text`)).rows)
  for (const text of [
    "select table_schema, table_name, column_name, data_type, is_nullable, column_default, is_generated, generation_expression, collation_name, is_identity from information_schema.columns where table_schema in ('app', 'fields') order by 1, 2, ordinal_position",
    "select conrelid::regclass::text as r, conname, pg_get_constraintdef(oid) as def, convalidated from pg_constraint where connamespace = 'app'::regnamespace order by 1, 2",
    "select indexdef from pg_indexes where schemaname = 'app' order by 1",
    "select * from pg_policies where schemaname = 'app' order by tablename, policyname",
    "select viewname, definition, viewowner from pg_views where schemaname in ('app', 'fields') order by 1",
    "select relname, relacl::text, relrowsecurity, relforcerowsecurity from pg_class where relnamespace in ('app'::regnamespace, 'fields'::regnamespace) order by 1",
    "select proname, prosrc, proacl::text from pg_proc where pronamespace in ('undercroft'::regnamespace, 'undercroft_rules'::regnamespace) order by 1, 2",
    "select tgrelid::regclass::text as r, tgname, tgenabled from pg_trigger where not tgisinternal order by 1, 2",
  ])
    parts.push((await admin.query(text)).rows)
  return JSON.stringify(parts, null, 1)
}

const first = async ({ admin }: TestDatabase, text: string): Promise<any> => (await admin.query(text)).rows[0]
describe("safe", () => {
  test.each(safeChanges)("%s", async (_, from, data, to, check, due) => {
    const database = await prepared(from(), ...[data].flat())
    const changes = await change(database, to())
    expect(changes).not.toBeInstanceOf(UndercroftError)
    expect(await first(database, check)).toEqual(due)
    // What was done is what is written down: a second time there is nothing to do, and what is there serves.
    expect(await change(database, to())).toEqual([])
    const session = await database.connect()
    expect((await session.raw("select 1")).error).toBeNull()
  })

  test("there and back again, rows and all", async () => {
    const [a, b] = [[note({ a: text() })], [note({ a: text(), b: text().optional() }, { indexes: [["a"]] })]]
    const database = await prepared(a, insert)
    const at = await everything(database)
    await change(database, b)
    await change(database, a)
    expect((await everything(database)).replaceAll(/"(hash|applied_at|objects)": .*/g, "")).toEqual(
      at.replaceAll(/"(hash|applied_at|objects)": .*/g, ""),
    )
  })
})

describe("unsafe, and nothing changed", () => {
  test.each(unsafeChanges)("%s", async (_, from, data, to, code, named) => {
    const database = await prepared(from(), ...[data].flat())
    const at = await everything(database)
    const refusal = await change(database, to())
    expect(refusal).toMatchObject({ code, status: 503 })
    expect((refusal as UndercroftError).details).toContain(named)
    expect(await everything(database)).toEqual(at)
    // The former model serves as before.
    expect(await change(database, from())).toEqual([])
  })

  test("what the refusal of a field says to do, done, lets the model pass", async () => {
    const database = await prepared(
      [note({ a: text(), b: text().optional() })],
      "insert into app.notes (a, b) values ('one', 'x')",
    )
    const refusal = (await change(database, [note({ a: text() })])) as UndercroftError
    const sql = /alter table .*;/.exec(refusal.details ?? "")?.[0] ?? ""
    // The policies stand on the column no longer than the model needs it.
    await database.admin.query(sql.replace(";", " cascade;"))
    expect(await change(database, [note({ a: text() })])).not.toBeInstanceOf(UndercroftError)
    expect(await first(database, "select count(*)::int as n from app.notes")).toEqual({ n: 1 })
  })

  test("of a field that is to be encrypted no SQL is told, which would leave it in the clear", async () => {
    const owned = (a: any): any => {
      const Owned = entity("Note", { fields: { a }, subject: "id" })
      Owned.access(() => ({}))
      return Owned
    }
    const database = await prepared([owned(text().personal())], "insert into app.notes (a) values ('one')")
    const refusal = (await change(database, [owned(text().personal().encrypted())])) as UndercroftError
    expect(refusal.code).toBe("UC523")
    expect(refusal.details).toMatch(/notes\.a would change from text to bytea: put \.encrypted\(\) back/)
    expect(refusal.details).not.toContain("alter table")
  })

  test("the data counts, not what a login sees of it under the policies", async () => {
    const owned = (): any =>
      record("Note", { a: text(), b: text().optional() }, {}, ({ row }: any) => ({
        read: row.a.is("nobody"),
      }))
    const database = await prepared([owned()], "insert into app.notes (a, b) values ('one', 'x')")
    const admin = await limitedAdmin(database)
    await expect(prepareDatabase(admin, policiesOf([record("Note", { a: text() })]))).rejects.toMatchObject({
      code: "UC523",
    })
    await expect(prepareDatabase(admin, policiesOf([record("Other", {})]))).rejects.toMatchObject({
      code: "UC523",
    })
    expect(await first(database, "select b from app.notes")).toEqual({ b: "x" })
  })
})

/** A login that is no superuser, owns the database and may make roles: what a managed PostgreSQL gives. */
async function limitedAdmin(database: TestDatabase): Promise<string> {
  const name = new URL(database.adminUrl).pathname.slice(1)
  const roles = database.ready.roles
  await database.admin.query(`create role ${name}_limited login createrole password 'limited'`)
  await database.admin.query(
    `grant "${roles.owner}", "${roles.internal}", "${roles.fields}", "${roles.system}" to ${name}_limited; grant "${roles.api}", "${roles.audit}" to ${name}_limited with admin option; alter database ${name} owner to ${name}_limited`,
  )
  const url = new URL(database.adminUrl)
  url.username = `${name}_limited`
  url.password = "limited"
  return url.href
}

describe("a login that is no superuser", () => {
  test("takes over what a superuser made, and changes it", async () => {
    const database = await prepared([note({ a: text() })], insert)
    const admin = await limitedAdmin(database)
    const { changes } = await prepareDatabase(
      admin,
      policiesOf([
        note({
          a: text(),
          b: integer()
            .default(3)
            .visibleTo(({ me }) => me.has("lead")),
        }),
      ]),
    )
    expect(changes).not.toEqual([])
    expect(await first(database, "select count(*)::int as n, min(b) as b from app.notes")).toEqual({
      n: 2,
      b: 3,
    })
  })
})

describe("a login that is no superuser, from the beginning", () => {
  const model = (): any[] => [
    note(
      {
        a: text(),
        b: range(date()).optional(),
        secret: text()
          .internal()
          .optional()
          .visibleTo(({ me }) => me.has("lead")),
      },
      { exclude: [{ same: ["a"], overlapping: "b" }], reveals: true },
    ),
  ]
  const limited = async (may: string): Promise<{ url: string; drop: () => Promise<void>; super: string }> => {
    const { url, drop } = await createDatabase()
    const name = new URL(url).pathname.slice(1)
    await runSql(url, `create role ${name}_limited login ${may} password 'limited'`)
    await runSql(url, `alter database ${name} owner to ${name}_limited`)
    const own = new URL(url)
    own.username = `${name}_limited`
    own.password = "limited"
    return { url: own.href, drop, super: url }
  }

  test("prepares, serves, and finds everything in order the next time", async () => {
    const { url, drop } = await limited("createrole")
    try {
      const ready = await prepareDatabase(url, policiesOf(model()))
      const session = await openSession(ready.apiUrl)
      const caller = sealCaller({ id: "a", roles: [], claims: {} }, Date.now(), ready.processKey)
      expect(
        (await session.run(caller, "insert into fields.notes (a) values ('x') returning a, secret")).cells,
      ).toEqual([["x", null]])
      for (const text of [
        "select a from app.notes",
        'select "secret$write" from fields.notes',
        "select undercroft_rules.count_version()",
        "select * from undercroft_state.keys",
      ]) {
        expect((await session.raw(text)).error?.code).toBe("42501")
      }
      await session.end()
      expect((await prepareDatabase(url, policiesOf(model()))).changes).toEqual([])
    } finally {
      await drop()
    }
  })

  test("says what an administrator is to run when it may make no roles, and is content when that is done", async () => {
    const { url, drop, super: superuser } = await limited("nocreaterole")
    try {
      const refusal: UndercroftError = await prepareDatabase(url, policiesOf(model())).then(
        () => expect.fail(),
        (cause) => cause,
      )
      expect(refusal).toMatchObject({ code: "UC522" })
      const name = new URL(url).pathname.slice(1)
      expect(refusal.details).toContain(`to ${name}_limited;`)
      expect(refusal.details).toMatch(/password 'SCRAM-SHA-256\$4096:/)
      await runSql(superuser, refusal.details ?? "")
      const ready = await prepareDatabase(url, policiesOf(model()))
      const session = await openSession(ready.apiUrl)
      expect((await session.raw("select current_user as who")).rows).toEqual([{ who: ready.roles.api }])
      await session.end()
      await runSql(superuser, `alter role "${ready.roles.api}" password 'changed'`)
      const again: UndercroftError = await prepareDatabase(url, policiesOf(model())).then(
        () => expect.fail(),
        (cause) => cause,
      )
      expect(again).toMatchObject({ code: "UC522" })
      expect(again.details).toMatch(/^alter role "\w+_api" password 'SCRAM-SHA-256\$4096:[^']+';$/)
      await runSql(superuser, again.details ?? "")
      await prepareDatabase(url, policiesOf(model()))
    } finally {
      await drop()
    }
  })
})

describe("by hand", () => {
  test("a column that was dropped is made again, with what stood on it", async () => {
    const model = (): any[] => [
      note({ a: text(), b: text().optional().unique().reveals() }, { indexes: [["b", "a"]] }),
    ]
    const database = await prepared(model(), insert, "alter table app.notes drop column b cascade")
    const refusal = await change(database, model())
    expect(refusal).toMatchObject({ code: "UC525" })
    await database.admin.query("update undercroft_state.schema set hash = ''")
    expect(await change(database, model())).not.toBeInstanceOf(UndercroftError)
    expect(
      await first(
        database,
        "select (select count(*)::int from pg_constraint where conname = 'notes_b_key') as keys, (select count(*)::int from pg_indexes where indexname = 'notes_b_a_idx') as indexes",
      ),
    ).toEqual({ keys: 1, indexes: 1 })
  })
  test("a table that was dropped is made again", async () => {
    const database = await prepared(
      [note({ a: text() }), record("Other", {})],
      insert,
      "drop table app.others cascade; update undercroft_state.schema set hash = ''",
    )
    expect(await change(database, [note({ a: text() }), record("Other", {})])).not.toBeInstanceOf(
      UndercroftError,
    )
    expect(await first(database, "select count(*)::int as n from app.others")).toEqual({ n: 0 })
  })
  test("a constraint that was dropped is made again", async () => {
    const model = (): any[] => [note({ a: text().unique().reveals() })]
    const database = await prepared(
      model(),
      "alter table app.notes drop constraint notes_a_key; update undercroft_state.schema set hash = ''",
    )
    expect(await change(database, model())).not.toBeInstanceOf(UndercroftError)
    expect(
      await first(database, "select count(*)::int as n from pg_constraint where conname = 'notes_a_key'"),
    ).toEqual({ n: 1 })
  })
})

describe("interrupted", () => {
  const to = (): any[] => [note({ a: text(), b: integer().default(3) }), record("Other", {})]
  test("by an error in any statement, all is as before", async () => {
    const database = await prepared([note({ a: text() })], insert)
    const at = await everything(database)
    for (const part of ["start", "middle", "end"]) {
      const rewrite = (all: readonly string[]): readonly string[] => {
        const place = part === "start" ? 0 : part === "middle" ? Math.floor(all.length / 2) : all.length
        return all.toSpliced(place, 0, "select 1 / 0")
      }
      await expect(prepareDatabase(database.adminUrl, policiesOf(to()), { rewrite })).rejects.toMatchObject({
        code: "UC524",
      })
      expect(await everything(database)).toEqual(at)
    }
    expect(await change(database, [note({ a: text() })])).toEqual([])
  })

  test("by the end of the connection, all is as before, and the next start does it", async () => {
    const database = await prepared([note({ a: text() })], insert)
    const at = await everything(database)
    const applying = prepareDatabase(database.adminUrl, policiesOf(to()), {
      rewrite: (all) => [...all, "select pg_sleep(30)"],
    })
    applying.catch(() => undefined)
    await untilSleeping(database.adminUrl)
    await expect(applying).rejects.toThrow()
    expect(await everything(database)).toEqual(at)
    expect(await change(database, to())).not.toBeInstanceOf(UndercroftError)
    expect(await first(database, "select count(*)::int as n, min(b) as b from app.notes")).toEqual({
      n: 2,
      b: 3,
    })
  })

  async function untilSleeping(url: string): Promise<void> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    for (let tries = 0; tries < 300; tries++) {
      const { rowCount } = await client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'undercroft admin' and datname = current_database() and wait_event = 'PgSleep'",
      )
      if (rowCount) break
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await client.end()
  }

  test("several nodes starting at one time make one schema", async () => {
    const database = await prepared([note({ a: text() })], insert)
    const results = await Promise.all(Array.from({ length: 4 }, () => change(database, to())))
    expect(results.filter((one) => !(one instanceof UndercroftError) && one.length > 0)).toHaveLength(1)
    expect(results.filter((one) => one instanceof UndercroftError)).toEqual([])
  })
})

test("a hidden field is not readable under the rights that it had before it was hidden", async () => {
  const database = await prepared([note({ a: text(), b: text().default("x") })], insert)
  const session = await database.connect()
  expect((await session.raw("select b from app.notes")).cells).toEqual([["x"], ["x"]])
  await change(database, [
    note({
      a: text(),
      b: text()
        .default("x")
        .visibleTo(({ me }) => me.has("lead")),
    }),
  ])
  for (const sql of [
    "select b from app.notes",
    "select a from app.notes",
    'select "b$write" from fields.notes',
    "update app.notes set b = 'y'",
  ]) {
    expect((await session.raw(sql)).error?.code, sql).toBe("42501")
  }
  expect((await session.raw("select b from fields.notes")).cells).toEqual([[null], [null]])
})
