/**
 * Has sqlmap attack a backend of every kind of field, on loopback: `node --conditions=undercroft-source tools/sqlmap.ts`.
 * It must find the hole that is planted first, and none after it. Needs sqlmap (`apt-get install sqlmap`).
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pg from "pg"
import { startApp } from "../src/app.ts"
import { signToken } from "../src/auth/jwt-sign.ts"
import { startEmbedded } from "../src/store/embedded.ts"
import { hostileBackend, ids, keeper } from "../test/hostile/hostile-model.ts"
import { readOptions } from "./tool-options.ts"

const options = readOptions(
  "Has sqlmap attack a backend of every kind of field, on loopback. Needs sqlmap.",
  {
    level: ["2", "sqlmap's level"],
    risk: ["2", "sqlmap's risk"],
    seconds: ["120", "the longest for each target"],
    only: ["", "targets whose name contains this"],
  },
)
const secret = "a secret of at least thirty-two bytes"

interface Target {
  readonly name: string
  /** With an asterisk where sqlmap puts its texts. */
  readonly path: string
  readonly method?: string
  readonly body?: string
  readonly header?: string
}

const targets: readonly Target[] = [
  { name: "filter of a text", path: "/rest/things?title=eq.a*" },
  { name: "filter of a number", path: "/rest/things?whole=eq.7*" },
  { name: "filter of a list", path: "/rest/things?title=in.(a,b*)" },
  { name: "filter of an array", path: "/rest/things?texts=cs.{a*}" },
  { name: "filter of a range", path: "/rest/things?days=ov.[2026-01-01,2026-02-01)*" },
  { name: "filter of JSON", path: "/rest/things?doc=cs.{}*" },
  { name: "pattern", path: "/rest/things?title=ilike.a*" },
  { name: "regular expression", path: "/rest/things?title=match.a*" },
  { name: "search", path: "/rest/things?title=fts(english).a*" },
  { name: "search configuration", path: "/rest/things?title=fts(english*).a" },
  { name: "operator", path: "/rest/things?title=eq*.a" },
  { name: "name of a field", path: "/rest/things?title*=eq.a" },
  { name: "step into JSON", path: "/rest/things?doc->>word*=eq.a" },
  { name: "logic", path: "/rest/things?or=(title.eq.a*,id.is.null)" },
  { name: "select", path: "/rest/things?select=title*" },
  { name: "alias", path: "/rest/things?select=x*:title" },
  { name: "cast", path: "/rest/things?select=title::text*" },
  { name: "aggregate", path: "/rest/things?select=whole.sum*()" },
  { name: "step into JSON, selected", path: "/rest/things?select=doc->>word*" },
  { name: "embed", path: "/rest/things?select=home*(name)" },
  { name: "hint of an embed", path: "/rest/things?select=homes!home*(name)" },
  { name: "field of an embed", path: "/rest/things?select=home(name*)" },
  { name: "order", path: "/rest/things?order=title*" },
  { name: "direction", path: "/rest/things?order=title.desc*" },
  { name: "limit", path: "/rest/things?limit=5*" },
  { name: "offset", path: "/rest/things?offset=0*" },
  { name: "collection", path: "/rest/things*" },
  { name: "text in a body", path: "/rest/tags", method: "POST", body: '{"word":"a*"}' },
  { name: "number in a body", path: `/rest/things?id=eq.${ids.home}`, method: "PATCH", body: '{"whole":7*}' },
  { name: "key of a body", path: `/rest/things?id=eq.${ids.home}`, method: "PATCH", body: '{"plain*":"a"}' },
  { name: "columns", path: "/rest/tags?columns=word*", method: "POST", body: '{"word":"a"}' },
  {
    name: "on_conflict",
    path: "/rest/tags?on_conflict=word*",
    method: "POST",
    body: '{"word":"a"}',
    header: "Prefer: resolution=merge-duplicates",
  },
  { name: "Prefer", path: "/rest/things?limit=1", header: "Prefer: count=exact*" },
  { name: "Accept", path: "/rest/things?limit=1", header: "Accept: application/json*" },
]

const planted: Target = { name: "the planted hole", path: "/planted?title=a*" }

type Finding = "injectable" | "not injectable" | "not finished" | "not understood"

