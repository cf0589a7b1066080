/** A server refuses to start on a database that someone changed by hand so that policies could be passed by. */
import pg from "pg"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { UndercroftError } from "../../src/base/errors.ts"
import { entity, serial, text, view } from "../../src/index.ts"
import { checkServerVersion, prepareDatabase } from "../../src/store/database.ts"
import { openDatabase, type TestDatabase } from "./database.ts"
import { me } from "./forms-model.ts"

const Secret: any = entity("Secret", {
  fields: {
    owner: text(),
    word: text().visibleTo(({ row }) => row.owner.is(me.id)),
    note: text().optional(),
  },
})
Secret.access(({ row }: any) => ({
  read: row.owner.is(me.id),
  create: row.owner.is(me.id),
  update: row.owner.is(me.id),
}))
const Plain: any = entity("Plain", { key: "number", fields: { number: serial(), owner: text() } })
Plain.access(({ row }: any) => ({
  read: row.owner.is(me.id),
  create: row.owner.is(me.id),
  delete: row.owner.is(me.id),
}))
const PlainView: any = view("PlainView", Plain, {
  key: "number",
  fields: { number: "number", owner: "owner" } as any,
})

let database: TestDatabase
const problem = async (): Promise<UndercroftError | null> => {
  try {
    await prepareDatabase(database.adminUrl, database.policies)
    return null
  } catch (cause) {
    if (cause instanceof UndercroftError) return cause
    throw cause
  }
}

beforeAll(async () => {
  database = await openDatabase([Secret, Plain, PlainView])
})
afterAll(() => database?.drop())

const { owner, internal, fields, api } = {
  owner: "$owner",
  internal: "$internal",
  fields: "$fields",
  api: "$api",
}

