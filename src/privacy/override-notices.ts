/** Tells of emergency overrides that were opened: looked for every few seconds, so that none is lost with the process that took it. */
import { setTimeout as wait } from "node:timers/promises"
import { UndercroftError } from "../base/errors.ts"
import type { Model } from "../model/model.ts"
import { asInternal } from "../store/internal-session.ts"
import { type OverrideNotice, tellOverrides } from "../store/untold-overrides.ts"

export interface OverrideNoticeOptions {
  readonly adminUrl: string
  readonly model: Model
  /** Hands it over; null where nobody sends mail. */
  readonly tell: ((notice: OverrideNotice) => void) | null
  readonly onError: (error: UndercroftError) => void
  readonly everyMs?: number
}

const retryMs = 10_000

/** Starts it where a register has somebody to tell. Throws UC985 where nobody sends the mail that it needs. */
export function scheduleOverrideNotices(options: OverrideNoticeOptions): { stop(): Promise<void> } {
  const { adminUrl, model, tell, onError, everyMs = 2000 } = options
  const registers = model.entities.flatMap((one) => one.override ?? [])
  for (const kind of registers.flatMap((one) => [...one.kinds.values()]))
    if (!tell && kind.notify.length > 0) throw new UndercroftError("UC985", { kind: kind.name })
  if (!tell || registers.length === 0) return { stop: async () => undefined }
  const stopping = new AbortController()
  const { signal } = stopping
  const pause = (ms: number): Promise<unknown> =>
    wait(ms, undefined, { signal, ref: false }).catch(() => undefined)
  const work = async (): Promise<void> => {
    while (!signal.aborted) {
      // PostgreSQL's own text may quote values, and stays the private cause.
      await asInternal(adminUrl, async (session) => {
        while (!signal.aborted) {
          for (const one of registers) await tellOverrides(session, one, model, tell)
          await pause(everyMs)
        }
      }).catch((cause: unknown) => onError(new UndercroftError("UC986", {}, { cause })))
      if (!signal.aborted) await pause(retryMs)
    }
  }
  const running = work()
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}
