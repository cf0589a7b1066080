/** Shapes of queries, hostile ones among them, and what each must answer over the rows that a caller may see. */
import type { Row } from "./database.ts"

export interface ReadShape {
  readonly name: string
  /** One statement, or several of one transaction of which the last is asked. `r` is what the API reads. */
  readonly sql: (r: string) => string | readonly string[]
  /** The answer's rows, each as its cells joined by `|`, in any order; left out where only traces are looked for. */
  readonly expect?: (rows: readonly Row[]) => readonly string[]
  /** The SQLSTATE of a statement that must be refused. */
  readonly refused?: string
  /** Only where the API reads the table itself, or only where it reads a field view. */
  readonly on?: "table" | "view"
  /** Needs a transaction of its own. */
  readonly inTransaction?: true
}

const cell = (value: unknown): string => (value === null || value === undefined ? "∅" : String(value))
/** A row of an answer. */
export const line = (...values: readonly unknown[]): string => values.map(cell).join("|")

const all = "id, title, gated, quiet, sum, deep"
const allOf = (row: Row): string =>
  line(row["id"], row["title"], row["gated"], row["quiet"], row["sum"], row["deep"])
const ids = (rows: readonly Row[]): readonly string[] => rows.map((row) => line(row["id"]))
const numbers = (rows: readonly Row[], name: string): readonly number[] =>
  rows.map((row) => row[name] as number | null).filter((value) => value !== null)
const total = (rows: readonly Row[], name: string): number | null => {
  const found = numbers(rows, name)
  return found.length === 0 ? null : found.reduce((sum, one) => sum + one, 0)
}
const least = (rows: readonly Row[], name: string, pick: (...of: number[]) => number): number | null => {
  const found = numbers(rows, name)
  return found.length === 0 ? null : pick(...found)
}
const byId = (rows: readonly Row[]): readonly Row[] => rows.toSorted((a, b) => (a["id"] < b["id"] ? -1 : 1))
const pairs = (rows: readonly Row[], fits: (a: Row, b: Row) => boolean): readonly [Row, Row][] =>
  rows.flatMap((a) => rows.filter((b) => fits(a, b)).map((b): [Row, Row] => [a, b]))
const isParent = (a: Row, b: Row): boolean => a["parent"] !== null && a["parent"] === b["id"]
const groups = (rows: readonly Row[], name: string): ReadonlyMap<string | null, readonly Row[]> => {
  const found = new Map<string | null, Row[]>()
  for (const row of rows) found.set(row[name], [...(found.get(row[name]) ?? []), row])
  return found
}
const counts = (rows: readonly Row[], name: string): readonly string[] =>
  [...groups(rows, name)].map(([key, of]) => line(key, of.length))

