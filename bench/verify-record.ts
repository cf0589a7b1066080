/** How much memory does verification take? `node --conditions=undercroft-source bench/verify-record.ts [--entries 1000000]` seals entries and prints what verifying them takes. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pg from "pg"
import { startApp } from "../src/app.ts"
import { openAnchorFile } from "../src/audit/anchored-heads.ts"
import { fileAnchor } from "../src/audit/file-anchor.ts"
import { sealBatch } from "../src/audit/seal-batch.ts"
import { heldKey, makeKey } from "../src/audit/signing-key.ts"
import { verifyRecord } from "../src/audit/verify-record.ts"
import { defineBackend } from "../src/index.ts"
import { openAudit, readAudit } from "../src/store/audit-database.ts"
import { readOptions } from "../tools/tool-options.ts"

const { entries } = readOptions("Seals entries, verifies them, and prints the rate and the memory of both.", {
  entries: [1_000_000, "how many"],
})
const atOnce = 50_000
const origin = "undercroft/many"

const app = await startApp(defineBackend({ name: "many", model: [] }), {
  host: "127.0.0.1",
  port: 0,
  directory: "",
  ephemeral: true,
})
const folder = await mkdtemp(join(tmpdir(), "undercroft-many-"))
const anchorPath = join(folder, "anchor.jsonl")
const keys = heldKey(makeKey(), origin)
const client = new pg.Client({ connectionString: app.adminUrl })
const database = openAudit(app.adminUrl)
try {
  await client.connect()
  const sealing = await sealMany()
  console.log(`sealed ${entries} entries: ${Math.round(entries / sealing)} entries/s`)
  await verifyMany()
} finally {
  await database.close()
  await client.end()
  await app.stop()
  await rm(folder, { recursive: true, force: true })
}

/** Every second entry has personal values, each tells of a person. Gives the seconds that sealing took. */
async function sealMany(): Promise<number> {
  let ms = 0
  for (let done = 0; done < entries; done += atOnce) {
    await client.query(
      `insert into audit.pending (kind, actor, door, request, entity, rows, subjects, fields, detail, personal)
       select 'update', 'user:' || n % 500, 'rest', gen_random_uuid(), 'Patient', array[n::text], array['Patient:' || n % 10000], '{name,room}',
         '{"before": {"room": 1}, "after": {"room": 2}}', case when n % 2 = 0 then '{"before": {"name": "Ann"}, "after": {"name": "Anna"}}'::jsonb end
       from generate_series($1::integer, $2::integer) n`,
      [done + 1, Math.min(entries, done + atOnce)],
    )
    const begun = performance.now()
    for (let isMore = true; isMore; ) {
      const { head, isMore: more } = await sealBatch(database, { keys })
      if (head) await fileAnchor(anchorPath).put(head)
      isMore = more
    }
    ms += performance.now() - begun
  }
  return ms / 1000
}

async function verifyMany(): Promise<void> {
  const reader = await readAudit(app.adminUrl)
  const begun = performance.now()
  let next = entries / 10
  const tell = (count: number): void => {
    if (count < next) return
    next += entries / 10
    const { rss, heapUsed } = process.memoryUsage()
    console.log(
      `${String(count).padStart(9)} entries  ${((performance.now() - begun) / 1000).toFixed(1)} s  RSS ${Math.round(rss / 1e6)} MB  heap ${Math.round(heapUsed / 1e6)} MB`,
    )
  }
  const verdict = await verifyRecord({
    reader,
    anchored: await openAnchorFile(anchorPath),
    keys: [],
    onProgress: tell,
  })
  const seconds = (performance.now() - begun) / 1000
  await reader.close()
  console.log(
    `${verdict.intact ? "intact" : `not intact: ${verdict.bad?.what}`}, ${verdict.size} entries in ${seconds.toFixed(1)} s: ${Math.round(verdict.size / seconds)} entries/s`,
  )
  if (!verdict.intact) process.exitCode = 1
}
