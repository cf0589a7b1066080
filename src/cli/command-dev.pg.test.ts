/** A development server from its first start to its end, with the embedded database, and what it leaves behind: nothing. */
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { createServer } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, beforeEach, expect, test } from "vitest"
import { createDatabase } from "../../test/support/backend.ts"
import {
  makeProject,
  notesProject,
  type RunningCommand,
  runCommand,
  startCommand,
  type TestProject,
} from "../../test/support/command.ts"

let project: TestProject
let running: RunningCommand[] = []
beforeEach(async () => {
  project = await makeProject(notesProject)
})
afterEach(async () => {
  for (const one of running) one.child.kill("SIGKILL")
  running = []
  await project.remove()
})

function start(line: readonly string[], env: Readonly<Record<string, string>> = {}): RunningCommand {
  const command = startCommand(line, { cwd: project.folder, env })
  running.push(command)
  return command
}

interface ReadyLine {
  readonly url: string
  readonly callers: Readonly<Record<string, { readonly token: string }>>
}

function readyLine(command: RunningCommand): ReadyLine {
  return JSON.parse(command.stdout().split("\n")[0] ?? "") as ReadyLine
}

async function titles(url: string, token?: string): Promise<unknown> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return (await fetch(`${url}/rest/notes?select=title&order=title`, { headers })).json()
}

/** The processes that name the project's folder. */
function processes(): string {
  if (process.platform === "win32") return ""
  const lines = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }).split("\n")
  return lines.filter((line) => line.includes(project.folder)).join("\n")
}

test("from the first start to the end", async () => {
  const before = JSON.parse(
    (await runCommand(["callers", "--json"], { cwd: project.folder })).stdout,
  ) as ReadyLine["callers"]
  const server = start(["dev", "--no-watch", "--port", "0", "--json"])
  await server.until('"ready":true')
  const { url, callers } = readyLine(server)
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(await titles(url, callers.ann?.token)).toEqual([{ title: "hers" }, { title: "his" }])
  expect(await titles(url, callers.bob?.token)).toEqual([{ title: "his" }])
  expect(await titles(url, before.bob?.token)).toEqual([{ title: "his" }])
  expect(await titles(url)).toEqual([])
  expect(await titles(url, "a.b.c")).toMatchObject({ code: "PGRST301" })

  // Commands beside the running server use its database.
  const sql = await runCommand(["sql", "--as", "bob", "-c", "select title from notes"], {
    cwd: project.folder,
  })
  expect(sql.stdout).toContain("his\n(1 row)")
  const second = await runCommand(["dev", "--no-watch", "--port", "0"], { cwd: project.folder })
  expect([second.code, second.stderr]).toEqual([
    1,
    expect.stringContaining("error UC506: Another Undercroft"),
  ])
  const port = new URL(url).port
  const third = await runCommand(["dev", "--no-watch", "--port", port], { cwd: project.folder })
  expect(third.stderr).toContain(`error UC904: The port ${port} of 127.0.0.1 is in use.\n  Stop the program`)
  expect(third.code).toBe(1)

  server.child.kill("SIGINT")
  expect(await server.ended).toEqual({ code: 0, signal: null })
  expect(server.stderr()).not.toContain("error")
  expect(processes()).toBe("")

  // With the server stopped, a command starts the database for itself, and stops it.
  const alone = await runCommand(
    ["access", "--as", "bob", "--can", "read", "Note", "018ce7a8-0f00-7000-8000-000000000003"],
    { cwd: project.folder },
  )
  expect(alone.stdout).toContain("Yes: bob")
  expect(alone.stdout).toContain("The database says yes too.")
  expect(processes()).toBe("")
  await project.remove()
  expect(existsSync(project.folder)).toBe(false)
}, 60_000)

test("a killed server takes its database with it", async () => {
  const server = start(["dev", "--port", "0", "--json"])
  await server.until('"ready":true')
  server.child.kill("SIGKILL")
  await server.ended
  for (let tries = 0; processes() !== "" && tries < 100; tries++) await sleep(100)
  expect(processes()).toBe("")
}, 60_000)