/** One run of sqlmap, with what it says. */
async function attack(
  target: Target,
  url: string,
  token: string,
  output: string,
): Promise<{ finding: Finding; said: string; requests: number }> {
  const parts = [
    ["-u", url + target.path],
    ["--batch"],
    ["--disable-coloring"],
    ["--flush-session"],
    ["--output-dir", output],
    ["--level", options.level],
    ["--risk", options.risk],
    ["--dbms", "PostgreSQL"],
    ["--threads", "4"],
    ["--time-sec", "2"],
    ["--timeout", "10"],
    ["--retries", "0"],
    ["--ignore-code", "*"],
    ["--skip-waf"],
    ["-v", "1"],
    [
      "--headers",
      [
        `Authorization: Bearer ${token}`,
        "Content-Type: application/json",
        ...(target.header ? [target.header] : []),
      ].join("\n"),
    ],
    ...(target.method ? [["--method", target.method]] : []),
    ...(target.body ? [["--data", target.body]] : []),
  ]
  const child = spawn("sqlmap", parts.flat(), { stdio: ["ignore", "pipe", "pipe"] })
  let said = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += String(chunk)))
  const timer = setTimeout(() => child.kill("SIGKILL"), Number(options.seconds) * 1000)
  const [, signal] = (await once(child, "close")) as [number | null, string | null]
  clearTimeout(timer)
  const requests = [...said.matchAll(/- (\d+) times/g)].reduce((sum, one) => sum + Number(one[1]), 0)
  return { finding: judge(said, signal !== null), said, requests }
}

function judge(said: string, wasCut: boolean): Finding {
  if (
    /sqlmap identified the following injection point|is vulnerable|appears to be .*injectable(?! \(with)/.test(
      said,
    ) &&
    !/do(?:es)? not appear to be injectable|false positive or unexploitable/.test(said)
  )
    return "injectable"
  if (
    /all tested parameters do not appear to be injectable|does not seem to be injectable|false positive/.test(
      said,
    )
  )
    return "not injectable"
  return wasCut ? "not finished" : "not understood"
}

/** A route that puts what it is given into SQL: if sqlmap does not find it, it finds nothing. */
async function startPlanted(databaseUrl: string): Promise<{ url: string; close: () => void }> {
  const pool = new pg.Pool({ connectionString: databaseUrl })
  const server = createServer(async (request, response) => {
    const title = new URL(request.url ?? "/", "http://x").searchParams.get("title") ?? ""
    try {
      const { rows } = await pool.query(`select id, title from app.things where title = '${title}'`)
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(rows))
    } catch {
      response.writeHead(400, { "content-type": "application/json" }).end('{"code":"400"}')
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      server.closeAllConnections()
      void pool.end()
    },
  }
}

const postgres = await startEmbedded({ directory: "", ephemeral: true })
const output = await mkdtemp(join(tmpdir(), "undercroft-sqlmap-"))
const errors: string[] = []
const app = await startApp(hostileBackend, {
  host: "127.0.0.1",
  port: 0,
  directory: "",
  databaseUrl: postgres.url,
  seed: true,
  issuers: [{ secret }],
  onError: (error) =>
    errors.push(`${error.code} ${String((error.cause as Error)?.message ?? error.message)}`),
})
const hole = await startPlanted(postgres.url)
const token = await signToken(
  { sub: keeper.id, roles: [...keeper.roles] },
  { secret, expiresInSeconds: 86_400 },
)
let isBad = false
let sent = 0
try {
  const found = await attack(planted, hole.url, token, output)
  console.log(`${planted.name.padEnd(28)} ${found.finding}`)
  if (found.finding !== "injectable") {
    isBad = true
    console.log(found.said.slice(-2000))
  }
  for (const target of targets.filter((one) => one.name.includes(options.only))) {
    const { finding, said, requests } = await attack(target, app.url, token, output)
    sent += requests
    console.log(`${target.name.padEnd(28)} ${finding}`)
    if (finding === "injectable" || finding === "not understood") {
      isBad = true
      console.log(said.slice(-1500))
    }
  }
} finally {
  hole.close()
  await app.stop()
  await postgres.stop()
  await rm(output, { recursive: true, force: true })
}
console.log(`errors of the server: ${errors.length}`)
for (const error of new Set(errors)) console.log(`  ${error}`)
console.log(
  isBad
    ? "sqlmap found something, or could not look."
    : `sqlmap found nothing; ${sent} of its requests were refused.`,
)
process.exitCode = isBad || errors.length > 0 ? 1 : 0
