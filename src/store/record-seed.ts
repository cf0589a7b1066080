/**
 * A seed is one entry on record. Its rows leave none each: the triggers of record are off until it commits, for its own
 * transaction alone, since it holds the tables' locks. Who does not own a table can't do that, and no role of a backend that
 * logs in, or that writes the record, owns one.
 */
import type pg from "pg"
import type { Model } from "../model/model.ts"
import { quoteName, tableOf } from "../policy/to-sql.ts"
import { recordTriggers } from "../sql/record-writes.ts"
import type { RoleNames } from "../sql/roles.ts"

/** The statements before and after the rows; with accounts, those of what happens to these are off, too. */
export function triggersOfRecord(
  model: Model,
  hasAccounts: boolean,
): { readonly off: readonly string[]; readonly on: readonly string[] } {
  const tables = model.entities.filter((one) => !one.view && !one.record).map(tableOf)
  const triggers = [
    ...tables.flatMap((table) => recordTriggers.map((one) => [table, one] as const)),
    ...(hasAccounts ? [["accounts.event", "audit"] as const] : []),
  ]
  const each = (verb: string): readonly string[] =>
    triggers.map(([table, one]) => `alter table ${table} ${verb} trigger ${one}`)
  return { off: each("disable"), on: each("enable always") }
}

/** The entry: how many rows of which entity, and how many accounts. */
export async function recordSeed(
  admin: pg.Client,
  roles: RoleNames,
  counts: { readonly rows: Readonly<Record<string, number>>; readonly accounts: number },
): Promise<void> {
  await admin.query(`set local role ${quoteName(roles.internal)}`)
  await admin.query(
    "insert into audit.pending (kind, actor, door, detail) values ('system', 'system:seed', 'system', $1)",
    [JSON.stringify({ event: "seed", ...counts })],
  )
  await admin.query("reset role")
}
