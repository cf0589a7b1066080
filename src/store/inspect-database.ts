/** Looks into a running database for evidence: read only, with every check that a server's start makes. */
import { isDeepStrictEqual } from "node:util"
import pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import type { Policies } from "../policy/policies.ts"
import { type RoleNames, roleNames } from "../sql/roles.ts"
import { planTables } from "../sql/tables.ts"
import { findProblems } from "./check-database.ts"
import type { MachineryRecord } from "./machinery-record.ts"

/** A database that is looked at; nothing can be changed through it. */
export interface Inspection {
  readonly roles: RoleNames
  /** Where it is: a host's name, or null for a socket of this machine. */
  readonly host: string | null
  /** Names must be told in full: the search path is pg_catalog. */
  query(text: string, values?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Whether its tables and views are those of the model; a start of the backend makes them so. */
  isOfModel(): Promise<boolean>
  /** What a server would refuse to start with; of another model's database that alone, since a start makes all of it anew. */
  problems(): Promise<readonly string[]>
  close(): Promise<void>
}

/** Said before all that follows from it. */
export const otherModel = "the database is that of another model: start the backend once, and look again"

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
  const isOfModel = async (): Promise<boolean> => {
    const { rows: states } = await client.query(
      "select plan, objects, current_setting('server_version_num')::integer / 10000 as major from undercroft_state.schema",
    )
    const { plan, objects, major } = states[0] ?? {}
    const made = Object.keys(objects ?? {}).flatMap(
      (one) => /^the (?:table|view) app\."?([^"]+)"?$/.exec(one)?.[1] ?? [],
    )
    const wanted = policies.model.entities.map((one) => one.table)
    return (
      isDeepStrictEqual(made.toSorted(), wanted.toSorted()) &&
      isDeepStrictEqual(plan, JSON.parse(JSON.stringify(planTables(policies, major))))
    )
  }
  return {
    roles,
    host,
    isOfModel,
    query: async (text, values = []) => (await client.query(text, [...values])).rows,
    async problems() {
      if (!(await isOfModel())) return [otherModel]
      const made = await client.query("select objects from undercroft_state.schema")
      return findProblems(client, roles, policies, (made.rows[0]?.objects ?? {}) as MachineryRecord)
    },
    close: () => client.end(),
  }
}
