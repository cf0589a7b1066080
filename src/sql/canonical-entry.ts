/** The canonical text of an entry of the record, which is hashed: what was sealed with it is verified with it for ever. */
import { quoteName } from "../policy/to-sql.ts"
import { entryColumnNames, entryColumnType } from "./audit-tables.ts"

/** As jsonb orders them: shorter first, then by bytes. */
const keys: readonly string[] = [...entryColumnNames, "position", "sealed_at", "commitment"].toSorted(
  (a, b) => a.length - b.length || (a < b ? -1 : 1),
)

/**
 * What is hashed of an entry: one JSON object with every column, keys as jsonb orders them (shorter first, then by bytes), null
 * where there is nothing, moments in ISO 8601 and UTC, and in place of personal values the commitment to them. It hangs on no
 * setting of a session. The leaf is SHA-256 of a zero byte and this text in UTF-8 (RFC 6962). It is the text of
 * `jsonb_build_object`, put together in half its time.
 */
export function canonicalText(row: string): string {
  const pairs = keys.map(
    (name, at) => `'${at === 0 ? "{" : ", "}"${name}": ', coalesce(${valueText(name, row)}, 'null')`,
  )
  return `concat(${pairs.join(", ")}, '}')`
}

/** JSON; null for what is null. */
function valueText(name: string, row: string): string {
  const column = `${row}.${quoteName(name)}`
  if (name === "position") return `${column}::text`
  // No hexadecimal digit needs to be escaped.
  if (name === "commitment") return `'"' || encode(${column}, 'hex') || '"'`
  if (name === "sealed_at" || name === "at") return `to_json(${column} at time zone 'UTC')::text`
  const type = entryColumnType(name)
  if (type === "uuid") return `'"' || ${column}::text || '"'`
  if (type === "jsonb") return `${column}::text`
  return type === "text[]" ? `to_jsonb(${column})::text` : `to_json(${column})::text`
}
