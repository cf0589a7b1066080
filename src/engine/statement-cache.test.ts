/** The cache keeps what fits, and forgets the oldest first. */
import { expect, test } from "vitest"
import { StatementCache } from "./statement-cache.ts"

test("the oldest go when there are too many", () => {
  const cache = new StatementCache(2)
  for (const name of ["a", "b", "c"]) cache.set(name, { text: name })
  expect(["a", "b", "c"].map((name) => cache.get(name)?.text)).toEqual([undefined, "b", "c"])
})

test("the oldest go when they are too large, and one that is too large by itself is not kept", () => {
  const cache = new StatementCache(10, 100)
  cache.set("a", { text: "x".repeat(60) })
  cache.set("b", { text: "x".repeat(60) })
  expect([cache.get("a"), cache.get("b")?.text.length]).toEqual([undefined, 60])
  cache.set("c", { text: "x".repeat(200) })
  cache.set("d", { text: "x" })
  expect(["b", "c", "d"].map((name) => cache.get(name) !== undefined)).toEqual([false, false, true])
})
