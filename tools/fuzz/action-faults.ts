/** Carries out the planted bugs of actions: transactions that begin as somebody else, or as nobody. */
import type { Entrance } from "../../src/store/flight.ts"
import type { TransactionPool } from "../../src/store/transactions.ts"

export function wrapTransactions(pool: TransactionPool, faults: ReadonlySet<string>): TransactionPool {
  let previous: Entrance | null = null
  return {
    close: () => pool.close(),
    run(options, work) {
      const leftover = previous
      previous = options.caller
      if (faults.has("action-not-entered")) return pool.run({ ...options, caller: null }, work)
      return pool.run(faults.has("action-previous-caller") ? { ...options, caller: leftover } : options, work)
    },
  }
}
