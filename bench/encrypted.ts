/** What does encryption cost? 20 rows with two encrypted fields, beside the same rows in the clear: `node --conditions=undercroft-source bench/encrypted.ts --seconds 20`. */
import { randomBytes } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { Agent, request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pg from "pg"
import { anyone, defineBackend, entity, text } from "undercroft"
import { startApp } from "../src/app.ts"
import { openDirectoryStore } from "../src/keys/directory-store.ts"
import { localKey } from "../src/keys/key-encryption-key.ts"
import { startEmbedded } from "../src/store/embedded.ts"
import { readOptions } from "../tools/tool-options.ts"
import { beside } from "./beside.ts"

const rows = 2000
const page = 20
const { seconds, turns } = readOptions(
  "20 rows with two encrypted fields, beside the same rows in the clear.",
  {
    seconds: [10, "of each side"],
    turns: [10, "that the sides take"],
  },
)
const callers = 16

const fields = { name: text().personal(), number: text().personal(), body: text().special() }
const Clear = entity("Clear", { collection: "clear", fields, subject: "id" })
const Sealed = entity("Sealed", {
  collection: "sealed",
  fields: { ...fields, number: fields.number.encrypted({ findable: true }), body: fields.body.encrypted() },
  subject: "id",
})
for (const one of [Clear, Sealed]) one.access(() => ({ read: anyone }))

const idOf = (at: number): string => `018ce7a8-0f00-7000-8000-${String(at).padStart(12, "0")}`

function* seed(): Iterable<readonly [string, Readonly<Record<string, unknown>>]> {
  for (const kind of ["Clear", "Sealed"])
    for (let at = 0; at < rows; at++) {
      const id = idOf(at)
      yield [
        kind,
        { id, name: `name ${at}`, number: `A${at}`, body: `${"a finding of some length ".repeat(8)}${at}` },
      ]
    }
}

/** How many answers came, of `callers` at the same time. */
async function load(url: string, collection: string, milliseconds: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: callers })
  const end = performance.now() + milliseconds
  let count = 0
  const ask = (): Promise<void> =>
    new Promise((done, fail) => {
      const after = idOf(Math.floor(Math.random() * (rows - page)))
      const path = `/rest/${collection}?select=id,name,number,body&id=gte.${after}&order=id&limit=${page}`
      request(url + path, { agent }, (answer) => {
        if (answer.statusCode !== 200) fail(new Error(`status ${answer.statusCode}`))
        answer.resume().once("end", done)
      })
        .once("error", fail)
        .end()
    })
  const work = async (): Promise<void> => {
    for (; performance.now() < end; count++) await ask()
  }
  await Promise.all(Array.from({ length: callers }, work))
  agent.destroy()
  return count
}

const directory = await mkdtemp(join(tmpdir(), "undercroft-bench-keys-"))
const postgres = await startEmbedded({ directory: "", ephemeral: true })
const client = new pg.Client({ connectionString: postgres.url })
await client.connect()
await client.query("create database bench")
await client.end()
const databaseUrl = Object.assign(new URL(postgres.url), { pathname: "/bench" }).href
const app = await startApp(defineBackend({ name: "bench", model: [Clear, Sealed], seed }), {
  host: "127.0.0.1",
  port: 0,
  directory: "",
  databaseUrl,
  seed: true,
  keys: { store: openDirectoryStore(directory), kek: localKey(randomBytes(32).toString("base64")) },
})
try {
  const turn = (collection: string) => (milliseconds: number) => load(app.url, collection, milliseconds)
  const told = await beside(turn("sealed"), turn("clear"), { seconds, turns, postgres: postgres.pid })
  process.stdout.write(`encrypted ${told}\n`)
} finally {
  await app.stop()
  await postgres.stop()
  await rm(directory, { recursive: true })
}
