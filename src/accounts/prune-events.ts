/** Takes events off the record when their time is over: a batch after another, so that nobody waits for it. */
import { UndercroftError } from "../base/errors.ts"
import type { AccountsDatabase } from "../store/accounts-database.ts"

const batch = 1000
const everyMs = 3_600_000

/** Begins at once, and again every hour. `tell` is told of what went wrong. */
export function pruneEvents(
  { query }: AccountsDatabase,
  tell: (error: UndercroftError) => void,
): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const prune = async (): Promise<void> => {
    try {
      let pruned = batch
      while (pruned === batch && !stopping.signal.aborted) {
        const [row] = await query("select accounts.prune_events($1) as pruned", [batch])
        pruned = Number(row?.["pruned"])
      }
    } catch (cause) {
      tell(new UndercroftError("UC690", {}, { cause }))
    }
  }
  let running = prune()
  const timer = setInterval(() => {
    running = running.then(prune)
  }, everyMs).unref()
  return {
    async stop() {
      stopping.abort()
      clearInterval(timer)
      await running
    },
  }
}
