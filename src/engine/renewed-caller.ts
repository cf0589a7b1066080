/**
 * Sessions are resolved by the database in the flight of each request. What the process knows of one (for planning) may
 * be out of date: then nothing was done, the database says what is so now (UC610), and the work is done again. Where the
 * process refuses by what it knows, the database is asked first.
 */
import { UndercroftError } from "../base/errors.ts"
import { isDatabaseError } from "../store/pool.ts"
import type { Caller } from "./caller.ts"
import type { Engine } from "./engine.ts"
import type { StepUp } from "./step-up.ts"

/** How often claims may change while one request waits. */
const renewals = 3

/** Does work as a caller, and again as what the caller's session is now. */
export async function asRenewed<T>(caller: Caller, work: (caller: Caller) => Promise<T>): Promise<T> {
  let now = caller
  for (let tries = 0; ; tries++) {
    try {
      return await work(now)
    } catch (cause) {
      const newer = tries < renewals ? await renewedBy(now, cause) : now
      if (newer === now) throw cause
      now = newer
    }
  }
}

/** Another caller where what went wrong may be due to what the process knew of this one. */
async function renewedBy(caller: Caller, error: unknown): Promise<Caller> {
  const { session } = caller
  if (!session || !(error instanceof UndercroftError)) return caller
  const { code, status, cause } = error
  // The database knows no such session any more: asked again, it is told in the words for sessions and keys.
  if (code === "PGRST303") return session.confirm()
  if (code === "UC610") return session.renew((cause as { readonly detail: string }).detail)
  return status >= 500 || isDatabaseError(cause) ? caller : session.confirm()
}

/** The caller as it is now: for answers that ask nothing else of the database. */
export function confirmed(caller: Caller): Promise<Caller> {
  return caller.session?.confirm() ?? Promise.resolve(caller)
}

/** An engine whose callers may be sessions. */
export function withSessions(engine: Engine, stepUp: StepUp): Engine {
  return {
    ...engine,
    run: (operation, caller) =>
      asRenewed(caller, (now) => {
        stepUp.operation(operation, now)
        return engine.run(operation, now)
      }),
    async stepOf(operation, caller) {
      stepUp.operation(operation, caller)
      return engine.stepOf(operation, caller)
    },
    knows: (caller) => asRenewed(caller, (now) => engine.knows(now)),
    runTogether: async (operations, caller) => {
      let failed = 0
      try {
        return await asRenewed(caller, async (now) => {
          for (failed = 0; failed < operations.length; failed++) stepUp.operation(operations[failed]!, now)
          const result = await engine.runTogether(operations, now)
          if ("answers" in result) return result
          failed = result.failed
          throw result.error
        })
      } catch (error) {
        return { failed, error: error as UndercroftError }
      }
    },
  }
}
