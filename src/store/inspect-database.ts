/** Looks into a running database for evidence: read only, with every check that a server's start makes. */
import pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import type { Policies } from "../policy/policies.ts"
import { type RoleNames, roleNames } from "../sql/roles.ts"
import { findProblems } from "./check-database.ts"
import type { MachineryRecord } from "./machinery-record.ts"

/** A database that is looked at; nothing can be changed through it. */
export interface Inspection {
  readonly roles: RoleNames
  /** Where it is: a host's name, or null for a socket of this machine. */
  readonly host: string | null
  /** Names must be told in full: the search path is pg_catalog. */
  query(text: string, values?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** What a server would refuse to start with. */
  problems(): Promise<readonly string[]>
  close(): Promise<void>
}

/** Opens the database behind an administrator's URL. Throws UC520. */
export async function inspectDatabase(adminUrl: string, policies: Policies): Promise<Inspection> {
  const client = new pg.Client({
    connectionString: adminUrl,
    application_name: "undercroft evidence",
    connectionTimeoutMillis: 10_000,
    statement_timeout: 60_000,
  })
  client.on("error", () => undefined)
  try {
    await client.connect()
    await client.query("set search_path = pg_catalog; set timezone = 'UTC'; set quote_all_identifiers = off")
    await client.query("set default_transaction_read_only = on")
  } catch (cause) {
    await client.end().catch(() => undefined)
    throw new UndercroftError("UC520", { why: (cause as Error).message || "no answer" }, { cause })
  }
  const { rows } = await client.query("select current_database() as name")
  const roles = roleNames(String(rows[0].name))
  const host = client.host.startsWith("/") ? null : client.host
  return {
    roles,
    host,
    query: async (text, values = []) => (await client.query(text, [...values])).rows,
    async problems() {
      const made = await client.query("select objects from undercroft_state.schema")
      return findProblems(client, roles, policies, (made.rows[0]?.objects ?? {}) as MachineryRecord)
    },
    close: () => client.end(),
  }
}