/** What is asked with an answer that is known. */
const answered: readonly ReadShape[] = [
  { name: "all fields", sql: (r) => `select ${all} from ${r}`, expect: (v) => v.map(allOf) },
  { name: "count", sql: (r) => `select count(*) from ${r}`, expect: (v) => [line(v.length)] },
  {
    name: "no columns",
    sql: (r) => `select count(*) from (select from ${r}) x`,
    expect: (v) => [line(v.length)],
  },
  {
    name: "exists",
    sql: (r) => `select exists (select from ${r})`,
    expect: (v) => [v.length > 0 ? "t" : "f"],
  },
  {
    name: "where a hidden field is set",
    sql: (r) => `select id from ${r} where gated is not null`,
    expect: (v) => ids(v.filter((row) => row["gated"] !== null)),
  },
  {
    name: "where a hidden field is like",
    sql: (r) => `select id from ${r} where quiet like 'quiet-%'`,
    expect: (v) => ids(v.filter((row) => row["quiet"] !== null)),
  },
  {
    name: "where a hidden field is above",
    sql: (r) => `select id from ${r} where sum > 6999999`,
    expect: (v) => ids(v.filter((row) => row["sum"] > 6_999_999)),
  },
  {
    name: "where not of a hidden field",
    sql: (r) => `select id from ${r} where (deep = 'x') is not true`,
    expect: ids,
  },
  {
    name: "in hidden values",
    sql: (r) => `select id from ${r} where gated in (select quiet from ${r})`,
    expect: () => [],
  },
  { name: "row comparison", sql: (r) => `select id from ${r} where (level, title) >= (0, '')`, expect: ids },
  {
    name: "order by a hidden field",
    sql: (r) => `select id from ${r} order by sum desc nulls last, quiet, id`,
    expect: ids,
  },
  {
    name: "the greatest hidden value",
    sql: (r) => `select sum from ${r} where sum is not null order by sum desc limit 1`,
    expect: (v) => (numbers(v, "sum").length === 0 ? [] : [line(least(v, "sum", Math.max))]),
  },
  {
    name: "limit with ties",
    sql: (r) => `select count(*) from (select id from ${r} order by 1 fetch first 3 rows with ties) x`,
    expect: (v) => [line(Math.min(3, v.length))],
  },
  {
    name: "limit by a count",
    sql: (r) => `select id from ${r} order by id limit (select count(*) from ${r}) / 2`,
    expect: (v) => ids(byId(v).slice(0, Math.floor(v.length / 2))),
  },
  {
    name: "offset",
    sql: (r) => `select id from ${r} order by id offset 2`,
    expect: (v) => ids(byId(v).slice(2)),
  },
  {
    name: "distinct",
    sql: (r) => `select distinct gated from ${r}`,
    expect: (v) => [...groups(v, "gated").keys()].map(cell),
  },
  {
    name: "distinct on",
    sql: (r) => `select distinct on (owner) owner, id from ${r} order by owner, id`,
    expect: (v) => [...groups(byId(v), "owner")].map(([owner, of]) => line(owner, of[0]?.["id"])),
  },
  {
    name: "aggregates",
    sql: (r) => `select count(sum), min(sum), max(sum), sum(sum) from ${r}`,
    expect: (v) => [
      line(numbers(v, "sum").length, least(v, "sum", Math.min), least(v, "sum", Math.max), total(v, "sum")),
    ],
  },
  {
    name: "filtered aggregate",
    sql: (r) => `select count(*) filter (where quiet is not null) from ${r}`,
    expect: (v) => [line(v.filter((row) => row["quiet"] !== null).length)],
  },
  {
    name: "array of values",
    sql: (r) => `select unnest(array_agg(quiet)) from ${r}`,
    expect: (v) => v.map((row) => cell(row["quiet"])),
  },
  {
    name: "ordered-set aggregate",
    sql: (r) =>
      `select percentile_disc(1) within group (order by sum), mode() within group (order by level * 0) from ${r}`,
    expect: (v) => [line(least(v, "sum", Math.max), v.length === 0 ? null : 0)],
  },
  {
    name: "group",
    sql: (r) => `select gated, count(*) from ${r} group by gated`,
    expect: (v) => counts(v, "gated"),
  },
  {
    name: "group and having",
    sql: (r) => `select owner, count(*) from ${r} group by owner having count(*) > 2`,
    expect: (v) => counts(v, "owner").filter((one) => Number(one.split("|")[1]) > 2),
  },
  {
    name: "having without group",
    sql: (r) => `select count(*) from ${r} having max(sum) > 0`,
    expect: (v) => (numbers(v, "sum").length > 0 ? [line(v.length)] : []),
  },
  {
    name: "grouping sets",
    sql: (r) => `select owner, count(*) from ${r} group by rollup (owner)`,
    expect: (v) => [...counts(v, "owner"), line(null, v.length)],
  },
  {
    name: "window",
    sql: (r) => `select id, count(*) over (), lag(id) over (order by id) from ${r}`,
    expect: (v) => byId(v).map((row, at, list) => line(row["id"], v.length, list[at - 1]?.["id"])),
  },
  {
    name: "window over hidden fields",
    sql: (r) =>
      `select id, first_value(sum) over (order by sum desc nulls last rows between unbounded preceding and unbounded following) from ${r}`,
    expect: (v) => v.map((row) => line(row["id"], least(v, "sum", Math.max))),
  },
  {
    name: "self join",
    sql: (r) => `select a.id, b.id, b.quiet from ${r} a join ${r} b on b.id = a.parent`,
    expect: (v) => pairs(v, isParent).map(([a, b]) => line(a["id"], b["id"], b["quiet"])),
  },
  {
    name: "left join",
    sql: (r) => `select a.id, b.title from ${r} a left join ${r} b on b.id = a.parent`,
    expect: (v) => v.map((a) => line(a["id"], v.find((b) => isParent(a, b))?.["title"])),
  },
  {
    name: "full join",
    sql: (r) => `select a.id, b.id from ${r} a full join ${r} b on b.id = a.parent`,
    expect: (v) => [
      ...v.map((a) => line(a["id"], v.find((b) => isParent(a, b))?.["id"])),
      ...v.filter((b) => !v.some((a) => isParent(a, b))).map((b) => line(null, b["id"])),
    ],
  },
  {
    name: "cross join",
    sql: (r) => `select count(*) from ${r} a, ${r} b`,
    expect: (v) => [line(v.length ** 2)],
  },
  {
    name: "using",
    sql: (r) => `select id, x.gated from ${r} x join ${r} y using (id)`,
    expect: (v) => v.map((row) => line(row["id"], row["gated"])),
  },
  {
    name: "join by a hidden field",
    sql: (r) => `select a.id from ${r} a join ${r} b on a.sum = b.sum`,
    expect: (v) => ids(v.filter((row) => row["sum"] !== null)),
  },
  {
    name: "join with values",
    sql: (r) => `select x.n from (values (7000000), (7019001), (7001003)) x (n) join ${r} a on a.sum = x.n`,
    expect: (v) =>
      numbers(v, "sum")
        .filter((one) => [7_000_000, 7_019_001, 7_001_003].includes(one))
        .map(cell),
  },
  {
    name: "lateral",
    sql: (r) =>
      `select a.id, b.n from ${r} a, lateral (select count(*) as n from ${r} c where c.parent = a.id) b`,
    expect: (v) => v.map((a) => line(a["id"], v.filter((c) => isParent(c, a)).length)),
  },
  {
    name: "lateral with a limit",
    sql: (r) =>
      `select a.id, b.id from ${r} a left join lateral (select id from ${r} c where c.parent = a.id order by id limit 1) b on true`,
    expect: (v) => v.map((a) => line(a["id"], byId(v).find((c) => isParent(c, a))?.["id"])),
  },
  {
    name: "union all",
    sql: (r) => `select id from ${r} union all select id from ${r}`,
    expect: (v) => [...ids(v), ...ids(v)],
  },
  { name: "union", sql: (r) => `select id from ${r} union select id from ${r}`, expect: ids },
  {
    name: "intersect",
    sql: (r) => `select id from ${r} intersect select parent from ${r}`,
    expect: (v) => ids(v.filter((b) => v.some((a) => isParent(a, b)))),
  },
  {
    name: "except",
    sql: (r) => `select parent from ${r} where parent is not null except select id from ${r}`,
    expect: (v) =>
      [
        ...new Set(v.map((a) => a["parent"]).filter((id) => id !== null && !v.some((b) => b["id"] === id))),
      ].map(cell),
  },
  {
    name: "materialized expression",
    sql: (r) => `with x as materialized (select * from (select ${all} from ${r}) y) select ${all} from x`,
    expect: (v) => v.map(allOf),
  },
  {
    name: "inlined expression",
    sql: (r) =>
      `with x as not materialized (select ${all} from ${r}) select ${all} from x where title is not null`,
    expect: (v) => v.map(allOf),
  },
  {
    name: "recursion",
    sql: (r) =>
      `with recursive x as (select id, parent from ${r} union all select b.id, b.parent from x join ${r} b on b.id = x.parent) select count(*) from x`,
    expect: (v) => {
      const depth = (row: Row | undefined): number =>
        row ? 1 + depth(v.find((one) => isParent(row, one))) : 0
      return [line(v.reduce((sum, row) => sum + depth(row), 0))]
    },
  },
  {
    name: "not exists",
    sql: (r) => `select id from ${r} a where not exists (select from ${r} b where b.parent = a.id)`,
    expect: (v) => ids(v.filter((a) => !v.some((b) => isParent(b, a)))),
  },
  {
    name: "not in",
    sql: (r) => `select id from ${r} where id not in (select parent from ${r} where parent is not null)`,
    expect: (v) => ids(v.filter((a) => !v.some((b) => isParent(b, a)))),
  },
  {
    name: "scalar subquery",
    sql: (r) => `select (select count(*) from ${r}), (select max(sum) from ${r})`,
    expect: (v) => [line(v.length, least(v, "sum", Math.max))],
  },
  {
    name: "correlated subquery",
    sql: (r) => `select id, (select quiet from ${r} b where b.id = a.parent) from ${r} a`,
    expect: (v) => v.map((a) => line(a["id"], v.find((b) => isParent(a, b))?.["quiet"])),
  },
  {
    name: "compared with all",
    sql: (r) => `select id from ${r} where level >= all (select level from ${r})`,
    expect: (v) => ids(v.filter((row) => v.every((one) => row["level"] >= one["level"]))),
  },
  {
    name: "compared with any",
    sql: (r) => `select id from ${r} where sum > any (select sum from ${r})`,
    expect: (v) =>
      ids(v.filter((row) => numbers(v, "sum").some((one) => row["sum"] !== null && row["sum"] > one))),
  },
  {
    name: "array of a subquery",
    sql: (r) => `select cardinality(array(select sum from ${r} where sum is not null))`,
    expect: (v) => [line(numbers(v, "sum").length)],
  },
  {
    name: "series",
    sql: (r) => `select count(*) from generate_series(7000000, 7030000) n join ${r} a on a.sum = n`,
    expect: (v) => [line(numbers(v, "sum").length)],
  },
  {
    name: "set in the select list",
    sql: (r) => `select id, unnest(array[gated, quiet]) from ${r}`,
    expect: (v) => v.flatMap((row) => [line(row["id"], row["gated"]), line(row["id"], row["quiet"])]),
  },
  {
    name: "json",
    sql: (r) =>
      `select coalesce(json_agg(row_to_json(x) order by x.id), '[]') from (select id, gated, quiet, sum, deep from ${r}) x`,
    expect: (v) => [
      `[${byId(v)
        .map((row) =>
          JSON.stringify({
            id: row["id"],
            gated: row["gated"],
            quiet: row["quiet"],
            sum: row["sum"],
            deep: row["deep"],
          }),
        )
        .join(", ")}]`,
    ],
  },
  {
    name: "case",
    sql: (r) => `select id, case when sum is null then 'none' else 'some' end from ${r}`,
    expect: (v) => v.map((row) => line(row["id"], row["sum"] === null ? "none" : "some")),
  },
  {
    name: "cursor",
    inTransaction: true,
    sql: (r) => [
      `declare c scroll cursor for select id from ${r} order by id`,
      "fetch last from c",
      "fetch absolute 1 from c",
      "move all in c",
      "fetch backward all from c",
    ],
    expect: ids,
  },
  {
    name: "statement in the statement",
    sql: (r) => [
      `prepare p(integer) as select id from ${r} where level >= $1`,
      "execute p(3)",
      "deallocate p",
      `select id from ${r} where level >= 3`,
    ],
    expect: (v) => ids(v.filter((row) => row["level"] >= 3)),
  },
  {
    name: "query as text",
    sql: (r) =>
      `select word from ts_stat('select to_tsvector(''simple'', coalesce(quiet, '''')) from ${r}') where word not in ('quiet')`,
  },
  {
    name: "query as XML",
    sql: (r) =>
      `select (xpath('count(//id)', query_to_xml('select id, quiet from ${r}', false, false, '')))[1]::text`,
    expect: (v) => [line(v.length)],
  },
  { name: "locked for update", sql: (r) => `select id from ${r} for update`, expect: ids },
  {
    name: "locked for key share",
    sql: (r) => `select id, quiet from ${r} for key share skip locked`,
    expect: (v) => v.map((row) => line(row["id"], row["quiet"])),
  },
  { name: "sample", on: "table", sql: (r) => `select id from ${r} tablesample bernoulli (100)`, expect: ids },
  {
    name: "sample of blocks",
    on: "table",
    sql: (r) => `select id from ${r} tablesample system (100) repeatable (1)`,
    expect: ids,
  },
  {
    name: "the whole row",
    on: "table",
    sql: (r) => `select (x).title from ${r} x`,
    expect: (v) => v.map((row) => line(row["title"])),
  },
  {
    name: "the table",
    on: "table",
    sql: (r) => `select count(*) from (table ${r}) x`,
    expect: (v) => [line(v.length)],
  },
]

