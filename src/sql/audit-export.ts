/** The sealed entries of a period after a position, in their order, without the values of personal fields. */

const columns = `e.position, e.id, to_char(e.at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, e.kind, e.actor, e.on_behalf as "onBehalf", e.roles, e.assurance, e.credential,
    e.door, e.request, e.address, e.purpose, e.entity, e.rows, e.subjects, e.fields, e.question, e.result, e.detail`

/** $1 is the position, $2 and $3 the first and the last moment, either of which may be null. */
export const exportedEntries: string = `select ${columns}
  from audit.entry e where e.position > $1 and e.at >= coalesce($2::timestamptz, '-infinity') and e.at < coalesce($3::timestamptz, 'infinity')
  order by e.position`

/** The same of positions: after $1, up to $2, no more than $3. */
export const entriesBetween: string = `select ${columns} from audit.entry e where e.position > $1 and e.position <= $2 order by e.position limit $3`

/** What rules over the record raised, after $1, up to $2, no more than $3. */
export const sealedAlerts: string = `select e.position, e.id as entry, e.at, e.detail ->> 'rule' as rule, (e.detail ->> 'count')::float8 as count from audit.entry e
  where e.position > $1 and e.position <= $2 and e.kind = 'alert' and e.detail ? 'rule' order by e.position limit $3`
