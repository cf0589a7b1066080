/** `undercroft audit` on a project's record: a new key, verdicts with their exit codes, a proof in a file. */
import { createPrivateKey } from "node:crypto"
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
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

test("TR-03161-3 Data_5: a new key is announced by the old one, on record, sealed and anchored at once, and its private half is told nowhere", async () => {
  const { code, stdout, stderr } = await audit("rotate")
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
  const { d = "" } = createPrivateKey(await readFile(own(".undercroft/audit.key"), "utf8")).export({
    format: "jwk",
  })
  const stored = await runSql(
    ready.url,
    "select (select jsonb_agg(s)::text from audit.signer s) || (select jsonb_agg(e)::text from audit.entry e) as text",
  )
  const told = `${stdout}${stderr}${stored[0].text}`
  const secret = Buffer.from(d, "base64url")
  expect(secret.length).toBe(32)
  for (const form of ["hex", "base64", "base64url"] as const)
    expect(told).not.toContain(secret.toString(form))
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
  // A start of the server leaves entries of its own.
  const [{ at }] = await runSql(
    ready.url,
    "select max(position)::integer as at from audit.entry where actor = 'user:ann'",
  )
  await runSql(ready.url, "update audit.entry set actor = 'user:bob' where position = $1", [at])
  const said = await audit("verify")
  const named = new RegExp(
    `^Not intact\\. The first bad entry is ${at} \\([0-9a-f-]{36}\\): it does not say what`,
  )
  expect(said).toMatchObject({ code: 1, stdout: expect.stringMatching(named) })
  await runSql(ready.url, "update audit.entry set actor = 'user:ann' where position = $1", [at])
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

test("heads are believed from a folder of objects and from a witness's address, too; the keys that others need are told", async () => {
  const files = await readdir(own(".undercroft"))
  const text = await readFile(
    own(join(".undercroft", files.find((name) => name.startsWith("audit-anchor"))!)),
    "utf8",
  )
  const lines = text.trim().split("\n")
  await mkdir(own("heads"))
  for (const [at, line] of lines.entries()) await writeFile(own(`heads/${at}.json`), `${line}\n`)
  const witness = createServer((_, response) => response.end(`${lines.at(-1)}\n`))
  await new Promise<void>((resolve) => witness.listen(0, "127.0.0.1", resolve))
  const address = `http://127.0.0.1:${(witness.address() as AddressInfo).port}/witness/last?origin=x`
  for (const anchor of [own("heads"), address]) {
    const { code, stdout } = await audit("verify", "--json", "--anchor", anchor)
    expect({ code, verdict: JSON.parse(stdout) }).toMatchObject({
      code: 0,
      verdict: { intact: true, notes: [] },
    })
  }
  // What the anchor knows, and the record lost.
  await runSql(ready.url, "create table kept as select * from audit.entry; truncate audit.entry")
  for (const anchor of [own("heads"), address])
    expect((await audit("verify", "--anchor", anchor)).code).toBe(1)
  await runSql(ready.url, "insert into audit.entry select * from kept; drop table kept")
  witness.close()
  const { stdout } = await audit("keys")
  expect(stdout).toBe(`record   ${JSON.parse(lines.at(-1)!).key}\n`)
  // Another database of the same definition has a record of another name.
  expect(stdout).toMatch(/^record {3}undercroft\/notes\/[0-9a-f]{16}\+/)
  expect((await audit("prune")).stderr).toContain("keep: { years }")
}, 60_000)

test("GDPR Art. 33: what a credential touched in a period is told by person and field, sealed or not", async () => {
  await runSql(
    ready.url,
    `insert into audit.pending (kind, actor, credential, door, at, entity, subjects, fields, personal) values
      ('read', 'user:ann', 'session:s1', 'rest', '2026-03-01T10:00:00Z', 'Note', '{Person:1,Person:2}', '{body}', null),
      ('update', 'user:ann', 'session:s1', 'rest', '2026-03-02T10:00:00Z', 'Note', '{Person:1}', null, '{"before": {"phone": "1"}, "after": {"phone": "2"}}'),
      ('denied', 'user:ann', 'session:s1', 'rest', '2026-03-02T10:00:00Z', 'Note', '{Person:3}', '{body}', null),
      ('read', 'user:ann', 'session:s1', 'rest', '2026-04-01T10:00:00Z', 'Note', '{Person:4}', '{body}', null),
      ('read', 'user:bob', 'session:s2', 'rest', '2026-03-01T10:00:00Z', 'Note', '{Person:5}', '{body}', null)`,
  )
  const period = ["--from", "2026-03-01", "--to", "2026-04-01"]
  const { code, stdout } = await audit("touched", "--credential", "session:s1", ...period, "--json")
  expect(code).toBe(0)
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
  expect(rows).toMatchObject([
    { subject: "Person:1", entity: "Note", kinds: ["read", "update"], times: 2, fields: ["body", "phone"] },
    { subject: "Person:2", entity: "Note", kinds: ["read"], times: 1, fields: ["body"] },
  ])
  const table = await audit("touched", "--credential", "user:bob", ...period)
  expect(table.stdout).toMatch(/^SUBJECT .*\nPerson:5 +Note +1 +2026-03-01T10:00:00Z .* body\n$/)
  const asked = await runSql(ready.url, "select question from audit.pending where door = 'cli' order by at")
  expect(asked.map(({ question }) => question.touched)).toEqual(["session:s1", "user:bob"])
  expect((await audit("touched", "--credential", "s1")).stderr).toContain("UC975")
}, 60_000)

test("an export goes on where the last one ended, and is on record before it begins", async () => {
  const before = await runSql(ready.url, "select max(position)::integer as last from audit.entry")
  const cursor = own("audit.cursor")
  const first = await audit("export", "--cursor", cursor)
  const lines = first.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
  expect(lines.map(({ position }) => position)).toEqual(lines.map((_, at) => at + 1))
  expect(lines.at(-1).position).toBe(before[0].last)
  expect(first.stdout).not.toContain("phone")
  // Sealed by the rotation: what waited, and the export itself.
  await audit("rotate")
  const second = await audit("export", "--cursor", cursor, "--format", "csv")
  expect(second.stdout).toMatch(new RegExp(`^"${before[0].last + 1}",`))
  expect(second.stdout).toContain('"export","database:')
  expect((await audit("export", "--format", "xml")).stderr).toContain("UC975")
}, 60_000)
