/** Every shape of query over every form of rule, as the API role itself: no row and no hidden value that must not show. */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { UndercroftError } from "../../src/base/errors.ts"
import { openDatabase, type TestDatabase } from "./database.ts"
import { formEntities, formRows, formsModel } from "./forms-model.ts"
import { fits, ReadJudge } from "./read-judge.ts"
import { readShapes } from "./read-shapes.ts"

const rows = formRows(new Date().toISOString().slice(0, 10))
const names = Object.keys(formEntities)
/** Ways to plan and run, each of which a caller's own SQL may choose. */
const modes: Readonly<Record<string, readonly string[]>> = {
  "no sequential scans": ["enable_seqscan=off"],
  "no index scans": ["enable_indexscan=off", "enable_indexonlyscan=off", "enable_bitmapscan=off"],
  "nested loops": ["enable_hashjoin=off", "enable_mergejoin=off"],
  "no nested loops": ["enable_nestloop=off", "enable_material=off", "enable_memoize=off"],
  "merge joins": ["enable_hashjoin=off", "enable_nestloop=off", "enable_hashagg=off"],
  "no sorts": ["enable_sort=off", "enable_incremental_sort=off"],
  "generic plans": ["plan_cache_mode=force_generic_plan"],
  "custom plans": ["plan_cache_mode=force_custom_plan"],
  "parallel plans": [
    "debug_parallel_query=on",
    "parallel_setup_cost=0",
    "parallel_tuple_cost=0",
    "min_parallel_table_scan_size=0",
  ],
  "compiled plans": ["jit=on", "jit_above_cost=0", "jit_inline_above_cost=0", "jit_optimize_above_cost=0"],
  "no reordering": ["join_collapse_limit=1", "from_collapse_limit=1", "geqo_threshold=2"],
  "little memory": ["work_mem=64kB", "hash_mem_multiplier=1"],
  "another place and style": [
    "timezone=Pacific/Kiritimati",
    "intervalstyle=sql_standard",
    "extra_float_digits=-3",
  ],
  "another reading": ["transform_null_equals=on", "array_nulls=off", "standard_conforming_strings=off"],
  "another search path": ["search_path=fields,app,undercroft,pg_catalog"],
}

let database: TestDatabase
let judge: ReadJudge

beforeAll(async () => {
  database = await openDatabase(formsModel, rows)
  judge = new ReadJudge(database, rows)
})
afterAll(() => database?.drop())

test("there are at least 55 shapes", () => {
  expect(readShapes.length).toBeGreaterThanOrEqual(55)
  expect(new Set(readShapes.map((shape) => shape.name)).size).toBe(readShapes.length)
})

describe.each(["pipelined", "transaction"] as const)("the caller enters %s", (how) => {
  test.each(names)(
    "every shape over %s, each caller after another on one connection",
    { timeout: 60_000 },
    async (name) => {
      const target = judge.target(name)
      const session = await database.connect()
      const wrong: string[] = []
      for (const shape of readShapes.filter((one) => fits(one, target))) {
        for (const caller of judge.callers.keys()) {
          const found = await judge.ask(session, shape, target, caller, how)
          if (found) wrong.push(found)
        }
      }
      await session.end()
      expect(wrong).toEqual([])
    },
  )
})

test.each(Object.entries(modes))("every shape with %s", { timeout: 120_000 }, async (name, settings) => {
  const mode = Object.keys(modes).indexOf(name)
  const wrong: string[] = []
  const count = judge.callers.length
  for (const caller of judge.callers.keys()) {
    // A fresh session for each caller, and then another caller in the same session.
    const session = await database.connect()
    for (const setting of settings) {
      const [key = "", value = ""] = setting.split("=")
      expect((await session.raw("select set_config($1, $2, false)", [key, value])).error).toBeNull()
    }
    for (const [at, shape] of readShapes.entries()) {
      for (const [form, target] of judge.targets.entries()) {
        if (!fits(shape, target) || (at + form + mode) % count !== caller) continue
        // A third of all pairs in each mode, another one in the next; starting parallel workers takes its time.
        if ((at + 2 * form + mode) % 3 !== 0 || (name === "parallel plans" && (at + form) % 6 !== 0)) continue
        for (const who of [caller, (caller + 1) % count]) {
          const found = await judge.ask(
            session,
            shape,
            target,
            who,
            at % 2 === 0 ? "pipelined" : "transaction",
          )
          if (found) wrong.push(found)
        }
      }
    }
    await session.end()
  }
  expect(wrong).toEqual([])
})

