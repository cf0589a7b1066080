/** A changed model meets the tables of the former one: what is safe is done, what could lose data is refused as a whole. */
import { afterEach, describe, expect, test } from "vitest"
import pg from "pg"
import { UndercroftError } from "../../src/base/errors.ts"
import { prepareDatabase } from "../../src/store/database.ts"
import {
  type AnyEntity, anyone, bigint, choice, concat, date, decimal, entity, generated, instant, integer, list, lower, many, range, ref, serial, text, uuid, view,
} from "../../src/index.ts"
import { createDatabase, runSql } from "../support/backend.ts"
import { openDatabase, openSession, policiesOf, type TestDatabase } from "./database.ts"

const made: TestDatabase[] = []
afterEach(async () => {
  for (const one of made.splice(0)) await one.drop()
})

function record(name: string, fields: Record<string, any>, options: Record<string, any> = {}, read: any = () => ({ read: anyone, create: anyone, update: anyone, delete: anyone })): any {
  const found: any = entity(name, { fields, ...options })
  found.access(read)
  return found
}

/** A database of a model, with SQL run in it. */
async function before(model: readonly AnyEntity[], ...sql: readonly string[]): Promise<TestDatabase> {
  const database = await openDatabase(model)
  made.push(database)
  for (const one of sql) await database.admin.query(one)
  return database
}

async function change(database: TestDatabase, model: readonly AnyEntity[]): Promise<UndercroftError | readonly string[]> {
  try {
    return (await prepareDatabase(database.adminUrl, policiesOf(model))).changes
  } catch (cause) {
    if (cause instanceof UndercroftError) return cause
    throw cause
  }
}

/** Everything that the change of a model touches, rows and all, as one text. */
async function everything({ admin }: TestDatabase): Promise<string> {
  const { rows: tables } = await admin.query("select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('app', 'undercroft_state') order by 1")
  const parts: unknown[] = [tables]
  for (const { name } of tables) parts.push((await admin.query(`select * from ${name} t order by t::text`)).rows)
  for (const text of [
    "select table_schema, table_name, column_name, data_type, is_nullable, column_default, is_generated, generation_expression, collation_name, is_identity from information_schema.columns where table_schema in ('app', 'fields') order by 1, 2, ordinal_position",
    "select conrelid::regclass::text as r, conname, pg_get_constraintdef(oid) as def, convalidated from pg_constraint where connamespace = 'app'::regnamespace order by 1, 2",
    "select indexdef from pg_indexes where schemaname = 'app' order by 1", "select * from pg_policies where schemaname = 'app' order by tablename, policyname",
    "select viewname, definition, viewowner from pg_views where schemaname in ('app', 'fields') order by 1", "select relname, relacl::text, relrowsecurity, relforcerowsecurity from pg_class where relnamespace in ('app'::regnamespace, 'fields'::regnamespace) order by 1",
    "select proname, prosrc, proacl::text from pg_proc where pronamespace in ('undercroft'::regnamespace, 'undercroft_rules'::regnamespace) order by 1, 2", "select tgrelid::regclass::text as r, tgname, tgenabled from pg_trigger where not tgisinternal order by 1, 2",
  ]) parts.push((await admin.query(text)).rows)
  return JSON.stringify(parts, null, 1)
}

const first = async ({ admin }: TestDatabase, text: string): Promise<any> => (await admin.query(text)).rows[0]
const note = (fields: Record<string, any>, options: Record<string, any> = {}): any => record("Note", fields, options)
const insert = "insert into app.notes (a) values ('one'), ('two')"

