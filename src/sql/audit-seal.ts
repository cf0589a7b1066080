/** The statements of the sealer and of whoever checks its work: one canonical text of an entry, the same for both. */
import { quoteName } from "../policy/to-sql.ts"
import { entryColumnNames } from "./audit-tables.ts"

/** The lock of the one that seals, held for a transaction. */
const sealLock = "hashtextextended('undercroft seal', 0)"

/** A subject of more than a thousand bytes stands in `audit.about` by its hash: an index takes no longer ones. */
export const aboutSubject = (subject: string): string =>
  `case when octet_length(${subject}) > 1000 then encode(sha256(convert_to(${subject}, 'UTF8')), 'hex') else ${subject} end`

/**
 * What is hashed of an entry: one JSON object with every column, keys as jsonb orders them (shorter first, then by bytes), null
 * where there is nothing, moments in ISO 8601 and UTC, and in place of personal values the commitment to them. It hangs on no
 * setting of a session. The leaf is SHA-256 of a zero byte and this text in UTF-8 (RFC 6962).
 */
export function canonicalText(row: string): string {
  const pairs = [
    `'position', ${row}.position`,
    ...entryColumnNames.map((name) =>
      name === "at" ? `'at', ${row}.at at time zone 'UTC'` : `'${name}', to_jsonb(${row}.${quoteName(name)})`,
    ),
    `'sealed_at', ${row}.sealed_at at time zone 'UTC'`,
    `'commitment', encode(${row}.commitment, 'hex')`,
  ]
  return `jsonb_build_object(${pairs.join(", ")})::text`
}

const columns = entryColumnNames.map(quoteName).join(", ")

/** Whether this transaction is the one that seals, what there is to do, and where the tree stands. */
export const sealState: string = `select pg_try_advisory_xact_lock(${sealLock}) as leads, exists (select from audit.pending) as waits,
  clock_timestamp() as now, b.size, b.sealed_at, b.frontier, b.checkpoint,
  (select coalesce(jsonb_agg(jsonb_build_object('number', number, 'key', key, 'since', since, 'signature', signature) order by number), '[]') from audit.signer) as signers
  from (select) one left join lateral (select * from audit.batch order by size desc limit 1) b on true`

/** Waits for the lock of the one that seals. */
export const sealAlone: string = `select pg_advisory_xact_lock(${sealLock})`

/**
 * Waits until nobody moves entries and nobody erases. The sealer queues here like an erasure: were it to ask whether it may and go
 * away again, ten thousand erasures one after the other would keep it from ever sealing.
 */
export const eraseAlone: string = "select pg_advisory_xact_lock(hashtextextended('undercroft erase', 0))"

/**
 * Moves what waits ($3 entries at most) after position $1, sealed at $2, and gives the new leaves in one string of bytes. What
 * commits after this statement began to look is not seen, not lost: the next one takes it.
 */
export const sealEntries: string = `with taken as (
    delete from audit.pending where ctid = any (array(select ctid from audit.pending limit $3)) returning *),
  placed as materialized (select *, $1::bigint + row_number() over (order by at, id) as position, $2::timestamptz as sealed_at,
      case when personal is not null then uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) end as salt from taken),
  committed as materialized (select *, sha256(salt || convert_to(personal::text, 'UTF8')) as commitment from placed),
  sealed as materialized (select *, sha256('\\x00'::bytea || convert_to(${canonicalText("c")}, 'UTF8')) as leaf from committed c),
  personals as (insert into audit.personal (position, entry, salt, content) select position, id, salt, personal from sealed where salt is not null),
  abouts as (insert into audit.about (subject, position)
    select distinct ${aboutSubject("subject")}, position from sealed, unnest(subjects) subject where subject is not null),
  entries as (insert into audit.entry (position, ${columns}, sealed_at, commitment, leaf)
    select position, ${columns}, sealed_at, commitment, leaf from sealed)
  select count(*)::integer as count, string_agg(leaf, ''::bytea order by position) as leaves from sealed`

export const insertBatch: string =
  "insert into audit.batch (size, first, sealed_at, frontier, signer, checkpoint) values ($1, $2, $3, $4, $5, $6)"

export const insertSigner: string =
  "insert into audit.signer (number, key, since, signature) values ($1, $2, $3, $4)"

/** Every entry in order, with what was said of it when it was sealed and what is so now. */
export const allEntries: string = `select e.position::text as position, e.id::text as id, ${canonicalText("e")} as canonical, e.leaf,
  (e.sealed_at at time zone 'UTC')::text as sealed, e.commitment, e.commitment is null or sha256(p.salt || convert_to(p.content::text, 'UTF8')) = e.commitment and p.entry = e.id as matches,
  p.position is not null as kept, array(select distinct ${aboutSubject("s")} from unnest(e.subjects) s where s is not null) as subjects
  from audit.entry e left join audit.personal p using (position) order by e.position`

/** The leaves between two positions, in order. */
export const leavesBetween: string =
  "select leaf from audit.entry where position between $1 and $2 order by position"

/** One entry, by its position or its identifier. */
export const oneEntry: string = `select e.position::text as position, ${canonicalText("e")} as canonical from audit.entry e
  where e.position::text = $1 or e.id::text = $1 limit 1`

export const allBatches: string = `select size::text as size, first::text as first, (sealed_at at time zone 'UTC')::text as sealed, frontier, signer, checkpoint
  from audit.batch order by batch.size, batch.first`

/** By whom it is asked about which positions, in chunks of these. */
export const aboutBetween: string =
  "select subject, position::text as position from audit.about where position between $1 and $2"

/** Persons whose personal values an entry says to be erased, with the last such entry. */
export const erasures: string = `select ${aboutSubject("s")} as subject, max(position)::text as position
  from audit.entry, unnest(subjects) s where kind = 'erase' group by 1`

export const waitingCount: string = "select count(*)::text as waiting from audit.pending"

/** The first position of all that are there. */
export const firstPosition: string = "select min(position)::text as first from audit.entry"

/** The first position outside of $2 to $1 that something is kept for, though there is no entry. */
export const strayPositions: string = `select min(position)::text as position, min(place) as place from (
  select position, 'about' as place from audit.about where position is null or position not between $2 and $1
  union all select position, 'personal' from audit.personal where position is null or position not between $2 and $1) s having count(*) > 0`

export const allSigners: string =
  "select number, key, since::text as since, signature from audit.signer order by number"

/** A head of a size, or the last one. */
export const oneBatch: string =
  "select size::text as size, checkpoint, frontier from audit.batch where $1::bigint is null or size = $1 order by batch.size desc limit 1"

/** The head of what was pruned, from which the tree is gone on with; none where the record begins with its first entry. */
export const beginning: string = `select b.size::text as size, b.frontier from audit.batch b
  where b.size = (select min(position) - 1 from audit.entry)`

/** What is not the record's own kind of table: a view in its place could show a checker other rows than anyone else. */
export const strangeTables: string = `select c.relname as name from pg_class c where c.relnamespace = 'audit'::regnamespace
  and (c.relkind in ('v', 'm', 'f') or c.relname in ('entry') and c.relkind <> 'p' or c.relname in ('personal', 'about', 'batch', 'signer') and c.relkind <> 'r'
    or exists (select from pg_rewrite w where w.ev_class = c.oid) or c.relrowsecurity)
  union all select name from unnest(array['entry', 'personal', 'about', 'batch', 'signer']) name where to_regclass('audit.' || name) is null`
