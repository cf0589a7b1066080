/**
 * What waits to be sealed, as entries. A recorded read leaves who asks, in which circumstances and about whom as it was said:
 * to take that apart costs a request more than to write it down, so it is done here, by whoever looks.
 */
import { quoteName } from "../policy/to-sql.ts"
import { entryColumnNames } from "./audit-tables.ts"
import { askerSql } from "./circumstances.ts"

/** The entries of a relation with the columns of `audit.pending`, with those of an entry and `personal`; stands in a `from`. */
export function waitingEntries(from = "audit.pending"): string {
  const columns = entryColumnNames.map((name) => `${columnSql(name)} as ${quoteName(name)}`)
  const said =
    "select p.caller as told, p.caller -> 'claims' as claims, coalesce(p.circumstances, p.caller -> 'asked') as asked"
  return `(select ${columns.join(", ")}, p.personal from ${from} p cross join lateral (${said}) said)`
}

function columnSql(name: string): string {
  const own = `p.${quoteName(name)}`
  const asker = askerSql[name]
  if (name === "subjects")
    return `case when p.person is null then ${own} else array(select p.person || ':' || k from unnest(p.rows) with ordinality u (k, n) order by n) end`
  // What a trigger has marked stays.
  if (name === "detail")
    return `case when ${isSaid} then nullif(coalesce(${own}, '{}') || coalesce(${asker}, '{}'), '{}') else ${own} end`
  // What is given again, or is a count or a sum, has no keys, and may well tell of rows.
  if (name === "result")
    return `case when ${isSaid} and cardinality(p.rows) = 0 and not coalesce(p.question ?| '{replay,aggregate}', false) then '0 rows' else ${own} end`
  const column = asker ? `case when ${isSaid} then ${asker} else ${own} end` : own
  // An entry whose actor somebody left empty is sealed, and says so.
  return name === "actor" ? `coalesce(nullif(${column}, ''), 'unknown')` : column
}

const isSaid = "(p.caller is not null or p.circumstances is not null)"
