/** The record on its way to a syslog server: every entry, whole and in order, whatever happens to the server or to this process. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest"
import { checkAuditSettings } from "../../src/audit/audit-settings.ts"
import { type Feeder, startFeeds } from "../../src/audit/feed.ts"
import { heldKey, makeKey } from "../../src/audit/signing-key.ts"
import { type SyslogSettings, syslogFeed } from "../../src/audit/syslog-feed.ts"
import { defineBackend } from "../../src/index.ts"
import { openAudit } from "../../src/store/audit-database.ts"
import { startTestBackend, type TestBackend } from "../support/backend.ts"
import { makeCertificate } from "../support/certificate.ts"
import { type SyslogServer, startSyslogServer } from "../support/syslog-server.ts"

const { privateKey, certificate } = makeCertificate()
const key = privateKey.export({ type: "pkcs8", format: "pem" }) as string
const errors: string[] = []
const feeders: Feeder[] = []
let server: SyslogServer | undefined
let backend: TestBackend
/** The one that the definition names; nobody listens there at the start. */
let port: number

beforeAll(async () => {
  const origin = "undercroft/logged"
  const free = await startSyslogServer()
  await free.stop()
  const syslog = { host: "127.0.0.1", port: free.port, tls: false }
  port = free.port
  backend = await startTestBackend(
    defineBackend({
      name: "logged",
      model: [],
      audit: { privateHosts: ["127.0.0.1"], sealEveryMs: 3_600_000, syslog },
    }),
    { audit: { keys: heldKey(makeKey(), origin), anchors: [] } },
  )
  await addEntries(1200)
})
afterEach(async () => {
  for (const one of feeders.splice(0)) await one.stop()
  await server?.stop()
  server = undefined
  errors.length = 0
  await backend.sql("delete from audit.delivery")
})
afterAll(() => backend?.stop())

async function addEntries(count: number): Promise<void> {
  await backend.sql(
    "insert into audit.pending (kind, actor, door, purpose) select 'read', 'user:x' || n, 'rest', 'ä' || n from generate_series(1, $1) n",
    [count],
  )
  await backend.app.sealer!.sealNow()
}

/** Another process, as far as the record knows. */
async function feeder(settings: Partial<SyslogSettings>, privateHosts = ["127.0.0.1"]): Promise<Feeder> {
  const one = startFeeds({
    database: openAudit(backend.adminUrl),
    feeds: [syslogFeed({ host: "127.0.0.1", ...settings }, { product: "logged", privateHosts })],
    everyMs: 3_600_000,
    tell: ({ code, message }) => errors.push(`${code} ${message}`),
  })
  feeders.push(one)
  await one.feedNow()
  return one
}

const dueAgain = (): Promise<unknown> => backend.sql("update audit.delivery set next_at = clock_timestamp()")
const positionsOf = (messages: readonly string[]): number[] =>
  messages.map((one) => Number(/\[meta sequenceId="(\d+)"\]/.exec(one)?.[1]))
const sealed = async (): Promise<number[]> => {
  const [{ size }] = await backend.sql("select max(position)::integer as size from audit.entry")
  return Array.from({ length: size }, (_, at) => at + 1)
}

test("TR-03161-3 Arch_11: a server gets every entry once, in order, over TCP, and another process goes on with what is new", async () => {
  server = await startSyslogServer()
  const settings = { port: server.port, tls: false }
  await feeder(settings)
  expect(positionsOf(server.messages)).toEqual(await sealed())
  await addEntries(3)
  await feeder(settings)
  expect(positionsOf(server.messages)).toEqual(await sealed())
  expect(server.messages.at(-1)).toMatch(
    /^<110>1 \S+Z \S+ logged - read \[origin .* suser=user:x\d .*cs4=ä\d /,
  )
  // That it begins is an entry.
  const exports = await backend.sql(
    "select actor, detail from audit.pending where kind = 'export' union all select actor, detail from audit.entry where kind = 'export'",
  )
  expect(exports).toContainEqual({
    actor: "system:audit",
    detail: { export: `syslog 127.0.0.1:${server.port}`, after: 0 },
  })
})

test("a backend whose syslog server was away at the start hands everything on when it is there", async () => {
  server = await startSyslogServer({ port })
  await backend.app.feeder!.feedNow()
  expect(positionsOf(server.messages)).toEqual(await sealed())
})

test("over TLS the server is who the settings say; a message of 300,000 bytes with line ends is whole, as OCSF", async () => {
  const words = `${"x".repeat(300_000)}\n12 <34>1 forged\n`
  await backend.sql(
    "insert into audit.pending (kind, actor, door, purpose) values ('read', 'user:y', 'rest', $1)",
    [words],
  )
  await backend.app.sealer!.sealNow()
  server = await startSyslogServer({ tls: { key, cert: certificate } })
  const at = server.port
  // Nobody whom Node knows signed it; and it is somebody else's.
  await feeder({ port: at })
  await dueAgain()
  await feeder({ port: at, tls: { ca: certificate } })
  expect(server.messages).toEqual([])
  expect(errors).toEqual([expect.stringMatching(/^UC922 .*SELF_SIGNED/)])
  await dueAgain()
  await feeder({ port: at, tls: { ca: certificate, servername: "test" }, format: "ocsf" })
  expect(positionsOf(server.messages)).toEqual(await sealed())
  const { unmapped } = JSON.parse(server.messages.at(-1)!.replace(/^.*?\] (?={)/, ""))
  expect(unmapped.purpose).toBe(words)
})

test("a server that is away, or that is lost in the midst of a page, loses nothing", async () => {
  server = await startSyslogServer()
  const settings = { port: server.port, tls: false }
  server.resets = [0, 40_000, 1]
  const messages: string[] = []
  const failures: number[] = []
  for (let at = 0; at < 4; at++) {
    if (at === 2) {
      messages.push(...server.messages)
      await server.stop()
    }
    await feeder(settings)
    failures.push((await backend.sql("select failures from audit.delivery"))[0].failures)
    await dueAgain()
    if (at === 2) {
      server = await startSyslogServer({ port: settings.port })
      await addEntries(2)
    }
  }
  // Each loss was noticed.
  expect(failures).toEqual([1, 2, 3, 0])
  messages.push(...server.messages)
  const positions = positionsOf(messages)
  expect([...new Set(positions)]).toEqual(await sealed())
  // An outage is told once; until it is over others don't come.
  expect(errors).toEqual([expect.stringMatching(/^UC922 /)])
})

test("CVE-2026-35409: nothing goes into a private network, or in the clear, unless its host was named", async () => {
  server = await startSyslogServer()
  for (const host of ["127.0.0.1", "localhost"]) {
    await feeder({ host, port: server.port }, [])
    await dueAgain()
  }
  expect(errors).toEqual(Array(2).fill(expect.stringMatching(/privateHosts/)))
  const bad: readonly SyslogSettings[] = [
    { host: "logs.example.org", tls: false },
    { host: "https://logs.example.org" },
    { host: "" },
    { host: "logs.example.org", port: 0 },
    { host: "logs.example.org", format: "leef" as never },
  ]
  for (const syslog of bad)
    expect(() => checkAuditSettings({ syslog }), JSON.stringify(syslog)).toThrow(
      expect.objectContaining({ code: "UC970" }),
    )
  expect(server.messages).toEqual([])
})
