/** The tables of the record: entries wait in one, in the transaction that they tell of, until they are sealed. */
import { quoteName } from "../policy/to-sql.ts"
import type { RoleNames } from "./roles.ts"

/**
 * What every entry says, in the order in which it is hashed. `actor` is `user:<id>`, `anonymous`, `database:<role>` or
 * `system:<part>`; `rows` are keys as text, `subjects` the persons whose data it is (`Patient:<key>`); `question` says what was
 * asked without the values of personal fields; `detail` holds what may be told of what was done.
 */
const entryColumns = {
  id: "uuid not null default gen_random_uuid()",
  at: "timestamptz not null default clock_timestamp()",
  kind: "text not null",
  actor: "text not null check (actor <> '')",
  on_behalf: "text",
  roles: "text[] not null default '{}'",
  assurance: "text",
  credential: "text",
  door: "text not null",
  request: "text",
  address: "text",
  purpose: "text",
  entity: "text",
  rows: "text[]",
  subjects: "text[]",
  fields: "text[]",
  question: "jsonb",
  result: "text not null default 'done'",
  detail: "jsonb",
} as const

/** The columns, as they stand in a table. */
function entryColumnList(): string {
  return Object.entries(entryColumns)
    .map(([name, type]) => `${quoteName(name)} ${type}`)
    .join(", ")
}

/**
 * Idempotent. Entries that wait have no index, so that a write costs one row more; `personal` are values of personal fields,
 * which are kept apart from the entry when it is sealed, so that they can be erased and the entry still be proved.
 */
export function createAuditTables(roles: RoleNames): string[] {
  const internal = quoteName(roles.internal)
  return [
    `create schema if not exists audit authorization ${internal}`,
    `create table if not exists audit.pending (${entryColumnList()}, personal jsonb)`,
    `alter table audit.pending owner to ${internal}`,
  ]
}
