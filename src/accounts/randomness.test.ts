/** What must not be guessed is made by the platform's cryptographic generator. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"

test("TR-03161-3 Rand_1: no room that makes tokens, keys or identifiers knows another source of chance", () => {
  const rooms = ["accounts", "auth", "base", "engine", "sql", "store"].map((room) =>
    join(import.meta.dirname, "..", room),
  )
  const files = rooms.flatMap((room) => readdirSync(room).map((name) => join(room, name)))
  expect(files.length).toBeGreaterThan(50)
  const found = files.filter(
    (file) => file !== import.meta.filename && readFileSync(file, "utf8").includes("Math.random"),
  )
  expect(found).toEqual([])
})
