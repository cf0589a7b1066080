/** The rules over the record, as statements of the sealer: each adds what it finds as entries of kind `alert`, and gives them back. */
import { waitingEntries } from "./waiting.ts"

/** How far back a rule looks that has no window of its own: what a process that was down did not see is still told. */
const day = "interval '1 day'"

/** The entries of a time, sealed or waiting. $1 is how long. */
const recent = (columns: string, where: string): string =>
  `(select ${columns} from audit.entry where at > clock_timestamp() - $1::text::interval and ${where}
    union all select ${columns} from ${waitingEntries()} w where at > clock_timestamp() - $1::text::interval and ${where})`

/**
 * Adds an alert for each of what is found (`who`, `n`) that was not told within the time. `by` names a caller or an entry, never
 * an address or a value.
 */
function raise(rule: string, found: string): string {
  return `with found as (${found}), told as (select detail ->> 'by' as who from ${recent("detail", `kind = 'alert' and detail ->> 'rule' = '${rule}'`)} a)
  insert into audit.pending (kind, actor, door, detail)
    select 'alert', 'system:alerts', 'system', jsonb_build_object('rule', '${rule}', 'by', who, 'count', n, 'within', $1::text)
    from found where not exists (select from told where told.who = found.who)
  returning id, at, detail`
}

/** $2 refusals of one caller; those without a name are told apart by their address. */
export const raiseDenials: string = raise(
  "denials",
  `select actor as who, max(n) as n from (select actor, sum(case when jsonb_typeof(detail -> 'count') = 'number' then (detail ->> 'count')::numeric else 1 end)::bigint as n
    from ${recent("actor, address, detail", "kind = 'denied'")} d
    group by actor, case when actor = 'anonymous' then address end) c where n >= $2::bigint group by actor`,
)

/** $2 rows read by one caller. Reading the record is no reading of data. */
export const raiseMassReads: string = raise(
  "massReads",
  `select actor as who, sum(cardinality(rows))::bigint as n from ${recent("actor, rows", "kind = 'read' and entity not in ('AuditEntry', 'AccessToMe')")} r
    group by actor having sum(cardinality(rows)) >= $2::bigint`,
)

/** $2 to $3 are the hours, $4 the days (1 is Monday), $5 the time zone. */
export const raiseOutsideHours: string = raise(
  "outsideHours",
  `select actor as who, count(*) as n from ${recent("actor, at at time zone $5::text as at", "kind = 'read' and actor like 'user:%'")} r
    where not (extract(isodow from at)::integer = any($4::integer[]) and at::time >= $2::time and at::time < $3::time) group by actor`,
)

/** Each use of an emergency override, once. */
export const raiseOverrides: string = raise(
  "override",
  `select id::text as who, 1 as n from ${recent("id", "kind = 'override'")} o`,
)

/** $2 is the first position that is not as it was. */
export const raiseVerification: string = raise("failedVerification", "select $2::text as who, 1 as n")

/** $1 entries were found intact. */
export const recordVerification: string =
  "insert into audit.pending (kind, actor, door, detail) values ('admin', 'system:verification', 'system', jsonb_build_object('verified', $1::bigint))"

/** Whether the record was verified within the last day, whichever process did it. */
export const isVerified: string = `select exists (select from audit.entry where at > clock_timestamp() - ${day} and kind = 'admin' and actor = 'system:verification'
  union all select from audit.pending where at > clock_timestamp() - ${day} and kind = 'admin' and actor = 'system:verification') as verified`
