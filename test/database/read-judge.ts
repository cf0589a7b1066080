/** Asks shapes of queries over every form of rule, and compares each answer with the naive twin of the policies. */
import type { Caller } from "../../src/engine/caller.ts"
import type { EntityPolicy } from "../../src/policy/policies.ts"
import { hasFieldView, relationOf } from "../../src/sql/machinery.ts"
import type { Outcome } from "./ask.ts"
import { type ApiSession, type Row, type Rows, type TestDatabase, type Travel, View } from "./database.ts"
import { formCallers, formEntities } from "./forms-model.ts"
import { line, type ReadShape } from "./read-shapes.ts"

/** What is read: an entity, and by caller what may be seen of it, and words of what may not. */
export interface Target {
  readonly policy: EntityPolicy
  readonly relation: string
  readonly views: readonly { readonly seen: readonly Row[]; readonly unseen: readonly string[] }[]
}

export class ReadJudge {
  readonly callers: readonly Caller[]
  readonly targets: readonly Target[]
  /** Statements that were compared. */
  asked = 0
  private readonly database: TestDatabase
  private readonly rows: Rows

  constructor(database: TestDatabase, rows: Rows) {
    this.database = database
    this.rows = rows
    this.callers = formCallers.map((who) => database.seal(who))
    this.targets = Object.keys(formEntities).map((name) => {
      const policy = database.entity(name)
      const views = this.callers.map((caller) => this.viewOf(policy, caller))
      return { policy, relation: relationOf(policy).replaceAll('"', ""), views }
    })
  }

  target(name: string): Target {
    const found = this.targets.find((one) => one.policy.entity.name === name)
    if (!found) throw new Error(`no form ${name}`)
    return found
  }

  /** Says what is wrong with the answer, or gives null. */
  async ask(
    session: ApiSession,
    shape: ReadShape,
    target: Target,
    caller: number,
    how: Travel,
  ): Promise<string | null> {
    this.asked++
    const who = this.callers[caller] as Caller
    const outcome = await session.run(
      who,
      shape.sql(target.relation),
      shape.inTransaction ? "transaction" : how,
    )
    const wrong = judge(shape, target, caller, outcome)
    return (
      wrong && `${shape.name} over ${target.policy.entity.name} as ${who.id ?? "nobody"} (${how}) ${wrong}`
    )
  }

  private viewOf(policy: EntityPolicy, caller: Caller): Target["views"][number] {
    const view = new View(this.database.policies, this.rows, caller, new Date().toISOString())
    const seen = view.rows(policy)
    const shown = new Set(seen.flatMap((row) => Object.values(row).map(String)))
    const words = (this.rows[policy.entity.name] ?? []).flatMap((row) =>
      ["id", "title", "gated", "quiet", "sum", "deep"].map((name) => String(row[name])),
    )
    // A row's key may stand in another row that refers to it.
    return {
      seen,
      unseen: [...new Set(words)].filter((word) => !["null", "T-É-4"].includes(word) && !shown.has(word)),
    }
  }
}

/** Whether a shape can be asked of a target. */
export function fits(shape: ReadShape, target: Target): boolean {
  return shape.on === undefined || (shape.on === "view") === hasFieldView(target.policy)
}

function judge(shape: ReadShape, target: Target, caller: number, outcome: Outcome): string | null {
  const { seen, unseen } = target.views[caller] as Target["views"][number]
  const traces = unseen.filter((word) => outcome.said.includes(word) && !isPartOfNumber(word, outcome.said))
  if (traces.length > 0) return `tells of ${traces.slice(0, 3).join(", ")}`
  if (shape.refused) {
    return outcome.error?.code === shape.refused
      ? null
      : `is not refused: ${outcome.error?.message ?? "no error"}`
  }
  if (!shape.expect) return null
  if (outcome.error) return `fails: ${outcome.error.code} ${outcome.error.message}`
  const found = outcome.cells.map((row) => line(...row)).toSorted()
  const due = shape.expect(seen).toSorted()
  if (JSON.stringify(found) === JSON.stringify(due)) return null
  const [some, wanted] = [found, due].map((one) => JSON.stringify(one.slice(0, 3)))
  return `has ${found.length} rows where ${due.length} are due: ${some} for ${wanted}`
}

/** Whether a number stands only inside of longer ones, as a sum may. */
function isPartOfNumber(word: string, said: string): boolean {
  return /^\d+$/.test(word) && !new RegExp(`(?<!\\d)${word}(?!\\d)`).test(said)
}
