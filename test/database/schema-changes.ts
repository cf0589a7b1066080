/** Pairs of models, one after the other: which changes are safe, and which could lose data. */
import {
  anyone,
  bigint,
  choice,
  concat,
  date,
  decimal,
  entity,
  generated,
  instant,
  integer,
  list,
  lower,
  many,
  range,
  ref,
  serial,
  text,
  uuid,
  view,
} from "../../src/index.ts"

export function record(
  name: string,
  fields: Record<string, any>,
  options: Record<string, any> = {},
  read: any = () => ({ read: anyone, create: anyone, update: anyone, delete: anyone }),
): any {
  const found: any = entity(name, { fields, ...options })
  found.access(read)
  return found
}

export const note = (fields: Record<string, any>, options: Record<string, any> = {}): any =>
  record("Note", fields, options)
export const insert: string = "insert into app.notes (a) values ('one'), ('two')"

/** From a model to another: what is in the table, and what must be there afterwards. */
export type SafeChange = readonly [
  name: string,
  from: () => any[],
  data: string | readonly string[],
  to: () => any[],
  check: string,
  due: unknown,
]
export const safeChanges: readonly SafeChange[] = [
  [
    "a new entity",
    () => [note({ a: text() })],
    insert,
    () => [note({ a: text() }), record("Other", { b: text() })],
    "select count(*)::int as n, to_regclass('app.others') is not null as there from app.notes",
    { n: 2, there: true },
  ],
  [
    "a new optional field",
    () => [note({ a: text() })],
    insert,
    () => [note({ a: text(), b: text().optional() })],
    "select count(*)::int as n, count(b)::int as b from app.notes",
    { n: 2, b: 0 },
  ],
  [
    "a new required field with a default",
    () => [note({ a: text() })],
    insert,
    () => [note({ a: text(), b: integer().default(7) })],
    "select min(b) as b from app.notes",
    { b: 7 },
  ],
  [
    "a new required field without rows",
    () => [note({ a: text() })],
    [],
    () => [note({ a: text(), b: integer() })],
    "select count(*)::int as n from information_schema.columns where table_name = 'notes' and column_name = 'b' and is_nullable = 'NO'",
    { n: 1 },
  ],
  [
    "a new number",
    () => [note({ a: text() })],
    insert,
    () => [note({ a: text(), b: serial() })],
    "select max(b) as b from app.notes",
    { b: 2 },
  ],
  [
    "a new computed field",
    () => [note({ a: text() })],
    insert,
    () => [note({ a: text(), b: generated(text(), ({ row }) => concat(row.a, "!")) })],
    "select max(b) as b from app.notes",
    { b: "two!" },
  ],
  [
    "a new computed field over a new field, in any order",
    () => [note({ a: text() })],
    insert,
    () => [
      note({ c: generated(text(), ({ row }) => concat(row.b, row.a)), a: text(), b: text().default("x") }),
    ],
    "select max(c) as c from app.notes",
    { c: "xtwo" },
  ],
  [
    "another computation, and what stands on it",
    () => [
      note(
        {
          a: text(),
          b: generated(text(), ({ row }) => concat(row.a, "!"))
            .unique()
            .reveals(),
        },
        { indexes: [["b", "a"]] },
      ),
    ],
    insert,
    () => [
      note(
        {
          a: text(),
          b: generated(text(), ({ row }) => concat(row.a, "?"))
            .unique()
            .reveals(),
        },
        { indexes: [["b", "a"]] },
      ),
    ],
    "select max(b) as b, (select count(*)::int from pg_constraint where conname = 'notes_b_key') as keys, (select count(*)::int from pg_indexes where indexname = 'notes_b_a_idx') as indexes from app.notes",
    { b: "two?", keys: 1, indexes: 1 },
  ],
  [
    "a computed field that goes",
    () => [note({ a: text(), b: generated(text(), ({ row }) => concat(row.a, "!")) })],
    insert,
    () => [note({ a: text() })],
    "select count(*)::int as n from app.notes",
    { n: 2 },
  ],
  [
    "a computed field that becomes a plain one",
    () => [note({ a: text(), b: generated(text(), ({ row }) => concat(row.a, "!")) })],
    insert,
    () => [note({ a: text(), b: text().optional() })],
    "select count(*)::int as n, count(b)::int as b from app.notes",
    { n: 2, b: 0 },
  ],
  [
    "an empty field that becomes a computed one",
    () => [note({ a: text(), b: text().optional() })],
    insert,
    () => [note({ a: text(), b: generated(text(), ({ row }) => lower(row.a)) })],
    "select max(b) as b from app.notes",
    { b: "two" },
  ],
  [
    "a wider number",
    () => [note({ a: text(), b: integer().default(5) })],
    insert,
    () => [note({ a: text(), b: bigint().default(5 as never) })],
    "select min(b)::text as b, pg_typeof(min(b))::text as t, (select column_default from information_schema.columns where table_name = 'notes' and column_name = 'b') as d from app.notes",
    { b: "5", t: "bigint", d: "'5'::bigint" },
  ],
  [
    "a wider number that others are computed from",
    () => [
      note(
        {
          a: text().default("x"),
          b: integer().default(5),
          c: generated(text(), ({ row }) => concat(row.a, "!")),
        },
        { unique: [["c"]], reveals: true },
      ),
    ],
    "insert into app.notes (a, b) values ('one', 1)",
    () => [
      note(
        {
          a: text().default("x"),
          b: bigint().default(5 as never),
          c: generated(text(), ({ row }) => concat(row.a, "!")),
        },
        { unique: [["c"]], reveals: true },
      ),
    ],
    "select b::text as b, c, (select count(*)::int from pg_constraint where conname = 'notes_c_key') as keys from app.notes",
    { b: "1", c: "one!", keys: 1 },
  ],
  [
    "a wider decimal",
    () => [note({ a: text(), b: decimal({ precision: 6, scale: 2 }).default("1.25") })],
    insert,
    () => [note({ a: text(), b: decimal({ precision: 10, scale: 3 }).default("1.25") })],
    "select min(b)::text as b from app.notes",
    { b: "1.250" },
  ],
  [
    "a number that becomes a decimal",
    () => [note({ a: text(), b: integer().default(5) })],
    insert,
    () => [note({ a: text(), b: decimal({ precision: 10, scale: 2 }).default("5") })],
    "select min(b)::text as b from app.notes",
    { b: "5.00" },
  ],
  [
    "a day that becomes a moment, in UTC",
    () => [note({ a: text(), b: date().default("2026-07-01") })],
    insert,
    () => [note({ a: text(), b: instant().default("2026-07-01T00:00:00Z") })],
    "select min(b) at time zone 'UTC' = '2026-07-01' as same from app.notes",
    { same: true },
  ],
  [
    "a wider key with references to it",
    () =>
      [record("Home", { number: integer() }, { key: "number" })].flatMap((home) => [
        home,
        note({ a: text(), home: ref(home) }),
      ]),
    ["insert into app.homes (number) values (1)", "insert into app.notes (a, home) values ('x', 1)"],
    () =>
      [record("Home", { number: bigint() }, { key: "number" })].flatMap((home) => [
        home,
        note({ a: text(), home: ref(home) }),
      ]),
    "select home::text as home, pg_typeof(home)::text as t, (select count(*)::int from pg_constraint where contype = 'f' and convalidated and conrelid = 'app.notes'::regclass) as refs from app.notes",
    { home: "1", t: "bigint", refs: 1 },
  ],
  [
    "another kind where no value is",
    () => [note({ a: text(), b: text().optional() })],
    insert,
    () => [note({ a: text(), b: integer().optional() })],
    "select count(b)::int as b from app.notes",
    { b: 0 },
  ],
  [
    "another kind without rows, with defaults of both",
    () => [note({ a: text(), b: text().default("x") })],
    [],
    () => [note({ a: text(), b: integer().default(3) })],
    "select column_default as d from information_schema.columns where table_name = 'notes' and column_name = 'b'",
    { d: "3" },
  ],
  [
    "required no longer",
    () => [note({ a: text() })],
    insert,
    () => [note({ a: text().optional() })],
    "select is_nullable as n from information_schema.columns where table_name = 'notes' and column_name = 'a'",
    { n: "YES" },
  ],
  [
    "required, where all have a value",
    () => [note({ a: text().optional() })],
    insert,
    () => [note({ a: text() })],
    "select is_nullable as n from information_schema.columns where table_name = 'notes' and column_name = 'a'",
    { n: "NO" },
  ],
  [
    "another default, and none",
    () => [note({ a: text(), b: text().default("x"), c: text().optional().default("y") })],
    insert,
    () => [note({ a: text(), b: text().default("z"), c: text().optional() })],
    "select string_agg(coalesce(column_default, '-'), ' ' order by column_name) as d from information_schema.columns where table_name = 'notes' and column_name in ('b', 'c')",
    { d: "'z'::text -" },
  ],
  [
    "a looser and a stricter check that hold",
    () => [note({ a: text({ max: 3 }), b: choice("x", "y").default("x") })],
    insert,
    () => [note({ a: text({ max: 5, min: 2 }), b: choice("x", "y", "z").default("x") })],
    "select count(*)::int as n from pg_constraint where conrelid = 'app.notes'::regclass and contype = 'c'",
    { n: 3 },
  ],
  [
    "a named check",
    () => [note({ a: text() })],
    insert,
    () => [note({ a: text() }, { check: { filled: ({ row }: any) => row.a.isNot("") } })],
    "select count(*)::int as n from pg_constraint where conname = 'notes_filled_check'",
    { n: 1 },
  ],
  [
    "unique, and no longer",
    () => [note({ a: text(), b: text().optional().unique().reveals() })],
    insert,
    () => [note({ a: text().unique().reveals(), b: text().optional() })],
    "select string_agg(conname, ' ') as c from pg_constraint where conrelid = 'app.notes'::regclass and contype = 'u'",
    { c: "notes_a_key" },
  ],
  [
    "an index, and no longer",
    () => [note({ a: text(), b: text().optional() }, { indexes: [["a"]] })],
    insert,
    () => [note({ a: text(), b: text().optional() }, { indexes: [["b", "a"]] })],
    "select string_agg(indexname, ' ' order by indexname) as i from pg_indexes where tablename = 'notes'",
    { i: "notes_b_a_idx notes_pkey" },
  ],
  [
    "without regard to case, and with it",
    () => [note({ a: text({ caseInsensitive: true }), b: text().default("B") })],
    insert,
    () => [note({ a: text(), b: text({ caseInsensitive: true }).default("B") })],
    "select bool_or(a = 'ONE') as a, bool_and(b = 'b') as b from app.notes",
    { a: false, b: true },
  ],
  [
    "a new reference to rows that are there",
    () => [record("Home", {}), note({ a: text(), home: uuid() })],
    ["insert into app.homes default values", "insert into app.notes (a, home) select 'x', id from app.homes"],
    () => [record("Home", {})].flatMap((home) => [home, note({ a: text(), home: ref(home) })]),
    "select count(*)::int as n from pg_constraint where contype = 'f' and conrelid = 'app.notes'::regclass",
    { n: 1 },
  ],
  [
    "another way of deleting",
    () => [record("Home", {})].flatMap((home) => [home, note({ a: text(), home: ref(home).optional() })]),
    insert,
    () =>
      [record("Home", {})].flatMap((home) => [
        home,
        note({ a: text(), home: ref(home).optional().onDelete("cascade") }),
      ]),
    "select confdeltype as t from pg_constraint where contype = 'f' and conrelid = 'app.notes'::regclass",
    { t: "c" },
  ],
  [
    "an empty field that goes",
    () => [note({ a: text(), b: text().optional() })],
    insert,
    () => [note({ a: text() })],
    "select count(*)::int as n from information_schema.columns where table_name = 'notes' and column_name = 'b'",
    { n: 0 },
  ],
  [
    "empty entities that go, and refer to one another",
    () => {
      const A: any = record("Alpha", {
        get b(): any {
          return ref(B).optional()
        },
      })
      const B: any = record("Beta", { a: ref(A).optional() })
      return [A, B, record("Note", { a: text(), b: ref(B).optional() })]
    },
    insert,
    () => [note({ a: text() })],
    "select to_regclass('app.alphas') is null and to_regclass('app.betas') is null as gone, count(*)::int as n from app.notes",
    { gone: true, n: 2 },
  ],
  [
    "another key, without rows",
    () =>
      [record("Home", { code: text() }, { key: "code" })].flatMap((home) => [
        home,
        note({ a: text(), home: ref(home).optional() }),
      ]),
    insert,
    () =>
      [record("Home", { number: text() }, { key: "number" })].flatMap((home) => [
        home,
        note({ a: text(), home: ref(home).optional() }),
      ]),
    "select pg_get_constraintdef(oid) as c from pg_constraint where contype = 'p' and conrelid = 'app.homes'::regclass",
    { c: "PRIMARY KEY (number)" },
  ],
  [
    "a table that views stand on",
    () =>
      [note({ a: text(), b: integer().default(1) })].flatMap((it) => [
        it,
        view("NoteView", it, { key: "id", fields: { id: "id", b: "b" } as any }),
      ]),
    insert,
    () =>
      [note({ a: text(), b: bigint().default(1 as never), c: text().optional() })].flatMap((it) => [
        it,
        view("NoteView", it, { key: "id", fields: { id: "id", b: "b", c: "c" } as any }),
      ]),
    "select count(*)::int as n, pg_typeof(min(b))::text as t from app.note_views",
    { n: 2, t: "bigint" },
  ],
  [
    "a field that becomes hidden",
    () => [note({ a: text(), b: text().default("x") })],
    insert,
    () => [
      note({
        a: text(),
        b: text()
          .default("x")
          .visibleTo(({ me }) => me.has("lead")),
      }),
    ],
    "select count(*)::int as n, to_regclass('fields.notes') is not null as view from app.notes",
    { n: 2, view: true },
  ],
  [
    "a field that is hidden no longer",
    () => [
      note({
        a: text(),
        b: text()
          .default("x")
          .visibleTo(({ me }) => me.has("lead")),
      }),
    ],
    insert,
    () => [note({ a: text(), b: text().default("x") })],
    "select count(*)::int as n, to_regclass('fields.notes') is null as gone from app.notes",
    { n: 2, gone: true },
  ],
  [
    "a field that becomes hidden and wider",
    () => [
      note({
        a: text(),
        b: integer()
          .default(1)
          .visibleTo(({ me }) => me.has("lead")),
      }),
    ],
    insert,
    () => [
      note({
        a: text(),
        b: bigint()
          .default(1 as never)
          .visibleTo(({ row }) => row.a.is("one")),
        c: text().optional(),
      }),
    ],
    "select count(*)::int as n, pg_typeof(min(b))::text as t from app.notes",
    { n: 2, t: "bigint" },
  ],
  [
    "a relation's other side",
    () => [record("Home", {})].flatMap((home) => [home, note({ a: text(), home: ref(home).optional() })]),
    insert,
    () => {
      const home: any = record("Home", {
        get notes() {
          return many(it, "home")
        },
      })
      const it: any = note({ a: text(), home: ref(home).optional() })
      return [home, it]
    },
    "select count(*)::int as n from app.notes",
    { n: 2 },
  ],
]

