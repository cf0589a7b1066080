/** `npm run rotate:kill -- --persons 1000 --rate 500 --kills 5`: rotates keys under load, kills the rotation again and again, and looks for what was lost. */
import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import pg from "pg"
import { startApp } from "../../src/app.ts"
import { openDirectoryStore } from "../../src/keys/directory-store.ts"
import { localKey } from "../../src/keys/key-encryption-key.ts"
import { ward } from "../../test/encrypted/ward-backend.ts"
import { randomFrom } from "../tamper/random.ts"
import { keysLeft, valuesLost } from "./check.ts"
import { secret, startTraffic, type Traffic } from "./traffic.ts"

const { values } = parseArgs({
  options: {
    persons: { type: "string", default: "1000" },
    rate: { type: "string", default: "500" },
    kills: { type: "string", default: "5" },
    seed: { type: "string", default: "1" },
    settle: { type: "string", default: "3" },
    help: { type: "boolean", default: false },
  },
})
if (values.help) {
  console.log(`npm run rotate:kill -- --persons 1000 --rate 500 --kills 5 --settle 3 --seed 1
  --persons  people with keys            --rate    rows with encrypted values that are written a second
  --kills    of each of two rotations    --settle  seconds that other nodes are given`)
  process.exit(0)
}
const [persons, rate, kills, settle] = [values.persons, values.rate, values.kills, values.settle].map(
  Number,
) as [number, number, number, number]
const random = randomFrom(Number(values.seed))
const directory = await mkdtemp(join(tmpdir(), "undercroft-rotate-"))
const keys = join(directory, "keys")
const [former, next] = [1, 2].map(() => randomBytes(32).toString("base64")) as [string, string]
const app = await startApp(ward, {
  host: "127.0.0.1",
  port: 0,
  directory,
  issuers: [{ secret }],
  // It knows both, as the documentation says; what it holds it holds for less than the rotation waits.
  keys: {
    store: openDirectoryStore(keys),
    kek: localKey(next),
    former: localKey(former),
    seconds: settle / 2,
  },
  onError: ({ code, message }) => console.log(`  told: ${code} ${message}`),
})
const admin = new pg.Client({ connectionString: app.adminUrl })
await admin.connect()
const home = dirname((await admin.query("show data_directory")).rows[0].data_directory)
let wrongs = 0
try {
  const traffic = await startTraffic(app.url, persons, rate)
  await sleep(2000)
  await rotate("the key-encryption key", traffic, { now: next, before: former })
  await rotate("persons' keys", traffic, { now: next })
  await traffic.stop()
  app.keys?.forget()
  const lost = await valuesLost(traffic)
  for (const one of [...traffic.failures, ...lost].slice(0, 20)) console.log(`  ${one}`)
  wrongs += traffic.failures.length + lost.length
  console.log(
    `${traffic.histories.size + traffic.bodies.size} values were read at the end, ${lost.length} are not what was written; ${traffic.reads} reads meanwhile, ${traffic.failures.length} reads or writes failed`,
  )
} finally {
  await admin.end()
  await app.stop()
  for (const path of [directory, home]) await rm(path, { recursive: true, force: true })
}
if (wrongs > 0) process.exitCode = 1

/** Kills it at any moment of its work, then lets it end. */
async function rotate(what: string, traffic: Traffic, options: object): Promise<void> {
  const [begun, before] = [performance.now(), traffic.written]
  let killed = 0
  for (let left = kills; ; left--) {
    const parts = { adminUrl: app.adminUrl, directory: keys, settleMs: settle * 1000, ...options }
    const child = spawn(
      process.execPath,
      [
        "--conditions=undercroft-source",
        fileURLToPath(new URL("../../test/encrypted/rotate-process.ts", import.meta.url)),
        JSON.stringify(parts),
      ],
      { stdio: ["ignore", "ignore", "inherit"] },
    )
    const ended = once(child, "exit")
    if (left > 0) {
      await Promise.race([sleep(1000 + random.below(1500 * (kills - left + 1))), ended])
      if (child.exitCode === null && child.kill("SIGKILL")) killed++
    }
    const [code] = await ended
    if (code === 0) break
    if (left <= 0) throw new Error(`the rotation ended with ${code}`)
  }
  const seconds = (performance.now() - begun) / 1000
  const { wrongs: left, ...found } = await keysLeft(
    admin,
    app.policies.model,
    openDirectoryStore(keys),
    !("before" in options),
  )
  for (const one of left.slice(0, 10)) console.log(`  ${one}`)
  wrongs += left.length
  console.log(
    `${what}: killed ${killed} times and resumed, done after ${seconds.toFixed(0)} s; ${found.keys} keys and ${found.values} values, ${left.length} not rotated; ${((traffic.written - before) / seconds).toFixed(0)} rows written a second meanwhile`,
  )
}
