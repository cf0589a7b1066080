/** Every shape of write over every form of rule: no row is changed that must not be, none left as it must not be. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { openDatabase, type TestDatabase } from "./database.ts"
import { formCallers, formEntities, formRows, formsModel } from "./forms-model.ts"
import { WriteJudge } from "./write-judge.ts"
import { writeShapes } from "./write-shapes.ts"

const rows = formRows(new Date().toISOString().slice(0, 10))
/** Ways to plan and run; each shape and caller meets another of them. */
const modes: readonly (readonly string[])[] = [
  [],
  ["enable_seqscan=off"],
  ["plan_cache_mode=force_generic_plan"],
  ["enable_hashjoin=off", "enable_mergejoin=off"],
  ["enable_nestloop=off"],
  ["transform_null_equals=on", "timezone=Pacific/Kiritimati"],
]

let database: TestDatabase
let judge: WriteJudge

beforeAll(async () => {
  database = await openDatabase(formsModel, rows)
  judge = new WriteJudge(database, rows)
  await judge.prepare()
})
afterAll(() => database?.drop())

test("there are at least 55 shapes", () => {
  expect(writeShapes.length).toBeGreaterThanOrEqual(55)
  expect(new Set(writeShapes.map((shape) => shape.name)).size).toBe(writeShapes.length)
})

test.each(Object.keys(formEntities))(
  "every shape over %s, each caller after another",
  { timeout: 120_000 },
  async (name) => {
    const { server_version_num: version } = (await database.admin.query("show server_version_num")).rows[0]
    const wrong: string[] = []
    for (const [mode, settings] of modes.entries()) {
      const session = await database.connect()
      for (const setting of settings) await session.raw(`set ${setting.replace("=", " = '")}'`)
      for (const [who, said] of formCallers.entries()) {
        const caller = database.seal(said)
        const of = judge.caseOf(name, caller)
        for (const [at, shape] of writeShapes.entries()) {
          if ((at + who) % modes.length !== mode || (shape.since ?? 0) > version / 10_000) continue
          const found = await judge.try(shape, of, session, caller)
          if (found)
            wrong.push(
              `${shape.name} as ${said.id ?? "nobody"} with ${settings.join(" ") || "nothing set"} ${found}`,
            )
        }
      }
      await session.end()
    }
    expect(wrong).toEqual([])
  },
)

/** Bugs planted in the policies, and a form where each shows. */
const planted: readonly (readonly [bug: string, form: string, edit: (sql: string) => string])[] = [
  [
    "an update that asks nothing of the row before",
    "Owned",
    (sql) =>
      sql.replace(/^(create policy update on "app"."owned" .*? using )\(.*?\)( with check)/, "$1(true)$2"),
  ],
  [
    "an update that asks nothing of the row after",
    "Owned",
    (sql) => sql.replace(/^(create policy update on "app"."owned" .*? with check )\(.*\)$/, "$1(true)"),
  ],
  [
    "a creation that asks nothing",
    "Both",
    (sql) => sql.replace(/^(create policy "create" on "app"."both" .*? with check )\(.*\)$/, "$1(true)"),
  ],
  [
    "a deletion that asks nothing",
    "Fact",
    (sql) => sql.replace(/^(create policy delete on "app"."fact" .*? using )\(.*\)$/, "$1(true)"),
  ],
  [
    "no guard",
    "Both",
    (sql) =>
      sql.startsWith('create trigger undercroft_guard before insert or update on "app"."both"')
        ? "select 1"
        : sql,
  ],
  [
    "a guard that takes the owner for the caller",
    "Open",
    (sql) =>
      sql.replace(
        /^(create trigger undercroft_guard .* on "app"."open" .*current_user = ')[^']*'/,
        "$1nobody'",
      ),
  ],
  [
    "versions that are not counted",
    "PlainBoth",
    (sql) =>
      sql.startsWith('create trigger undercroft_count before update on "app"."plainboth"') ? "select 1" : sql,
  ],
  [
    "a null that is in no list",
    "Negated",
    (sql) => (sql.startsWith("create policy") ? sql.replaceAll('"practice" is not null and ', "") : sql),
  ],
]

test.each(planted)("canary: %s is found over %s", { timeout: 60_000 }, async (_, form, edit) => {
  let edited = 0
  const rewrite = (all: readonly string[]): readonly string[] =>
    all.map((sql) => {
      const changed = edit(sql)
      edited += Number(changed !== sql)
      return changed
    })
  const spoilt = await openDatabase(formsModel, rows, { rewrite })
  try {
    expect(edited).toBeGreaterThan(0)
    const spoiltJudge = new WriteJudge(spoilt, rows)
    await spoiltJudge.prepare()
    const session = await spoilt.connect()
    const wrong: string[] = []
    for (const said of formCallers) {
      const caller = spoilt.seal(said)
      const of = spoiltJudge.caseOf(form, caller)
      for (const shape of writeShapes.filter((one) => one.since === undefined)) {
        const found = await spoiltJudge.try(shape, of, session, caller)
        if (found) wrong.push(found)
      }
    }
    expect(wrong.length).toBeGreaterThan(0)
  } finally {
    await spoilt.drop()
  }
})
