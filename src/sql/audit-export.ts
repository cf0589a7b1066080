/** The sealed entries of a period after a position, in their order, without the values of personal fields. */

/** $1 is the position, $2 and $3 the first and the last moment, either of which may be null. */
export const exportedEntries: string = `select e.position, e.id, to_char(e.at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, e.kind, e.actor, e.on_behalf as "onBehalf", e.roles, e.assurance, e.credential,
    e.door, e.request, e.address, e.purpose, e.entity, e.rows, e.subjects, e.fields, e.question, e.result, e.detail
  from audit.entry e where e.position > $1 and e.at >= coalesce($2::timestamptz, '-infinity') and e.at < coalesce($3::timestamptz, 'infinity')
  order by e.position`
