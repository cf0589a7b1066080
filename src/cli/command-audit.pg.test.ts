/** `undercroft audit` on a project's record: a new key, verdicts with their exit codes, a proof in a file. */
import { readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { runSql } from "../../test/support/backend.ts"
import { notesProject, runCommand } from "../../test/support/command.ts"
import { makeReadyProject, type ReadyProject } from "../../test/support/command-database.ts"

let ready: ReadyProject
const own = (name: string): string => join(ready.project.folder, name)
const audit = (...line: string[]): ReturnType<typeof runCommand> =>
  runCommand(["audit", ...line], ready.options)

beforeAll(async () => {
  ready = await makeReadyProject(notesProject)
  await runSql(
    ready.url,
    `insert into audit.pending (kind, actor, door, subjects, personal) select 'update', 'user:ann', 'rest', array['Note:' || n], '{"after": {"phone": "1"}}' from generate_series(1, 6) n`,
  )
})
afterAll(() => ready?.remove())

test("a new key is announced by the old one, on record, sealed and anchored at once", async () => {
  const { code, stdout } = await audit("rotate")
  expect(code).toBe(0)
  const keys = await runSql(
    ready.url,
    "select key, signature is not null as announced from audit.signer order by number",
  )
  expect(keys.map(({ announced }) => announced)).toEqual([false, true])
  expect(stdout).toContain(keys[1].key)
  const [{ detail }] = await runSql(ready.url, "select detail from audit.entry where kind = 'rotation'")
  expect(detail).toMatchObject({ from: keys[0].key, to: keys[1].key })
  expect((await stat(own(".undercroft/audit.key"))).mode & 0o777).toBe(0o600)
  const files = await readdir(own(".undercroft"))
  expect(files).not.toContain("audit.key.next")
  const anchor = files.find((name) => name.startsWith("audit-anchor"))!
  const heads = (await readFile(own(join(".undercroft", anchor)), "utf8")).trim().split("\n")
  expect(JSON.parse(heads.at(-1)!).key).toBe(keys[1].key)
  // Whoever knows the former key finds the way to the new one.
  const known = await audit("verify", "--key", keys[0].key)
  expect(known).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Intact up to entry \d+ at \d{4}-.*Z\.\n$/),
  })
}, 60_000)

test("HIPAA 164.312(c)(2): a change by a superuser is found, its entry named, with an exit code that tells", async () => {
  const [{ position }] = await runSql(
    ready.url,
    "select min(position) as position from audit.entry where actor = 'user:ann'",
  )
  await runSql(ready.url, `update audit.entry set actor = 'user:bob' where position = ${position}`)
  const said = await audit("verify")
  const named = new RegExp(
    `^Not intact\\. The first bad entry is ${position} \\([0-9a-f-]{36}\\): it does not say what was sealed`,
  )
  expect(said).toMatchObject({ code: 1, stdout: expect.stringMatching(named) })
  await runSql(ready.url, `update audit.entry set actor = 'user:ann' where position = ${position}`)
  await runSql(ready.url, "insert into audit.pending (kind, actor, door) values ('read', 'user:ann', 'rest')")
  const { code, stdout } = await audit("verify", "--json")
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ intact: true, waiting: 1, bad: null, notes: [] })
}, 60_000)

test("a proof is written to a file, and checked without the project; what can't be read says so", async () => {
  const written = await audit("prove", "5", "--to", own("proof.json"))
  expect(written.code).toBe(0)
  const proved = await runCommand(["audit", "check-proof", own("proof.json")])
  expect(proved).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Proved: entry 5 is in the record of undercroft\/notes/),
  })
  const nowhere = await audit("verify", "--anchor", own("nowhere.jsonl"))
  expect(nowhere.code).not.toBe(0)
  expect(nowhere.stderr).toContain("UC943")
}, 60_000)
