/** A backend for tests that kill it: rows that come alone, rows that come together, rows that change. */
import {
  anyone,
  type BackendDefinition,
  defineBackend,
  entity,
  integer,
  text,
  uuid,
} from "../../src/index.ts"

export const Entry = entity("Entry", {
  collection: "entries",
  fields: { batch: uuid(), word: text({ max: 200 }) },
  indexes: [["batch"]],
})
Entry.access(() => ({ read: anyone, create: anyone }))

export const Counter = entity("Counter", { fields: { value: integer() } })
Counter.access(() => ({ read: anyone, create: anyone, update: anyone }))

export const crashBackend: BackendDefinition = defineBackend({ name: "crash", model: [Entry, Counter] })