/** From a model to another: what is in the table, and what must be there afterwards. */
type Safe = readonly [name: string, from: () => any[], data: string | readonly string[], to: () => any[], check: string, due: unknown]
const safe: readonly Safe[] = [
  ["a new entity", () => [note({ a: text() })], insert, () => [note({ a: text() }), record("Other", { b: text() })], "select count(*)::int as n, to_regclass('app.others') is not null as there from app.notes", { n: 2, there: true }],
  ["a new optional field", () => [note({ a: text() })], insert, () => [note({ a: text(), b: text().optional() })], "select count(*)::int as n, count(b)::int as b from app.notes", { n: 2, b: 0 }],
  ["a new required field with a default", () => [note({ a: text() })], insert, () => [note({ a: text(), b: integer().default(7) })], "select min(b) as b from app.notes", { b: 7 }],
  ["a new required field without rows", () => [note({ a: text() })], [], () => [note({ a: text(), b: integer() })], "select count(*)::int as n from information_schema.columns where table_name = 'notes' and column_name = 'b' and is_nullable = 'NO'", { n: 1 }],
  ["a new number", () => [note({ a: text() })], insert, () => [note({ a: text(), b: serial() })], "select max(b) as b from app.notes", { b: 2 }],
  ["a new computed field", () => [note({ a: text() })], insert, () => [note({ a: text(), b: generated(text(), ({ row }) => concat(row.a, "!")) })], "select max(b) as b from app.notes", { b: "two!" }],
  ["a new computed field over a new field, in any order", () => [note({ a: text() })], insert, () => [note({ c: generated(text(), ({ row }) => concat(row.b, row.a)), a: text(), b: text().default("x") })], "select max(c) as c from app.notes", { c: "xtwo" }],
  ["another computation, and what stands on it", () => [note({ a: text(), b: generated(text(), ({ row }) => concat(row.a, "!")).unique().reveals() }, { indexes: [["b", "a"]] })], insert, () => [note({ a: text(), b: generated(text(), ({ row }) => concat(row.a, "?")).unique().reveals() }, { indexes: [["b", "a"]] })],
    "select max(b) as b, (select count(*)::int from pg_constraint where conname = 'notes_b_key') as keys, (select count(*)::int from pg_indexes where indexname = 'notes_b_a_idx') as indexes from app.notes", { b: "two?", keys: 1, indexes: 1 }],
  ["a computed field that goes", () => [note({ a: text(), b: generated(text(), ({ row }) => concat(row.a, "!")) })], insert, () => [note({ a: text() })], "select count(*)::int as n from app.notes", { n: 2 }],
  ["a computed field that becomes a plain one", () => [note({ a: text(), b: generated(text(), ({ row }) => concat(row.a, "!")) })], insert, () => [note({ a: text(), b: text().optional() })], "select count(*)::int as n, count(b)::int as b from app.notes", { n: 2, b: 0 }],
  ["an empty field that becomes a computed one", () => [note({ a: text(), b: text().optional() })], insert, () => [note({ a: text(), b: generated(text(), ({ row }) => lower(row.a)) })], "select max(b) as b from app.notes", { b: "two" }],
  ["a wider number", () => [note({ a: text(), b: integer().default(5) })], insert, () => [note({ a: text(), b: bigint().default(5 as never) })], "select min(b)::text as b, pg_typeof(min(b))::text as t, (select column_default from information_schema.columns where table_name = 'notes' and column_name = 'b') as d from app.notes", { b: "5", t: "bigint", d: "'5'::bigint" }],
  ["a wider number that others are computed from", () => [note({ a: text().default("x"), b: integer().default(5), c: generated(text(), ({ row }) => concat(row.a, "!")) }, { unique: [["c"]], reveals: true })], "insert into app.notes (a, b) values ('one', 1)", () => [note({ a: text().default("x"), b: bigint().default(5 as never), c: generated(text(), ({ row }) => concat(row.a, "!")) }, { unique: [["c"]], reveals: true })], "select b::text as b, c, (select count(*)::int from pg_constraint where conname = 'notes_c_key') as keys from app.notes", { b: "1", c: "one!", keys: 1 }],
  ["a wider decimal", () => [note({ a: text(), b: decimal({ precision: 6, scale: 2 }).default("1.25") })], insert, () => [note({ a: text(), b: decimal({ precision: 10, scale: 3 }).default("1.25") })], "select min(b)::text as b from app.notes", { b: "1.250" }],
  ["a number that becomes a decimal", () => [note({ a: text(), b: integer().default(5) })], insert, () => [note({ a: text(), b: decimal({ precision: 10, scale: 2 }).default("5") })], "select min(b)::text as b from app.notes", { b: "5.00" }],
  ["a day that becomes a moment, in UTC", () => [note({ a: text(), b: date().default("2026-07-01") })], insert, () => [note({ a: text(), b: instant().default("2026-07-01T00:00:00Z") })], "select min(b) at time zone 'UTC' = '2026-07-01' as same from app.notes", { same: true }],
  ["a wider key with references to it", () => [record("Home", { number: integer() }, { key: "number" }), ...[]].flatMap((home) => [home, note({ a: text(), home: ref(home) })]), ["insert into app.homes (number) values (1)", "insert into app.notes (a, home) values ('x', 1)"], () => [record("Home", { number: bigint() }, { key: "number" })].flatMap((home) => [home, note({ a: text(), home: ref(home) })]), "select home::text as home, pg_typeof(home)::text as t, (select count(*)::int from pg_constraint where contype = 'f' and convalidated and conrelid = 'app.notes'::regclass) as refs from app.notes", { home: "1", t: "bigint", refs: 1 }],
  ["another kind where no value is", () => [note({ a: text(), b: text().optional() })], insert, () => [note({ a: text(), b: integer().optional() })], "select count(b)::int as b from app.notes", { b: 0 }],
  ["another kind without rows, with defaults of both", () => [note({ a: text(), b: text().default("x") })], [], () => [note({ a: text(), b: integer().default(3) })], "select column_default as d from information_schema.columns where table_name = 'notes' and column_name = 'b'", { d: "3" }],
  ["required no longer", () => [note({ a: text() })], insert, () => [note({ a: text().optional() })], "select is_nullable as n from information_schema.columns where table_name = 'notes' and column_name = 'a'", { n: "YES" }],
  ["required, where all have a value", () => [note({ a: text().optional() })], insert, () => [note({ a: text() })], "select is_nullable as n from information_schema.columns where table_name = 'notes' and column_name = 'a'", { n: "NO" }],
  ["another default, and none", () => [note({ a: text(), b: text().default("x"), c: text().optional().default("y") })], insert, () => [note({ a: text(), b: text().default("z"), c: text().optional() })], "select string_agg(coalesce(column_default, '-'), ' ' order by column_name) as d from information_schema.columns where table_name = 'notes' and column_name in ('b', 'c')", { d: "'z'::text -" }],
  ["a looser and a stricter check that hold", () => [note({ a: text({ max: 3 }), b: choice("x", "y").default("x") })], insert, () => [note({ a: text({ max: 5, min: 2 }), b: choice("x", "y", "z").default("x") })], "select count(*)::int as n from pg_constraint where conrelid = 'app.notes'::regclass and contype = 'c'", { n: 3 }],
  ["a named check", () => [note({ a: text() })], insert, () => [note({ a: text() }, { check: { filled: ({ row }: any) => row.a.isNot("") } })], "select count(*)::int as n from pg_constraint where conname = 'notes_filled_check'", { n: 1 }],
  ["unique, and no longer", () => [note({ a: text(), b: text().optional().unique().reveals() })], insert, () => [note({ a: text().unique().reveals(), b: text().optional() })], "select string_agg(conname, ' ') as c from pg_constraint where conrelid = 'app.notes'::regclass and contype = 'u'", { c: "notes_a_key" }],
  ["an index, and no longer", () => [note({ a: text(), b: text().optional() }, { indexes: [["a"]] })], insert, () => [note({ a: text(), b: text().optional() }, { indexes: [["b", "a"]] })], "select string_agg(indexname, ' ' order by indexname) as i from pg_indexes where tablename = 'notes'", { i: "notes_b_a_idx notes_pkey" }],
  ["without regard to case, and with it", () => [note({ a: text({ caseInsensitive: true }), b: text().default("B") })], insert, () => [note({ a: text(), b: text({ caseInsensitive: true }).default("B") })], "select bool_or(a = 'ONE') as a, bool_and(b = 'b') as b from app.notes", { a: false, b: true }],
  ["a new reference to rows that are there", () => [record("Home", {}), note({ a: text(), home: uuid() })], ["insert into app.homes default values", "insert into app.notes (a, home) select 'x', id from app.homes"], () => [record("Home", {})].flatMap((home) => [home, note({ a: text(), home: ref(home) })]), "select count(*)::int as n from pg_constraint where contype = 'f' and conrelid = 'app.notes'::regclass", { n: 1 }],
  ["another way of deleting", () => [record("Home", {})].flatMap((home) => [home, note({ a: text(), home: ref(home).optional() })]), insert, () => [record("Home", {})].flatMap((home) => [home, note({ a: text(), home: ref(home).optional().onDelete("cascade") })]), "select confdeltype as t from pg_constraint where contype = 'f' and conrelid = 'app.notes'::regclass", { t: "c" }],
  ["an empty field that goes", () => [note({ a: text(), b: text().optional() })], insert, () => [note({ a: text() })], "select count(*)::int as n from information_schema.columns where table_name = 'notes' and column_name = 'b'", { n: 0 }],
  ["empty entities that go, and refer to one another", () => {
    const A: any = record("Alpha", { get b(): any { return ref(B).optional() } })
    const B: any = record("Beta", { a: ref(A).optional() })
    return [A, B, record("Note", { a: text(), b: ref(B).optional() })]
  }, insert, () => [note({ a: text() })], "select to_regclass('app.alphas') is null and to_regclass('app.betas') is null as gone, count(*)::int as n from app.notes", { gone: true, n: 2 }],
  ["another key, without rows", () => [record("Home", { code: text() }, { key: "code" })].flatMap((home) => [home, note({ a: text(), home: ref(home).optional() })]), insert, () => [record("Home", { number: text() }, { key: "number" })].flatMap((home) => [home, note({ a: text(), home: ref(home).optional() })]), "select pg_get_constraintdef(oid) as c from pg_constraint where contype = 'p' and conrelid = 'app.homes'::regclass", { c: "PRIMARY KEY (number)" }],
  ["a table that views stand on", () => [note({ a: text(), b: integer().default(1) })].flatMap((it) => [it, view("NoteView", it, { key: "id", fields: { id: "id", b: "b" } as any })]), insert, () => [note({ a: text(), b: bigint().default(1 as never), c: text().optional() })].flatMap((it) => [it, view("NoteView", it, { key: "id", fields: { id: "id", b: "b", c: "c" } as any })]), "select count(*)::int as n, pg_typeof(min(b))::text as t from app.note_views", { n: 2, t: "bigint" }],
  ["a field that becomes hidden", () => [note({ a: text(), b: text().default("x") })], insert, () => [note({ a: text(), b: text().default("x").visibleTo(({ me }) => me.has("lead")) })], "select count(*)::int as n, to_regclass('fields.notes') is not null as view from app.notes", { n: 2, view: true }],
  ["a field that is hidden no longer", () => [note({ a: text(), b: text().default("x").visibleTo(({ me }) => me.has("lead")) })], insert, () => [note({ a: text(), b: text().default("x") })], "select count(*)::int as n, to_regclass('fields.notes') is null as gone from app.notes", { n: 2, gone: true }],
  ["a field that becomes hidden and wider", () => [note({ a: text(), b: integer().default(1).visibleTo(({ me }) => me.has("lead")) })], insert, () => [note({ a: text(), b: bigint().default(1 as never).visibleTo(({ row }) => row.a.is("one")), c: text().optional() })], "select count(*)::int as n, pg_typeof(min(b))::text as t from app.notes", { n: 2, t: "bigint" }],
  ["a relation's other side", () => [record("Home", {})].flatMap((home) => [home, note({ a: text(), home: ref(home).optional() })]), insert, () => {
    const home: any = record("Home", { get notes() { return many(it, "home") } })
    const it: any = note({ a: text(), home: ref(home).optional() })
    return [home, it]
  }, "select count(*)::int as n from app.notes", { n: 2 }],
]