/** What is done by hand, what the refusal must name, and how it is undone; without the last, all is made anew. */
const tampers: readonly (readonly [string, string, string?])[] = [
  // Tables.
  ["alter table app.secrets no force row level security", "app.secrets does not force row-level security"],
  ["alter table app.secrets disable row level security", "app.secrets has no row-level security"],
  [
    `alter table app.secrets owner to ${api}`,
    "$api owns tables",
    `alter table app.secrets owner to ${owner}`,
  ],
  [
    "alter table app.secrets owner to current_user",
    "the table app.secrets belongs to",
    `alter table app.secrets owner to ${owner}`,
  ],
  [
    "alter table app.secrets disable trigger undercroft_guard",
    "app.secrets has triggers that do not run",
    "alter table app.secrets enable trigger undercroft_guard",
  ],
  [
    "alter table app.secrets disable trigger all",
    "app.secrets has triggers that do not run",
    "alter table app.secrets enable trigger all, enable always trigger undercroft_record, enable always trigger undercroft_record_truncate",
  ],
  ...["undercroft_record", "undercroft_record_truncate"].flatMap(
    (name): (readonly [string, string, string?])[] => [
      [
        `alter table app.secrets disable trigger ${name}`,
        "writes of app.secrets are not on record",
        `alter table app.secrets enable always trigger ${name}`,
      ],
      [
        `alter table app.secrets enable trigger ${name}`,
        "writes of app.secrets are not on record",
        `alter table app.secrets enable always trigger ${name}`,
      ],
      [`drop trigger ${name} on app.secrets`, "writes of app.secrets are not on record"],
    ],
  ),
  ["drop trigger undercroft_guard on app.secrets", "the trigger undercroft_guard on app.secrets is gone"],
  ["drop trigger undercroft_count on app.secrets", "the trigger undercroft_count on app.secrets is gone"],
  [
    "create rule leak as on insert to app.plains do also notify leak",
    "app.plains has the rule leak",
    "drop rule leak on app.plains",
  ],
  [
    `create table app.extra (a int); grant select on app.extra to ${api}`,
    "app.extra has no row-level security",
    "drop table app.extra",
  ],
  [
    `create materialized view app.seen as select * from app.secrets`,
    "app.seen is a materialized view",
    "drop materialized view app.seen",
  ],
  [
    "create foreign data wrapper w; create server s foreign data wrapper w; create foreign table app.far (a int) server s",
    "app.far is a foreign table",
    "drop foreign table app.far; drop server s; drop foreign data wrapper w",
  ],
  [
    `create table public.loose (a int); grant select on public.loose to public`,
    "may use public.loose",
    "drop table public.loose",
  ],
  [
    `create schema hidden; create table hidden.loose (a int); grant usage on schema hidden to ${api}; grant select (a) on hidden.loose to ${api}`,
    "may use hidden.loose",
    "drop schema hidden cascade",
  ],
  [
    "create function app.peek() returns bigint language sql security definer return (select count(*) from app.secrets)",
    "may use the function app.peek()",
    "drop function app.peek()",
  ],
  [
    "create function public.peek() returns bigint language sql security definer return (select count(*) from app.secrets)",
    "may use the function public.peek()",
    "drop function public.peek()",
  ],
  // Policies, by name and by what they say.
  ["drop policy read on app.secrets", "app.secrets has the policies"],
  ["drop policy internal on app.secrets", "app.secrets has the policies"],
  ["create policy extra on app.secrets for select using (true)", "app.secrets has the policies"],
  ["alter policy read on app.secrets using (true)", "the policy read on app.secrets is not as"],
  ['alter policy "create" on app.secrets with check (true)', 'the policy "create" on app.secrets is not as'],
  ["alter policy update on app.secrets using (true)", "the policy update on app.secrets is not as"],
  ["alter policy update on app.secrets with check (true)", "the policy update on app.secrets is not as"],
  ["alter policy delete on app.plains using (true)", "the policy delete on app.plains is not as"],
  ["alter policy internal on app.secrets to public", "the policy internal on app.secrets is not as"],
  [
    `alter policy internal on app.secrets to ${internal}, ${api}`,
    "the policy internal on app.secrets is not as",
  ],
  [
    "drop policy read on app.secrets; create policy read on app.secrets as restrictive for select using (true)",
    "the policy read on app.secrets is not as",
  ],
  [
    "drop policy delete on app.plains; create policy delete on app.plains for all using (true)",
    "the policy delete on app.plains is not as",
  ],
  // Views.
  [
    "alter view app.plain_views reset (security_invoker)",
    "the view app.plain_views does not run as its caller",
  ],
  [
    "alter view app.plain_views set (security_invoker = false)",
    "the view app.plain_views does not run as its caller",
  ],
  [
    "create or replace view app.plain_views with (security_invoker) as select number, 'x'::text as owner from app.plains",
    "the view app.plain_views is not as",
  ],
  [`alter view fields.secrets owner to ${internal}`, "the field view fields.secrets belongs to"],
  [`alter view fields.secrets owner to ${owner}`, "the field view fields.secrets belongs to"],
  ["create view app.extra as select * from app.secrets", "the view app.extra does not run as its caller"],
  [
    "create view fields.extra with (security_invoker) as select 1 as a",
    "the view fields.extra is not Undercroft's",
  ],
  ["drop view fields.secrets", "the view fields.secrets is gone"],
  ["drop view app.plain_views", "the table app.plain_views is missing"],
  // Functions.
  [
    "create or replace function undercroft.me_id() returns text language sql stable as $$ select 'anna'::text $$",
    "the function undercroft.me_id() is not as",
  ],
  [
    "create or replace function undercroft.enter(claims text, expires bigint, seal text) returns void language sql as ''",
    "the function undercroft.enter(text,bigint,text) is not as",
  ],
  ["alter function undercroft.bind(text) security invoker", "the function undercroft.bind(text) is not as"],
  ["alter function undercroft.me() reset all", "the function undercroft.me() is not as"],
  ["alter function undercroft.me() set search_path = public", "the function undercroft.me() is not as"],
  [
    "alter function undercroft_rules.guard_secrets() owner to current_user",
    "the function undercroft_rules.guard_secrets() is not as",
  ],
  [
    `grant execute on function undercroft.bind(text) to ${api}`,
    "the function undercroft.bind(text) is not as",
  ],
  [
    "grant execute on function undercroft.bind(text) to public",
    "the function undercroft.bind(text) is not as",
  ],
  [
    "create function undercroft.extra() returns int language sql return 1",
    "the function undercroft.extra() is not Undercroft's",
  ],
  [
    "create function undercroft_rules.guard_secrets(int) returns int language sql return 1",
    "the function undercroft_rules.guard_secrets(integer) is not Undercroft's",
  ],
  // Rights.
  [`grant select on app.secrets to ${api}`, "reaches app.secrets past its field view"],
  [`grant select (word) on app.secrets to ${api}`, "reaches app.secrets past its field view"],
  ["grant select (owner) on app.secrets to public", "reaches app.secrets past its field view"],
  [`grant delete on app.secrets to ${api}`, "reaches app.secrets past its field view"],
  [
    `grant select ("word$write") on fields.secrets to ${api}`,
    "reads the hidden columns word$write of fields.secrets",
  ],
  [`grant select on fields.secrets to ${api}`, "reads the hidden columns word$write of fields.secrets"],
  [`grant truncate on app.plains to ${api}`, "has the right to TRUNCATE on app.plains"],
  ["grant truncate on app.plains to public", "has the right to TRUNCATE on app.plains"],
  [`grant trigger on app.plains to ${api}`, "has the right to TRIGGER on app.plains"],
  [`grant references on app.plains to ${api}`, "has the right to REFERENCES on app.plains"],
  [`grant update (owner) on app.plains to ${api}`, "the table app.plains is not as"],
  [`grant insert on app.plains to ${api}`, "the table app.plains is not as"],
  [`grant select on app.plains to ${api} with grant option`, "the table app.plains is not as"],
  [`grant usage on sequence app.plains_number_seq to ${api}`, "the sequence app.plains_number_seq is not as"],
  [`grant usage on schema undercroft_state to ${api}`, "can read the keys"],
  ["grant usage on schema undercroft_state to public", "can read the keys"],
  [`grant select on undercroft_state.keys to ${api}`, "the table undercroft_state.keys is not as"],
  [`grant usage on schema undercroft_rules to ${api}`, "can ask the functions of rules"],
  [`grant create on schema app to ${api}`, "may create things in the schema app"],
  ["grant create on schema public to public", "may create things in the schema public"],
  [`grant create on schema undercroft to ${fields}`, "may create things in the schema undercroft"],
  [
    `grant temporary on database $database to ${api}`,
    "may create temporary tables",
    `revoke temporary on database $database from ${api}`,
  ],
  ["grant temporary on database $database to public", "may create temporary tables"],
  [
    `grant create on database $database to ${api}`,
    "may create schemas",
    `revoke create on database $database from ${api}`,
  ],
  // Roles.
  [`alter role ${api} superuser`, "$api is a superuser", `alter role ${api} nosuperuser`],
  [`alter role ${fields} superuser`, "$fields is a superuser", `alter role ${fields} nosuperuser`],
  [`alter role ${internal} superuser`, "$internal is a superuser", `alter role ${internal} nosuperuser`],
  [`alter role ${api} bypassrls`, "$api may bypass row-level security", `alter role ${api} nobypassrls`],
  [
    `alter role ${fields} bypassrls`,
    "$fields may bypass row-level security",
    `alter role ${fields} nobypassrls`,
  ],
  [`alter role ${api} createrole`, "$api may create roles", `alter role ${api} nocreaterole`],
  [`alter role ${api} createdb`, "$api may create roles", `alter role ${api} nocreatedb`],
  [
    `alter role ${api} replication`,
    "$api may create roles or databases, or replicate",
    `alter role ${api} noreplication`,
  ],
  [`alter role ${api} inherit`, "$api inherits", `alter role ${api} noinherit`],
  [`alter role ${internal} login`, "$internal may log in", `alter role ${internal} nologin`],
  [`grant ${internal} to ${api}`, "$api is a member of $internal", `revoke ${internal} from ${api}`],
  [`grant ${owner} to ${api}`, "$api is a member of $owner", `revoke ${owner} from ${api}`],
  [`grant ${internal} to ${fields}`, "$fields is a member of $internal", `revoke ${internal} from ${fields}`],
  [
    `grant pg_read_all_data to ${api}`,
    "$api is a member of pg_read_all_data",
    `revoke pg_read_all_data from ${api}`,
  ],
  [
    `grant pg_execute_server_program to ${internal}`,
    "$internal is a member of pg_execute_server_program",
    `revoke pg_execute_server_program from ${internal}`,
  ],
  [
    `create function public.own() returns int language sql return 1; alter function public.own() owner to ${api}`,
    "$api owns tables, functions",
    "drop function public.own()",
  ],
  [
    "select lo_create(4711); alter large object 4711 owner to $api",
    "$api owns tables, functions, large objects",
    "select lo_unlink(4711)",
  ],
  // Settings.
  [
    `alter role ${api} set row_security = off`,
    "has a setting of its own for row_security",
    `alter role ${api} reset row_security`,
  ],
  [
    `alter role ${api} set search_path = public`,
    "has a setting of its own for search_path",
    `alter role ${api} reset search_path`,
  ],
  [
    `alter role ${api} in database $database set undercroft.caller = 'x'`,
    "has a setting of its own for undercroft.caller",
    `alter role ${api} in database $database reset undercroft.caller`,
  ],
  [
    "alter database $database set undercroft.caller = 'x'",
    "the database has a setting for undercroft.caller",
    "alter database $database reset undercroft.caller",
  ],
  [
    `alter role ${api} set synchronous_commit = off`,
    "has a setting of its own for synchronous_commit",
    `alter role ${api} reset synchronous_commit`,
  ],
]

