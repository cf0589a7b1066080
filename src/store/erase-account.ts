/** Removes an account: its sessions, credentials, factors, keys, memberships and events, and then itself. */
import type pg from "pg"
import type { Model } from "../model/model.ts"
import { quoteName, tableOf } from "../policy/to-sql.ts"
import { keepers } from "../sql/retention.ts"
import type { RoleNames } from "../sql/roles.ts"
import { isKeyOf } from "./find-subject.ts"
import { preparedQuery } from "./prepared-query.ts"

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
  const tables = await loadTables(session)
  // A text can't be a key of another type.
  if (tables === null || (tables.key === "uuid" && !isUuid.test(account))) return "none"
  const { key } = tables
  const isReferred = await refersTo(session, model, account)
  await session.query(`set local role ${quoteName(roles.owner)}`)
  const [person] = (
    await session.query(
      preparedQuery(`select email from accounts."user" where id = $1::${key} for update`, [account]),
    )
  ).rows
  if (!person) return "none"
  const { email } = person as { email: string }
  for (const { table, column, type } of tables.owned)
    await session.query(
      preparedQuery(`delete from accounts.${quoteName(table)} where ${quoteName(column)} = $1::${type}`, [
        account,
      ]),
    )
  for (const table of tables.mentioning)
    await session.query(
      preparedQuery(
        `delete from accounts.${quoteName(table)} t where exists (select from unnest($1::text[]) w where strpos(lower(t::text), lower(w)) > 0)`,
        [[account, email]],
      ),
    )
  const gone = isReferred
    ? `update accounts."user" set name = 'removed', email = 'removed-' || id || '@removed.invalid', "emailVerified" = false, image = null, role = null, banned = true where id = $1::${key} and email not like 'removed-%@removed.invalid' returning 1`
    : `delete from accounts."user" where id = $1::${key} returning 1`
  const { rowCount } = await session.query(preparedQuery(gone, [account]))
  // Last: what was done until here are events, too.
  await session.query(preparedQuery("delete from accounts.event where subject = $1 or actor = $1", [account]))
  return rowCount === 0 ? "none" : isReferred ? "anonymised" : "removed"
}

const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The tables of accounts, as they are now; a new version of the backend may have brought one. */
interface AccountTables {
  /** The type of accounts' keys, as which an index finds one. */
  readonly key: string
  readonly owned: readonly { readonly table: string; readonly column: string; readonly type: string }[]
  /** What waits to be answered by mail, and names people anywhere. */
  readonly mentioning: readonly string[]
}

/** Null where there are no accounts. */
async function loadTables(session: pg.Client): Promise<AccountTables | null> {
  const { rows } = await session.query(
    preparedQuery(
      `select c.relname as table, a.attname as column, a.atttypid::regtype::text as type from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = to_regnamespace('accounts') and c.relkind = 'r' and not a.attisdropped and (a.attname = any($1) or a.attname = 'id')`,
      [owners],
    ),
  )
  const ids = rows.filter(({ column }) => column === "id")
  const key = ids.find(({ table }) => table === "user")?.type
  if (key === undefined) return null
  const mentioning = ["verification", "invitation"].filter((name) => ids.some(({ table }) => table === name))
  const owned = rows.filter(({ column }) => column !== "id") as unknown as AccountTables["owned"]
  return { key, owned, mentioning }
}

async function refersTo(session: pg.Client, model: Model, account: string): Promise<boolean> {
  const user = model.byName.get("User")
  if (!user) return false
  const kept = keepers(user, "t", model.entities).map(({ sql }) => sql)
  if (kept.length === 0) return false
  const id = user.key[0]!
  if (!isKeyOf(id, account)) return false
  const { rows } = await session.query(
    preparedQuery(
      `select exists (select from ${tableOf(user)} t where t.${quoteName(id.column)} = $1::${id.kind.sqlType} and (${kept.join(" or ")})) as kept`,
      [account],
    ),
  )
  return rows[0].kept
}
