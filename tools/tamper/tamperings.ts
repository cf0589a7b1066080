/** What a superuser could do to a sealed record, each with the position that must be named first. */
import { makeKey, readSigningKey, type SigningKey } from "../../src/audit/signing-key.ts"
import { Frontier } from "../../src/audit/tree.ts"
import { canonicalText } from "../../src/sql/canonical-entry.ts"
import type { Random } from "./random.ts"
import { origin, type TestRecord } from "./record.ts"

/** What is there to be changed. */
export interface Target {
  readonly record: TestRecord
  readonly random: Random
  /** Where each batch begins and ends. */
  readonly batches: readonly { readonly first: number; readonly size: number }[]
  readonly size: number
}

/** Does its work in the transaction of `record.admin`; gives the positions of which one is the first that is bad. */
export type Tampering = (target: Target) => Promise<number | readonly number[]>

const changes: Readonly<Record<string, string>> = {
  id: "gen_random_uuid()",
  at: "at + interval '1 microsecond'",
  kind: "overlay(kind placing chr(ascii(kind) # 1) from 1 for 1)",
  actor: "actor || ' '",
  on_behalf: "coalesce(on_behalf, '') || 'x'",
  roles: "array_append(roles, 'admin')",
  assurance: "case when assurance is null then '' end",
  credential: "coalesce(credential, 'session:') || '1'",
  door: "overlay(door placing chr(ascii(door) # 2) from 1 for 1)",
  request: "case when request is null then '' else overlay(request placing '_' from 2 for 1) end",
  address: "coalesce(address, '') || '127.0.0.1'",
  purpose: "coalesce(purpose, '') || 'care'",
  entity: "case when entity is null then 'Patient' end",
  rows: "array_prepend('7', rows)",
  subjects: "array_append(subjects, 'Patient:666')",
  fields: "case when fields is null then '{}'::text[] end",
  question: "coalesce(question, '{}') || '{\"limit\": 1000}'",
  result: "result || '!'",
  detail: "coalesce(detail, '{}') || '{\"after\": null}'",
  sealed_at: "sealed_at + interval '1 microsecond'",
  commitment:
    "case when commitment is null then '\\x00'::bytea else set_bit(commitment, 3, 1 - get_bit(commitment, 3)) end",
  leaf: "set_bit(leaf, 255, 1 - get_bit(leaf, 255))",
}

const run = (target: Target, text: string, values: readonly unknown[] = []): Promise<unknown> =>
  target.record.admin.query(text, [...values])
const anyEntry = ({ random, size }: Target): number => 1 + random.below(size)
const batchOf = (target: Target, position: number): { first: number; size: number } =>
  target.batches.find(({ size }) => size >= position)!

async function changeEntry(target: Target, position: number): Promise<void> {
  const [column, change] = target.random.pick(Object.entries(changes).filter(([name]) => name !== "leaf"))
  await run(target, `update audit.entry set "${column}" = ${change} where position = $1`, [position])
}

/** Makes hashes agree with what entries say now, as whoever knows the code would. */
async function hashAnew(target: Target, from: number, to: number): Promise<void> {
  await run(
    target,
    `update audit.entry e set leaf = sha256('\\x00'::bytea || convert_to(${canonicalText("e")}, 'UTF8')) where position between $1 and $2`,
    [from, to],
  )
}

/** Makes the heads agree, too, signed by a key. */
async function signAnew(target: Target, key: SigningKey, through = target.size): Promise<void> {
  const { rows } = await target.record.admin.query<{ leaf: Buffer }>(
    "select leaf from audit.entry order by position",
  )
  const tree = new Frontier()
  for (const { first, size } of target.batches) {
    if (size > through) return
    for (let at = first; at <= size; at++) tree.push(rows[at - 1]!.leaf)
    const found = await target.record.admin.query("select sealed_at from audit.batch where size = $1", [size])
    const time = (found.rows[0].sealed_at as Date).toISOString()
    const note = key.note(`${origin}\n${size}\n${tree.root().toString("base64")}\ntime ${time}\n`)
    await run(target, "update audit.batch set frontier = $2, checkpoint = $3, signer = $4 where size = $1", [
      size,
      tree.toBytes(),
      note,
      key.key.id,
    ])
  }
}

