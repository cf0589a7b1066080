/** Hands sealed entries on to other systems: from where the database says that they have come, each at least once. */
import { UndercroftError } from "../base/errors.ts"
import {
  alertEntry,
  delayDelivery,
  endDelivery,
  feedEntry,
  makeFeed,
  takeFeed,
} from "../sql/audit-anchors.ts"
import type { AuditDatabase } from "../store/audit-database.ts"

/** What takes entries, in their order. */
export interface Feed {
  /** Told in errors, and known by in the database: without anything secret. */
  readonly name: string
  /** Where it begins when it is new: with the first entry, or with what is sealed from now on. */
  readonly begins: "first" | "now"
  /** Rows with a `position`: after $1, up to $2, no more than $3. */
  readonly statement: string
  /** How many are handed on at once: all of them come again if that failed. */
  readonly rows: number
  /** Throws where they were not all taken. */
  hand(rows: readonly Readonly<Record<string, unknown>>[]): Promise<void>
}

export interface FeederOptions {
  readonly database: AuditDatabase
  readonly feeds: readonly Feed[]
  /** How long to wait after a look, in milliseconds; 2,000 unless given. */
  readonly everyMs?: number | undefined
  readonly tell: (error: UndercroftError) => void
}

export interface Feeder {
  /** Hands on what is due now; what fails is told, and not thrown. */
  feedNow(): Promise<void>
  /** Waits for what is under way. */
  stop(): Promise<void>
}

/** Of several processes one does it; what it had under way when it was lost, another one hands on again. */
export function startFeeds({ database, feeds, everyMs = 2_000, tell }: FeederOptions): Feeder {
  const stopping = new AbortController()

  /** Whether there may be more. */
  async function step(feed: Feed): Promise<boolean> {
    const task = await database.transaction(async (query) => {
      const [made] = await query(makeFeed, [feed.name, feed.begins === "first"])
      if (made) await query(feedEntry, [JSON.stringify({ export: feed.name, after: Number(made["size"]) })])
      const [taken] = await query(takeFeed, [feed.name])
      if (!taken) return null
      const rows = await query(feed.statement, [taken["after"], taken["through"], feed.rows])
      return { rows, through: Number(taken["through"]), failures: Number(taken["failures"]) }
    })
    if (task === null) return false
    const { rows, failures } = task
    const isMore = rows.length === feed.rows
    try {
      if (rows.length > 0) await feed.hand(rows)
      const through = isMore ? Number(rows.at(-1)?.["position"]) : task.through
      await database.transaction((query) => query(endDelivery, [feed.name, through, 0]))
      return isMore
    } catch (cause) {
      const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message
      await database.transaction(async (query) => {
        await query(delayDelivery, [feed.name])
        if (failures === 0)
          await query(alertEntry, [JSON.stringify({ alert: "export", export: feed.name, why })])
      })
      if (failures === 0) tell(new UndercroftError("UC922", { name: feed.name, why }, { cause }))
      return false
    }
  }

  async function run(feed: Feed): Promise<void> {
    // A database that does not answer is told by the sealer.
    while (!stopping.signal.aborted && (await step(feed).catch(() => false)));
  }

  // Each at its own pace: one that is away keeps no other waiting.
  const runs = feeds.map((feed) => {
    let running: Promise<void> = Promise.resolve()
    let timer: NodeJS.Timeout | undefined
    const now = (): Promise<void> => {
      running = running.then(() => run(feed))
      return running
    }
    const plan = (): void => {
      if (stopping.signal.aborted) return
      timer = setTimeout(() => void now().then(plan), everyMs)
      timer.unref()
    }
    void now().then(plan)
    return {
      now,
      async stop() {
        clearTimeout(timer)
        await running
      },
    }
  })
  return {
    async feedNow() {
      await Promise.all(runs.map(({ now }) => now()))
    },
    async stop() {
      stopping.abort()
      await Promise.all(runs.map(({ stop }) => stop()))
      await database.close()
    },
  }
}
