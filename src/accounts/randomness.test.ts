/** What must not be guessed is made by the platform's cryptographic generator, which the operating system seeds. */
import { readdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { expect, test } from "vitest"

test("TR-03161-3 Rand_1: no room that makes tokens, keys or identifiers knows another source of chance", () => {
  // The client waits for a random while between repeats, and the page /docs names elements; both run elsewhere, and make nothing secret.
  const others = new Set(["client", "openapi"])
  const source = join(import.meta.dirname, "..")
  const rooms = readdirSync(source, { withFileTypes: true })
    .filter((room) => room.isDirectory() && !others.has(room.name))
    .map((room) => join(source, room.name))
  const files = rooms.flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.m?ts$/.test(name))
      .map((name) => join(room, name)),
  )
  expect(rooms.map((room) => basename(room))).toEqual(
    expect.arrayContaining(["accounts", "audit", "keys", "store"]),
  )
  expect(files.length).toBeGreaterThan(200)
  const found = files.filter(
    (file) => file !== import.meta.filename && readFileSync(file, "utf8").includes("Math.random"),
  )
  expect(found).toEqual([])
})
