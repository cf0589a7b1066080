/** Tells of emergency overrides that were opened: looked for every few seconds, so that none is lost with the process that took it. */
import { UndercroftError } from "../base/errors.ts"
import type { Model } from "../model/model.ts"
import { type OverrideNotice, tellOverrides } from "../store/untold-overrides.ts"
import { keepAtIt } from "./keep-at-it.ts"

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
  return keepAtIt({
    adminUrl,
    everyMs,
    retryMs,
    begin: (session, signal) => async () => {
      for (const one of registers) if (!signal.aborted) await tellOverrides(session, one, model, tell)
    },
    onFailure: (cause) => onError(new UndercroftError("UC986", {}, { cause })),
  })
}