/** From a model to another that could lose data: the code, and what the refusal names. */
export type UnsafeChange = readonly [
  name: string,
  from: () => any[],
  data: string | readonly string[],
  to: () => any[],
  code: string,
  named: string,
]
export const unsafeChanges: readonly UnsafeChange[] = [
  [
    "a field that goes and has values",
    () => [note({ a: text(), b: text().optional() })],
    "insert into app.notes (a, b) values ('one', 'x')",
    () => [note({ a: text() })],
    "UC523",
    "notes.b",
  ],
  [
    "a renamed field",
    () => [note({ a: text() })],
    insert,
    () => [note({ renamed: text().optional() })],
    "UC523",
    "notes.a",
  ],
  [
    "an entity that goes and has rows",
    () => [note({ a: text() }), record("Other", {})],
    insert,
    () => [record("Other", {})],
    "UC523",
    "notes",
  ],
  [
    "a renamed entity",
    () => [note({ a: text() })],
    insert,
    () => [record("Remark", { a: text() })],
    "UC523",
    "notes",
  ],
  [
    "a narrower number",
    () => [note({ a: text(), b: bigint().default(5 as never) })],
    insert,
    () => [note({ a: text(), b: integer().default(5) })],
    "UC523",
    "from bigint to integer",
  ],
  [
    "a narrower decimal",
    () => [note({ a: text(), b: decimal({ precision: 8, scale: 2 }).default("1") })],
    insert,
    () => [note({ a: text(), b: decimal({ precision: 8, scale: 3 }).default("1") })],
    "UC523",
    "notes.b",
  ],
  [
    "a moment that becomes a day",
    () => [note({ a: text(), b: instant().default("2026-07-01T00:00:00Z") })],
    insert,
    () => [note({ a: text(), b: date().default("2026-07-01") })],
    "UC523",
    "from timestamptz to date",
  ],
  [
    "another kind",
    () => [note({ a: text() })],
    insert,
    () => [note({ a: integer() })],
    "UC523",
    "from text to integer",
  ],
  [
    "a list",
    () => [note({ a: text() })],
    insert,
    () => [note({ a: list(text()) })],
    "UC523",
    "from text to text[]",
  ],
  [
    "a plain field that becomes computed",
    () => [note({ a: text(), b: text().default("x") })],
    insert,
    () => [note({ a: text(), b: generated(text(), ({ row }) => lower(row.a)) })],
    "UC523",
    "notes.b would be computed",
  ],
  [
    "a new required field",
    () => [note({ a: text() })],
    insert,
    () => [note({ a: text(), b: integer() })],
    "UC523",
    "notes.b is required",
  ],
  [
    "required, where a value is missing",
    () => [note({ a: text(), b: text().optional() })],
    insert,
    () => [note({ a: text(), b: text() })],
    "UC523",
    "notes.b is now required",
  ],
  [
    "two at once, both told",
    () => [note({ a: text(), b: text().optional() })],
    "insert into app.notes (a, b) values ('one', 'x')",
    () => [note({ c: text() })],
    "UC523",
    "notes.c",
  ],
  [
    "a check that a row does not meet",
    () => [note({ a: text() })],
    insert,
    () => [note({ a: text({ max: 2 }) })],
    "UC524",
    "alter table",
  ],
  [
    "a word that goes and is used",
    () => [note({ a: text(), b: choice("x", "y").default("y") })],
    insert,
    () => [note({ a: text(), b: choice("x").default("x") })],
    "UC524",
    "notes_b_check",
  ],
  [
    "unique, where two rows agree",
    () => [note({ a: text(), b: text().default("x") })],
    insert,
    () => [note({ a: text(), b: text().default("x").unique().reveals() })],
    "UC524",
    "notes_b_key",
  ],
  [
    "without regard to case, where two rows then agree",
    () => [note({ a: text().unique().reveals() })],
    "insert into app.notes (a) values ('a'), ('A')",
    () => [note({ a: text({ caseInsensitive: true }).unique().reveals() })],
    "UC524",
    "alter table",
  ],
  [
    "a reference, where a row refers to nothing",
    () => [record("Home", {}), note({ a: text(), home: uuid() })],
    "insert into app.notes (a, home) values ('x', gen_random_uuid())",
    () => [record("Home", {})].flatMap((home) => [home, note({ a: text(), home: ref(home) })]),
    "UC524",
    "notes_home_fkey",
  ],
  [
    "no two at one time, where two are",
    () => [note({ a: text(), b: range(date()).default("[2026-01-01,)") })],
    insert,
    () => [
      note(
        { a: text(), b: range(date()).default("[2026-01-01,)") },
        { exclude: [{ same: [], overlapping: "b" }], reveals: true },
      ),
    ],
    "UC524",
    "notes_b_excl",
  ],
  [
    "another key, with rows",
    () => [record("Note", { a: text(), code: text() }, { key: "code" })],
    "insert into app.notes (a, code) values ('x', 'y')",
    () => [record("Note", { a: text() }, { key: "a" })],
    "UC523",
    "notes.code",
  ],
  [
    "a change that a view made by hand holds back",
    () => [note({ a: text(), b: integer().default(1) })],
    [insert, "create view public.mine as select b from app.notes"],
    () => [note({ a: text(), b: bigint().default(1 as never) })],
    "UC524",
    "alter table",
  ],
]