const filled = (text: string): string =>
  text.replace(/\$(owner|internal|fields|api|database)/g, (_, name: string) =>
    name === "database" ? new URL(database.adminUrl).pathname.slice(1) : database.ready.roles[name as "api"],
  )

describe("CVE-2024-10976 Hasura-10711: refused and named", () => {
  test.each(tampers.map(([tamper, named, undo]) => ({ tamper, named, undo })))(
    "$tamper",
    async ({ tamper, named, undo }) => {
      expect(await problem()).toBeNull()
      await database.admin.query(filled(tamper))
      const refusal = await problem()
      expect(refusal).toMatchObject({ code: "UC525", status: 503 })
      expect(refusal?.details).toContain(filled(named))
      // What the refusal says is what makes it good again.
      if (undo) await database.admin.query(filled(undo))
      else await database.admin.query("update undercroft_state.schema set hash = ''")
      expect(await problem()).toBeNull()
    },
  )

  test("the mend that a refusal names for a table or a role is SQL that mends it", async () => {
    await database.admin.query(
      filled(
        "alter table app.secrets no force row level security; alter role $api bypassrls; grant usage on schema undercroft_rules to $api",
      ),
    )
    const lines = (await problem())?.details?.split("\n") ?? []
    expect(lines.length).toBeGreaterThanOrEqual(3)
    for (const line of lines) {
      const sql = /: (alter|revoke) .*;$/.exec(line)?.[0].slice(2)
      if (sql && !sql.includes("undercroft_state.schema")) await database.admin.query(sql)
    }
    expect(await problem()).toBeNull()
  })

  test("everything that is wrong is told at once", async () => {
    await database.admin.query(
      filled(
        "alter policy read on app.secrets using (true); alter role $api bypassrls; drop view fields.secrets",
      ),
    )
    const details = (await problem())?.details
    for (const named of [
      "the policy read on app.secrets",
      "may bypass row-level security",
      "the view fields.secrets is gone",
    ])
      expect(details).toContain(named)
    await database.admin.query(
      filled("alter role $api nobypassrls; update undercroft_state.schema set hash = ''"),
    )
    expect(await problem()).toBeNull()
  })
})

