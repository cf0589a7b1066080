/** The statements of what carries heads outside, and of the witness that takes those of others. */

/**
 * What carries heads has here how far each anchor is and when it is asked next (`delivery`), and what witnesses signed; a witness
 * has the last head of each record that it knows (`witnessed`).
 */
export const anchorTables: readonly string[] = [
  "create table if not exists audit.delivery (anchor text primary key, size bigint not null default 0, failures integer not null default 0, next_at timestamptz not null default clock_timestamp())",
  "create table if not exists audit.cosignature (size bigint not null, witness text not null, line text not null, primary key (size, witness))",
  "create table if not exists audit.witnessed (origin text primary key, size bigint not null default 0, root text, checkpoint text, key text, noted_at timestamptz)",
]

export const anchorTableNames: readonly string[] = ["delivery", "cosignature", "witnessed"]

/** Takes the task to bring an anchor ($1) the last head: of several processes one does it, and another one after it was lost. */
export const takeDelivery: string = `update audit.delivery d set next_at = clock_timestamp() + interval '60 seconds'
  from (select size from audit.batch order by size desc limit 1) b
  where d.anchor = $1 and d.next_at <= clock_timestamp() and d.size < b.size returning d.failures`

export const makeDelivery: string = "insert into audit.delivery (anchor) values ($1) on conflict do nothing"

/** What entries are handed to is kept in the same table: here its size is the last position that it has. $2: it begins with the first. */
export const makeFeed: string = `insert into audit.delivery (anchor, size)
  select $1, case when $2::boolean then 0 else coalesce((select max(size) from audit.batch), 0) end on conflict do nothing returning size`

/** That entries are handed to somebody from now on. */
export const feedEntry: string =
  "insert into audit.pending (kind, actor, door, detail) values ('export', 'system:audit', 'system', $1)"

export const takeFeed: string = `update audit.delivery d set next_at = clock_timestamp() + interval '60 seconds'
  from (select size from audit.batch order by size desc limit 1) b
  where d.anchor = $1 and d.next_at <= clock_timestamp() and d.size < b.size returning d.failures, d.size as after, b.size as through`

export const endDelivery: string = `update audit.delivery set size = greatest(size, $2), failures = 0,
  next_at = clock_timestamp() + make_interval(secs => $3) where anchor = $1`

/** The wait doubles from five seconds to an hour, and differs by a fifth, so that processes don't come in step. */
export const delayDelivery: string = `update audit.delivery set failures = failures + 1,
  next_at = clock_timestamp() + least(interval '1 hour', interval '5 seconds' * 2 ^ least(failures, 12)) * (0.9 + random() * 0.2) where anchor = $1`

export const keepCosignature: string =
  "insert into audit.cosignature (size, witness, line) values ($1, $2, $3) on conflict do nothing"

export const hasCosignatures: string = "select to_regclass('audit.cosignature') is not null as there"

/** Every cosignature with the head that it should be under. */
export const allCosignatures: string = `select c.size::text as size, c.witness, c.line, b.checkpoint
  from audit.cosignature c left join audit.batch b on b.size = c.size order by c.size, c.witness`

/** An entry that tells what went wrong with the record itself. */
export const alertEntry: string =
  "insert into audit.pending (kind, actor, door, result, detail) values ('alert', 'system:audit', 'system', 'failed', $1)"

export const lockWitnessed: string =
  "select size::text as size, root from audit.witnessed where origin = $1 for update"

export const keepWitnessed: string =
  "update audit.witnessed set size = $2, root = $3, checkpoint = $4, key = $5 where origin = $1"

/** Gives a row once an hour: whoever repeats a fork does not fill the record. */
export const noteWitnessed: string = `update audit.witnessed set noted_at = clock_timestamp()
  where origin = $1 and (noted_at is null or noted_at < clock_timestamp() - interval '1 hour') returning origin`

export const witnessedHead: string =
  "select checkpoint, key from audit.witnessed where origin = $1 and checkpoint is not null"
