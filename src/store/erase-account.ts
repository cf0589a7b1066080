/** Removes an account: its sessions, credentials, factors, keys, memberships and events, and then itself. */
import type pg from "pg"
import type { Model } from "../model/model.ts"
import { quoteName, tableOf } from "../policy/to-sql.ts"
import { keepers } from "../sql/retention.ts"
import type { RoleNames } from "../sql/roles.ts"
import { isKeyOf } from "./find-subject.ts"

/** By which columns tables of accounts say whose a row is. */
const owners = ["userId", "referenceId", "inviterId", "impersonatedBy"]

/** Where rows that must stay refer to the account, it stays without a name, an address and every way in. */
export async function eraseAccount(
  session: pg.Client,
  model: Model,
  roles: RoleNames,
  account: string,
): Promise<"removed" | "anonymised" | "none"> {
  await session.query(`set local role ${quoteName(roles.internal)}`)
  const there = await session.query("select to_regclass('accounts.user') is not null as there")
  if (!there.rows[0].there) return "none"
  const isReferred = await refersTo(session, model, account)
  await session.query(`set local role ${quoteName(roles.owner)}`)
  const key = await typeOfKey(session, account)
  if (key === null) return "none"
  const [person] = (
    await session.query(`select email from accounts."user" where id = $1::${key} for update`, [account])
  ).rows
  if (!person) return "none"
  const { email } = person as { email: string }
  const { rows: columns } = await session.query(
    `select c.relname as table, a.attname as column, a.atttypid::regtype::text as type from pg_attribute a join pg_class c on c.oid = a.attrelid
      where c.relnamespace = 'accounts'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and a.attname = any($1)`,
    [owners],
  )
  for (const { table, column, type } of columns)
    await session.query(`delete from accounts.${quoteName(table)} where ${quoteName(column)} = $1::${type}`, [
      account,
    ])
  for (const table of ["verification", "invitation"]) await removeMentions(session, table, [account, email])
  const gone = isReferred
    ? `update accounts."user" set name = 'removed', email = 'removed-' || id || '@removed.invalid', "emailVerified" = false, image = null, role = null, banned = true where id = $1::${key} and email not like 'removed-%@removed.invalid' returning 1`
    : `delete from accounts."user" where id = $1::${key} returning 1`
  const { rowCount } = await session.query(gone, [account])
  // Last: what was done until here are events, too.
  await session.query("delete from accounts.event where subject = $1 or actor = $1", [account])
  return rowCount === 0 ? "none" : isReferred ? "anonymised" : "removed"
}

/** The type of accounts' keys, as which an index finds one; null where a text can't be such a key. */
async function typeOfKey(session: pg.Client, account: string): Promise<string | null> {
  const { rows } = await session.query(
    `select atttypid::regtype::text as type from pg_attribute where attrelid = 'accounts."user"'::regclass and attname = 'id'`,
  )
  const type = String(rows[0].type)
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(account)
  return type === "uuid" && !isUuid ? null : type
}

/** What waits to be answered by mail names them anywhere. */
async function removeMentions(session: pg.Client, table: string, words: readonly string[]): Promise<void> {
  const { rows } = await session.query("select to_regclass($1) is not null as there", [`accounts.${table}`])
  if (!rows[0].there) return
  await session.query(
    `delete from accounts.${quoteName(table)} t where exists (select from unnest($1::text[]) w where strpos(lower(t::text), lower(w)) > 0)`,
    [words],
  )
}

async function refersTo(session: pg.Client, model: Model, account: string): Promise<boolean> {
  const user = model.byName.get("User")
  if (!user) return false
  const kept = keepers(user, "t", model.entities).map(({ sql }) => sql)
  if (kept.length === 0) return false
  const id = user.key[0]!
  if (!isKeyOf(id, account)) return false
  const { rows } = await session.query(
    `select exists (select from ${tableOf(user)} t where t.${quoteName(id.column)} = $1::${id.kind.sqlType} and (${kept.join(" or ")})) as kept`,
    [account],
  )
  return rows[0].kept
}
