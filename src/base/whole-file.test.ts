/** A file is whole under its name, or not there. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { writeWhole } from "./whole-file.ts"

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "undercroft-whole-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test("until its last part a file is not there under its name, and then for its owner alone", async () => {
  const path = join(folder, "data.zip")
  // What a killed process left.
  await writeFile(`${path}.part`, "half of a former one")
  let seen: readonly string[] = []
  const parts = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from("one ")
    seen = await readdir(folder)
    yield Buffer.from("two")
  }
  await writeWhole(path, parts())
  expect(seen).toEqual(["data.zip.part"])
  expect(await readdir(folder)).toEqual(["data.zip"])
  expect(await readFile(path, "utf8")).toBe("one two")
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test("what fails half way leaves nothing, and the file of before as it was", async () => {
  const path = join(folder, "data.zip")
  const parts = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from("three")
    throw new Error("the database is gone")
  }
  await expect(writeWhole(path, parts())).rejects.toThrow("the database is gone")
  expect(await readdir(folder)).toEqual(["data.zip"])
  expect(await readFile(path, "utf8")).toBe("one two")
})