/** What raises errors or tells of itself: here only traces are looked for. */
const leaking: readonly ReadShape[] = [
  { name: "division by what a row holds", sql: (r) => `select id from ${r} where 1 / (level - level) > 0` },
  {
    name: "a cast that quotes the value",
    sql: (r) => `select id from ${r} where (title || quiet)::integer > 0`,
  },
  { name: "a cast in the select list", sql: (r) => `select gated::uuid from ${r}` },
  { name: "a cast in an order", sql: (r) => `select id from ${r} order by title::date` },
  { name: "a cast in a group", sql: (r) => `select count(*) from ${r} group by quiet::jsonb` },
  {
    name: "a cast in a join",
    sql: (r) => `select a.id from ${r} a join ${r} b on a.title::integer = b.level`,
  },
  {
    name: "a cast in an aggregate",
    sql: (r) => `select sum(title::numeric) filter (where level >= 0) from ${r}`,
  },
  { name: "a cast in a lateral", sql: (r) => `select b.n from ${r} a, lateral (select a.deep::inet as n) b` },
  {
    name: "a cast in a case",
    sql: (r) =>
      `select case when level >= 0 then title::xml::text end, case when sum > 0 then 1 / (sum - sum) end from ${r}`,
  },
  {
    name: "a cast in a limit",
    sql: (r) => `select id from ${r} limit (select title::bigint from ${r} limit 1)`,
  },
  {
    name: "a cast in a window",
    sql: (r) => `select sum(title::integer) over (partition by owner) from ${r}`,
  },
  {
    name: "a cast below a union",
    sql: (r) => `select title::integer from ${r} union all select quiet::integer from ${r}`,
  },
  {
    name: "a cast in an expression",
    sql: (r) => `with x as materialized (select title::integer as n from ${r}) select count(*) from x`,
  },
  { name: "a pattern from a row", sql: (r) => `select id from ${r} where 'x' ~ ('(' || title)` },
  { name: "a date from a row", sql: (r) => `select to_date(title, 'YYYY') from ${r}` },
  { name: "an interval from a row", sql: (r) => `select id from ${r} where title::interval > '1 day'` },
  {
    name: "a setting from a row",
    sql: (r) => `select set_config('undercroft.' || title, coalesce(quiet, ''), true) from ${r}`,
  },
  { name: "an unknown setting named by a row", sql: (r) => `select current_setting(title) from ${r}` },
  { name: "a relation named by a row", sql: (r) => `select title::regclass from ${r}` },
  { name: "overflow", sql: (r) => `select id from ${r} where (sum::bigint * 9000000000000) > 0` },
  {
    name: "a series as long as a value",
    sql: (r) => `select count(*) from ${r}, generate_series(1, sum % 100)`,
  },
  { name: "sleep by a value", sql: (r) => `select pg_sleep(level * 0) from ${r}` },
  {
    name: "explain",
    sql: (r) => `explain (verbose, costs, settings) select ${all} from ${r} where title = 'title-x'`,
  },
  {
    name: "explain as it ran",
    sql: (r) => `explain (analyze, verbose, buffers, timing off) select ${all} from ${r} where sum > 6999999`,
  },
  { name: "explain a generic plan", sql: (r) => `explain select ${all} from ${r} where quiet = 'quiet-x'` },
  { name: "copy to the client", sql: (r) => `copy (select ${all} from ${r}) to stdout` },
  { name: "copy of a table", on: "table", sql: (r) => `copy ${r} to stdout` },
  {
    name: "copy as CSV with a query",
    sql: (r) => `copy (select quiet, count(*) from ${r} group by 1) to stdout (format csv, header)`,
  },
  { name: "schema as XML", sql: () => "select schema_to_xml('fields', false, false, '')" },
  {
    name: "the tree of the plan",
    sql: (r) => [
      "set local client_min_messages = log",
      "set local debug_print_parse = on",
      "set local debug_print_plan = on",
      `select ${all} from ${r} where quiet > 'a'`,
    ],
  },
  {
    name: "everything at once in the messages",
    sql: (r) => ["set local client_min_messages = debug5", `select ${all} from ${r}`],
  },
]

