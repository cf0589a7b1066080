/** Opens a database that a server has prepared, for commands that look into it: nothing is changed. */
import { isDeepStrictEqual } from "node:util"
import pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import type { Policies } from "../policy/policies.ts"
import { type RoleNames, roleNames } from "../sql/roles.ts"
import { planTables } from "../sql/tables.ts"
import { loginUrl } from "./api-login.ts"

/** What commands need of a database. */
export interface OpenDatabase {
  readonly apiUrl: string
  /** Logs in as the role of accounts. */
  readonly accountsUrl: string
  /** Logs in as the role that seals the record. */
  readonly auditUrl: string
  readonly roles: RoleNames
  /** Seals callers. */
  readonly processKey: Buffer
  /** Whether its tables are those of this model. */
  readonly isCurrent: boolean
}

/** Reads what a server wrote down. Throws UC520, and UC909 where no server has prepared the database. */
export async function openDatabase(adminUrl: string, policies: Policies): Promise<OpenDatabase> {
  const admin = await connect(adminUrl)
  try {
    const found = await admin.query(
      `select current_database() as name, current_setting('server_version_num')::integer / 10000 as major,
        to_regclass('undercroft_state.schema') is not null as prepared`,
    )
    const { name, major, prepared } = found.rows[0] as { name: string; major: number; prepared: boolean }
    if (!prepared) throw new UndercroftError("UC909")
    const state = await admin.query(
      "select (select plan from undercroft_state.schema) as plan, (select process_key from undercroft_state.keys) as key",
    )
    const { plan, key } = state.rows[0] as { plan: unknown; key: Buffer }
    const roles = roleNames(name)
    const wanted: unknown = JSON.parse(JSON.stringify(planTables(policies, major)))
    const apiUrl = loginUrl(adminUrl, name, roles.api)
    const accountsUrl = loginUrl(adminUrl, name, roles.accounts)
    const auditUrl = loginUrl(adminUrl, name, roles.audit)
    return {
      apiUrl,
      accountsUrl,
      auditUrl,
      roles,
      processKey: key,
      isCurrent: isDeepStrictEqual(plan, wanted),
    }
  } finally {
    await admin.end()
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on("error", () => undefined)
  try {
    await client.connect()
    return client
  } catch (cause) {
    throw new UndercroftError("UC520", { why: (cause as Error).message || "no answer" }, { cause })
  }
}
