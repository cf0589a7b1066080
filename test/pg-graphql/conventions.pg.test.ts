/** pg_graphql's conventions, case by case: its answers here, but for the differences that are meant. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { startTestBackend, type TestBackend } from "../support/backend.ts"
import { ask } from "../support/graphql.ts"
import { cases } from "./cases.ts"
import { differences } from "./differences.ts"
import { libraryBackend } from "./library-model.ts"

let backend: TestBackend
beforeAll(async () => {
  backend = await startTestBackend(libraryBackend)
}, 60_000)
afterAll(() => backend?.stop())

test.each(cases.map((one) => [one.what, one] as const))("%s", async (what, { document, data }) => {
  const answer = await ask(backend, null, document)
  const meant = differences[what]
  if (meant) expect(meant.data, meant.why).not.toEqual(data)
  const wanted = meant ? meant.data : data
  expect(answer.data ?? null).toEqual(wanted)
  expect((answer.errors ?? []).length > 0).toBe(wanted === null)
})

test("each difference is one of a case, and each case is told once", () => {
  const told = cases.map(({ what }) => what)
  expect(new Set(told).size).toBe(told.length)
  expect(Object.keys(differences).filter((what) => !told.includes(what))).toEqual([])
})
