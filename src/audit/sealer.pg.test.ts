/** Sealing while others write, commit late, compete and are killed: each entry once, in a tree that verifies. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pg from "pg"
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest"
import { createDatabase, runSql, startTestBackend, type TestBackend } from "../../test/support/backend.ts"
import { randomFrom } from "../../tools/tamper/random.ts"
import { addEntry, makeRecord, origin, type TestRecord } from "../../tools/tamper/record.ts"
import { tamperings } from "../../tools/tamper/tamperings.ts"
import { defineBackend } from "../index.ts"
import { openAudit, readAudit, readerOver } from "../store/audit-database.ts"
import { openAnchorFile } from "./anchored-heads.ts"
import { fileAnchor } from "./file-anchor.ts"
import { rotateKey } from "./rotate-key.ts"
import { sealBatch } from "./seal-batch.ts"
import { type Sealer, startSealer } from "./sealer.ts"
import { heldKey, makeKey, readSigningKey } from "./signing-key.ts"
import { type Verdict, verifyRecord } from "./verify-record.ts"

let backend: TestBackend
let record: TestRecord
const started: Sealer[] = []
const random = randomFrom(7)
const errors: string[] = []

beforeAll(async () => {
  backend = await startTestBackend(defineBackend({ name: "sealed", model: [] }))
})
afterAll(() => backend?.stop())
beforeEach(async () => {
  await backend.sql(
    "truncate audit.pending, audit.entry, audit.personal, audit.about, audit.batch, audit.signer",
  )
  record = await makeRecord(backend.adminUrl, random, 0)
  errors.length = 0
})
afterEach(async () => {
  for (const sealer of started.splice(0)) await sealer.stop()
  await record.close()
})

function sealer(everyMs: number, options: Partial<Parameters<typeof startSealer>[0]> = {}): Sealer {
  const one = startSealer({
    database: openAudit(record.auditUrl),
    keys: record.keys,
    anchors: [fileAnchor(record.anchorPath)],
    everyMs,
    tell: (error) => errors.push(error.code),
    ...options,
  })
  started.push(one)
  return one
}

async function verify(): Promise<Verdict> {
  const anchored = await openAnchorFile(record.anchorPath)
  const reader = await readAudit(backend.adminUrl)
  try {
    return await verifyRecord({ reader, anchored, keys: [record.signing.key.text] })
  } finally {
    await reader.close()
  }
}

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: backend.adminUrl })
  await client.connect()
  return client
}

const count = async (table: string): Promise<number> =>
  (await backend.sql(`select count(*)::integer as count from audit.${table}`))[0].count

test("an entry is sealed with all it says; personal values are kept apart, and found by their person", async () => {
  await addEntry(record.admin, random)
  const [before] = await backend.sql("select to_jsonb(p) - 'personal' as row, personal from audit.pending p")
  await sealer(60_000).sealNow()
  const [after] = await backend.sql(
    "select to_jsonb(e) as row, p.content from audit.entry e left join audit.personal p using (position)",
  )
  const said = before.row
  expect(after.row).toMatchObject({ ...said, position: 1 })
  expect(after.content).toEqual(before.personal)
  expect(JSON.stringify(after.row)).not.toContain("Käthe")
  expect(await count("pending")).toBe(0)
  const abouts = await backend.sql("select subject from audit.about where position = 1")
  expect(abouts.map(({ subject }) => subject).toSorted()).toEqual([...new Set(said.subjects)].toSorted())
  expect(await verify()).toMatchObject({ intact: true, size: 1, waiting: 0 })
})

test("what commits late is sealed later, and nothing is passed over", async () => {
  const late = await connect()
  try {
    await late.query("begin")
    await addEntry(late, random)
    for (let at = 0; at < 5; at++) await addEntry(record.admin, random)
    await record.seal()
    expect(await verify()).toMatchObject({ intact: true, size: 5 })
    await late.query("commit")
    await record.seal()
    expect(await verify()).toMatchObject({ intact: true, size: 6, waiting: 0 })
  } finally {
    await late.end()
  }
})

test("several sealers, concurrent writers and killed sealers: every entry once, never a false alarm", async () => {
  await addEntry(record.admin, random)
  await record.seal()
  const written: string[] = [(await backend.sql("select id from audit.entry"))[0].id]
  for (let at = 0; at < 3; at++) sealer(5)
  const write = async (): Promise<void> => {
    const client = await connect()
    for (let at = 0; at < 60; at++) {
      const { rows } = await client.query(
        "insert into audit.pending (kind, actor, door, subjects, personal) values ('read', 'user:ann', 'rest', '{Patient:1}', '{\"a\": 1}') returning id",
      )
      written.push(rows[0].id)
    }
    await client.end()
  }
  const kill = async (): Promise<void> => {
    for (let at = 0; at < 12; at++) {
      await backend.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'undercroft audit' and datname = current_database() order by random() limit 1",
      )
      expect((await verify()).bad).toBeNull()
    }
  }
  await Promise.all([write(), write(), write(), kill()])
  for (const one of started) await one.sealNow()
  for (const one of started) await one.sealNow()
  const ids = await backend.sql("select id from audit.entry order by id")
  expect(ids.map(({ id }) => id)).toEqual(written.toSorted())
  expect(await verify()).toMatchObject({ intact: true, size: 181, waiting: 0, notes: [] })
  // A killed connection is told, and nothing else is.
  expect(errors.filter((code) => code !== "UC552")).toEqual([])
})

test("more than a batch is sealed at once, and a sealer that ends seals what waits", async () => {
  await backend.sql(
    "insert into audit.pending (kind, actor, door) select 'read', 'user:' || n, 'rest' from generate_series(1, 12000) n",
  )
  const one = sealer(60_000)
  await one.sealNow()
  expect(await verify()).toMatchObject({ intact: true, size: 12_000 })
  expect(await count("batch")).toBe(3)
  await addEntry(record.admin, random)
  await started.pop()!.stop()
  expect(await verify()).toMatchObject({ intact: true, size: 12_001, waiting: 0 })
})

test("the sealer goes on from nothing that it did not sign: a changed frontier, a cut tail, another key", async () => {
  for (let at = 0; at < 3; at++) {
    await addEntry(record.admin, random)
    await record.seal()
  }
  await addEntry(record.admin, random)
  const told = async (): Promise<readonly string[]> => {
    errors.length = 0
    await sealer(60_000).sealNow()
    return [...errors]
  }
  await backend.sql("update audit.batch set frontier = frontier || frontier where size = 3")
  expect(await told()).toEqual(["UC551"])
  await backend.sql(
    "update audit.batch set frontier = substr(frontier, 1, length(frontier) / 2) where size = 3",
  )
  await backend.sql(
    "create table audit.away as select * from audit.batch where size = 3; delete from audit.batch where size = 3",
  )
  // The anchor knows better.
  expect(await told()).toEqual(["UC551"])
  await backend.sql("insert into audit.batch select * from audit.away; drop table audit.away")
  errors.length = 0
  await sealer(60_000, { keys: heldKey(makeKey(), origin) }).sealNow()
  expect(errors).toEqual(["UC550"])
  expect(await count("pending")).toBe(1)
  expect(await told()).toEqual([])
  expect(await verify()).toMatchObject({ intact: true, size: 4, waiting: 0 })
})

test("TR-03161-3 Org_3: an anchor that fails is told and on record once, and given the next head", async () => {
  const heads: number[] = []
  let isDown = true
  const anchor = {
    name: "bucket",
    put: async ({ size }: { size: number }) => {
      if (isDown) throw new Error("no route")
      heads.push(size)
    },
  }
  await addEntry(record.admin, random)
  const one = sealer(60_000, { anchors: [anchor] })
  await one.sealNow()
  await one.sealNow()
  expect(errors).toEqual(["UC553"])
  isDown = false
  await one.sealNow()
  await one.sealNow()
  // The second entry tells of the outage.
  expect(heads).toEqual([2])
  const alerts = await backend.sql("select actor, detail from audit.entry where kind = 'alert'")
  const detail = { alert: "anchor", anchor: "bucket", why: "no route" }
  expect(alerts).toEqual([{ actor: "system:audit", detail }])
})

test("an anchor's half line is passed over, and what follows it is read", async () => {
  await addEntry(record.admin, random)
  await record.seal()
  await writeFile(record.anchorPath, (await readFile(record.anchorPath, "utf8")).slice(0, 90))
  await addEntry(record.admin, random)
  await sealer(60_000).sealNow()
  const verdict = await verify()
  expect(verdict).toMatchObject({ intact: true, size: 2 })
  expect(verdict.notes).toEqual(["Line 1 of the anchor was passed over: it can't be read."])
})

test("GDPR Art. 17: erased personal values leave the entry and its proof valid, if the erasure is on record", async () => {
  await record.admin.query(
    `insert into audit.pending (kind, actor, door, subjects, personal) values ('update', 'user:ann', 'rest', '{Patient:1}', '{"after": {"name": "Käthe"}}')`,
  )
  await record.seal()
  await backend.sql("delete from audit.personal")
  expect((await verify()).bad).toMatchObject({
    position: 1,
    what: expect.stringContaining("personal values are gone"),
  })
  await record.admin.query(
    "insert into audit.pending (kind, actor, door, subjects) values ('erase', 'user:ann', 'rest', '{Patient:1}')",
  )
  await record.seal()
  expect(await verify()).toMatchObject({ intact: true, size: 2 })
})

test("what nothing outside was kept of is not shown: a rewrite with the stolen key passes without an anchor", async () => {
  // The canary: were verification to call everything bad, or nothing, one of these two would tell.
  await addEntry(record.admin, random)
  await record.seal()
  await record.admin.query("begin isolation level repeatable read")
  const target = { record, random, batches: [{ first: 1, size: 1 }], size: 1 }
  await tamperings["all rewritten, with the stolen key"]!(target)
  expect((await record.verify()).bad).toMatchObject({ position: 1 })
  const blind = await verifyRecord({ reader: readerOver(record.admin), anchored: null, keys: [] })
  expect(blind).toMatchObject({ intact: true, notes: [expect.stringContaining("goes unnoticed")] })
  await record.admin.query("rollback")
})

test("the API role can reach nothing of the record, the sealer's role changes nothing that is sealed", async () => {
  await addEntry(record.admin, random)
  await record.seal()
  const api = new URL(record.auditUrl)
  const roles = (
    await backend.sql("select rolname as name from pg_roles where rolname like current_database() || '\\_%'")
  ).map(({ name }) => name)
  const reach = (await backend.sql(
    `select r.rolname as role, c.relname as table, p as privilege from pg_roles r, pg_class c, unnest(array['SELECT','INSERT','UPDATE','DELETE','TRUNCATE']) p
      where r.rolname = any($1) and c.relnamespace = 'audit'::regnamespace and c.relkind in ('r', 'p') and has_table_privilege(r.oid, c.oid, p)
        and r.rolname not like '%\\_internal' order by 1, 2, 3`,
    [roles],
  )) as { role: string; table: string; privilege: string }[]
  expect(new Set(reach.map(({ role }) => role))).toEqual(new Set([decodeURIComponent(api.username)]))
  expect(reach.map(({ table, privilege }) => `${table} ${privilege}`)).toEqual([
    "about INSERT",
    "batch INSERT",
    "batch SELECT",
    "cosignature INSERT",
    "cosignature SELECT",
    "delivery INSERT",
    "delivery SELECT",
    "delivery UPDATE",
    "entry INSERT",
    "entry SELECT",
    "pending DELETE",
    "pending INSERT",
    "pending SELECT",
    "personal INSERT",
    "signer INSERT",
    "signer SELECT",
    "witnessed INSERT",
    "witnessed SELECT",
    "witnessed UPDATE",
  ])
  for (const text of [
    "update audit.entry set actor = 'x'",
    "delete from audit.entry",
    "truncate audit.batch",
  ])
    await expect(runSql(record.auditUrl, text)).rejects.toMatchObject({ code: "42501" })
})

test("a backend seals by itself, and says where heads go", async () => {
  const database = await createDatabase()
  const folder = await mkdtemp(join(tmpdir(), "undercroft-anchor-"))
  const path = join(folder, "heads.jsonl")
  const audit = { keys: heldKey(makeKey(), origin), anchors: [fileAnchor(path)] }
  const own = await startTestBackend(defineBackend({ name: "own", model: [], audit: { sealEveryMs: 20 } }), {
    databaseUrl: database.url,
    audit,
  })
  try {
    await runSql(
      database.url,
      "insert into audit.pending (kind, actor, door) values ('read', 'user:ann', 'rest')",
    )
    await expect.poll(() => readFile(path, "utf8").catch(() => "")).toContain("checkpoint")
    const [{ partitions }] = await runSql(
      database.url,
      "select count(*)::integer as partitions from pg_inherits where inhparent = 'audit.entry'::regclass",
    )
    expect(partitions).toBe(2)
  } finally {
    await own.stop()
    await database.drop()
    await rm(folder, { recursive: true, force: true })
  }
})

test("a record keeps the name that it was given first, whatever name the key comes under", async () => {
  const pem = makeKey()
  const database = openAudit(record.auditUrl)
  const [first, second, third] = ["0a", "0b", "0c"].map((one) => heldKey(pem, `undercroft/clinic/${one}`))
  for (const keys of [first!, second!]) {
    await addEntry(record.admin, random)
    const { head } = await sealBatch(database, { keys })
    expect(head!.checkpoint).toMatch(/^undercroft\/clinic\/0a\n/)
  }
  const next = (name: string): ReturnType<typeof readSigningKey> => readSigningKey(makeKey(), name)
  const { key } = await rotateKey(database, { keys: third!, next })
  expect(key.name).toBe("undercroft/clinic/0a")
  // Another key is no key of the record, under whichever name.
  await expect(sealBatch(database, { keys: heldKey(makeKey(), key.name) })).rejects.toMatchObject({
    code: "UC550",
  })
  await database.close()
})