describe("safe", () => {
  test.each(safe)("%s", async (_, from, data, to, check, due) => {
    const database = await before(from(), ...[data].flat())
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
    const database = await before(a, insert)
    const at = await everything(database)
    await change(database, b)
    await change(database, a)
    expect((await everything(database)).replaceAll(/"(hash|applied_at|objects)": .*/g, "")).toEqual(at.replaceAll(/"(hash|applied_at|objects)": .*/g, ""))
  })
})

/** From a model to another that could lose data: the code, and what the refusal names. */
type Unsafe = readonly [name: string, from: () => any[], data: string | readonly string[], to: () => any[], code: string, named: string]
const unsafe: readonly Unsafe[] = [
  ["a field that goes and has values", () => [note({ a: text(), b: text().optional() })], "insert into app.notes (a, b) values ('one', 'x')", () => [note({ a: text() })], "UC523", "notes.b"],
  ["a renamed field", () => [note({ a: text() })], insert, () => [note({ renamed: text().optional() })], "UC523", "notes.a"],
  ["an entity that goes and has rows", () => [note({ a: text() }), record("Other", {})], insert, () => [record("Other", {})], "UC523", "notes"],
  ["a renamed entity", () => [note({ a: text() })], insert, () => [record("Remark", { a: text() })], "UC523", "notes"],
  ["a narrower number", () => [note({ a: text(), b: bigint().default(5 as never) })], insert, () => [note({ a: text(), b: integer().default(5) })], "UC523", "from bigint to integer"],
  ["a narrower decimal", () => [note({ a: text(), b: decimal({ precision: 8, scale: 2 }).default("1") })], insert, () => [note({ a: text(), b: decimal({ precision: 8, scale: 3 }).default("1") })], "UC523", "notes.b"],
  ["a moment that becomes a day", () => [note({ a: text(), b: instant().default("2026-07-01T00:00:00Z") })], insert, () => [note({ a: text(), b: date().default("2026-07-01") })], "UC523", "from timestamptz to date"],
  ["another kind", () => [note({ a: text() })], insert, () => [note({ a: integer() })], "UC523", "from text to integer"],
  ["a list", () => [note({ a: text() })], insert, () => [note({ a: list(text()) })], "UC523", "from text to text[]"],
  ["a plain field that becomes computed", () => [note({ a: text(), b: text().default("x") })], insert, () => [note({ a: text(), b: generated(text(), ({ row }) => lower(row.a)) })], "UC523", "notes.b would be computed"],
  ["a new required field", () => [note({ a: text() })], insert, () => [note({ a: text(), b: integer() })], "UC523", "notes.b is required"],
  ["required, where a value is missing", () => [note({ a: text(), b: text().optional() })], insert, () => [note({ a: text(), b: text() })], "UC523", "notes.b is now required"],
  ["two at once, both told", () => [note({ a: text(), b: text().optional() })], "insert into app.notes (a, b) values ('one', 'x')", () => [note({ c: text() })], "UC523", "notes.c"],
  ["a check that a row does not meet", () => [note({ a: text() })], insert, () => [note({ a: text({ max: 2 }) })], "UC524", "alter table"],
  ["a word that goes and is used", () => [note({ a: text(), b: choice("x", "y").default("y") })], insert, () => [note({ a: text(), b: choice("x").default("x") })], "UC524", "notes_b_check"],
  ["unique, where two rows agree", () => [note({ a: text(), b: text().default("x") })], insert, () => [note({ a: text(), b: text().default("x").unique().reveals() })], "UC524", "notes_b_key"],
  ["without regard to case, where two rows then agree", () => [note({ a: text().unique().reveals() })], "insert into app.notes (a) values ('a'), ('A')", () => [note({ a: text({ caseInsensitive: true }).unique().reveals() })], "UC524", "alter table"],
  ["a reference, where a row refers to nothing", () => [record("Home", {}), note({ a: text(), home: uuid() })], "insert into app.notes (a, home) values ('x', gen_random_uuid())", () => [record("Home", {})].flatMap((home) => [home, note({ a: text(), home: ref(home) })]), "UC524", "notes_home_fkey"],
  ["no two at one time, where two are", () => [note({ a: text(), b: range(date()).default({ from: "2026-01-01", to: null }) })], insert, () => [note({ a: text(), b: range(date()).default({ from: "2026-01-01", to: null }) }, { exclude: [{ same: [], overlapping: "b" }], reveals: true })], "UC524", "notes_b_excl"],
  ["another key, with rows", () => [record("Note", { a: text(), code: text() }, { key: "code" })], "insert into app.notes (a, code) values ('x', 'y')", () => [record("Note", { a: text() }, { key: "a" })], "UC523", "notes.code"],
  ["a change that a view made by hand holds back", () => [note({ a: text(), b: integer().default(1) })], [insert, "create view public.mine as select b from app.notes"], () => [note({ a: text(), b: bigint().default(1 as never) })], "UC524", "alter table"],
]

