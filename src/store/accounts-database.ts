/** The database of accounts: a schema of its own, reached by a role of its own that can do nothing else. */
import { CompiledQuery, type DatabaseConnection, type Dialect, PostgresDialect } from "kysely"
import pg from "pg"
import { quoteLiteral } from "../model/value.ts"
import { quoteName } from "../policy/to-sql.ts"
import { eventRights, eventStatements, eventTriggers, type FoundTables } from "../sql/account-events.ts"
import { guessStatements } from "../sql/account-guesses.ts"
import type { RoleNames } from "../sql/roles.ts"
import { apiPassword } from "./api-login.ts"
import { scramVerifier } from "./scram.ts"

/** Gives the statements that the tables still need, seen over a connection whose search path is theirs. */
export type CompileAccountTables = (dialect: Dialect) => Promise<string>

/** What a backend's accounts say of their tables. */
export interface PreparedAccounts {
  readonly compileTables: CompileAccountTables
  /** After how many days an event is taken off the record. */
  readonly keptDays: number
}

/** Connections as the role of accounts. */
export interface AccountsDatabase {
  readonly dialect: Dialect
  query(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>
  close(): Promise<void>
}

const settings = "-c search_path=accounts -c timezone=UTC -c datestyle=ISO -c jit=off"

/** Makes role, schema and tables as far as they are missing. */
export async function prepareAccounts(
  admin: pg.Client,
  { adminUrl, database, roles }: { adminUrl: string; database: string; roles: RoleNames },
  { compileTables, keptDays }: PreparedAccounts,
): Promise<void> {
  const [accounts, owner, internal] = [roles.accounts, roles.owner, roles.internal].map(quoteName)
  const verifier = quoteLiteral(scramVerifier(apiPassword(adminUrl, database, roles.accounts)))
  const found = await admin.query("select from pg_roles where rolname = $1", [roles.accounts])
  const plain = "login nosuperuser nocreatedb nocreaterole noreplication nobypassrls noinherit"
  if (found.rowCount === 0) await admin.query(`create role ${accounts} ${plain} password ${verifier}`)
  await admin.query(
    [
      `create schema if not exists accounts authorization ${owner}`,
      `grant connect on database ${quoteName(database)} to ${accounts}`,
      `revoke all on schema accounts from public, ${quoteName(roles.api)}, ${quoteName(roles.fields)}`,
      `grant usage on schema accounts to ${accounts}, ${internal}`,
    ].join(";\n"),
  )
  const pool = new pg.Pool({
    connectionString: adminUrl,
    max: 1,
    options: `${settings} -c role=${roles.owner.replace(/[\\ ]/g, "\\$&")}`,
  })
  pool.on("error", () => undefined)
  try {
    const statements = await compileTables(new PostgresDialect({ pool }))
    if (statements.trim() !== "" && statements.trim() !== ";") await pool.query(statements)
    await pool.query([...guessStatements(roles), ...eventStatements(roles, keptDays)].join(";\n"))
    for (const statement of eventTriggers(await findTables(admin))) await pool.query(statement)
  } finally {
    await pool.end()
  }
  // What sessions are resolved by, and what the model's entities of accounts follow.
  const readable = await admin.query(
    `select quote_ident(relname) as name from pg_class where relnamespace = 'accounts'::regnamespace
      and relkind = 'r' and relname in ('session', 'user', 'apikey', 'organization', 'member')`,
  )
  await admin.query(
    [
      `revoke all on all tables in schema accounts from public, ${quoteName(roles.api)}, ${quoteName(roles.fields)}`,
      `grant select, insert, update, delete on all tables in schema accounts to ${accounts}`,
      ...eventRights(roles),
      ...readable.rows.map(({ name }) => `grant select on accounts.${name} to ${internal}`),
      `grant update on accounts.session to ${internal}`,
    ].join(";\n"),
  )
}

async function findTables(admin: pg.Client): Promise<FoundTables> {
  const { rows } = await admin.query(
    `select c.relname as table, array(select attname::text from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped) as columns,
        array(select tgname::text from pg_trigger where tgrelid = c.oid and not tgisinternal) as triggers
      from pg_class c where c.relnamespace = 'accounts'::regnamespace and c.relkind = 'r'`,
  )
  return new Map(rows.map(({ table, ...found }) => [table, found]))
}

/** Opens connections; `url` logs in as the role of accounts. `asked` tells what the record of events is to say of who asks. */
export function openAccounts(url: string, asked: () => string = () => ""): AccountsDatabase {
  const said = new WeakMap<DatabaseConnection, string>()
  async function onReserveConnection(connection: DatabaseConnection): Promise<void> {
    const request = asked()
    if ((said.get(connection) ?? "") === request) return
    said.delete(connection)
    await connection.executeQuery(
      CompiledQuery.raw("select set_config('undercroft.request', $1, false)", [request]),
    )
    said.set(connection, request)
  }
  const pool = new pg.Pool({
    connectionString: url,
    max: 5,
    application_name: "undercroft accounts",
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    options: `${settings} -c statement_timeout=10000 -c idle_in_transaction_session_timeout=30000`,
  })
  pool.on("error", () => undefined)
  return {
    dialect: new PostgresDialect({ pool, onReserveConnection }),
    query: async (text, values = []) => (await pool.query(text, [...values])).rows,
    close: () => pool.end(),
  }
}