type Planted = readonly [bug: string, form: string, edit: (sql: string) => string, setting?: string]
/** Bugs planted in the policies, a form where each shows, and settings that it takes. */
const planted: readonly Planted[] = [
  [
    "a policy that lets all be read",
    "Owned",
    (sql) => sql.replace(/^(create policy read on "app"."owned" .*? using )\(.*\)$/, "$1(true)"),
  ],
  [
    "no row-level security",
    "PlainBoth",
    (sql) => (/"plainboth" (force|enable) row/.test(sql) ? "select 1" : sql),
  ],
  ["a fact about everyone", "Fact", (sql) => sql.replace(`t."user" = (select undercroft.me_id())`, "true")],
  [
    "a set of all related rows",
    "Related",
    (sql) =>
      sql.includes('function undercroft_rules."set_')
        ? sql.replace(`t."region" = 'north'::text`, "true")
        : sql,
  ],
  [
    "a field view without its rule",
    "Both",
    (sql) => sql.replace(/case when (?:(?!case when)[\s\S])*? then ("quiet") end as \1/g, "$1"),
  ],
  [
    "a field view with the eyes of the internal role",
    "Owned",
    (sql) => sql.replace(/^(alter view "fields"."owned" owner to ".*_)fields"$/, '$1internal"'),
  ],
  [
    "a writing column that can be read",
    "Open",
    (sql) =>
      sql.replace(
        /^grant select \((.*"gated".*)\) on "fields"/,
        'grant select ($1, "gated$$write") on "fields"',
      ),
  ],
  [
    "a null that is in no list",
    "Negated",
    (sql) => (sql.startsWith("create policy") ? sql.replaceAll('"practice" is not null and ', "") : sql),
  ],
  [
    "days that begin later",
    "Dated",
    (sql) => sql.replaceAll(/\(("day")::timestamp at time zone 'UTC'\)/g, "$1"),
    "timezone=Pacific/Niue",
  ],
  [
    "days that begin earlier",
    "Dated",
    (sql) => sql.replaceAll(/\(("day")::timestamp at time zone 'UTC'\)/g, "$1"),
    "timezone=Pacific/Kiritimati",
  ],
  [
    "an unseen reference taken for a seen one",
    "Unseen",
    (sql) =>
      sql.startsWith("create policy") ? sql.replaceAll('"practice" is not null and not', "not") : sql,
  ],
]

const canaries = planted.map(([bug, form, edit, setting]) => ({ bug, form, edit, setting }))

test.each(canaries)(
  "canary: $bug is found over $form",
  { timeout: 60_000 },
  async ({ form, edit, setting }) => {
    let edited = 0
    const rewrite = (all: readonly string[]): readonly string[] =>
      all.map((sql) => {
        const changed = edit(sql)
        edited += Number(changed !== sql)
        return changed
      })
    // Some bugs are seen already when a server starts.
    const spoilt = await openDatabase(formsModel, rows, { rewrite }).catch((cause) => {
      if (cause instanceof UndercroftError && cause.code === "UC525") return null
      throw cause
    })
    expect(edited).toBeGreaterThan(0)
    if (spoilt === null) return
    try {
      const spoiltJudge = new ReadJudge(spoilt, rows)
      const target = spoiltJudge.target(form)
      const session = await spoilt.connect()
      if (setting) await session.raw(`set ${setting.replace("=", " = '")}'`)
      const wrong: string[] = []
      for (const shape of readShapes.filter((one) => fits(one, target))) {
        for (const caller of spoiltJudge.callers.keys()) {
          const found = await spoiltJudge.ask(session, shape, target, caller, "pipelined")
          if (found) wrong.push(found)
        }
      }
      expect(wrong.length).toBeGreaterThan(0)
    } finally {
      await spoilt.drop()
    }
  },
)
