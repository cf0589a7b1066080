/** Rewrites tables and indexes, so that no page keeps what was deleted; what is left is the write-ahead log's. */
import pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import { quoteName } from "../policy/to-sql.ts"

/** Tables up to this size are rewritten, which locks them for that time; larger ones are vacuumed. */
const smallBytes = 256 * 1024 * 1024

export interface ScrubReport {
  /** Rewritten: their files are new. */
  readonly rewritten: number
  /** Vacuumed: bytes of deleted rows may stay in pages that are still in use, until something is written there. */
  readonly vacuumed: readonly string[]
  /** Whether the server was told to end the current file of its log. */
  readonly isLogEnded: boolean
}

/** `isFull` rewrites every table, whatever its size. Throws UC520. */
export async function scrubDatabase(
  adminUrl: string,
  { isFull = false }: { readonly isFull?: boolean } = {},
): Promise<ScrubReport> {
  const admin = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 })
  admin.on("error", () => undefined)
  await admin.connect().catch((cause: Error) => {
    throw new UndercroftError("UC520", { why: cause.message }, { cause })
  })
  try {
    const { rows } = await admin.query(
      `select n.nspname as schema, c.relname as name, pg_total_relation_size(c.oid)::bigint > $1 as large, c.relowner::regrole::text as owner
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'r' and (n.nspname in ('app', 'accounts', 'undercroft_state', 'audit') or c.oid = 'pg_statistic'::regclass and current_setting('is_superuser')::boolean)
        order by n.nspname = 'pg_catalog', 1, 2`,
      [smallBytes],
    )
    let rewritten = 0
    const vacuumed: string[] = []
    for (const { schema, name, large, owner } of rows) {
      const table = `${quoteName(schema)}.${quoteName(name)}`
      const isRewritten = isFull || !large
      // Statistics hold common values, and are gathered anew with the table.
      const options = [...(isRewritten ? ["full"] : []), ...(schema === "pg_catalog" ? [] : ["analyze"])]
      if (schema !== "pg_catalog") await admin.query(`set role ${owner}`)
      await admin.query(`vacuum ${options.length > 0 ? `(${options.join(", ")})` : ""} ${table}`)
      await admin.query("reset role")
      if (isRewritten) rewritten++
      else vacuumed.push(`${schema}.${name}`)
    }
    return { rewritten, vacuumed, isLogEnded: await endLog(admin) }
  } finally {
    await admin.end()
  }
}

/** Pages are written, and the log goes on in another file; whoever may not ask for it waits for the server's own time. */
async function endLog(admin: pg.Client): Promise<boolean> {
  try {
    await admin.query("checkpoint")
    await admin.query("select pg_switch_wal()")
    await admin.query("checkpoint")
    return true
  } catch (cause) {
    if ((cause as { code?: string }).code === "42501") return false
    throw cause
  }
}
