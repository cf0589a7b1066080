/** Every shape of write over every form of rule: no row is changed that must not be, none left as it must not be. */
import { afterAll, beforeAll, expect, test } from "vitest"
import type { EntityPolicy } from "../../src/policy/policies.ts"
import { hasFieldView, relationOf } from "../../src/sql/machinery.ts"
import type { Outcome } from "./ask.ts"
import { openDatabase, type Row, type TestDatabase, View } from "./database.ts"
import { formCallers, formEntities, formRows, formsModel } from "./forms-model.ts"
import { type After, type WriteCase, type WriteShape, writeShapes } from "./write-shapes.ts"

const rows = formRows(new Date().toISOString().slice(0, 10))
const names = Object.keys(formEntities)
const compared = ["id", "title", "owner", "practice", "tenant", "level", "mark", "folded", "gated", "quiet", "sum", "deep", "parent", "version"]
const modes: readonly (readonly string[])[] = [
  [], ["enable_seqscan=off"], ["plan_cache_mode=force_generic_plan"], ["enable_hashjoin=off", "enable_mergejoin=off"],
  ["enable_nestloop=off"], ["transform_null_equals=on", "timezone=Pacific/Kiritimati"],
]

let database: TestDatabase
let major: number

beforeAll(async () => {
  database = await openDatabase(formsModel, rows)
  major = Math.floor(Number((await database.admin.query("show server_version_num")).rows[0].server_version_num) / 10_000)
  await database.admin.query("create schema kept")
  await database.admin.query("set session_replication_role = replica")
  for (const name of names) await database.admin.query(`create table kept.${name.toLowerCase()} as table app.${name.toLowerCase()}`)
})
afterAll(() => database?.drop())

/** Rows as lines, for comparison and for messages. */
function linesOf(all: readonly Row[]): readonly string[] {
  return all.map((row) => compared.map((name) => String((name === "version" ? (row[name] ?? 1) : row[name]) ?? "∅")).join("|")).toSorted()
}

async function dump(table: string): Promise<readonly string[]> {
  return linesOf((await database.admin.query(`select ${compared.join(", ")} from app.${table}`)).rows)
}

async function restore(table: string): Promise<void> {
  await database.admin.query(`delete from app.${table}; insert into app.${table} select * from kept.${table}`)
}

/** What is wrong with what a write left, or null. */
function judge(due: After, found: readonly string[], before: readonly string[], outcome: Outcome): string | null {
  if (due === "refused") {
    if (JSON.stringify(found) !== JSON.stringify(before)) return "is to be refused and changed rows"
    return outcome.error ? null : `is to be refused and gives ${outcome.command}`
  }
  const wanted = linesOf(due)
  if (JSON.stringify(found) === JSON.stringify(wanted)) {
    return outcome.error ? `fails: ${outcome.error.code} ${outcome.error.message}` : null
  }
  const strange = found.filter((line) => !wanted.includes(line)).slice(0, 3)
  const missing = wanted.filter((line) => !found.includes(line)).slice(0, 3)
  return `leaves ${JSON.stringify(strange)} and lacks ${JSON.stringify(missing)} (${outcome.error?.code ?? outcome.command} ${outcome.error?.message ?? ""})`
}

test("there are at least 55 shapes", () => {
  expect(writeShapes.length).toBeGreaterThanOrEqual(55)
  expect(new Set(writeShapes.map((shape) => shape.name)).size).toBe(writeShapes.length)
})

test.each(names)("every shape over %s, each caller after another", { timeout: 120_000 }, async (name) => {
  const policy: EntityPolicy = database.entity(name)
  const table = name.toLowerCase()
  const isView = hasFieldView(policy)
  const hidden = new Set(policy.entity.fields.filter((field) => policy.fields.get(field.name)?.visibleTo).map((field) => field.name))
  const before = await dump(table)
  const wrong: string[] = []
  for (const [mode, settings] of modes.entries()) {
    const session = await database.connect()
    for (const setting of settings) await session.raw(`set ${setting.replace("=", " = '")}'`)
    for (const [who, said] of formCallers.entries()) {
      const caller = database.seal(said)
      const view = new View(database.policies, rows, caller, new Date().toISOString())
      const of: WriteCase = {
        policy, view, rows: rows[name]!, seen: view.rows(policy), r: relationOf(policy).replaceAll('"', ""),
        column: (field) => (isView && hidden.has(field) ? `"${field}$write"` : field),
      }
      for (const [at, shape] of writeShapes.entries()) {
        if ((at + who) % modes.length !== mode || (shape.since ?? 0) > major) continue
        const found = await tryShape(shape, of, before, table, session, caller)
        if (found) wrong.push(`${shape.name} as ${said.id ?? "nobody"} with ${settings.join(" ") || "nothing set"} ${found}`)
      }
    }
    await session.end()
  }
  expect(wrong).toEqual([])
})

async function tryShape(
  shape: WriteShape, of: WriteCase, before: readonly string[], table: string,
  session: Awaited<ReturnType<TestDatabase["connect"]>>, caller: ReturnType<TestDatabase["seal"]>,
): Promise<string | null> {
  const due = shape.after(of)
  const outcome = await session.run(caller, shape.sql(of), shape.inTransaction ? "transaction" : "pipelined")
  const found = await dump(table)
  if (JSON.stringify(found) !== JSON.stringify(before)) await restore(table)
  const unseen = of.rows.flatMap((row) => {
    const shown = of.seen.find((one) => one["id"] === row["id"])
    return ["gated", "quiet", "deep"].map((name) => row[name]).filter((word) => word !== null && !Object.values(shown ?? {}).includes(word))
  })
  const traces = unseen.filter((word) => outcome.said.includes(word))
  return traces.length > 0 ? `tells of ${traces.slice(0, 3).join(", ")}` : judge(due, found, before, outcome)
}
