/** `npm run tamper -- --times 10000 --clean 1000 --seed 1`: tampers with a record and prints what was found, then seals in peace and counts false alarms. */
import pg from "pg"
import { startApp } from "../../src/app.ts"
import { openAnchorFile } from "../../src/audit/anchored-heads.ts"
import { fileAnchor } from "../../src/audit/file-anchor.ts"
import { startSealer } from "../../src/audit/sealer.ts"
import { verifyRecord } from "../../src/audit/verify-record.ts"
import { defineBackend } from "../../src/index.ts"
import { openAudit, readAudit } from "../../src/store/audit-database.ts"
import { readOptions } from "../tool-options.ts"
import { randomFrom } from "./random.ts"
import { addEntry, makeRecord, type TestRecord } from "./record.ts"
import { tamper } from "./tamper.ts"

const { times, clean, seed, from, batches } = readOptions(
  "Tampers with a sealed record in every way, then seals in peace beside killed sealers: all must be found, with no false alarm.",
  {
    times: [1000, "tamperings"],
    clean: [100, "verifications in peace"],
    seed: [Date.now() % 1_000_000, "where the randomness starts"],
    from: [0, "the first tampering, to see one again"],
    batches: [12, "batches of the record"],
  },
)

const app = await startApp(defineBackend({ name: "tampered", model: [] }), {
  host: "127.0.0.1",
  port: 0,
  directory: "",
  ephemeral: true,
})
const record = await makeRecord(app.adminUrl, randomFrom(seed), batches)
try {
  console.log(`seed ${seed}`)
  await tamperTimes()
  await sealInPeace(record)
} finally {
  await record.close()
  await app.stop()
}

async function tamperTimes(): Promise<void> {
  const { byName, missed, misnamed } = await tamper(record, {
    times,
    from,
    randomOf: (at) => randomFrom(seed * 1_000_003 + at),
    onProgress: (done) => done % 1000 === 0 && console.log(`${done} of ${times}`),
  })
  for (const [name, count] of Object.entries(byName)) console.log(`${String(count).padStart(7)}  ${name}`)
  for (const one of [...missed, ...misnamed].slice(0, 20)) console.log(JSON.stringify(one))
  console.log(
    `${times} tamperings: ${times - missed.length} found, ${missed.length} missed, ${misnamed.length} named another entry`,
  )
  if (missed.length + misnamed.length > 0) process.exitCode = 1
}

/** Writers, competing sealers, one of which is killed, and a verification in the midst of it. */
async function sealInPeace({ auditUrl, keys, anchorPath }: TestRecord): Promise<void> {
  const random = randomFrom(seed)
  const writers = await Promise.all([1, 2, 3].map(() => connect()))
  const admin = await connect()
  let alarms = 0
  const sealers = [1, 2].map(() =>
    startSealer({
      database: openAudit(auditUrl),
      keys,
      anchors: [fileAnchor(anchorPath)],
      everyMs: 3,
      tell: ({ code, message }) => {
        if (code !== "UC552") alarms++
        if (code !== "UC552") console.log(message)
      },
    }),
  )
  for (let at = 0; at < clean; at++) {
    const writing = Promise.all(
      writers.map(async (one) => {
        for (let left = random.below(4); left > 0; left--) await addEntry(one, random)
      }),
    )
    if (random.below(2) === 0)
      await admin.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'undercroft audit' order by random() limit 1",
      )
    const anchored = await openAnchorFile(anchorPath)
    const reader = await readAudit(app.adminUrl)
    const { bad } = await verifyRecord({ reader, anchored, keys: [] })
    await reader.close()
    if (bad) alarms++
    if (bad) console.log(JSON.stringify({ at, bad }))
    await writing
    if ((at + 1) % 100 === 0) console.log(`${at + 1} of ${clean}, ${alarms} false alarms`)
  }
  for (const one of sealers) await one.stop()
  for (const one of [...writers, admin]) await one.end()
  console.log(`${clean} clean runs: ${alarms} false alarms`)
  if (alarms > 0) process.exitCode = 1
}

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: app.adminUrl })
  await client.connect()
  return client
}
