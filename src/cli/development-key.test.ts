/** The development key is made once, whole, and for its owner alone. */
import { readdir, readFile, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { makeProject, type TestProject } from "../../test/support/command.ts"
import { readDevelopmentKey } from "./development-key.ts"

let project: TestProject
let directory = ""
beforeEach(async () => {
  project = await makeProject({})
  directory = join(project.folder, ".undercroft")
})
afterEach(() => project.remove())

test("those who need it at once get the same", async () => {
  const keys = await Promise.all(Array.from({ length: 20 }, () => readDevelopmentKey(directory)))
  expect(new Set(keys).size).toBe(1)
  expect(Buffer.from(keys[0] ?? "", "base64url")).toHaveLength(32)
  expect((await readdir(directory)).toSorted()).toEqual([".gitignore", "development-key"])
  expect(await readFile(join(directory, ".gitignore"), "utf8")).toBe("*\n")
})

test.skipIf(process.platform === "win32")("others may not read it", async () => {
  await readDevelopmentKey(directory)
  expect((await stat(join(directory, "development-key"))).mode & 0o777).toBe(0o600)
  expect((await stat(directory)).mode & 0o066).toBe(0)
})

test("a key that was cut is refused", async () => {
  await readDevelopmentKey(directory)
  await writeFile(join(directory, "development-key"), "short\n")
  await expect(readDevelopmentKey(directory)).rejects.toMatchObject({
    code: "UC907",
    hint: "Delete the file; a new key will be made.",
  })
})

test("a folder in its place is told", async () => {
  await writeFile(directory, "")
  await expect(readDevelopmentKey(directory)).rejects.toMatchObject({ code: "UC907" })
})
