/** What SQL under a caller's rights finds around the tables: nothing of other sessions, of the server, or of unseen rows. */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { entity, serial, signedIn, text } from "../../src/index.ts"
import { type ApiSession, openDatabase, type TestDatabase } from "./database.ts"
import { formCallers, formRows, formsModel, me } from "./forms-model.ts"

const Numbered: any = entity("Numbered", { key: "number", fields: { number: serial(), owner: text() } })
Numbered.access(({ row }: any) => ({ read: row.owner.is(me.id), create: signedIn }))

let database: TestDatabase
let session: ApiSession
const asDora = (texts: string | readonly string[]): ReturnType<ApiSession["run"]> =>
  session.run(database.seal(formCallers[4]!), texts)

beforeAll(async () => {
  database = await openDatabase([...formsModel, Numbered], formRows("2026-06-01"))
  session = await database.connect()
})
afterAll(() => database?.drop())

const api = (): string => database.ready.roles.api

describe("refused", () => {
  const groups: Readonly<Record<string, readonly string[]>> = {
    "counts and sizes of tables": [
      "select reltuples from pg_class",
      "select relpages from pg_class where relname = 'both'",
      "select * from pg_class",
      "select relallvisible from pg_class",
      "select pg_relation_size('app.both')",
      "select pg_total_relation_size('app.both')",
      "select pg_table_size('app.both')",
      "select pg_indexes_size('app.both')",
      "select pg_database_size(current_database())",
      "select pg_tablespace_size('pg_default')",
      "select pg_relation_filepath('app.both')",
      "select pg_relation_filenode('app.both')",
      "select * from pg_stat_user_tables",
      "select n_live_tup from pg_stat_all_tables",
      "select * from pg_stat_user_indexes",
      "select * from pg_statio_user_tables",
      "select * from pg_stat_xact_user_tables",
      "select pg_stat_get_live_tuples('app.both'::regclass)",
      "select pg_stat_get_tuples_inserted('app.both'::regclass)",
      "select pg_stat_get_numscans('app.both'::regclass)",
      "select * from pg_stat_database",
      "select * from pg_statistic",
      "select * from pg_statistic_ext_data",
      "select * from pg_stat_wal",
      "select * from pg_stat_bgwriter",
      "select pg_current_wal_lsn()",
      "select * from pg_stat_progress_copy",
      "select * from pg_stat_user_functions",
    ],
    "other sessions": [
      "select query from pg_stat_activity",
      "select * from pg_stat_get_activity(null)",
      "select pg_stat_get_backend_activity(1)",
      "select * from pg_stat_ssl",
      "select * from pg_locks",
      "select * from pg_lock_status()",
      "select pg_blocking_pids(1)",
      "select pg_cancel_backend(1)",
      "select pg_terminate_backend(1)",
      "select * from pg_prepared_statements",
      "select * from pg_prepared_statement()",
      "select pg_advisory_lock(1)",
      "select pg_try_advisory_lock(1)",
      "select pg_advisory_lock_shared(1, 2)",
      "select pg_advisory_unlock_all()",
      "select pg_notify('a', 'b')",
      "select pg_export_snapshot()",
      "select pg_logical_emit_message(true, 'a', 'b')",
      "select pg_logical_emit_message(false, 'a', '\\x00'::bytea)",
      "select * from pg_stat_replication",
    ],
    "what outlives the transaction": [
      "select lo_create(0)",
      "select lo_creat(-1)",
      "select lo_from_bytea(0, '')",
      "select lo_put(1, 0, '')",
      "select lo_get(1)",
      "select lo_open(1, 131072)",
      "select loread(1, 1)",
      "select lowrite(1, '')",
      "select lo_unlink(1)",
      "select lo_truncate(1, 1)",
      "select lo_import('/etc/passwd')",
      "select lo_export(1, '/tmp/x')",
      "select * from pg_largeobject",
      "create temp table t (a int)",
      "create table app.t (a int)",
      "create table public.t (a int)",
      "create schema s",
      "select 1 into public.t",
      "create view app.v as select 1",
      "create sequence app.s",
      "create materialized view app.m as select 1",
      "create type app.t as (a int)",
      "create domain app.d as int",
      "create function app.f() returns int language sql return 1",
      "create function public.f() returns int language sql return 1",
      "create procedure fields.p() language sql as ''",
      "create operator app.= (leftarg = text, rightarg = text, function = texteq)",
      "create aggregate app.a (int) (sfunc = int4pl, stype = int)",
      "create cast (int as text) with inout",
      'create collation app.c from "C"',
      "create text search dictionary app.d (template = simple)",
      "create extension pgcrypto",
      "create extension plperlu",
      "create publication p",
      "create statistics app.s on id, owner from app.both",
      "create index on app.both (id)",
      "do $$ begin null; end $$",
      "do language plpgsql 'begin end'",
    ],
    "the server's files and programs": [
      "select pg_read_file('PG_VERSION')",
      "select pg_read_binary_file('PG_VERSION')",
      "select pg_ls_dir('.')",
      "select pg_stat_file('.')",
      "select * from pg_ls_logdir()",
      "copy (select 1) to program 'id'",
      "copy (select 1) to '/tmp/x'",
      "copy app.practices from program 'id'",
      "copy app.practices (name) from '/etc/passwd'",
      "copy app.practices (name) from stdin",
      "select * from pg_hba_file_rules",
      "select * from pg_file_settings",
      "select pg_reload_conf()",
      "select pg_rotate_logfile()",
      "select pg_switch_wal()",
      "checkpoint",
      "load 'auto_explain'",
      "alter system set work_mem = '1MB'",
      "set session_replication_role = replica",
      "set log_statement = 'all'",
      "set session_preload_libraries = 'x'",
    ],
    "other roles": [
      "select rolpassword from pg_authid",
      "select passwd from pg_shadow",
      "set role postgres",
      "set session authorization postgres",
      "create role r",
      "create database d",
      "create event trigger e on ddl_command_end execute function f()",
      "create foreign data wrapper w",
    ],
    "changes to what holds": [
      "alter table app.both disable row level security",
      "alter table app.both no force row level security",
      "drop policy read on app.both",
      "alter policy read on app.both using (true)",
      "create policy p on app.both using (true)",
      "alter table app.both disable trigger all",
      "drop trigger undercroft_guard on app.both",
      "truncate app.practices",
      "drop table app.both",
      "alter view fields.both owner to current_user",
      "create or replace view fields.both as select 1",
      "alter view app.practices reset (security_invoker)",
      "drop view fields.both",
      "alter function undercroft.me_id() owner to current_user",
      "create or replace function undercroft.me_id() returns text language sql return 'ben'",
      "drop function undercroft.me_id()",
      "grant select on app.both to public",
      "grant usage on schema undercroft_rules to public",
      "alter schema undercroft_rules owner to current_user",
      "drop owned by current_user",
      "comment on table app.both is 'x'",
      "analyze app.both",
      "vacuum app.both",
      "reindex table app.both",
      "cluster app.practices using practices_pkey",
      "lock table app.practices in access exclusive mode",
      "create rule r as on select to app.both do instead select 1",
      "create trigger t before insert on app.practices execute function undercroft_rules.count_version()",
      "update pg_class set relrowsecurity = false",
      "delete from pg_policy",
      "insert into pg_auth_members default values",
      "update pg_catalog.pg_proc set prosrc = ''",
    ],
  }
  test.each(
    Object.entries(groups).flatMap(([group, texts]) => texts.map((one): [string, string] => [group, one])),
  )("%s: %s", async (_, text) => {
    const isOutside = /^(vacuum|reindex|create database|alter system|cluster|create publication)/.test(text)
    const outcome = isOutside ? await session.raw(text) : await asDora(text)
    // VACUUM and ANALYZE say so in a warning, and do nothing.
    if (/^(vacuum|analyze)/.test(text))
      expect(outcome.said).toMatch(/permission denied|only table or database owner/)
    else expect(outcome.error?.code, outcome.error?.message ?? outcome.said).toMatch(/^(42501|42704|0A000)$/)
    if (outcome.error?.code === "0A000") expect(text).toMatch(/from stdin|from program|from '/)
  })

  test("roles of the database", async () => {
    for (const role of Object.values(database.ready.roles)) {
      // A backend without accounts has no role for them.
      if (role === api() || role === database.ready.roles.accounts) continue
      expect((await asDora(`set role "${role}"`)).error?.code).toBe("42501")
      expect((await asDora(`grant "${role}" to "${api()}"`)).error?.code).toBe("42501")
    }
    for (const what of ["superuser", "bypassrls", "createrole", "replication", "inherit"]) {
      expect((await asDora(`alter role "${api()}" ${what}`)).error?.code).toBe("42501")
    }
  })
})

describe("empty or one's own", () => {
  test.each([
    "select * from pg_stats where schemaname in ('app', 'fields')",
    "select * from pg_stats_ext",
    "select * from pg_stats_ext_exprs",
    "select last_value from pg_sequences where last_value is not null",
    "select pg_sequence_last_value('app.numbereds_number_seq')::text where pg_sequence_last_value('app.numbereds_number_seq') is not null",
    "select * from pg_largeobject_metadata",
    "select setting from pg_settings where name in ('data_directory', 'hba_file', 'config_file')",
    "select * from pg_cursors where name <> ''",
  ])("%s", async (text) => {
    expect((await asDora(text)).cells).toEqual([])
  })

  test("numbers of rows that others made", async () => {
    await database.admin.query("insert into app.numbereds (owner) select 'ben' from generate_series(1, 41)")
    for (const text of [
      "select currval('app.numbereds_number_seq')",
      "select nextval('app.numbereds_number_seq')",
      "select setval('app.numbereds_number_seq', 1)",
      "select last_value from app.numbereds_number_seq",
      "select * from app.numbereds_number_seq",
    ]) {
      expect((await asDora(text)).error?.code, text).toBe("42501")
    }
    const after = await asDora(["insert into app.numbereds (owner) values ('dora')", "select lastval()"])
    expect(after.error?.code).toBe("42501")
  })

  test("row_security off refuses, and does not show", async () => {
    for (const off of ["set local row_security = off", "select set_config('row_security', 'off', true)"]) {
      for (const text of [
        "select id from fields.both",
        "select id from fields.correlated",
        "select id from app.practices",
        "select id from app.plainrelated",
        "update app.plainboth set tenant = 'x'",
      ]) {
        expect((await asDora([off, text])).error, text).toMatchObject({ code: "42501" })
      }
    }
  })

  test("a table named as one of the application is not found before it, nor an operator", async () => {
    for (const path of [
      "fields, app, undercroft, public, pg_catalog",
      "pg_temp, app, pg_catalog",
      "undercroft, pg_catalog",
      "public",
    ]) {
      const outcome = await asDora([
        `set local search_path = ${path}`,
        "select count(*) as n from fields.both where owner = 'dora' and undercroft.me_id() = 'dora'",
      ])
      expect(outcome.rows).toEqual([{ n: "6" }])
    }
  })
})

/** Open by PostgreSQL's nature: these tests say what stays, so that a change is seen. */
describe("known to stay open", () => {
  test("a role may change its own settings and password; the next start refuses the former and mends the latter", async () => {
    expect((await session.raw(`alter role "${api()}" set search_path = public`)).error).toBeNull()
    expect((await session.raw(`alter role "${api()}" reset search_path`)).error).toBeNull()
    expect((await asDora([`alter role "${api()}" password 'x'`, "select 1 / 0"])).error?.code).toBe("22012")
  })

  test("explain tells how many rows a policy held back, and never what is in them", async () => {
    const { said } = await asDora(
      "explain (analyze, timing off, costs off, summary off) select id from fields.both",
    )
    expect(said).toContain("Rows Removed by Filter")
    expect(said).not.toMatch(/gated-both|quiet-both/)
  })
})
