/** SQL under a caller's rights, for people: each statement in a transaction of its own, through the API role. */
import pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import { type Entrance, enterStatement } from "./flight.ts"
import { SqlRefusal } from "./sql-refusal.ts"

/** What a statement answered; values are PostgreSQL's texts. */
export interface SqlResult {
  /** `SELECT`, `UPDATE` … */
  readonly command: string
  readonly rowCount: number | null
  readonly columns: readonly { readonly name: string; readonly type: number }[]
  readonly rows: readonly (readonly (string | null)[])[]
}

export interface RunOptions {
  readonly values?: readonly string[]
  /** Whether what was written stays; true unless given. */
  readonly keep?: boolean
}

/** A connection as the API role. */
export interface SqlSession {
  /** Runs one statement as a caller; null is an anonymous one. Throws `SqlRefusal`. */
  run(caller: Entrance | null, text: string, options?: RunOptions): Promise<SqlResult>
  /** Stops the statement that runs. */
  cancel(): Promise<void>
  close(): Promise<void>
}

const options =
  "-c statement_timeout=300000 -c lock_timeout=5000 -c timezone=UTC -c intervalstyle=iso_8601 -c datestyle=ISO -c search_path=fields,app"

/** Opens a session; `apiUrl` logs in as the API role. Throws UC520. */
export async function openSqlSession(apiUrl: string): Promise<SqlSession> {
  const client = new pg.Client({ connectionString: apiUrl, application_name: "undercroft sql", options })
  client.on("error", () => undefined)
  try {
    await client.connect()
  } catch (cause) {
    throw new UndercroftError("UC520", { why: (cause as Error).message || "no answer" }, { cause })
  }
  const asText = { getTypeParser: () => (text: string) => text }
  // The extended protocol takes one statement at a time, so that none can follow the end of the transaction unseen.
  const send = (text: string, values: readonly string[]): Promise<pg.QueryArrayResult<(string | null)[]>> =>
    client.query({
      text,
      values: [...values],
      rowMode: "array",
      types: asText,
      queryMode: "extended",
    } as pg.QueryArrayConfig)

  async function run(
    caller: Entrance | null,
    text: string,
    { values = [], keep = true }: RunOptions = {},
  ): Promise<SqlResult> {
    try {
      await client.query("begin")
      if (caller) {
        const enter = enterStatement(caller)
        await client.query(enter.text, [...enter.values])
      }
      const result = await send(text, values)
      await client.query(keep ? "commit" : "rollback")
      const columns = result.fields.map((field) => ({ name: field.name, type: field.dataTypeID }))
      return { command: result.command ?? "", rowCount: result.rowCount, columns, rows: result.rows }
    } catch (cause) {
      await client.query("rollback").catch(() => undefined)
      throw cause instanceof pg.DatabaseError ? new SqlRefusal(cause, hintOf(cause, text)) : cause
    }
  }

  // By the protocol's CancelRequest: by SQL the API role may signal no session.
  async function cancel(): Promise<void> {
    const { processID, secretKey } = client as unknown as BackendKey
    const { connection, host, port } = new pg.Client({ connectionString: apiUrl }) as unknown as Canceller
    await new Promise<void>((resolve) => {
      for (const event of ["connect", "sslconnect"])
        connection.on(event, () => connection.cancel(processID, secretKey))
      for (const event of ["error", "end"]) connection.on(event, () => resolve())
      if (host.startsWith("/")) connection.connect(`${host}/.s.PGSQL.${port}`)
      else connection.connect(port, host)
    })
  }

  return { run, cancel, close: () => client.end() }
}

/** What node-postgres knows of its session, and its connection before it logs in. */
interface BackendKey {
  readonly processID: number
  readonly secretKey: number
}
interface Canceller {
  readonly host: string
  readonly port: number
  readonly connection: {
    on(event: string, listener: () => void): void
    connect(portOrPath: number | string, host?: string): void
    cancel(processID: number, secretKey: number): void
  }
}

/** A field view has columns for writing alone, which an asterisk names too. */
function hintOf({ code, message, hint }: pg.DatabaseError, text: string): string | null {
  const view = /view (\S+)$/.exec(message)?.[1]
  if (code !== "42501" || view === undefined || !text.includes("*")) return hint ?? null
  return `A table with fields that not everyone may see has hidden columns: name those you want, as \\d ${view} lists them.`
}
