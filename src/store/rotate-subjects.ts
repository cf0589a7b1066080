/**
 * A new key for every person, and their rows encrypted anew, in batches. Killed at any time it goes on where it was; the former
 * versions are there until no value needs them.
 */
import { setTimeout } from "node:timers/promises"
import pg from "pg"
import type { FieldCiphers, PlainValue, StoredValue } from "../keys/field-ciphers.ts"
import type { KeyRecord } from "../keys/key-store.ts"
import { changeMeta } from "../keys/rotate-root.ts"
import { readHead } from "../keys/value-cipher.ts"
import { encryptedFields, linkOf } from "../model/encryption.ts"
import type { EntityInfo, Model } from "../model/model.ts"
import { quoteName, tableOf } from "../policy/to-sql.ts"
import type { RoleNames } from "../sql/roles.ts"

export interface SubjectRotation {
  readonly adminUrl: string
  readonly roles: RoleNames
  readonly model: Model
  readonly ciphers: FieldCiphers
  /** How long other nodes may still write with what they hold, transactions under way included. */
  readonly settleMs: number
  readonly onProgress?: (step: "keys" | "values", done: number) => void
}

/** What was done by this call. */
export interface RotatedSubjects {
  readonly keys: number
  readonly values: number
}

const batchRows = 500
/** Before rows are looked at again that others are writing. */
const pauseMs = 100

export async function rotateSubjects(rotation: SubjectRotation): Promise<RotatedSubjects> {
  const { ciphers, settleMs, onProgress } = rotation
  const { ring } = ciphers
  const startedAt = await beginRotation(rotation)
  let keys = 0
  for await (const record of ring.store.list()) {
    if (record.keys.at(-1)!.createdAt >= startedAt) continue
    if (await ring.addVersion(record)) onProgress?.("keys", ++keys)
  }
  ring.forget()
  await setTimeout(settleMs)
  const admin = new pg.Client({
    connectionString: rotation.adminUrl,
    application_name: "undercroft rotation",
  })
  admin.on("error", () => undefined)
  await admin.connect()
  let values = 0
  try {
    await admin.query(`set role ${quoteName(rotation.roles.internal)}`)
    // What counts versions and moments of change leaves these updates out: the values stay the same.
    await admin.query("set undercroft.reencrypt = 'on'")
    // What somebody else was writing was passed over, and is looked at again, until nothing is under a former key.
    for (let left = -1; left !== 0; ) {
      left = 0
      const before = values
      for (const entity of rotation.model.entities) {
        const done = await walk(admin, entity, ciphers, (count) => onProgress?.("values", values + count))
        values += done.changed
        left += done.found
      }
      if (left > 0 && values === before) await setTimeout(pauseMs)
    }
  } finally {
    await admin.end()
  }
  for await (const record of ring.store.list()) await dropVersions(record, rotation)
  await changeMeta(ring, ({ id, createdAt, revision, roots, purposes }) => ({
    id,
    createdAt,
    revision,
    roots,
    purposes,
  }))
  ring.forget()
  return { keys, values }
}

async function beginRotation({ ciphers: { ring } }: SubjectRotation): Promise<string> {
  const { subjects } = await ring.readRoots()
  if (subjects) return subjects.startedAt
  const startedAt = new Date().toISOString()
  await changeMeta(ring, (meta) => ({ ...meta, subjects: meta.subjects ?? { startedAt } }))
  return (await ring.readRoots()).subjects!.startedAt
}

async function dropVersions(record: KeyRecord, { ciphers: { ring } }: SubjectRotation): Promise<void> {
  if (record.keys.length > 1) await ring.store.replace({ ...record, keys: record.keys.slice(-1) }, record)
}

interface Found extends StoredValue {
  readonly person: string
}

/** Encrypts anew what is under a former version; gives how many values that were, and how many of them it changed. */
async function walk(
  admin: pg.Client,
  entity: EntityInfo,
  ciphers: FieldCiphers,
  onProgress: (count: number) => void,
): Promise<{ readonly found: number; readonly changed: number }> {
  const fields = encryptedFields(entity)
  if (fields.length === 0) return { found: 0, changed: 0 }
  const link = linkOf(entity)
  const columns = fields.map((one) => quoteName(one.column)).join(", ")
  const linked = link ? `${quoteName(link.column)}::text` : "''"
  const done = { found: 0, changed: 0 }
  for (let after = "00000000-0000-0000-0000-000000000000"; ; ) {
    const { rows } = await admin.query(
      `select id::text as "$id", ${linked} as "$link", ${columns} from ${tableOf(entity)} where id > $1 order by id limit ${batchRows}`,
      [after],
    )
    if (rows.length === 0) return done
    after = rows.at(-1).$id
    const found = rows.flatMap((row): Found[] =>
      fields.flatMap((field) => {
        const bytes: Buffer | null = row[field.column]
        const head = bytes && readHead(bytes)
        return head ? [{ field, row: row.$id, link: row.$link, bytes, person: head.person }] : []
      }),
    )
    const outdated = await ciphers.outdated(found)
    done.found += outdated.length
    done.changed += await encryptAnew(admin, entity, outdated, ciphers)
    onProgress(done.changed)
  }
}

async function encryptAnew(
  admin: pg.Client,
  entity: EntityInfo,
  found: readonly Found[],
  ciphers: FieldCiphers,
): Promise<number> {
  if (found.length === 0) return 0
  const opened = await ciphers.open(found)
  const sealed = await ciphers.seal(
    found.map((one, at): PlainValue => ({ ...one, value: JSON.parse(opened[at]!) })),
  )
  let count = 0
  for (const field of encryptedFields(entity)) {
    const column = quoteName(field.column)
    const values = found.flatMap((one, at) =>
      one.field === field ? [{ id: one.row, was: hex(one.bytes), now: hex(sealed[at]!) }] : [],
    )
    if (values.length === 0) continue
    // What somebody wrote in between is newer. Nobody is waited for: whoever waits for several rows while it holds others can
    // be in a circle with a request, and PostgreSQL might end the request.
    const { rowCount } = await admin.query(
      `with x as (select * from json_to_recordset($1) as x(id uuid, was bytea, now bytea)),
        free as (select t.id from ${tableOf(entity)} t where t.id in (select x.id from x) for no key update skip locked)
        update ${tableOf(entity)} t set ${column} = x.now from x join free on free.id = x.id where t.id = x.id and t.${column} = x.was`,
      [JSON.stringify(values)],
    )
    count += rowCount ?? 0
  }
  return count
}

function hex(bytes: Buffer): string {
  return `\\x${bytes.toString("hex")}`
}
