/** The embedded server against the real PostgreSQL: starts, stops, crashes, root, and what the log may say. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import pg from "pg"
import { afterEach, expect, test } from "vitest"
import { type EmbeddedOptions, type EmbeddedServer, startEmbedded } from "./embedded.ts"
import { processStart } from "./embedded-process.ts"

const timeout = 60_000
const asRoot = process.geteuid?.() === 0
const onLinux = process.platform === "linux"
const nobody = { uid: 65534, gid: 65534 }
const durableRoot = "/var/lib/undercroft"
const cleanups: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
  await rmdir(durableRoot).catch(() => {})
}, timeout)

/** A project's directory. A closed one is as root's `mktemp -d` makes it: nobody else may enter. */
async function makeProject(more: { closed?: boolean; in?: string } = {}): Promise<string> {
  const project = await realpath(await mkdtemp(join(more.in ?? tmpdir(), "embedded-test-")))
  if (!more.closed) await chmod(project, 0o755)
  cleanups.push(() => removeProject(project))
  return project
}

async function removeProject(project: string): Promise<void> {
  const home = await homeOf(join(project, ".undercroft"))
  if (home.startsWith(`${durableRoot}/`)) await rm(home, { recursive: true, force: true })
  await rm(project, { recursive: true, force: true })
}

/** Where a directory's data really is. */
async function homeOf(directory: string): Promise<string> {
  const text = await readFile(join(directory, "postgres-where.txt"), "utf8").catch(() => directory)
  return text.trimEnd().split("\n").at(-1) ?? directory
}

async function start(project: string, more: Partial<EmbeddedOptions> = {}): Promise<EmbeddedServer> {
  const server = await startEmbedded({ directory: join(project, ".undercroft"), ...more })
  cleanups.push(() => server.stop())
  return server
}

async function query(server: { url: string }, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url })
  client.on("error", () => {})
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

/** Runs a script in another Node process; what it prints as JSON lines comes back one by one. */
function runChild(
  script: string,
  account?: { uid: number; gid: number },
): {
  child: ChildProcess
  line<Value extends object | string = { pid: number; host: string }>(): Promise<Value>
} {
  const source = `
    import pg from "pg"
    import { startEmbedded } from ${JSON.stringify(new URL("./embedded.ts", import.meta.url).href)}
    const print = (value) => process.stdout.write(JSON.stringify(value) + "\\n")
    ${script}`
  const cwd = import.meta.dirname
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd,
    ...account,
  })
  const servers: number[] = []
  cleanups.push(async () => {
    if (child.exitCode === null && child.signalCode === null && child.kill("SIGKILL"))
      await once(child, "exit")
    await until(() => servers.every(isGone))
  })
  const lines = child.stdout.setEncoding("utf8").iterator()
  let text = ""
  return {
    child,
    async line() {
      while (!text.includes("\n")) {
        const { value, done } = await lines.next()
        if (done) throw new Error("the child ended")
        text += value
      }
      const line = text.slice(0, text.indexOf("\n"))
      text = text.slice(line.length + 1)
      const value = JSON.parse(line)
      if (typeof value.pid === "number") servers.push(value.pid)
      return value
    },
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + timeout / 2; !condition(); await sleep(20)) {
    if (Date.now() > end) throw new Error(`never came true: ${condition}`)
  }
}

const lockFiles = (project: string): string[] =>
  readdirSync(join(project, ".undercroft"))
    .filter((name) => name.startsWith("postgres.lock"))
    .map((name) => join(project, ".undercroft", name))

const isGone = (pid: number) => processStart(pid) === undefined

/** The processes of a group, by /proc: the postmaster and its watcher. */
function groupMembers(group: number): number[] {
  const pids = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
  return pids.filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
      return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]) === group
    } catch {
      return false
    }
  })
}

