/** `npm run audit:kill -- --rounds 20 --seed 1`: kills server and PostgreSQL in the midst of writes, then holds rows and record to each other. */
import { fork } from "node:child_process"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { Ledger } from "../../test/crash/ledger.ts"
import { runSql } from "../../test/support/backend.ts"
import { randomFrom } from "../tamper/random.ts"
import { readOptions } from "../tool-options.ts"
import { checkRecord } from "./check-record.ts"

const { rounds, seed } = readOptions(
  "Kills server and PostgreSQL in the midst of writes, then holds rows and entries of the record to each other.",
  { rounds: [20, "times that something is killed"], seed: [1, "where the randomness starts"] },
)
const random = randomFrom(seed)
const directory = await mkdtemp(join(tmpdir(), "undercroft-kill-"))
const homes = new Set<string>()

interface Server {
  readonly url: string
  readonly adminUrl: string
  /** Where its PostgreSQL lies. */
  readonly home: string
  end(how: "kill" | "stop"): Promise<void>
}

async function start(): Promise<Server> {
  const child = fork(fileURLToPath(new URL("server.ts", import.meta.url)), [directory], {
    execArgv: ["--conditions=undercroft-source"],
  })
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  const { url, adminUrl } = await new Promise<{ url: string; adminUrl: string }>((resolve, reject) => {
    child.on("message", (message) => {
      if ((message as { url?: string }).url) resolve(message as { url: string; adminUrl: string })
    })
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)))
  })
  const [row] = await runSql(adminUrl, "show data_directory")
  const home = dirname(row.data_directory)
  homes.add(home)
  return {
    url,
    adminUrl,
    home,
    async end(how) {
      if (how === "kill") child.kill("SIGKILL")
      else child.send("stop")
      await ended
    },
  }
}

const strikes = ["the server", "PostgreSQL", "a connection", "both"] as const

async function strike(what: (typeof strikes)[number], { home, adminUrl, end }: Server): Promise<void> {
  const killPostgres = async (): Promise<void> => {
    const text = await readFile(join(home, "postgres-data", "postmaster.pid"), "utf8")
    process.kill(Number.parseInt(text, 10), "SIGKILL")
  }
  if (what === "a connection") {
    const found = await runSql(
      adminUrl,
      "select pid from pg_stat_activity where application_name in ('undercroft', 'undercroft audit') order by random() limit 1",
    )
    if (found[0]) process.kill(found[0].pid, "SIGKILL")
    return
  }
  if (what !== "the server") await killPostgres()
  if (what !== "PostgreSQL") await end("kill")
}

async function untilServed(url: string): Promise<void> {
  for (let left = 600; left > 0; left--) {
    const answer = await fetch(`${url}/rest/counters?limit=1`).catch(() => null)
    if (answer?.status === 200) return
    await sleep(50)
  }
  throw new Error("it serves no more")
}

let [alarms, wrongs] = [0, 0]
let server = await start()
const ledger = new Ledger()
try {
  for (let round = 1; round <= rounds; round++) {
    const what = random.pick(strikes)
    let isOver = false
    const writers = [1, 2, 3, 4].map(() =>
      ledger.write(
        () => server.url,
        () => isOver,
      ),
    )
    await sleep(100 + random.below(500))
    await strike(what, server)
    const isServerGone = what === "the server" || what === "both"
    if (isServerGone) isOver = true
    else await untilServed(server.url)
    isOver = true
    await Promise.all(writers)
    if (isServerGone) server = await start()
    await untilServed(server.url)
    const check = await checkRecord(server.adminUrl, join(directory, "anchor.jsonl"))
    const lost = await ledger.check(server.adminUrl)
    for (const one of [...check.wrongs, ...lost].slice(0, 5)) console.log(`  ${one}`)
    if (check.alarm) console.log(`  a false alarm: ${check.alarm}`)
    wrongs += check.wrongs.length + lost.length
    alarms += check.alarm ? 1 : 0
    console.log(
      `${round} of ${rounds}: ${what} was killed; ${ledger.size} rows acknowledged, ${check.sealed} entries sealed`,
    )
  }
} finally {
  await server.end("stop")
  for (const path of [directory, ...homes]) await rm(path, { recursive: true, force: true })
}
console.log(
  `seed ${seed}: ${rounds} kills, ${wrongs} rows or entries that don't match, ${alarms} false alarms`,
)
if (wrongs + alarms > 0) process.exitCode = 1
