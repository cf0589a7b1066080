/** An erasure takes values out of entries that wait to be sealed, and does not read all that wait for it. */
import { afterAll, beforeAll, expect, it } from "vitest"
import { erasePersons } from "../src/privacy/erase-many.ts"
import { type RightsBackend, startRights } from "./support/rights-backend.ts"

const waiting = 20_000
const patients = [1, 2, 3, 4].map((n) => `018ce7a8-0f00-7003-8000-00000000000${n}`)
const [first, second, third, stays] = patients as [string, string, string, string]
let rights: RightsBackend

const sql = (text: string, values?: readonly unknown[]): Promise<any[]> => rights.backend.sql(text, values)

beforeAll(async () => {
  rights = await startRights()
  await sql("insert into app.practices (id, name) values ($1, 'North')", [first])
  await sql(
    "insert into app.patients (id, practice, name) select id, $1, 'name of ' || id from unnest($2::uuid[]) id",
    [first, patients],
  )
  // What is there until now is sealed; the rest waits.
  await rights.backend.app.sealer?.sealNow()
  // What changed hands has two persons.
  await sql(
    `insert into audit.pending (kind, actor, door, entity, subjects, personal) values ('update', 'user:x', 'rest', 'Visit', $1, '{"after": {"remark": "of both"}}')`,
    [[`Patient:${third}`, `Patient:${stays}`]],
  )
  await sql(
    `insert into audit.pending (kind, actor, door, entity, subjects, personal)
      select 'update', 'user:x', 'rest', 'Visit', array['Patient:' || case n when 1 then $2 else gen_random_uuid()::text end], '{"after": {"remark": "somebody else"}}' from generate_series(1, $1) n`,
    [waiting, stays],
  )
}, 60_000)
afterAll(() => rights?.stop())

/** Rows that were read because all were. */
async function readAsWhole(): Promise<number> {
  await sql("select pg_stat_clear_snapshot()")
  const [row] = await sql(
    "select seq_tup_read::integer as rows from pg_stat_user_tables where relid = 'audit.pending'::regclass",
  )
  return row.rows
}

it("GDPR Art. 17: what waits of them loses its values, what waits of others is neither changed nor read", async () => {
  const before = await readAsWhole()
  const subjects = [first, second, third].map((one) => `Patient:${one}`)
  for await (const { error, note } of erasePersons(rights.erasing, subjects, { by: "test" }))
    expect([error, note !== null]).toEqual([null, true])
  const after = await readAsWhole()
  const left = await sql(
    "select subjects, personal from audit.pending where personal is not null and subjects && $1",
    [subjects],
  )
  expect(left).toEqual([])
  // The values of rows that the erasures themselves deleted.
  expect(await sql("select from audit.pending where personal is not null and kind = 'delete'")).toEqual([])
  const [kept] = await sql(
    "select count(*)::integer as others, count(*) filter (where subjects @> $1)::integer as hers from audit.pending where personal is not null",
    [[`Patient:${stays}`]],
  )
  expect(kept).toEqual({ others: waiting, hers: 1 })
  expect(after - before).toBeLessThan(waiting)
})