/** What must be refused, whoever asks. */
const refused: readonly ReadShape[] = [
  { name: "the whole row of a field view", on: "view", sql: (r) => `select x from ${r} x`, refused: "42501" },
  {
    name: "the whole row as JSON",
    on: "view",
    sql: (r) => `select to_jsonb(x) from ${r} x`,
    refused: "42501",
  },
  { name: "a star", on: "view", sql: (r) => `select * from ${r}`, refused: "42501" },
  {
    name: "a natural join",
    on: "view",
    sql: (r) => `select count(*) from ${r} natural join ${r} b`,
    refused: "42501",
  },
  { name: "the writing column", on: "view", sql: (r) => `select "gated$write" from ${r}`, refused: "42501" },
  {
    name: "where the writing column",
    on: "view",
    sql: (r) => `select id from ${r} where "quiet$write" is not null`,
    refused: "42501",
  },
  {
    name: "order by the writing column",
    on: "view",
    sql: (r) => `select id from ${r} order by "sum$write"`,
    refused: "42501",
  },
  {
    name: "group by the writing column",
    on: "view",
    sql: (r) => `select count(*) from ${r} group by "deep$write"`,
    refused: "42501",
  },
  {
    name: "join by the writing column",
    on: "view",
    sql: (r) => `select a.id from ${r} a join (values ('x')) v (x) on v.x = a."quiet$write"`,
    refused: "42501",
  },
  {
    name: "the table behind the field view",
    on: "view",
    sql: (r) => `select id from ${r.replace("fields", "app")}`,
    refused: "42501",
  },
  {
    name: "count of the table behind",
    on: "view",
    sql: (r) => `select count(*) from ${r.replace("fields", "app")}`,
    refused: "42501",
  },
  {
    name: "copy of the table behind",
    on: "view",
    sql: (r) => `copy ${r.replace("fields", "app")} to stdout`,
    refused: "42501",
  },
  { name: "system columns", on: "table", sql: (r) => `select ctid, xmin from ${r}`, refused: "42501" },
  {
    name: "a place in the file",
    on: "table",
    sql: (r) => `select id from ${r} where ctid = '(0,1)'`,
    refused: "42501",
  },
]

export const readShapes: readonly ReadShape[] = [...answered, ...leaking, ...refused]