test("a restored dump's order of rights and other grantors are no difference", async () => {
  await database.admin.query(
    filled(
      "revoke all on app.plains from $api; grant delete on app.plains to $api; grant insert (number, owner) on app.plains to $api; grant select (owner, number, created_at, updated_at, version) on app.plains to $api",
    ),
  )
  expect(await problem()).toBeNull()
})

test("a second start changes nothing, and the API's password does not stand in the catalogue's reach", async () => {
  const before = (
    await database.admin.query("select xmin::text, hash, applied_at from undercroft_state.schema")
  ).rows
  const { changes, isNew } = await prepareDatabase(database.adminUrl, database.policies)
  expect({ changes, isNew }).toEqual({ changes: [], isNew: false })
  expect(
    (await database.admin.query("select xmin::text, hash, applied_at from undercroft_state.schema")).rows,
  ).toEqual(before)
  const [role] = (
    await database.admin.query("select rolpassword from pg_authid where rolname = $1", [
      database.ready.roles.api,
    ])
  ).rows
  expect(role.rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/)
})

test("a changed password of the API role is set again", async () => {
  await database.admin.query(filled("alter role $api password 'changed'"))
  const { apiUrl } = await prepareDatabase(database.adminUrl, database.policies)
  const client = new pg.Client({ connectionString: apiUrl })
  await client.connect()
  await client.end()
})

describe("the version of the server", () => {
  test.each([
    [150_018, 15],
    [160_014, 16],
    [170_010, 17],
    [180_004, 18],
    [180_005, 18],
    [190_000, 19],
    [200_001, 20],
  ])("%d is served", (version, major) => {
    expect(checkServerVersion(version)).toBe(major)
  })
  test.each([
    [90_624, "9.624"],
    [140_019, "14.19"],
    [150_017, "15.17"],
    [160_013, "16.13"],
    [170_009, "17.9"],
    [180_003, "18.3"],
    [180_000, "18.0"],
  ])("CVE-2024-10976 CVE-2025-8713: %d is refused", (version, told) => {
    expect(() => checkServerVersion(version)).toThrow(
      expect.objectContaining({
        code: "UC521",
        status: 503,
        message: expect.stringContaining(`PostgreSQL ${told} has`),
      }),
    )
  })
})
