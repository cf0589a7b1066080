/** `npm run erase:many -- --persons 10000 --stay 1000`: erases many people while others write, and holds what is left to what was to go. */
import { randomBytes } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { parseArgs } from "node:util"
import pg from "pg"
import { startApp } from "../../src/app.ts"
import { fileAnchor } from "../../src/audit/file-anchor.ts"
import { heldKey, makeKey } from "../../src/audit/signing-key.ts"
import { openDirectoryStore } from "../../src/keys/directory-store.ts"
import { FieldCiphers } from "../../src/keys/field-ciphers.ts"
import { localKey } from "../../src/keys/key-encryption-key.ts"
import { erasePersons } from "../../src/privacy/erase-many.ts"
import { erasureLedger } from "../../src/privacy/erasure-ledger.ts"
import { leftOf, wrongsOf } from "./check.ts"
import { addTraces, makePeople, peopleBackend } from "./people.ts"
import { secret, startWriters } from "./writers.ts"

const { values } = parseArgs({
  options: {
    persons: { type: "string", default: "10000" },
    stay: { type: "string", default: "1000" },
    answers: { type: "string", default: "20000" },
    rate: { type: "string", default: "20" },
    minutes: { type: "string", default: "60" },
    profile: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
})
if (values.help) {
  console.log(`npm run erase:many -- --persons 10000 --stay 1000 --answers 20000 --rate 20 --minutes 60 --profile
  --persons  how many are erased       --stay   how many others there are
  --answers  kept answers of others    --rate   writes a second meanwhile
  --minutes  when to stop, and to hold what was done until then to what was to be done
  --profile  which tables were read as a whole, and which statements took longest`)
  process.exit(0)
}
const [persons, stays, answers, rate] = [values.persons, values.stay, values.answers, values.rate].map(
  Number,
) as [number, number, number, number]
const directory = await mkdtemp(join(tmpdir(), "undercroft-erase-"))
const people = makePeople(persons + stays)
const [gone, stay] = [people.slice(0, persons), people.slice(persons)]
const store = openDirectoryStore(join(directory, "keys"))
const begun = performance.now()
const app = await startApp(peopleBackend(people), {
  host: "127.0.0.1",
  port: 0,
  directory,
  secret,
  seed: true,
  issuers: [{ secret }],
  keys: { store, kek: localKey(randomBytes(32).toString("base64")) },
  audit: {
    keys: heldKey(makeKey(), "undercroft/erase-many"),
    anchors: [fileAnchor(join(directory, "anchor.jsonl"))],
  },
  onError: ({ code, message }) => console.log(`  told: ${code} ${message}`),
})
const admin = new pg.Client({ connectionString: app.adminUrl })
await admin.connect()
const home = dirname((await admin.query("show data_directory")).rows[0].data_directory)
try {
  await addTraces(app.adminUrl, answers)
  await app.sealer?.sealNow()
  console.log(`${people.length} people with rows, accounts and keys were made in ${seconds(begun)} s`)
  await admin.query("select pg_stat_reset()")
  const work = await startWriters(app.url, { stay, gone }, rate)
  const erasing = {
    adminUrl: app.adminUrl,
    model: app.policies.model,
    ciphers: new FieldCiphers(app.keys!, app.policies.model),
    ledger: erasureLedger(join(directory, "erasures.jsonl")),
    sign: null,
  }
  const times = values.profile ? timeStatements() : new Map<string, { count: number; ms: number }>()
  const start = performance.now()
  let [done, errors, last, lastDone] = [0, 0, start, 0]
  const until = start + Number(values.minutes) * 60_000
  const subjects = gone.map((one) => `user:${one.account}`)
  for await (const { error, note } of erasePersons(erasing, subjects, { by: "erase:many" })) {
    if (error || note === null) errors++
    if (error) console.log(`  ${error.message}`)
    if (++done % 500 === 0) {
      const { rows } = await admin.query("select count(*) n from audit.pending")
      const now = performance.now()
      console.log(
        `${done} of ${persons}: ${((done - lastDone) / ((now - last) / 1000)).toFixed(1)} a second; ${rows[0].n} entries wait to be sealed`,
      )
      ;[last, lastDone] = [now, done]
    }
    if (performance.now() > until) break
  }
  const took = (performance.now() - start) / 1000
  await work.stop()
  const sorted = work.took.toSorted((a, b) => a - b)
  console.log(
    `${done} erased in ${took.toFixed(0)} s (${(done / took).toFixed(1)} a second), ${errors} errors; meanwhile ${work.written} written (${(work.written / took).toFixed(1)} a second, 99 % within ${(sorted[Math.floor(sorted.length * 0.99)] ?? 0).toFixed(0)} ms), ${work.refused} refused for whoever was gone, ${work.failures.length} failed`,
  )
  for (const one of work.failures.slice(0, 5)) console.log(`  ${one}`)
  if (values.profile) await profile(times)
  await app.sealer?.sealNow()
  const erased = gone.slice(0, done)
  const wrongs = [
    ...(await leftOf(admin, erased)),
    ...(await wrongsOf(admin, store, { gone: erased, stay: people.slice(done) })),
  ]
  for (const one of wrongs.slice(0, 20)) console.log(`  ${one}`)
  const lines = (await erasing.ledger.read()).length
  if (lines !== done - errors) wrongs.push(`the ledger has ${lines} lines`)
  console.log(`${wrongs.length} things are not as they should be; the ledger has ${lines} lines`)
  if (wrongs.length + errors + work.failures.length > 0) process.exitCode = 1
} finally {
  await admin.end()
  await app.stop()
  for (const path of [directory, home]) await rm(path, { recursive: true, force: true })
}

function seconds(from: number): string {
  return ((performance.now() - from) / 1000).toFixed(0)
}

/** How long each statement of the erasing connection took, by its text. */
function timeStatements(): Map<string, { count: number; ms: number }> {
  const times = new Map<string, { count: number; ms: number }>()
  const { query } = pg.Client.prototype
  pg.Client.prototype.query = function (this: pg.Client, ...args: any[]): any {
    const begun = performance.now()
    const result = (query as any).apply(this, args)
    const note = async (): Promise<void> => {
      await result.catch(() => undefined)
      const text = String(args[0]?.text ?? args[0])
        .replaceAll(/\s+/g, " ")
        .slice(0, 130)
      const one = times.get(text) ?? { count: 0, ms: 0 }
      times.set(text, { count: one.count + 1, ms: one.ms + performance.now() - begun })
    }
    if (typeof result?.then === "function" && this !== admin) void note()
    return result
  } as never
  return times
}

/** A table that was read as a whole for each person is what makes erasures slower as it grows. */
async function profile(times: ReadonlyMap<string, { count: number; ms: number }>): Promise<void> {
  for (const [text, { count, ms }] of [...times].toSorted((a, b) => b[1].ms - a[1].ms).slice(0, 15))
    console.log(`  ${(ms / 1000).toFixed(1)} s, ${count} times: ${text}`)
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const { rows } = await admin.query(
    "select schemaname || '.' || relname as name, seq_scan as scans, seq_tup_read as rows, n_live_tup as live from pg_stat_user_tables where seq_tup_read > 10000 order by seq_tup_read desc limit 20",
  )
  for (const row of rows)
    console.log(`  ${row.name} (${row.live} rows): read as a whole ${row.scans} times, ${row.rows} rows`)
}
