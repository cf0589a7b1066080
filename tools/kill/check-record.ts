/** Holds rows and entries to each other, one to one, and the sealed record to its anchor. */
import pg from "pg"
import { openAnchorFile } from "../../src/audit/anchored-heads.ts"
import { verifyConnections, verifyRecord } from "../../src/audit/verify-record.ts"
import { readAudit } from "../../src/store/audit-database.ts"

/** Of each row how often it was written, by itself and by the record: made once, and changed as often as its version says. */
const unmatched = `with told as (select entity, kind, unnest(rows) as id from audit.pending union all
    select entity, kind, unnest(rows) from audit.entry),
  counted as (select entity, kind, id, count(*) as n from told where entity in ('Entry', 'Counter') and kind in ('create', 'update') group by 1, 2, 3),
  done as (select 'Entry' as entity, 'create' as kind, id::text, 1::bigint as n from app.entries
    union all select 'Counter', 'create', id::text, 1 from app.counters
    union all select 'Counter', 'update', id::text, version - 1 from app.counters where version > 1)
  select entity, kind, id, coalesce(d.n, 0)::text as written, coalesce(c.n, 0)::text as told from done d full join counted c using (entity, kind, id)
  where d.n is distinct from c.n`

export interface RecordCheck {
  /** What does not match; empty is as it should be. */
  readonly wrongs: readonly string[]
  /** A finding of verification, though nobody changed anything. */
  readonly alarm: string | null
  readonly sealed: number
}

export async function checkRecord(adminUrl: string, anchorPath: string): Promise<RecordCheck> {
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  const { rows } = await client.query(unmatched)
  await client.end()
  const anchored = await openAnchorFile(anchorPath)
  const reader = await readAudit(adminUrl, verifyConnections)
  const { bad, size } = await verifyRecord({ reader, anchored, keys: [] })
  await reader.close()
  return {
    wrongs: rows.map(
      (row) => `${row.entity} ${row.id}: ${row.kind} ${row.written} times, on record ${row.told}`,
    ),
    alarm: bad ? `${bad.position}: ${bad.what}` : null,
    sealed: size,
  }
}