test("the start screen has what one needs", async () => {
  const database = await createDatabase()
  const server = start(["dev", "--no-watch", "--port", "0"], { DATABASE_URL: database.url })
  await server.until("The record")
  await server.until("position = 3")
  const screen = server.stdout()
  const url = /Address +(\S+)/.exec(screen)?.[1] ?? ""
  expect(screen).toContain("notes is running")
  expect(screen).toMatch(/Data +t[0-9a-f]+ on .*\(DATABASE_URL\)/)
  expect(screen).not.toContain(new URL(database.url).password)
  expect(screen).toContain("  ann  Ann, who writes\n  bob  Bob, who reads\n")
  expect(screen).not.toContain("\u001b")
  // Every command, pasted, gets an answer.
  const exports = screen.match(/^export .+$/gm) ?? []
  const commands = screen.match(/^curl .+$/gm) ?? []
  expect([exports.length, commands.length]).toEqual([2, 4])
  for (const command of commands) {
    const answer = execFileSync("sh", ["-c", `${exports.join("\n")}\n${command}`], { encoding: "utf8" })
    expect(JSON.parse(answer), `${command}: ${url}`).not.toHaveProperty("code")
  }
  server.child.kill("SIGTERM")
  expect(await server.ended).toEqual({ code: 0, signal: null })
  await database.drop()
})

test("a change starts it again, and a mistake waits to be mended", async () => {
  const database = await createDatabase()
  const server = start(["dev", "--port", "0"], { DATABASE_URL: database.url })
  await server.until("Try it")
  const model = notesProject["model.ts"] ?? ""
  await project.write("model.ts", model.replace("read: anyone", "read: row.nobody.is(1)"))
  await server.until("Waiting for a change")
  expect(server.stderr()).toContain("model.ts has changed")
  expect(server.stderr()).toMatch(/error UC902: model\.ts:\d+:\d+: row is not defined\n {2}Shelf\.access/)
  await project.write("model.ts", model.replace("max: 40", "max: 50"))
  await server.until("is running again at")
  const url = /again at (\S+)/.exec(server.stdout())?.[1] ?? ""
  expect((await fetch(`${url}/health/ready`)).status).toBe(200)
  server.child.kill("SIGTERM")
  expect(await server.ended).toEqual({ code: 0, signal: null })
  await database.drop()
}, 60_000)

test("start accepts no development token and puts no data in, unless it is told to", async () => {
  const [plain, told] = [await createDatabase(), await createDatabase()]
  const { stdout: token } = await runCommand(["callers", "bob"], { cwd: project.folder })
  const server = start(["start", "--port", "0", "--json"], { DATABASE_URL: plain.url })
  await server.until('"ready":true')
  expect(server.stderr()).toContain("warning: NODE_ENV is not production")
  expect(server.stderr()).toContain("declares no callers.issuers")
  expect(await titles(readyLine(server).url, token.trim())).toMatchObject({ code: "PGRST301" })
  server.child.kill("SIGTERM")
  expect((await server.ended).code).toBe(0)
  const trial = start(["start", "--port", "0", "--json", "--seed", "--development-callers"], {
    DATABASE_URL: told.url,
  })
  await trial.until('"ready":true')
  expect(trial.stderr()).toBe("")
  expect(await titles(readyLine(trial).url, token.trim())).toEqual([{ title: "his" }])
  trial.child.kill("SIGTERM")
  expect((await trial.ended).code).toBe(0)
  await Promise.all([plain.drop(), told.drop()])
}, 60_000)

test("PORT and HOST say where, and options win", async () => {
  const taken = createServer().listen(0, "127.0.0.1")
  await new Promise((resolve) => taken.once("listening", resolve))
  const { port } = taken.address() as { port: number }
  const { code, stderr } = await runCommand(["dev"], {
    cwd: project.folder,
    env: { PORT: String(port), HOST: "127.0.0.1" },
  })
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining(`error UC904: The port ${port} of 127.0.0.1 is in use.`),
  ])
  const other = await runCommand(["dev", "--no-watch", "--host", "203.0.113.7"], {
    cwd: project.folder,
    env: { PORT: String(port) },
  })
  expect(other.stderr).toContain(
    `error UC905: 203.0.113.7:${port} can't be listened on: it is not an address of this machine.`,
  )
  taken.close()
})
