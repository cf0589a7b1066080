/** Retention on schedule: a minute after a start, and every hour, one of the processes runs it, whichever comes first. */
import { UndercroftError } from "../base/errors.ts"
import type { Model } from "../model/model.ts"
import { type RetentionReport, runRetention } from "../store/retention.ts"

export interface RetentionSchedule {
  /** Runs it now; null where another process does. */
  run(): Promise<RetentionReport | null>
  /** Waits for what is running. */
  stop(): Promise<void>
}

export interface RetentionScheduleOptions {
  readonly adminUrl: string
  readonly model: Model
  readonly onError: (error: UndercroftError) => void
  readonly everyMs?: number
}

const hourMs = 3_600_000
/** A process that is often restarted does its part, too. */
const firstMs = 60_000

/** Starts it; a model that retains nothing needs no timer. What fails is told and tried again at the next hour. */
export function scheduleRetention(options: RetentionScheduleOptions): RetentionSchedule {
  const { adminUrl, model, onError, everyMs = hourMs } = options
  let running: Promise<RetentionReport | null> | null = null
  let isStopped = false
  const work = async (): Promise<RetentionReport | null> => {
    try {
      // What is under way ends with its batch.
      const onBatch = (): void => {
        if (isStopped) throw new Stopped()
      }
      return await runRetention(adminUrl, model, { onBatch })
    } catch (cause) {
      if (cause instanceof Stopped || (cause instanceof UndercroftError && cause.code === "UC940"))
        return null
      // PostgreSQL's own text may quote values, and stays the private cause.
      const why = cause instanceof UndercroftError ? cause.message : "PostgreSQL refused or ended it"
      onError(new UndercroftError("UC942", { why }, { cause }))
      return null
    }
  }
  const run = (): Promise<RetentionReport | null> => {
    running ??= work().finally(() => {
      running = null
    })
    return running
  }
  const isNeeded = model.entities.some((one) => one.retain)
  const timer = isNeeded ? setInterval(() => void run(), everyMs).unref() : null
  const first = isNeeded ? setTimeout(() => void run(), firstMs).unref() : null
  return {
    run,
    async stop() {
      isStopped = true
      if (timer) clearInterval(timer)
      if (first) clearTimeout(first)
      await running
    },
  }
}

class Stopped extends Error {}