const shift = async (target: Target, from: number, by: number): Promise<void> => {
  for (const table of ["entry", "personal", "about"]) {
    await run(target, `update audit.${table} set position = -position where position >= $1`, [from])
    await run(target, `update audit.${table} set position = -position + $1 where position < 0`, [by])
  }
}

export const tamperings: Readonly<Record<string, Tampering>> = {
  "a column changed": async (target) => {
    const position = anyEntry(target)
    const [column, change] = target.random.pick(Object.entries(changes))
    await run(target, `update audit.entry set "${column}" = ${change} where position = $1`, [position])
    return position
  },
  "a column changed, its hash too": async (target) => {
    const position = anyEntry(target)
    await changeEntry(target, position)
    await hashAnew(target, position, position)
    // Some columns are held to more than their hash, and name the entry; else its batch is.
    return [batchOf(target, position).first, position]
  },
  "an entry deleted": async (target) => {
    const position = anyEntry(target)
    for (const table of ["entry", "personal", "about"])
      await run(target, `delete from audit.${table} where position = $1`, [position])
    return position
  },
  "entries deleted, the rest moved up": async (target) => {
    const [position, count] = [1 + target.random.below(target.size - 1), 1 + target.random.below(3)]
    for (const table of ["entry", "personal", "about"])
      await run(target, `delete from audit.${table} where position >= $1 and position < $1 + $2`, [
        position,
        count,
      ])
    await shift(target, position, -count)
    return position
  },
  "two entries exchanged": async (target) => {
    const one = anyEntry(target)
    const other = one === target.size ? 1 : one + 1 + target.random.below(target.size - one)
    for (const table of ["entry", "personal", "about"])
      await run(
        target,
        `with moved as (update audit.${table} set position = case when position = $1 then -$2::bigint else -$1::bigint end where position in ($1, $2)) select`,
        [one, other],
      ).then(() => run(target, `update audit.${table} set position = -position where position < 0`))
    const first = Math.min(one, other)
    if (target.random.below(2) === 0) return first
    await hashAnew(target, one, one)
    await hashAnew(target, other, other)
    return [batchOf(target, first).first, first]
  },
  "an entry inserted": async (target) => {
    const position = anyEntry(target)
    await shift(target, position, 1)
    await run(
      target,
      `insert into audit.entry (position, kind, actor, door, sealed_at, leaf) select $1, 'read', 'user:x', 'rest', sealed_at, leaf from audit.batch, (select leaf from audit.entry where position = $1 + 1) e where size = $2`,
      [position, batchOf(target, position).size],
    )
    await hashAnew(target, position, target.size + 1)
    return [batchOf(target, position).first, position]
  },
  "an entry put at the end": async (target) => {
    const { rows } = await target.record.admin.query("select max(sealed_at) as at from audit.batch")
    await run(
      target,
      "insert into audit.entry (position, kind, actor, door, sealed_at, leaf) values ($1, 'read', 'user:x', 'rest', $2, '\\x00')",
      [target.size + 1, rows[0].at],
    )
    await hashAnew(target, target.size + 1, target.size + 1)
    return target.size + 1
  },
  "an entry put twice": async (target) => {
    const position = anyEntry(target)
    await run(target, "alter table audit.entry drop constraint entry_pkey")
    await run(target, "insert into audit.entry select * from audit.entry where position = $1", [position])
    return position
  },
  "a fork: two heads of a size": async (target) => {
    const { first, size } = target.random.pick(target.batches)
    await run(target, "alter table audit.batch drop constraint batch_pkey, drop constraint batch_first_key")
    const note = target.record.signing.note(
      `${origin}\n${size}\n${Buffer.alloc(32, 7).toString("base64")}\ntime ${new Date().toISOString()}\n`,
    )
    await run(
      target,
      "insert into audit.batch select size, first, sealed_at, frontier, signer, $2 from audit.batch where size = $1",
      [size, note],
    )
    return [first, size + 1]
  },
  "a fork: another past under good heads": async (target) => {
    const batch = target.random.pick(target.batches)
    await changeEntry(target, batch.first)
    await hashAnew(target, batch.first, batch.first)
    await signAnew(target, target.record.signing)
    return batch.first
  },
  "the tail cut": async (target) => {
    const { size } = target.random.pick(target.batches.slice(0, -1))
    for (const table of ["entry", "personal", "about"])
      await run(target, `delete from audit.${table} where position > $1`, [size])
    await run(target, "delete from audit.batch where size > $1", [size])
    return size + 1
  },
  "all of it deleted": async (target) => {
    await run(target, "truncate audit.entry, audit.personal, audit.about, audit.batch")
    return 1
  },
  "all rewritten, with keys of their own": async (target) => {
    const position = anyEntry(target)
    await changeEntry(target, position)
    await hashAnew(target, 1, target.size)
    const key = readSigningKey(makeKey(), origin)
    await run(target, "update audit.signer set key = $1", [key.key.text])
    await signAnew(target, key)
    return [1, batchOf(target, position).first, position]
  },
  "all rewritten, with the stolen key": async (target) => {
    const position = anyEntry(target)
    await run(target, "update audit.entry set actor = actor || '!' where position >= $1", [position])
    await hashAnew(target, position, target.size)
    await signAnew(target, target.record.signing)
    return batchOf(target, position).first
  },
  "personal values changed": async (target) => {
    const { rows } = await target.record.admin.query("select position from audit.personal")
    const position = Number(target.random.pick(rows as { position: string }[]).position)
    const change = target.random.pick([
      "update audit.personal set content = '{}' where position = $1",
      "update audit.personal set salt = set_bit(salt, 0, 1 - get_bit(salt, 0)) where position = $1",
      "update audit.personal set entry = gen_random_uuid() where position = $1",
      "delete from audit.personal where position = $1",
    ])
    await run(target, change, [position])
    return position
  },
  "an entry hidden from its person": async (target) => {
    const { rows } = await target.record.admin.query("select distinct position from audit.about order by 1")
    const position = Number(target.random.pick(rows as { position: string }[]).position)
    const change = target.random.pick([
      "delete from audit.about where position = $1 and subject = (select min(subject) from audit.about where position = $1)",
      "insert into audit.about (subject, position) values ('Patient:667', $1)",
      "update audit.about set subject = subject || '0' where position = $1",
    ])
    await run(target, change, [position])
    return position
  },
  "what nobody did, kept for a person": async (target) => {
    await run(target, "insert into audit.about (subject, position) values ('Patient:1', $1)", [
      target.size + 1,
    ])
    return target.size + 1
  },
  "a head changed": async (target) => {
    const { first, size } = target.random.pick(target.batches)
    const change = target.random.pick([
      "checkpoint = overlay(checkpoint placing 'x' from 1 for 1)",
      "checkpoint = replace(checkpoint, 'time 2', 'time 3')",
      "checkpoint = left(checkpoint, -6) || 'AAAA=' || chr(10)",
      "sealed_at = sealed_at + interval '1 millisecond'",
      "frontier = set_bit(frontier, 5, 1 - get_bit(frontier, 5))",
      "signer = '00000000'",
      "first = -first",
    ])
    await run(target, `update audit.batch set ${change} where size = $1`, [size])
    return first
  },
  "a head deleted": async (target) => {
    const { first, size } = target.random.pick(target.batches)
    await run(target, "delete from audit.batch where size = $1", [size])
    return first
  },
  "the keys changed": async (target) => {
    const key = readSigningKey(makeKey(), origin).key.text
    const change = target.random.pick([
      `update audit.signer set key = '${key}'`,
      "delete from audit.signer",
      "update audit.signer set since = 3",
      `insert into audit.signer values (2, '${key}', 1, 'AAAA')`,
    ])
    await run(target, change)
    return 1
  },
  "a view in the table's place": async (target) => {
    await run(target, "alter table audit.entry rename to kept")
    await run(target, "create view audit.entry as select * from audit.kept")
    return 1
  },
}
