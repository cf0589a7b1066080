/** Transactions that are run again: PostgreSQL undid them, because another one came in between. */
import { randomInt } from "node:crypto"
import pg from "pg"
import { isDatabaseError } from "./pool.ts"

const mostTries = 5

/** Whether the same transaction may succeed when it is run again. */
export function isPassing(cause: unknown): boolean {
  return isDatabaseError(cause) && (cause.code === "40001" || cause.code === "40P01")
}

/** Runs again, with pauses that grow, so that those who met do not meet again; until `deadline`, by `performance.now()`. */
export async function retried<T>(attempt: () => Promise<T>, deadline: number): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (cause) {
      const pauseMs = (2 ** tries * randomInt(1000)) / 100
      if (!isPassing(cause) || tries === mostTries || performance.now() + pauseMs > deadline) throw cause
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
}

/** What a row met that was changed after it was looked at. */
export function overtaken(): Error {
  return Object.assign(new pg.DatabaseError("the row was changed since it was read", 0, "error"), {
    code: "40001",
  })
}
