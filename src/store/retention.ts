/** Runs retention: in batches, each a transaction of its own, so that a run that is cut off is gone on with by the next. */
import pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import type { Model } from "../model/model.ts"
import { planRetention, type RetentionPlan } from "../sql/retention.ts"
import { asInternal, inSystem } from "./internal-session.ts"

/** What became of the rows of one entity. `due` is the sum of all that follows but `undated`. */
export interface RetentionEntry {
  readonly entity: string
  readonly end: "delete" | "anonymise"
  readonly due: number
  readonly deleted: number
  readonly anonymised: number
  /** Kept by a legal hold on whose data they are. */
  readonly held: number
  /** Kept by what refers to them (`Appointment.patient`), by a constraint, or because another transaction has them locked. */
  readonly refused: Readonly<Record<string, number>>
  /** The field that `retain` counts from is not set: such rows are kept. */
  readonly undated: number
}

export interface RetentionReport {
  /** As of when rows were due. */
  readonly at: string
  readonly isDryRun: boolean
  readonly entities: readonly RetentionEntry[]
}

export interface RetentionOptions {
  /** ISO moment; by default the database's. */
  readonly now?: string | undefined
  /** The same work, undone at the end: nothing else could tell what constraints say. */
  readonly isDryRun?: boolean
  readonly batchRows?: number
  /** Told after each batch; where it throws, the run ends there. */
  readonly onBatch?: (entity: string, rows: number) => void
}

/** Runs it once. Throws UC940 where another process does. */
export async function runRetention(
  adminUrl: string,
  model: Model,
  options: RetentionOptions = {},
): Promise<RetentionReport> {
  return asInternal(adminUrl, async (session) => {
    const lock = await session.query("select pg_try_advisory_lock(hashtext('undercroft retention')) as mine")
    if (!lock.rows[0].mine) throw new UndercroftError("UC940")
    const clock = await session.query("select coalesce($1::timestamptz, now()) as now", [options.now ?? null])
    const at = (clock.rows[0].now as Date).toISOString()
    const isDryRun = options.isDryRun ?? false
    const run = new RetentionRun(session, at, options)
    if (isDryRun) await run.begin()
    const entities = []
    for (const plan of planRetention(model)) entities.push(await run.entity(plan))
    const report = { at, isDryRun, entities }
    if (isDryRun) await session.query("rollback")
    else if (entities.some((one) => one.due > 0))
      await session.query("insert into undercroft_state.retention_runs (report) values ($1)", [
        JSON.stringify(report),
      ])
    return report
  })
}

const defaultBatchRows = 1000

class RetentionRun {
  private readonly session: pg.Client
  private readonly at: string
  private readonly options: RetentionOptions

  constructor(session: pg.Client, at: string, options: RetentionOptions) {
    this.session = session
    this.at = at
    this.options = options
  }

  /** Of a dry run all is one transaction. */
  async begin(): Promise<void> {
    await this.session.query("begin")
    await this.session.query("select undercroft.enter_system('retention')")
  }

  async entity(plan: RetentionPlan): Promise<RetentionEntry> {
    const failed = new Map<string, number>()
    let done = 0
    for (;;) {
      failed.clear()
      const made = await this.pass(plan, failed)
      done += made
      if (made === 0 || !plan.isNested) break
    }
    const left = new Map(
      (await this.query(plan.fates, [this.at])).map((row) => [String(row.fate), Number(row.rows)]),
    )
    const held = left.get("held") ?? 0
    const free = left.get("free") ?? 0
    left.delete("held")
    left.delete("free")
    for (const [why, rows] of failed) left.set(why, rows)
    // Rows that are free and still there are locked by somebody else; the next run finds them.
    const locked = free - [...failed.values()].reduce((sum, rows) => sum + rows, 0)
    if (locked > 0) left.set("another transaction", locked)
    const [undated] = await this.query(plan.undated, [])
    return {
      entity: plan.entity.name,
      end: plan.end,
      due: done + held + [...left.values()].reduce((sum, rows) => sum + rows, 0),
      deleted: plan.end === "delete" ? done : 0,
      anonymised: plan.end === "anonymise" ? done : 0,
      held,
      refused: Object.fromEntries(left),
      undated: Number(undated?.rows ?? 0),
    }
  }

  /** Once through the rows, in the order of their keys. What is refused is looked for in ever smaller batches, and passed over. */
  private async pass(plan: RetentionPlan, failed: Map<string, number>): Promise<number> {
    const most = this.options.batchRows ?? defaultBatchRows
    let size = most
    let last: readonly (string | null)[] = plan.entity.key.map(() => null)
    let done = 0
    for (;;) {
      try {
        const [row] = await this.step(() => this.query(plan.batch, [this.at, size, ...last]))
        const { rows, last: reached } = row as { rows: number; last: string[] | null }
        if (reached === null) return done
        done += rows
        last = reached
        size = Math.min(most, size * 10)
        this.options.onBatch?.(plan.entity.name, rows)
      } catch (cause) {
        if (!isRefusal(cause)) throw cause
        if (size > 1) size = Math.ceil(size / 10)
        else {
          const [next] = await this.query(plan.next, [this.at, 1, ...last])
          if (!next?.last) return done
          last = next.last as string[]
          const why = cause.constraint ?? `SQLSTATE ${cause.code}`
          failed.set(why, (failed.get(why) ?? 0) + 1)
        }
      }
    }
  }

  private async step<T>(work: () => Promise<T>): Promise<T> {
    if (!this.options.isDryRun) return inSystem(this.session, "retention", work)
    await this.session.query("savepoint batch")
    try {
      const result = await work()
      await this.session.query("release savepoint batch")
      return result
    } catch (cause) {
      await this.session.query("rollback to savepoint batch").catch(() => undefined)
      throw cause
    }
  }

  private async query(text: string, values: readonly unknown[]): Promise<readonly Record<string, unknown>[]> {
    return (await this.session.query(text, [...values])).rows
  }
}

/** A constraint or a trigger that keeps a row; anything else ends the run. */
function isRefusal(cause: unknown): cause is pg.DatabaseError {
  return cause instanceof pg.DatabaseError && /^(23|P0|42501|UC)/.test(cause.code ?? "")
}
