/** The circumstances of the request in whose service something runs: whatever reaches the database on its way takes them along. */
import { AsyncLocalStorage } from "node:async_hooks"
import type { Circumstances } from "../sql/circumstances.ts"

const storage = new AsyncLocalStorage<Circumstances>()
const none: Circumstances = { door: "system", request: null, address: null, purpose: null }

/** Does work under circumstances. */
export function under<T>(circumstances: Circumstances, work: () => T): T {
  return storage.run(circumstances, work)
}

/** Those of now; where nothing asks, the process itself does. */
export function currentCircumstances(): Circumstances {
  return storage.getStore() ?? none
}