test("a first start makes a cluster, a second one finds its rows", { timeout }, async () => {
  const project = await makeProject()
  const steps: string[] = []
  const first = await start(project, { onProgress: (step) => steps.push(step) })
  expect(steps.join()).toContain("Creating the database cluster")
  expect(first.version).toMatch(/^18\./)
  const [settings] = await query(
    first,
    `select current_setting('data_checksums') as checksums, current_setting('wal_level') as wal, datlocprovider, datlocale,
       current_setting('listen_addresses') as tcp, current_setting('timezone') as zone, pg_encoding_to_char(encoding) as encoding,
       to_tsvector('simple', '“ÉCOLE”')::text as words
     from pg_database where datname = current_database()`,
  )
  expect(settings).toEqual({
    checksums: "on",
    wal: "logical",
    datlocprovider: "b",
    datlocale: "C.UTF-8",
    tcp: "",
    zone: "UTC",
    encoding: "UTF8",
    words: "'école':1",
  })
  await query(first, "create table kept as select 1 as n")
  if (onLinux) expect(groupMembers(first.pid)).toContain(first.pid) // a group of its own: Ctrl-C is for us
  await first.stop()
  expect(isGone(first.pid)).toBe(true)

  steps.length = 0
  const second = await start(project, { onProgress: (step) => steps.push(step) })
  expect(steps).toEqual(["Starting PostgreSQL 18.4"])
  expect(second.password).toBe(first.password)
  expect(await query(second, "select n from kept")).toEqual([{ n: 1 }])
  expect((await stat(join(project, ".undercroft", "postgres.password"))).mode & 0o777).toBe(0o600)
})

test("the url can be read and changed as a URL, and a wrong password is refused", { timeout }, async () => {
  const server = await start(await makeProject(), { ephemeral: true })
  const url = new URL(server.url)
  url.pathname = "/template1"
  expect(await query({ url: url.href }, "select current_database() as name")).toEqual([{ name: "template1" }])
  url.password = "guess"
  await expect(query({ url: url.href }, "select 1")).rejects.toMatchObject({ code: "28P01" })
})

test("neither values nor the password reach the log", { timeout }, async () => {
  const project = await makeProject()
  const server = await start(project)
  await query(
    server,
    "create table person (email text primary key); insert into person values ('row-secret')",
  )
  await expect(query(server, "insert into person values ('row-secret')")).rejects.toThrow()
  await expect(query(server, "select 'literal-secret'::int")).rejects.toThrow()
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await expect(client.query("select $1::text::int", ["parameter-secret"])).rejects.toThrow()
  await client.end()
  await server.stop()
  const log = await readFile(join(project, ".undercroft", "postgres.log"), "utf8")
  expect(log).toContain("ready to accept connections")
  expect(log).not.toMatch(/secret/)
  expect(log).not.toContain(server.password)
})

test.runIf(asRoot)(
  "root, in a directory that nobody else can enter: the data is elsewhere, and a file says where",
  { timeout },
  async () => {
    const project = await makeProject({ closed: true })
    const directory = join(project, ".undercroft")
    const first = await start(project)
    await query(first, "create table kept as select 1 as n")
    await first.stop()
    const home = await homeOf(directory)
    expect(home).toMatch(/^\/var\/lib\/undercroft\/[0-9a-f]{16}$/)
    expect((await stat(project)).mode & 0o777).toBe(0o700)
    expect(await stat(join(home, "postgres-data"))).toMatchObject({ uid: nobody.uid })

    const copied = await makeProject({ closed: true })
    await cp(directory, join(copied, ".undercroft"), { recursive: true })
    const copy = await start(copied)
    expect(await query(copy, "select to_regclass('kept') as kept")).toEqual([{ kept: null }])

    const moved = await makeProject({ closed: true })
    await rename(directory, join(moved, ".undercroft"))
    const second = await start(moved)
    expect(await query(second, "select n from kept")).toEqual([{ n: 1 }])
    await second.stop()

    await rm(home, { recursive: true })
    await expect(start(moved)).rejects.toMatchObject({
      code: "UC508",
      message: expect.stringContaining(home),
    })
  },
)

test.runIf(asRoot)(
  "root, in a project of another user: PostgreSQL runs as that user, who can start it too",
  { timeout },
  async () => {
    const project = await makeProject()
    await chown(project, nobody.uid, nobody.gid)
    const first = await start(project)
    expect((await stat(`/proc/${first.pid}`)).uid).toBe(nobody.uid)
    await query(first, "create table kept as select 1 as n")
    await first.stop()
    const { child, line } = runChild(
      `const server = await startEmbedded({ directory: ${JSON.stringify(join(project, ".undercroft"))} })
     const client = new pg.Client({ connectionString: server.url })
     await client.connect()
     print((await client.query("select n from kept")).rows)
     await client.end()
     await server.stop()`,
      nobody,
    )
    expect(await line<object[]>()).toEqual([{ n: 1 }])
    await once(child, "exit")
    expect(await query(await start(project), "select n from kept")).toEqual([{ n: 1 }])
  },
)

test.runIf(asRoot)("data that belongs to root is refused with the reason", { timeout }, async () => {
  const project = await makeProject()
  await mkdir(join(project, ".undercroft", "postgres-data"), { recursive: true })
  await expect(start(project)).rejects.toMatchObject({ code: "UC504" })
})

