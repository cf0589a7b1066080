/** Tries shapes of writes over every form of rule, and compares what each leaves with what the naive twin would leave. */
import type { Caller } from "../../src/engine/caller.ts"
import { hasFieldView, relationOf } from "../../src/sql/machinery.ts"
import type { Outcome } from "./ask.ts"
import { type ApiSession, type Row, type Rows, type TestDatabase, View } from "./database.ts"
import { formEntities } from "./forms-model.ts"
import type { After, WriteCase, WriteShape } from "./write-shapes.ts"

const compared = "id title owner practice tenant level mark folded gated quiet sum deep parent version".split(
  " ",
)

/** Puts the rows back after each write, past triggers and policies. */
export class WriteJudge {
  /** Statements whose outcome was compared. */
  tried = 0
  private readonly database: TestDatabase
  private readonly rows: Rows
  private readonly kept: Map<string, readonly string[]> = new Map()

  constructor(database: TestDatabase, rows: Rows) {
    this.database = database
    this.rows = rows
  }

  /** Keeps a copy of every form's rows. */
  async prepare(): Promise<void> {
    await this.database.admin.query("create schema kept; set session_replication_role = replica")
    for (const name of Object.keys(formEntities)) {
      const table = name.toLowerCase()
      await this.database.admin.query(`create table kept.${table} as table app.${table}`)
      this.kept.set(table, await this.dump(table))
    }
  }

  caseOf(name: string, caller: Caller): WriteCase {
    const policy = this.database.entity(name)
    const view = new View(this.database.policies, this.rows, caller, new Date().toISOString())
    const isHidden = (field: string): boolean => Boolean(policy.fields.get(field)?.visibleTo)
    return {
      policy,
      view,
      rows: this.rows[name] ?? [],
      seen: view.rows(policy),
      r: relationOf(policy).replaceAll('"', ""),
      column: (field) => (hasFieldView(policy) && isHidden(field) ? `"${field}$write"` : field),
    }
  }

  /** Says what is wrong with what the write left or told, or gives null. */
  async try(shape: WriteShape, of: WriteCase, session: ApiSession, caller: Caller): Promise<string | null> {
    this.tried++
    const { table } = of.policy.entity
    const due = shape.after(of)
    const outcome = await session.run(
      caller,
      shape.sql(of),
      shape.inTransaction ? "transaction" : "pipelined",
    )
    const found = await this.dump(table)
    const before = this.kept.get(table) ?? []
    if (JSON.stringify(found) !== JSON.stringify(before)) {
      await this.database.admin.query(
        `delete from app.${table}; insert into app.${table} select * from kept.${table}`,
      )
    }
    return tracesOf(of, outcome) ?? judge(due, found, before, outcome)
  }

  private async dump(table: string): Promise<readonly string[]> {
    return linesOf((await this.database.admin.query(`select ${compared.join(", ")} from app.${table}`)).rows)
  }
}

/** Rows as lines, for comparison and for messages. */
function linesOf(all: readonly Row[]): readonly string[] {
  const cell = (row: Row, name: string): string =>
    String((name === "version" ? (row[name] ?? 1) : row[name]) ?? "∅")
  return all.map((row) => compared.map((name) => cell(row, name)).join("|")).toSorted()
}

function tracesOf(of: WriteCase, { said }: Outcome): string | null {
  const unseen = of.rows.flatMap((row) => {
    const shown = Object.values(of.seen.find((one) => one["id"] === row["id"]) ?? {})
    return ["gated", "quiet", "deep"]
      .map((name) => row[name])
      .filter((word) => word !== null && !shown.includes(word))
  })
  const traces = unseen.filter((word) => said.includes(word))
  return traces.length > 0 ? `tells of ${traces.slice(0, 3).join(", ")}` : null
}

function judge(
  due: After,
  found: readonly string[],
  before: readonly string[],
  outcome: Outcome,
): string | null {
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
  const why = `${outcome.error?.code ?? outcome.command} ${outcome.error?.message ?? ""}`
  return `leaves ${JSON.stringify(strange)} and lacks ${JSON.stringify(missing)} (${why})`
}