describe("unsafe, and nothing changed", () => {
  test.each(unsafe)("%s", async (_, from, data, to, code, named) => {
    const database = await before(from(), ...[data].flat())
    const at = await everything(database)
    const refusal = await change(database, to())
    expect(refusal).toMatchObject({ code, status: 503 })
    expect((refusal as UndercroftError).details).toContain(named)
    expect(await everything(database)).toEqual(at)
    // The former model serves as before.
    expect(await change(database, from())).toEqual([])
  })

  test("what the refusal of a field says to do, done, lets the model pass", async () => {
    const database = await before([note({ a: text(), b: text().optional() })], "insert into app.notes (a, b) values ('one', 'x')")
    const refusal = (await change(database, [note({ a: text() })])) as UndercroftError
    const sql = /alter table .*;/.exec(refusal.details ?? "")?.[0] ?? ""
    // The policies stand on the column no longer than the model needs it.
    await database.admin.query(sql.replace(";", " cascade;"))
    expect(await change(database, [note({ a: text() })])).not.toBeInstanceOf(UndercroftError)
    expect(await first(database, "select count(*)::int as n from app.notes")).toEqual({ n: 1 })
  })

  test("the data counts, not what a login sees of it under the policies", async () => {
    const owned = (): any => record("Note", { a: text(), b: text().optional() }, {}, ({ row }: any) => ({ read: row.a.is("nobody") }))
    const database = await before([owned()], "insert into app.notes (a, b) values ('one', 'x')")
    const admin = await limitedAdmin(database)
    await expect(prepareDatabase(admin, policiesOf([record("Note", { a: text() })]))).rejects.toMatchObject({ code: "UC523" })
    await expect(prepareDatabase(admin, policiesOf([record("Other", {})]))).rejects.toMatchObject({ code: "UC523" })
    expect(await first(database, "select b from app.notes")).toEqual({ b: "x" })
  })
})