const serveForever = (project: string): string => `
  const server = await startEmbedded({ directory: ${JSON.stringify(join(project, ".undercroft"))} })
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await client.query("create table kept (n int)")
  await client.query("insert into kept select generate_series(1, 1000)")
  print({ pid: server.pid })
  setInterval(() => {}, 1000)`

test("killed with SIGKILL, a process takes its server along, and nothing acknowledged is lost", {
  timeout,
}, async () => {
  const project = await makeProject()
  const { child, line } = runChild(serveForever(project))
  const { pid } = await line()
  child.kill("SIGKILL")
  await until(() => isGone(pid))
  const server = await start(project)
  expect(await query(server, "select count(*)::int as n from kept")).toEqual([{ n: 1000 }])
})

test("a start right after the kill waits for the predecessor's server to end", { timeout }, async () => {
  const project = await makeProject()
  const { child, line } = runChild(serveForever(project))
  const { pid } = await line()
  child.kill("SIGKILL")
  await once(child, "exit")
  const server = await start(project)
  expect(isGone(pid)).toBe(true)
  expect(await query(server, "select count(*)::int as n from kept")).toEqual([{ n: 1000 }])
})

test.runIf(onLinux)(
  "an orphan postmaster, whose watcher was killed too, is ended by the next start",
  { timeout },
  async () => {
    const project = await makeProject()
    const { child, line } = runChild(serveForever(project))
    const { pid } = await line()
    for (const watcher of groupMembers(pid).filter((member) => member !== pid))
      process.kill(watcher, "SIGKILL")
    child.kill("SIGKILL")
    await once(child, "exit")
    await sleep(200)
    expect(isGone(pid)).toBe(false)
    const neighbour = await start(project, { ephemeral: true })
    const server = await start(project)
    expect(isGone(pid)).toBe(true)
    await query(neighbour, "select 1")
    expect(await query(server, "select count(*)::int as n from kept")).toEqual([{ n: 1000 }])
  },
)

test("PostgreSQL itself is killed while a client computes: the next start ends the backend and recovers", {
  timeout,
}, async () => {
  const project = await makeProject()
  const first = await start(project, { settings: { statement_timeout: "20s" } })
  await query(first, "create table kept as select 1 as n")
  const busy = query(
    first,
    "select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b",
  ).catch(() => "cut")
  await sleep(200)
  process.kill(first.pid, "SIGKILL")
  await first.stop()
  const second = await start(project)
  expect(await busy).toBe("cut")
  expect(await query(second, "select n from kept")).toEqual([{ n: 1 }])
})

test("killed in the middle of initdb, it begins anew", { timeout }, async () => {
  const project = await makeProject()
  const directory = join(project, ".undercroft")
  const { child, line } = runChild(
    `await startEmbedded({ directory: ${JSON.stringify(directory)}, onProgress: print })`,
  )
  while (!(await line<string>()).startsWith("Creating"));
  await sleep(100)
  child.kill("SIGKILL")
  await once(child, "exit")
  expect(existsSync(join(directory, "postgres-data"))).toBe(false)
  const server = await start(project)
  await query(server, "select 1")
  const scratches = () => readdirSync(directory).filter((name) => name.includes(".new"))
  await until(() => scratches().every((name) => !existsSync(join(directory, name, "data"))))
  await server.stop()
  await start(project)
  expect(scratches()).toEqual([])
})

test("a live predecessor is refused by its process id, and left alone", { timeout }, async () => {
  const project = await makeProject()
  const { child, line } = runChild(serveForever(project))
  const { pid } = await line()
  const refusal = { code: "UC506", message: expect.stringContaining(`process ${child.pid}`) }
  await expect(start(project)).rejects.toMatchObject(refusal)
  expect(isGone(pid)).toBe(false)
})

test("the same process is refused a second start, and may start again after stop", { timeout }, async () => {
  const project = await makeProject()
  const first = await start(project)
  await expect(start(project)).rejects.toMatchObject({ code: "UC506" })
  await query(first, "select 1")
  await first.stop()
  await first.stop()
  await query(await start(project), "select 1")
})

