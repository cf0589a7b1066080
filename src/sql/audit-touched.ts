/** Which persons and fields a credential touched in a period: what a breach is reported with (GDPR Art. 33(3)). */
import { fieldsSql } from "./record-views.ts"
import { waitingEntries } from "./waiting.ts"

/** What is done with data; refusals touched nothing. */
const kinds = "('read', 'create', 'update', 'delete', 'truncate', 'export', 'override')"

/**
 * A row for each person and entity, and one for each entity whose rows are nobody's. $1 is `session:…`, `key:…`, `token:…` or
 * `user:…`, $2 and $3 the first and the last moment, either of which may be null.
 */
export const touchedBy: string = `with done as (
    select e.id, e.at, e.kind, e.entity, e.subjects, ${fieldsSql("e", "p.content")} as fields
      from audit.entry e left join audit.personal p using (position) where ${where("e")}
    union all select e.id, e.at, e.kind, e.entity, e.subjects, ${fieldsSql("e", "e.personal")} from ${waitingEntries()} e where ${where("e")})
  select s as subject, entity, array_agg(distinct kind order by kind) as kinds, count(distinct id)::integer as times,
    to_char(min(at), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as first, to_char(max(at), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as last,
    coalesce(array_agg(distinct f order by f) filter (where f is not null), '{}') as fields
  from done left join lateral unnest(subjects) s on true left join lateral unnest(fields) f on true
  where entity is not null group by s, entity order by s nulls last, entity`

function where(alias: string): string {
  const whose = `(${alias}.credential = $1 or ${alias}.actor = $1 or ${alias}.on_behalf = $1)`
  const when = `${alias}.at >= coalesce($2::timestamptz, '-infinity') and ${alias}.at < coalesce($3::timestamptz, 'infinity')`
  return `${alias}.kind in ${kinds} and ${whose} and ${when}`
}
