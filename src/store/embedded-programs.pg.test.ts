/** The programs of PostgreSQL, where npm made no links for them or the account cannot reach them. */
import { chmod, cp, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, expect, test } from "vitest"
import { findNativePackage, preparePrograms } from "./embedded-programs.ts"

const asRoot = process.geteuid?.() === 0
const account = asRoot ? { uid: 65534, gid: 65534 } : undefined
const made: string[] = []

afterEach(async () => {
  for (const directory of made.splice(0)) await rm(directory, { recursive: true, force: true })
})

async function makeDirectory(mode: number): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "embedded-test-"))
  made.push(directory)
  await chmod(directory, mode)
  return directory
}

test.runIf(process.platform === "linux")(
  "links are mended, and what is out of reach is copied once",
  async () => {
    const source = await findNativePackage()
    const bare = { directory: join(await makeDirectory(0o700), "native"), version: "test" }
    const wanted = (path: string) => !path.endsWith(".a") && !path.includes("pgxs")
    await cp(source.directory, bare.directory, { recursive: true, filter: wanted })
    const links = JSON.parse(await readFile(join(bare.directory, "pg-symlinks.json"), "utf8"))
    for (const { target } of links) await rm(join(bare.directory, "..", target))

    const copies = await makeDirectory(0o755)
    const first = await preparePrograms(bare, copies, account)
    expect(first.version).toMatch(/^18\./)
    expect(first.postgres).toBe(
      join(asRoot ? join(copies, "postgres-test") : bare.directory, "bin", "postgres"),
    )
    expect(await readdir(copies)).toEqual(asRoot ? ["postgres-test"] : [])
    const { ino } = await stat(first.postgres)
    const second = await preparePrograms(bare, copies, account)
    expect([second, (await stat(second.postgres)).ino]).toEqual([first, ino])
  },
)

test("programs that are not there are named", async () => {
  const copies = await makeDirectory(0o755)
  const missing = preparePrograms({ directory: join(copies, "nowhere"), version: "none" }, copies, account)
  await expect(missing).rejects.toMatchObject({ code: "UC502", message: expect.stringContaining("nowhere") })
  expect(await readdir(copies)).toEqual([])
})
