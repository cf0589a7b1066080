/** A connection under the internal role, which sees all rows: for work that the backend does for nobody in particular. */
import pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import { quoteName } from "../policy/to-sql.ts"
import { roleNames } from "../sql/roles.ts"

/** A connection under the internal role. */
export type InternalSession = pg.Client

/** Does work under the internal role of the database behind an administrator's URL. Throws UC520. */
export async function asInternal<T>(adminUrl: string, work: (session: pg.Client) => Promise<T>): Promise<T> {
  const session = await openInternal(adminUrl)
  try {
    return await work(session)
  } finally {
    await session.end().catch(() => undefined)
  }
}

/** For who ends it. Throws UC520. */
export async function openInternal(adminUrl: string): Promise<InternalSession> {
  const session = new pg.Client({
    connectionString: adminUrl,
    application_name: "undercroft internal",
    connectionTimeoutMillis: 10_000,
  })
  session.on("error", () => undefined)
  try {
    await session.connect()
  } catch (cause) {
    throw new UndercroftError("UC520", { why: (cause as Error).message || "no answer" }, { cause })
  }
  try {
    const { rows } = await session.query("select current_database() as name")
    const role = quoteName(roleNames(String(rows[0].name)).internal)
    await session.query(
      `set role ${role}; set search_path = pg_catalog; set timezone = 'UTC'; set datestyle = 'ISO'; set jit = off`,
    )
    return session
  } catch (cause) {
    await session.end().catch(() => undefined)
    throw cause
  }
}

/** One transaction that is on record as a part of the backend: triggers see `system` in `undercroft.me()`. */
export async function inSystem<T>(session: pg.Client, part: string, work: () => Promise<T>): Promise<T> {
  await session.query("begin")
  try {
    await session.query("select undercroft.enter_system($1)", [part])
    const result = await work()
    await session.query("commit")
    return result
  } catch (cause) {
    await session.query("rollback").catch(() => undefined)
    throw cause
  }
}
