/** Every shape of query over every form of rule, as the API role itself: no row and no hidden value that must not show. */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Caller } from "../../src/engine/caller.ts"
import type { EntityPolicy } from "../../src/policy/policies.ts"
import { hasFieldView, relationOf } from "../../src/sql/machinery.ts"
import type { Outcome } from "./ask.ts"
import { type ApiSession, openDatabase, type Row, type TestDatabase, type Travel, View } from "./database.ts"
import { formCallers, formEntities, formRows, formsModel } from "./forms-model.ts"
import { line, type ReadShape, readShapes } from "./read-shapes.ts"

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
    "debug_parallel_query=on", "parallel_setup_cost=0", "parallel_tuple_cost=0", "min_parallel_table_scan_size=0",
  ],
  "compiled plans": ["jit=on", "jit_above_cost=0", "jit_inline_above_cost=0", "jit_optimize_above_cost=0"],
  "no reordering": ["join_collapse_limit=1", "from_collapse_limit=1", "geqo_threshold=2"],
  "little memory": ["work_mem=64kB", "hash_mem_multiplier=1"],
  "another place and style": ["timezone=Pacific/Kiritimati", "intervalstyle=sql_standard", "extra_float_digits=-3"],
  "another reading": ["transform_null_equals=on", "array_nulls=off", "standard_conforming_strings=off"],
  "another search path": ["search_path=fields,app,undercroft,pg_catalog"],
}

let database: TestDatabase
let callers: readonly Caller[]
let targets: readonly Target[]

interface Target {
  readonly policy: EntityPolicy
  readonly relation: string
  /** By caller: what may be seen, and words of what may not. */
  readonly views: readonly { readonly seen: readonly Row[]; readonly unseen: readonly string[] }[]
}

beforeAll(async () => {
  database = await openDatabase(formsModel, rows)
  callers = formCallers.map((who) => database.seal(who))
  targets = names.map((name) => {
    const policy = database.entity(name)
    return { policy, relation: relationOf(policy).replaceAll('"', ""), views: callers.map((caller) => viewOf(policy, caller)) }
  })
})
afterAll(() => database?.drop())

function viewOf(policy: EntityPolicy, caller: Caller): Target["views"][number] {
  const view = new View(database.policies, rows, caller, new Date().toISOString())
  const seen = view.rows(policy)
  const shown = new Set(seen.flatMap((row) => Object.values(row).map(String)))
  const hidden = (rows[policy.entity.name] ?? []).flatMap((row) =>
    ["id", "title", "gated", "quiet", "sum", "deep"].map((name) => String(row[name])))
  // A row's own key may stand in another row that refers to it.
  return { seen, unseen: [...new Set(hidden)].filter((word) => word !== "null" && word !== "T-É-4" && !shown.has(word)) }
}

/** What is wrong with an answer, or null. */
function judge(shape: ReadShape, target: Target, caller: number, outcome: Outcome): string | null {
  const { seen, unseen } = target.views[caller]!
  const traces = unseen.filter((word) => outcome.said.includes(word) && !isPartOfNumber(word, outcome.said))
  if (traces.length > 0) return `tells of ${traces.slice(0, 3).join(", ")}`
  if (shape.refused) return outcome.error?.code === shape.refused ? null : `is not refused: ${outcome.error?.message ?? "no error"}`
  if (!shape.expect) return null
  if (outcome.error) return `fails: ${outcome.error.code} ${outcome.error.message}`
  const found = outcome.cells.map((row) => line(...row)).toSorted()
  const due = shape.expect(seen).toSorted()
  if (JSON.stringify(found) === JSON.stringify(due)) return null
  return `has ${found.length} rows where ${due.length} are due: ${JSON.stringify(found.slice(0, 3))} for ${JSON.stringify(due.slice(0, 3))}`
}

/** Whether a number stands only inside of longer ones, as a sum may. */
function isPartOfNumber(word: string, said: string): boolean {
  return /^\d+$/.test(word) && !new RegExp(`(?<!\\d)${word}(?!\\d)`).test(said)
}

function fits(shape: ReadShape, target: Target): boolean {
  return shape.on === undefined || (shape.on === "view") === hasFieldView(target.policy)
}

async function ask(session: ApiSession, shape: ReadShape, target: Target, caller: number, how: Travel): Promise<string | null> {
  const outcome = await session.run(callers[caller]!, shape.sql(target.relation), shape.inTransaction ? "transaction" : how)
  const wrong = judge(shape, target, caller, outcome)
  return wrong && `${shape.name} over ${target.policy.entity.name} as ${callers[caller]!.id ?? "nobody"} (${how}) ${wrong}`
}

test("there are at least 55 shapes", () => {
  expect(readShapes.length).toBeGreaterThanOrEqual(55)
  expect(new Set(readShapes.map((shape) => shape.name)).size).toBe(readShapes.length)
})

describe.each(["pipelined", "transaction"] as const)("the caller enters %s", (how) => {
  test.each(names)("every shape over %s, each caller after another on one connection", { timeout: 60_000 }, async (name) => {
    const target = targets[names.indexOf(name)]!
    const session = await database.connect()
    const wrong: string[] = []
    for (const shape of readShapes.filter((one) => fits(one, target))) {
      for (const caller of callers.keys()) {
        const found = await ask(session, shape, target, caller, how)
        if (found) wrong.push(found)
      }
    }
    await session.end()
    expect(wrong).toEqual([])
  })
})

test.each(Object.entries(modes))("every shape with %s", { timeout: 60_000 }, async (name, settings) => {
  const mode = Object.values(modes).indexOf(settings)
  const wrong: string[] = []
  for (const caller of callers.keys()) {
    // A fresh session for each caller, and then the one before in the same session.
    const session = await database.connect()
    for (const setting of settings) {
      const [key, value] = setting.split("=")
      const { error } = await session.raw("select set_config($1, $2, false)", [key!, value!])
      expect(error).toBeNull()
    }
    for (const [at, shape] of readShapes.entries()) {
      for (const [form, target] of targets.entries()) {
        if (!fits(shape, target) || (at + form + mode) % callers.length !== caller) continue
        // Starting the workers takes its time.
        if (name === "parallel plans" && (at + form) % 4 !== 0) continue
        for (const who of [caller, (caller + 1) % callers.length]) {
          const found = await ask(session, shape, target, who, at % 2 === 0 ? "pipelined" : "transaction")
          if (found) wrong.push(found)
        }
      }
    }
    await session.end()
  }
  expect(wrong).toEqual([])
})