/** A login that is no superuser, owns the database and may make roles: what a managed PostgreSQL gives. */
async function limitedAdmin(database: TestDatabase): Promise<string> {
  const name = new URL(database.adminUrl).pathname.slice(1)
  const roles = database.ready.roles
  await database.admin.query(`create role ${name}_limited login createrole password 'limited'`)
  await database.admin.query(`grant "${roles.owner}", "${roles.internal}", "${roles.fields}" to ${name}_limited; grant "${roles.api}" to ${name}_limited with admin option; alter database ${name} owner to ${name}_limited`)
  const url = new URL(database.adminUrl)
  url.username = `${name}_limited`
  url.password = "limited"
  return url.href
}

describe("a login that is no superuser", () => {
  test("takes over what a superuser made, and changes it", async () => {
    const database = await before([note({ a: text() })], insert)
    const admin = await limitedAdmin(database)
    const { changes } = await prepareDatabase(admin, policiesOf([note({ a: text(), b: integer().default(3).visibleTo(({ me }) => me.has("lead")) })]))
    expect(changes).not.toEqual([])
    expect(await first(database, "select count(*)::int as n, min(b) as b from app.notes")).toEqual({ n: 2, b: 3 })
  })
})

describe("a login that is no superuser, from the beginning", () => {
  const model = (): any[] => [note({ a: text(), b: range(date()).optional(), secret: text().internal().optional().visibleTo(({ me }) => me.has("lead")) }, { exclude: [{ same: ["a"], overlapping: "b" }], reveals: true })]
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
      expect((await session.raw("insert into fields.notes (a) values ('x') returning a, secret")).cells).toEqual([["x", null]])
      for (const text of ["select a from app.notes", 'select "secret$write" from fields.notes', "select undercroft_rules.count_version()", "select * from undercroft_state.keys"]) {
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
      const refusal: UndercroftError = await prepareDatabase(url, policiesOf(model())).then(() => expect.fail(), (cause) => cause)
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
      const again: UndercroftError = await prepareDatabase(url, policiesOf(model())).then(() => expect.fail(), (cause) => cause)
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
    const model = (): any[] => [note({ a: text(), b: text().optional().unique().reveals() }, { indexes: [["b", "a"]] })]
    const database = await before(model(), insert, "alter table app.notes drop column b cascade")
    const refusal = await change(database, model())
    expect(refusal).toMatchObject({ code: "UC525" })
    await database.admin.query("update undercroft_state.schema set hash = ''")
    expect(await change(database, model())).not.toBeInstanceOf(UndercroftError)
    expect(await first(database, "select (select count(*)::int from pg_constraint where conname = 'notes_b_key') as keys, (select count(*)::int from pg_indexes where indexname = 'notes_b_a_idx') as indexes")).toEqual({ keys: 1, indexes: 1 })
  })
  test("a table that was dropped is made again", async () => {
    const database = await before([note({ a: text() }), record("Other", {})], insert, "drop table app.others cascade; update undercroft_state.schema set hash = ''")
    expect(await change(database, [note({ a: text() }), record("Other", {})])).not.toBeInstanceOf(UndercroftError)
    expect(await first(database, "select count(*)::int as n from app.others")).toEqual({ n: 0 })
  })
  test("a constraint that was dropped is made again", async () => {
    const model = (): any[] => [note({ a: text().unique().reveals() })]
    const database = await before(model(), "alter table app.notes drop constraint notes_a_key; update undercroft_state.schema set hash = ''")
    expect(await change(database, model())).not.toBeInstanceOf(UndercroftError)
    expect(await first(database, "select count(*)::int as n from pg_constraint where conname = 'notes_a_key'")).toEqual({ n: 1 })
  })
})

