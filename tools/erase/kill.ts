/** `npm run erase:kill -- --rounds 20 --seed 1`: kills erasures at any moment, and holds rows, keys, reports and ledger to one another. */
import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { startApp } from "../../src/app.ts"
import { openDirectoryStore } from "../../src/keys/directory-store.ts"
import { FieldCiphers } from "../../src/keys/field-ciphers.ts"
import { localKey } from "../../src/keys/key-encryption-key.ts"
import { reapplyLedger } from "../../src/privacy/erase.ts"
import { erasureLedger } from "../../src/privacy/erasure-ledger.ts"
import { runSql } from "../../test/support/backend.ts"
import { randomFrom } from "../tamper/random.ts"
import { makePeople, peopleBackend } from "./people.ts"
import { halfOf, lieOf, stateOf } from "./state.ts"

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    help: { type: "boolean", default: false },
  },
})
if (values.help) {
  console.log(
    "npm run erase:kill -- --rounds 20 --seed 1\n  a round erases fifty people and is killed at any moment",
  )
  process.exit(0)
}
const rounds = Number(values.rounds)
const random = randomFrom(Number(values.seed))
const directory = await mkdtemp(join(tmpdir(), "undercroft-erase-kill-"))
const atOnce = 50
const people = makePeople(rounds * atOnce)
const [keys, ledger, kek] = [
  join(directory, "keys"),
  join(directory, "erasures.jsonl"),
  randomBytes(32).toString("base64"),
]
const app = await startApp(peopleBackend(people), {
  host: "127.0.0.1",
  port: 0,
  directory,
  secret: randomBytes(32).toString("hex"),
  seed: true,
  keys: { store: openDirectoryStore(keys), kek: localKey(kek) },
  onError: ({ code, message }) => console.log(`  told: ${code} ${message}`),
})
const home = dirname((await runSql(app.adminUrl, "show data_directory"))[0].data_directory)
const places = { store: openDirectoryStore(keys), ledger }
let [wrong, killed] = [0, 0]
try {
  for (let round = 0; round < rounds; round++) {
    const some = people.slice(round * atOnce, (round + 1) * atOnce)
    const subjects = some.map((one) => `user:${one.account}`)
    const child = spawn(
      process.execPath,
      [
        "--conditions=undercroft-source",
        fileURLToPath(new URL("process.ts", import.meta.url)),
        JSON.stringify({ adminUrl: app.adminUrl, keys, kek, ledger, subjects }),
      ],
      { stdio: ["ignore", "ignore", "inherit"] },
    )
    const ended = once(child, "exit")
    await Promise.race([untilBegun(), ended])
    await Promise.race([sleep(random.below(1500)), ended])
    if (child.exitCode === null && child.kill("SIGKILL")) killed++
    await ended
    const found = await stateOf(app.adminUrl, places, some)
    const { model } = app.policies
    const ciphers = new FieldCiphers(app.keys!, model)
    const parts = { adminUrl: app.adminUrl, model, ciphers, ledger: erasureLedger(ledger), sign: null }
    const again = await reapplyLedger(parts)
    const whole = await stateOf(app.adminUrl, places, some)
    const wrongs = [...found.map(lieOf), ...whole.map(halfOf)].filter((one) => one !== null)
    for (const one of wrongs.slice(0, 5)) console.log(`  ${one}`)
    wrong += wrongs.length
    const erased = whole.filter((one) => !one.isThere).length
    console.log(
      `${round + 1} of ${rounds}: ${erased} of ${atOnce} erased when it was killed, ${again} completed by the ledger`,
    )
  }
} finally {
  await app.stop()
  for (const path of [directory, home]) await rm(path, { recursive: true, force: true })
}
console.log(`seed ${values.seed}: ${killed} kills, ${wrong} people half erased or wrongly reported`)
if (wrong > 0) process.exitCode = 1

/** Loading takes longer than erasing. */
async function untilBegun(): Promise<void> {
  for (let left = 400; left > 0; left--) {
    const [row] = await runSql(
      app.adminUrl,
      "select count(*)::integer as n from pg_stat_activity where application_name = 'undercroft internal'",
    )
    if (row.n > 0) return
    await sleep(25)
  }
}
