/** Connections to the record: the sealer's, which is the only one that writes there, and a reader's, which sees one moment of it. */
import pg from "pg"

/** Runs one statement and gives its rows. */
export type AuditQuery = (
  text: string,
  values?: readonly unknown[],
) => Promise<readonly Record<string, unknown>[]>

/** One connection at a time, made when it is needed and again after it was lost. */
export interface AuditDatabase {
  /** All of the work or none of it; what throws is thrown on. */
  transaction<T>(work: (query: AuditQuery) => Promise<T>): Promise<T>
  close(): Promise<void>
}

// A head that is known outside must not be lost with a power cut: the commit waits for the disk, whatever the server's setting.
const settings =
  "-c search_path=pg_catalog -c timezone=UTC -c datestyle=ISO -c jit=off -c synchronous_commit=on -c client_encoding=UTF8"

/** `url` logs in as the role that seals, or as an administrator. */
export function openAudit(url: string): AuditDatabase {
  const pool = new pg.Pool({
    connectionString: url,
    max: 1,
    application_name: "undercroft audit",
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    options: `${settings} -c statement_timeout=120000 -c idle_in_transaction_session_timeout=30000`,
  })
  // A connection that is lost in the midst of the work is told by the work's next statement.
  pool.on("connect", (client) => client.on("error", () => undefined))
  pool.on("error", () => undefined)
  return {
    async transaction(work) {
      const client = await pool.connect()
      let failed: Error | undefined
      try {
        await client.query("begin")
        const done = await work(async (text, values = []) => (await client.query(text, [...values])).rows)
        const { command } = await client.query("commit")
        if (command !== "COMMIT") throw new Error("the transaction was rolled back")
        return done
      } catch (cause) {
        failed = cause as Error
        throw cause
      } finally {
        // Closing the connection rolls back whatever there is.
        client.release(failed)
      }
    },
    close: () => pool.end(),
  }
}

/** The record as it is at one moment. */
export interface AuditReader {
  readonly query: AuditQuery
  /** Over each of its connections; all of them see the same moment. */
  readonly queries: readonly AuditQuery[]
  /** Rows of a statement, some thousand at a time, however many there are. */
  stream(text: string, values?: readonly unknown[]): AsyncIterable<readonly Record<string, unknown>[]>
  close(): Promise<void>
}

/** `url` logs in as an administrator; `connections` is how many statements may run at the same time. */
export async function readAudit(url: string, connections = 1): Promise<AuditReader> {
  const clients: pg.Client[] = []
  const close = async (): Promise<void> => void (await Promise.all(clients.map((one) => one.end())))
  try {
    let moment: string | null = null
    while (clients.length < connections) {
      const client = await connectReader(url)
      clients.push(client)
      await client.query("begin transaction isolation level repeatable read, read only")
      if (moment !== null) await client.query(`set transaction snapshot ${pg.escapeLiteral(moment)}`)
      else if (connections > 1)
        moment = String((await client.query("select pg_export_snapshot() as moment")).rows[0].moment)
    }
    return { ...readerOver(clients[0]!), queries: clients.map((one) => readerOver(one).query), close }
  } catch (cause) {
    await close().catch(() => undefined)
    throw cause
  }
}

async function connectReader(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "undercroft audit reader",
    connectionTimeoutMillis: 10_000,
    options: `${settings} -c row_security=off`,
  })
  client.on("error", () => undefined)
  await client.connect()
  return client
}

let cursors = 0

/** Reads within whatever transaction the connection is in. */
export function readerOver(client: pg.Client): Omit<AuditReader, "close"> {
  const query: AuditQuery = async (text, values = []) => (await client.query(text, [...values])).rows
  return {
    query,
    queries: [query],
    async *stream(text, values = []) {
      const name = `audit_${++cursors}`
      await client.query(`declare ${name} no scroll cursor for ${text}`, [...values])
      for (;;) {
        const { rows } = await client.query(`fetch 2000 from ${name}`)
        if (rows.length === 0) break
        yield rows
      }
      await client.query(`close ${name}`)
    },
  }
}
