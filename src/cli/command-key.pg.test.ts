/** People and keys of machines from the command line: a key is no wider than its owner, and says how it is used. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { runSql } from "../../test/support/backend.ts"
import { runCommand } from "../../test/support/command.ts"
import { makeReadyProject, type ReadyProject } from "../../test/support/command-database.ts"
import { verifyPassword } from "../accounts/passwords.ts"

const backend = (accounts: string): string => `import { defineBackend, entity, text } from "undercroft"
const Note = entity("Note", { fields: { body: text() } })
Note.access(() => ({}))
export default defineBackend({ name: "notes", model: [Note], accounts: ${accounts} })`

let ready: ReadyProject
beforeAll(async () => {
  ready = await makeReadyProject({ "backend.ts": backend("{ password: true, apiKeys: true }") })
})
afterAll(() => ready?.remove())

const run = (...line: string[]): ReturnType<typeof runCommand> => runCommand(line, ready.options)

test("a key has roles of its owner, is listed with them, and people are found by a part", async () => {
  await run("user", "add", "cuff@example.org", "--name", "Cuff", "--roles", "device")
  await run("user", "add", "ada@example.org", "--name", "Ada", "--roles", "doctor")
  const wide = await run("key", "create", "cuff@example.org", "--roles", "device,doctor")
  expect([wide.code === 0, wide.stderr]).toEqual([
    false,
    expect.stringContaining("does not have the role doctor"),
  ])
  const { stdout } = await run("key", "create", "cuff@example.org", "--roles", "device")
  expect(stdout).toContain("Send it as: Authorization: Bearer <key>")
  expect((await run("key", "list")).stdout).toContain("cuff@example.org")
  const found = (await run("user", "list", "DOC")).stdout
  expect([found.includes("ada@"), found.includes("cuff@")]).toEqual([true, false])
})

test("ASVS 6.4.1: a password that is made for somebody is random, and good for a day", async () => {
  const made: string[] = []
  for (const line of [
    ["add", "bea@example.org", "--name", "Bea"],
    ["reset", "bea@example.org"],
  ]) {
    const { stdout } = await run("user", ...line, "--json")
    const { id, password, until } = JSON.parse(stdout)
    made.push(password)
    const [{ stored }] = await runSql(
      ready.url,
      `select password as stored from accounts.account where "userId" = $1`,
      [id],
    )
    const hours = (Number(stored.split("$until=")[1]) * 1000 - Date.now()) / 3_600_000
    expect([hours > 23 && hours <= 24, until.slice(0, 4)]).toEqual([
      true,
      String(new Date(until).getUTCFullYear()),
    ])
    expect(await verifyPassword({ hash: stored, password })).toBe(true)
  }
  expect(made[0]).not.toBe(made[1])
  expect(made[0]).toMatch(/^(\w{5}-){3}\w{5}$/)
})

test("check tells of an option that there is not", async () => {
  await ready.project.write("backend.ts", backend("{ passwrd: true }"))
  const { code, stdout } = await run("check", "--json")
  expect([code, JSON.parse(stdout).problems]).toMatchObject([1, [{ code: "UC916", where: "accounts" }]])
})
