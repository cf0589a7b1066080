/** Prunes the record on schedule: some minutes after a start, and every day. */
import { UndercroftError } from "../base/errors.ts"
import { pruneRecord } from "./prune.ts"

export interface PruneSchedule {
  /** Waits for what is running. */
  stop(): Promise<void>
}

export interface PruneScheduleOptions {
  readonly adminUrl: string
  /** Left out: nothing is ever pruned. */
  readonly years: number | undefined
  readonly seal: () => Promise<unknown>
  readonly tell: (error: UndercroftError) => void
}

const dayMs = 86_400_000
const firstMs = 180_000

/** What fails is told and tried again the next day; of several processes the later finds nothing to do. */
export function schedulePruning({ adminUrl, years, seal, tell }: PruneScheduleOptions): PruneSchedule {
  let running: Promise<unknown> = Promise.resolve()
  const run = (): void => {
    if (years === undefined) return
    running = pruneRecord({ adminUrl, years, seal, actor: "system:audit", door: "system" }).catch((cause) => {
      // PostgreSQL's own words may quote a value.
      const why = (cause as { code?: string }).code ?? "PostgreSQL refused or ended it"
      tell(cause instanceof UndercroftError ? cause : new UndercroftError("UC974", { why }, { cause }))
    })
  }
  const timer = years === undefined ? null : setInterval(run, dayMs).unref()
  const first = years === undefined ? null : setTimeout(run, firstMs).unref()
  return {
    async stop() {
      if (timer) clearInterval(timer)
      if (first) clearTimeout(first)
      await running
    },
  }
}