test("process ids of the dead that live again as others lock nobody out, and those are left alone", {
  timeout,
}, async () => {
  const project = await makeProject()
  const first = await start(project)
  const [path = ""] = lockFiles(project)
  const lock = JSON.parse(await readFile(path, "utf8"))
  await first.stop()
  const bystander = spawn("sleep", ["60"], { ...(asRoot ? nobody : {}) })
  cleanups.push(async () => bystander.kill("SIGKILL"))
  await once(bystander, "spawn")
  await writeFile(path, JSON.stringify({ ...lock, pid: bystander.pid }))
  const pidFile = join(project, ".undercroft", "postgres-data", "postmaster.pid")
  await writeFile(pidFile, `${bystander.pid}\n/elsewhere\n0\n5432\n`)
  await query(await start(project), "select 1")
  expect(bystander.exitCode ?? bystander.signalCode).toBe(null)
})

test("servers of two directories run side by side", { timeout }, async () => {
  const [one, two] = await Promise.all([
    makeProject().then((project) => start(project)),
    makeProject().then((project) => start(project)),
  ])
  await query(one, "create table here as select 1 as n")
  expect(await query(two, "select to_regclass('here') as here")).toEqual([{ here: null }])
  expect(one.pid).not.toBe(two.pid)
})

test("an ephemeral server leaves nothing behind, neither after stop nor after a kill", {
  timeout,
}, async () => {
  const project = await makeProject()
  const server = await start(project, { ephemeral: true })
  const home = join(server.host, "..")
  await query(server, "select 1")
  await server.stop()
  expect([isGone(server.pid), existsSync(home), await readdir(project)]).toEqual([true, false, []])

  const { child, line } = runChild(
    `const server = await startEmbedded({ directory: ${JSON.stringify(project)}, ephemeral: true })
     print({ pid: server.pid, host: server.host })
     setInterval(() => {}, 1000)`,
  )
  const { pid, host } = await line()
  expect(existsSync(host)).toBe(true)
  child.kill("SIGKILL")
  await until(() => isGone(pid) && !existsSync(join(host, "..")))
  expect(await readdir(project)).toEqual([])
})

test("a server does not keep its process alive", { timeout }, async () => {
  const project = await makeProject()
  const { child, line } = runChild(
    `const server = await startEmbedded({ directory: ${JSON.stringify(join(project, ".undercroft"))} })
     print({ pid: server.pid })`,
  )
  const { pid } = await line()
  expect(await once(child, "exit")).toEqual([0, null])
  await until(() => isGone(pid))
})

test("a path too long for a socket gets a short private directory, which does not stay", {
  timeout,
}, async () => {
  const project = await makeProject()
  const long = join(project, "long".repeat(20))
  const server = await startEmbedded({ directory: join(long, ".undercroft") })
  cleanups.push(() => server.stop())
  expect(server.host).toMatch(/^\/tmp\/undercroft-[0-9a-f]{16}$/)
  expect((await stat(server.host)).mode & 0o777).toBe(0o700)
  await query(server, "select 1")
  await server.stop()
  expect(existsSync(server.host)).toBe(false)
})

test("settings are passed on; a wrong one is named, and leaves no lock", { timeout }, async () => {
  const project = await makeProject()
  const server = await start(project, { settings: { work_mem: "12MB", port: "1" } })
  expect(await query(server, "show work_mem")).toEqual([{ work_mem: "12MB" }])
  await server.stop()
  const wrong = start(project, { settings: { no_such_thing: "1" } })
  await expect(wrong).rejects.toMatchObject({
    code: "UC507",
    message: expect.stringContaining("no_such_thing"),
  })
  expect(lockFiles(project)).toEqual([])
})

test("a lost password file is made anew; a wrong one is named, and never printed", { timeout }, async () => {
  const project = await makeProject()
  const file = join(project, ".undercroft", "postgres.password")
  const first = await start(project)
  await query(first, "create table kept as select 1 as n")
  await first.stop()
  await rm(file)
  const second = await start(project)
  expect(second.password).not.toBe(first.password)
  expect(await query(second, "select n from kept")).toEqual([{ n: 1 }])
  await second.stop()
  await writeFile(file, "wrong-password\n")
  const refused = await start(project).catch((error: Error) => error)
  expect(refused).toMatchObject({ code: "UC509", message: expect.stringContaining(file) })
  expect(JSON.stringify(refused) + String(refused)).not.toContain("wrong-password")
})

test("data of another version of PostgreSQL is refused", { timeout }, async () => {
  const project = await makeProject()
  await (await start(project)).stop()
  await writeFile(join(project, ".undercroft", "postgres-data", "PG_VERSION"), "17\n")
  const refusal = { code: "UC508", message: expect.stringContaining("PostgreSQL 17") }
  await expect(start(project)).rejects.toMatchObject(refusal)
})
