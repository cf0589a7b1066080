/** The oldest PostgreSQL that is served, where one is installed: roles, tables, identifiers, rules and changes of the model. */
import { execFile, spawn, spawnSync } from "node:child_process"
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { prepareDatabase } from "../../src/store/database.ts"
import { openDatabase, policiesOf, type TestDatabase } from "./database.ts"
import { formEntities, formRows, formsModel } from "./forms-model.ts"
import { fits, ReadJudge } from "./read-judge.ts"
import { readShapes } from "./read-shapes.ts"
import { home, wardModel, wardRows } from "./ward-model.ts"

const programs = "/usr/lib/postgresql/15/bin"
const run = promisify(execFile)
/** PostgreSQL refuses to run as root. */
const account = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}

let directory = ""
let server: ReturnType<typeof spawn> | undefined
let url = ""

/** Older minors have known holes and are not served. */
const minor = Number(
  /\) 15\.(\d+)/.exec(String(spawnSync(join(programs, "postgres"), ["--version"]).stdout))?.[1] ?? 0,
)

describe.runIf(minor >= 18)("PostgreSQL 15", () => {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "undercroft-15-"))
    if (account.uid) await chown(directory, account.uid, account.gid)
    const [data, password] = [join(directory, "data"), join(directory, "password")]
    await writeFile(password, "fifteen", { mode: 0o644 })
    const settings = [
      "-U",
      "postgres",
      "--auth=scram-sha-256",
      `--pwfile=${password}`,
      "-E",
      "UTF8",
      "--locale=C.UTF-8",
      "-N",
    ]
    await run(join(programs, "initdb"), ["-D", data, ...settings], { ...account, cwd: directory })
    const options = {
      listen_addresses: "",
      unix_socket_directories: directory,
      port: "5432",
      fsync: "off",
      jit: "off",
    }
    server = spawn(
      join(programs, "postgres"),
      ["-D", data, ...Object.entries(options).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
      { ...account, cwd: directory, stdio: "ignore" },
    )
    url = `postgresql://postgres:fifteen@${encodeURIComponent(directory)}:5432/postgres`
    await untilReady()
  })
  afterAll(async () => {
    if (server) {
      const ended = new Promise((resolve) => server?.once("exit", resolve))
      // Fast shutdown.
      server.kill("SIGINT")
      await ended
    }
    if (directory) await rm(directory, { recursive: true, force: true })
  })

  async function untilReady(): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      const database = await openDatabase([], {}, { server: url }).catch((cause) =>
        tries === 199 ? Promise.reject(cause) : null,
      )
      if (database) return await database.drop()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  const rows = formRows(new Date().toISOString().slice(0, 10))
  const open: TestDatabase[] = []
  afterAll(async () => {
    for (const one of open) await one.drop()
  })
  async function opened(
    model: typeof formsModel,
    data: Parameters<typeof openDatabase>[1],
  ): Promise<TestDatabase> {
    const database = await openDatabase(model, data, { server: url })
    open.push(database)
    return database
  }

  test("is 15", async () => {
    const database = await opened([], {})
    expect((await database.admin.query("show server_version_num")).rows[0].server_version_num).toMatch(/^15/)
  })

  test("every shape of query over every form of rule", { timeout: 120_000 }, async () => {
    const database = await opened(formsModel, rows)
    const judge = new ReadJudge(database, rows)
    const session = await database.connect()
    const wrong: string[] = []
    for (const [at, shape] of readShapes.entries()) {
      for (const [form, name] of Object.keys(formEntities).entries()) {
        const target = judge.target(name)
        if (!fits(shape, target)) continue
        const found = await judge.ask(session, shape, target, (at + form) % judge.callers.length, "pipelined")
        if (found) wrong.push(found)
      }
    }
    expect(wrong).toEqual([])
  })

  test("rules of writing, and identifiers in the order of time", async () => {
    const database = await opened(wardModel, wardRows)
    const session = await database.connect()
    const anna = database.seal({ id: "anna" })
    const run = (text: string): ReturnType<typeof session.run> => session.run(anna, text, "pipelined")
    const made: string[] = []
    for (let at = 0; at < 20; at++) {
      const { rows: found, error } = await run(
        `insert into fields.tasks (home, owner) values ('${home(1)}', 'anna') returning id`,
      )
      expect(error).toBeNull()
      made.push(found[0]?.["id"] ?? "")
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    for (const id of made)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(made.toSorted()).toEqual(made)
    expect(new Set(made.map((id) => id.slice(14))).size).toBe(20)
    expect(
      Math.abs(Number.parseInt(made[0]?.slice(0, 13).replace("-", "") ?? "", 16) - Date.now()),
    ).toBeLessThan(60_000)
    expect(
      (await run(`insert into fields.tasks (home, owner) values ('${home(2)}', 'anna')`)).error?.code,
    ).toBe("23503")
    expect((await run("update fields.tasks set state = 'gone' where code = 'code-1'")).error).toMatchObject({
      code: "42501",
      constraint: "step",
    })
    expect((await run("update fields.tasks set grade = 9")).error).toMatchObject({
      code: "42501",
      constraint: "writable",
    })
    expect((await run("update fields.tasks set state = 'done' where code = 'code-1'")).command).toBe(
      "UPDATE 1",
    )
    expect((await run("delete from fields.tasks where code = 'code-1'")).command).toBe("DELETE 1")
    expect((await run("select reltuples from pg_class")).error?.code).toBe("42501")
  })

  test("a changed model, and a second start", async () => {
    const database = await opened(wardModel, wardRows)
    const smaller = policiesOf(wardModel.filter((one) => one.name !== "Letter"))
    await expect(prepareDatabase(database.adminUrl, smaller)).rejects.toMatchObject({ code: "UC523" })
    await database.admin.query("delete from app.letters")
    expect((await prepareDatabase(database.adminUrl, smaller)).changes).not.toEqual([])
    expect((await prepareDatabase(database.adminUrl, smaller)).changes).toEqual([])
    await database.admin.query("alter policy read on app.tasks using (true)")
    await expect(prepareDatabase(database.adminUrl, smaller)).rejects.toMatchObject({ code: "UC525" })
  })
})
