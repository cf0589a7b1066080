/** The statements that prune the record: whole batches at its beginning go, their heads stay. */

/**
 * The last head whose batch, and all before it, was sealed before $1; nothing where that is pruned already. Who is under a legal hold
 * keeps what tells of them, and so all that comes after it.
 */
export const prunableHead: string = `select b.size::text as through, b.checkpoint, (select min(position) from audit.entry)::text as first
  from audit.batch b where b.sealed_at < $1 and b.size >= (select min(position) from audit.entry)
    and b.size < coalesce((select min(a.position) from audit.about a join undercroft_state.holds h on a.subject =
      case when octet_length(h.subject) > 1000 then encode(sha256(convert_to(h.subject, 'UTF8')), 'hex') else h.subject end
      where h.released_at is null and (h.until is null or h.until > now())), 'infinity'::float8)
  order by b.size desc limit 1`

/** An entry says what is to go, and is sealed, before it goes. */
export const pruneEntry: string =
  "insert into audit.pending (kind, actor, door, detail) values ('prune', $1, $2, $3) returning id::text as id"

/** The sealed entry that announced a pruning, by its identifier. */
export const announcedPruning: string = `select position::text as position from audit.entry
  where id = $1 and kind = 'prune' and (detail->>'through')::bigint = $2 and position > $2`

/** Whole partitions that end before the last entry that goes ($1) was sealed. */
export const emptiedPartitions: string = `select c.oid::regclass::text as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'audit.entry'::regclass
    and (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \\(''([^'']+)''\\)'))[1]::timestamptz <= (select sealed_at from audit.batch where size = $1)`

/** What goes beside the partitions. */
export const pruneThrough: readonly string[] = [
  "delete from audit.personal where position <= $1",
  "delete from audit.about where position <= $1",
  "delete from audit.entry where position <= $1",
]

/**
 * Where the record begins, if not with its first entry: the entry that announced the pruning of all before, which names that head by
 * its root and says before when entries were to go.
 */
export const pruningBefore: string = `select e.position::text as position, e.detail->>'root' as root, e.detail->>'before' as before, e.detail->>'years' as years,
  (e.sealed_at at time zone 'UTC')::text as sealed
  from audit.entry e where e.kind = 'prune' and (e.detail->>'through') = ($1::bigint)::text and e.position > $1 order by e.position limit 1`
