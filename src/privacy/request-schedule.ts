/** Does what people were granted in the background: one of the processes leads, and resumes what another was killed at. */
import { UndercroftError } from "../base/errors.ts"
import type { InternalSession } from "../store/internal-session.ts"
import { expireExports, nextRequest } from "../store/privacy-requests.ts"
import type { Erasing } from "./erase.ts"
import { keepAtIt } from "./keep-at-it.ts"
import { runRequest } from "./run-request.ts"

export interface RequestScheduleOptions {
  readonly erasing: Erasing
  /** Who is given data, as the definition's `processing` says. */
  readonly recipients: readonly string[]
  readonly onError: (error: UndercroftError) => void
  readonly everyMs?: number
}

const retryMs = 3000
/** The leader's, for as long as its connection lives. */
const lead = "select pg_try_advisory_lock(hashtextextended('undercroft privacy requests', 0)) as leads"

/** Starts it where the model has a register. Erasure without a ledger fails, and says so in the request. */
export function scheduleRequests(options: RequestScheduleOptions): { stop(): Promise<void> } {
  const { erasing, recipients, onError, everyMs = 1000 } = options
  const registers = erasing.model.entities.flatMap((one) => one.request ?? [])
  if (registers.length === 0) return { stop: async () => undefined }
  const look = async (session: InternalSession, signal: AbortSignal): Promise<void> => {
    for (const register of registers) {
      await expireExports(session, register)
      for (let next = await nextRequest(session, register); next && !signal.aborted; ) {
        await runRequest(session, register, next, erasing, recipients, onError)
        next = await nextRequest(session, register)
      }
    }
  }
  return keepAtIt({
    adminUrl: erasing.adminUrl,
    everyMs,
    retryMs,
    begin(session, signal) {
      let leads = false
      return async () => {
        leads ||= (await session.query(lead)).rows[0].leads
        if (leads) await look(session, signal)
      }
    },
    onFailure: (cause) => onError(new UndercroftError("UC409", {}, { cause })),
  })
}
