/** A sealed record to tamper with: some hundred entries of every shape in batches of different sizes, with an anchor. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pg from "pg"
import { openAnchorFile } from "../../src/audit/anchored-heads.ts"
import { fileAnchor } from "../../src/audit/file-anchor.ts"
import { sealBatch } from "../../src/audit/seal-batch.ts"
import {
  heldKey,
  type KeyHolder,
  makeKey,
  readSigningKey,
  type SigningKey,
} from "../../src/audit/signing-key.ts"
import { type Declared, type Verdict, verifyRecord } from "../../src/audit/verify-record.ts"
import { roleNames } from "../../src/sql/roles.ts"
import { loginUrl } from "../../src/store/api-login.ts"
import { openAudit, readerOver } from "../../src/store/audit-database.ts"
import type { Random } from "./random.ts"

export const origin = "undercroft/tampered"

export interface TestRecord {
  /** A superuser. */
  readonly admin: pg.Client
  readonly auditUrl: string
  readonly anchorPath: string
  readonly keys: KeyHolder
  readonly signing: SigningKey
  /** Seals all that waits, and anchors the head. */
  seal(): Promise<void>
  /** Verifies what `admin` sees now, in its transaction. */
  verify(declared?: Declared): Promise<Verdict>
  close(): Promise<void>
}

/** On a database that was prepared; `batches` of one to nine entries each. */
export async function makeRecord(adminUrl: string, random: Random, batches: number): Promise<TestRecord> {
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  await admin.query("set search_path = pg_catalog; set timezone = 'UTC'")
  const database = new URL(adminUrl).pathname.slice(1)
  const auditUrl = loginUrl(adminUrl, database, roleNames(database).audit)
  const folder = await mkdtemp(join(tmpdir(), "undercroft-record-"))
  const anchorPath = join(folder, "anchor.jsonl")
  const anchor = fileAnchor(anchorPath)
  const pem = makeKey()
  const keys = heldKey(pem, origin)
  const sealer = openAudit(auditUrl)
  const record: TestRecord = {
    admin,
    auditUrl,
    anchorPath,
    keys,
    signing: readSigningKey(pem, origin),
    async seal() {
      for (;;) {
        const { head, isMore } = await sealBatch(sealer, { keys })
        if (head) await anchor.put(head)
        if (!isMore) return
      }
    },
    verify: async (declared) =>
      verifyRecord({
        reader: readerOver(admin),
        anchored: await openAnchorFile(anchorPath),
        keys: [],
        ...(declared ? { declared } : {}),
      }),
    async close() {
      await sealer.close()
      await admin.end()
      await rm(folder, { recursive: true, force: true })
    },
  }
  for (let batch = 0; batch < batches; batch++) {
    for (let count = 1 + random.below(9); count > 0; count--) await addEntry(admin, random)
    await record.seal()
  }
  return record
}

/** Makes an entry wait, of one of the shapes that there are. */
export async function addEntry(client: pg.Client, random: Random): Promise<void> {
  const person = `Patient:${1 + random.below(5)}`
  const isWrite = random.below(2) === 0
  const shape = random.below(4)
  await client.query(
    `insert into audit.pending (kind, actor, door, roles, request, entity, rows, subjects, fields, question, detail, personal)
     values ($1, $2, $3, $4, $5, 'Patient', $6, $7, $8, $9, $10, $11)`,
    [
      isWrite ? "update" : "read",
      random.pick(["user:ann", "user:bob", "anonymous", "database:postgres"]),
      random.pick(["rest", "graphql", "rpc", "database"]),
      shape === 0 ? [] : ["nurse"],
      shape === 1 ? null : `request-${random.below(1e6)}`,
      [String(random.below(100))],
      shape === 2 ? [person, "Patient:9", person] : [person],
      shape === 3 ? null : ["name", "größe"],
      isWrite ? null : { filter: { "born.gt": "?" }, limit: random.below(50) },
      isWrite ? { before: { room: 1.5 }, after: { room: 2.0 } } : null,
      isWrite ? { before: { name: "Käthe" }, after: { name: `Käthe ${random.below(1000)}` } } : null,
    ],
  )
}
