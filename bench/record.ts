/** What does the record cost? `node --conditions=undercroft-source bench/record.ts [--seconds 3]` puts each question with and without it, side by side. */
import pg from "pg"
import { startApp } from "../src/app.ts"
import { anyone, defineBackend, entity, integer, text } from "../src/index.ts"
import { startEmbedded } from "../src/store/embedded.ts"
import { readOptions } from "../tools/tool-options.ts"
import { beside } from "./beside.ts"

const { seconds, callers, turns, only } = readOptions(
  "What does the record cost? Each question with and without it, side by side.",
  {
    seconds: [3, "of each side of a question"],
    callers: [16, "that each wait for their answer"],
    turns: [10, "that the sides take"],
    only: ["", "questions whose name begins so"],
  },
)

const rowsThere = 2000

/** The same entity, its reads on record or not; of the latter the triggers of writes are taken away below. */
function model(recorded: boolean): ReturnType<typeof defineBackend> {
  const Card = entity("Card", {
    fields: { holder: text().personal(), place: text().internal(), n: integer() },
    indexes: [["n"]],
    subject: "id",
    audit: { reads: recorded },
  })
  Card.access(() => ({ read: anyone, create: anyone, update: anyone }))
  return defineBackend({ name: "record", model: [Card] })
}

interface Question {
  readonly name: string
  readonly method: string
  readonly path: () => string
  readonly body?: () => object
}

const any = (): number => Math.floor(Math.random() * rowsThere)
const id = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`
const questions: readonly Question[] = [
  {
    name: "write",
    method: "POST",
    path: () => "/rest/cards",
    body: () => ({ holder: "somebody", place: "somewhere", n: -1 }),
  },
  {
    name: "change",
    method: "PATCH",
    path: () => `/rest/cards?id=eq.${id(any())}`,
    body: () => ({ place: `place ${any()}` }),
  },
  { name: "read by key", method: "GET", path: () => `/rest/cards?id=eq.${id(any())}` },
  { name: "list of 20", method: "GET", path: () => `/rest/cards?n=gte.${any()}&order=n&limit=20` },
]

/** How many requests were answered. */
async function ask(url: string, { method, path, body }: Question, milliseconds: number): Promise<number> {
  const end = performance.now() + milliseconds
  let answered = 0
  const work = async (): Promise<void> => {
    while (performance.now() < end) {
      const answer = await fetch(url + path(), {
        method,
        ...(body ? { body: JSON.stringify(body()), headers: { "content-type": "application/json" } } : {}),
      })
      await answer.arrayBuffer()
      if (!answer.ok) throw new Error(`${method} ${path()} was answered ${answer.status}`)
      answered++
    }
  }
  await Promise.all(Array.from({ length: callers }, work))
  return answered
}

const server = await startEmbedded({ directory: "", ephemeral: true })
const run = async (url: string, ...texts: readonly string[]): Promise<void> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (const one of texts) await client.query(one)
  await client.end()
}
const start = async (name: string, recorded: boolean): Promise<Awaited<ReturnType<typeof startApp>>> => {
  const url = new URL(server.url)
  await run(server.url, `create database ${name}`)
  url.pathname = `/${name}`
  const app = await startApp(model(recorded), {
    host: "127.0.0.1",
    port: 0,
    directory: "",
    databaseUrl: url.href,
    onError: (error) => console.error(error, error.cause),
  })
  await run(
    url.href,
    ...(recorded ? [] : ["drop trigger undercroft_record on app.cards"]),
    `insert into app.cards (id, holder, place, n) select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'h' || n, 'p' || n, n from generate_series(0, ${rowsThere - 1}) n`,
    "analyze",
  )
  return app
}
const [recorded, plain] = [await start("recorded", true), await start("plain", false)]
for (const commit of ["on", "off"]) {
  await run(server.url, `alter system set synchronous_commit = ${commit}`, "select pg_reload_conf()")
  for (const question of questions.filter(({ name }) => name.startsWith(only))) {
    const turn = (url: string) => (milliseconds: number) => ask(url, question, milliseconds)
    const told = await beside(turn(recorded.url), turn(plain.url), { seconds, turns, postgres: server.pid })
    console.log(`synchronous_commit ${commit.padEnd(4)}${question.name.padEnd(12)}recorded ${told}`)
  }
}
await recorded.stop()
await plain.stop()
await server.stop()