describe("interrupted", () => {
  const to = (): any[] => [note({ a: text(), b: integer().default(3) }), record("Other", {})]
  test("by an error in any statement, all is as before", async () => {
    const database = await before([note({ a: text() })], insert)
    const at = await everything(database)
    for (const part of ["start", "middle", "end"]) {
      const rewrite = (all: readonly string[]): readonly string[] => {
        const place = part === "start" ? 0 : part === "middle" ? Math.floor(all.length / 2) : all.length
        return all.toSpliced(place, 0, "select 1 / 0")
      }
      await expect(prepareDatabase(database.adminUrl, policiesOf(to()), { rewrite })).rejects.toMatchObject({ code: "UC524" })
      expect(await everything(database)).toEqual(at)
    }
    expect(await change(database, [note({ a: text() })])).toEqual([])
  })

  test("by the end of the connection, all is as before, and the next start does it", async () => {
    const database = await before([note({ a: text() })], insert)
    const at = await everything(database)
    const applying = prepareDatabase(database.adminUrl, policiesOf(to()), { rewrite: (all) => [...all, "select pg_sleep(30)"] })
    applying.catch(() => undefined)
    await untilSleeping(database.adminUrl)
    await expect(applying).rejects.toThrow()
    expect(await everything(database)).toEqual(at)
    expect(await change(database, to())).not.toBeInstanceOf(UndercroftError)
    expect(await first(database, "select count(*)::int as n, min(b) as b from app.notes")).toEqual({ n: 2, b: 3 })
  })

  async function untilSleeping(url: string): Promise<void> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    for (let tries = 0; tries < 300; tries++) {
      const { rowCount } = await client.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'undercroft admin' and datname = current_database() and wait_event = 'PgSleep'")
      if (rowCount) break
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await client.end()
  }

  test("several nodes starting at one time make one schema", async () => {
    const database = await before([note({ a: text() })], insert)
    const results = await Promise.all(Array.from({ length: 4 }, () => change(database, to())))
    expect(results.filter((one) => !(one instanceof UndercroftError) && one.length > 0)).toHaveLength(1)
    expect(results.filter((one) => one instanceof UndercroftError)).toEqual([])
  })
})

test("a hidden field is not readable under the rights that it had before it was hidden", async () => {
  const database = await before([note({ a: text(), b: text().default("x") })], insert)
  const session = await database.connect()
  expect((await session.raw("select b from app.notes")).cells).toEqual([["x"], ["x"]])
  await change(database, [note({ a: text(), b: text().default("x").visibleTo(({ me }) => me.has("lead")) })])
  for (const sql of ["select b from app.notes", "select a from app.notes", 'select "b$write" from fields.notes', "update app.notes set b = 'y'"]) {
    expect((await session.raw(sql)).error?.code, sql).toBe("42501")
  }
  expect((await session.raw("select b from fields.notes")).cells).toEqual([[null], [null]])
})
