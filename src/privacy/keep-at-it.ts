/** Work over a connection of its own, again and again until it is stopped; what fails is told, and begun anew. */
import { setTimeout as wait } from "node:timers/promises"
import { asInternal, type InternalSession } from "../store/internal-session.ts"

export interface SteadyWork {
  readonly adminUrl: string
  readonly everyMs: number
  /** After a failure. */
  readonly retryMs: number
  /** Made for each connection; gives what is done each time. */
  readonly begin: (session: InternalSession, signal: AbortSignal) => () => Promise<void>
  /** PostgreSQL's own text may quote values, and stays the private cause. */
  readonly onFailure: (cause: unknown) => void
}

export function keepAtIt({ adminUrl, everyMs, retryMs, begin, onFailure }: SteadyWork): {
  stop(): Promise<void>
} {
  const stopping = new AbortController()
  const { signal } = stopping
  const pause = (ms: number): Promise<unknown> =>
    wait(ms, undefined, { signal, ref: false }).catch(() => undefined)
  const work = async (): Promise<void> => {
    while (!signal.aborted) {
      await asInternal(adminUrl, async (session) => {
        const once = begin(session, signal)
        for (; !signal.aborted; await pause(everyMs)) await once()
      }).catch(onFailure)
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
