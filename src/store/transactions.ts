/**
 * Transactions of several statements under one caller, for programs: the API role, the caller entered first, one
 * connection each. However it ends, nothing of it stays on the connection.
 */
import pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import { askText, askValues, type Circumstances } from "../sql/circumstances.ts"
import { currentCircumstances } from "./circumstances.ts"
import { type Entrance, enterStatement, type FlightRow } from "./flight.ts"
import { readerOf } from "./read-value.ts"

export type Isolation = "read committed" | "repeatable read" | "serializable"

export interface TransactionOptions {
  readonly caller: Entrance | null
  /** The actions that run in it, for the record. */
  readonly action?: string
  readonly readOnly: boolean
  readonly isolation: Isolation
  /** When it is given up, by `performance.now()`. */
  readonly deadline: number
}

export interface StatementResult {
  readonly rows: readonly Record<string, unknown>[]
  /** Rows that were written; null where that is not what the statement does. */
  readonly affected: number | null
}

/** One transaction under way. */
export interface Transaction {
  /** One statement; those that begin or end transactions are refused, and end this one. */
  query(text: string, values: readonly unknown[]): Promise<StatementResult>
  /** One statement of the engine, answered as a flight answers it: the one row, as PostgreSQL's texts; `isRecorded` where it records itself what it reads. */
  row(text: string, values: readonly (string | null)[], isRecorded?: boolean): Promise<FlightRow | null>
  /** Several statements, with none of another's between them. */
  inOneGo<T>(work: (send: Transaction["query"]) => Promise<T>): Promise<T>
}

export interface TransactionPool {
  /** Commits when `work` is done and all of its statements succeeded; throws UC705 at the deadline. */
  run<T>(options: TransactionOptions, work: (transaction: Transaction) => Promise<T>): Promise<T>
  /** Waits for what is under way. */
  close(): Promise<void>
}

export interface TransactionPoolOptions {
  readonly url: string
  /** Most transactions at a time; 10 by default. */
  readonly connections?: number
  readonly statementTimeoutMs: number
  /** Seals circumstances; without it the database is told of none. */
  readonly key?: Buffer
  /** Whether reads are on record: then what only reads writes that, and triggers refuse all else. */
  readonly recordsReads?: boolean
}

const types = { getTypeParser: readerOf }
const texts = { getTypeParser: () => (text: string) => text }

/** Where names without a schema are looked for. The catalogue comes last: no name of it hides one of the model. */
const programsPath = "fields,app,pg_catalog"
/** The engine's statements say the schema of all that is not the catalogue's. */
const enginePath = "pg_catalog"

/** Opens a pool; connections are made when they are needed. */
export function openTransactions(options: TransactionPoolOptions): TransactionPool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connections ?? 10,
    application_name: "undercroft actions",
    idleTimeoutMillis: 60_000,
    maxLifetimeSeconds: 1800,
    keepAlive: true,
    options: `-c statement_timeout=${options.statementTimeoutMs} -c idle_in_transaction_session_timeout=60000 -c client_connection_check_interval=1000 -c search_path=${programsPath} -c timezone=UTC -c intervalstyle=iso_8601 -c datestyle=ISO -c jit=off`,
  })
  pool.on("error", () => undefined)
  const recording = {
    ...(options.key ? { key: options.key } : {}),
    recordsReads: options.recordsReads ?? false,
  }
  const underWay = new Set<Promise<unknown>>()
  let closing = false

  async function start<T>(
    transaction: TransactionOptions,
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<T> {
    const client = await connect(pool, transaction.deadline)
    const running = new RunningTransaction(client, { ...transaction, ...recording })
    try {
      return await running.start(work)
    } finally {
      // What a statement may have set for the session goes before another caller comes; nobody waits for that.
      if (running.isSound) client.query("discard all").then(() => client.release(), client.release)
      else client.release(true)
    }
  }

  return {
    run(transaction, work) {
      if (closing) return Promise.reject(new UndercroftError("UC691"))
      const running = start(transaction, work)
      underWay.add(running)
      const land = (): void => void underWay.delete(running)
      running.then(land, land)
      return running
    },
    async close() {
      closing = true
      await Promise.allSettled(underWay)
      await pool.end()
    },
  }
}

/** Waits for a connection until the deadline. */
async function connect(pool: pg.Pool, deadline: number): Promise<pg.PoolClient> {
  let timer: NodeJS.Timeout | undefined
  const connecting = pool.connect()
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new UndercroftError("UC691")), Math.max(0, deadline - performance.now()))
  })
  try {
    return await Promise.race([connecting, late])
  } catch (cause) {
    connecting.then((client) => client.release()).catch(() => undefined)
    throw cause instanceof UndercroftError ? cause : new UndercroftError("UC691", {}, { cause })
  } finally {
    clearTimeout(timer)
  }
}

const ends: ReadonlySet<string> = new Set(["BEGIN", "START TRANSACTION", "COMMIT", "PREPARE TRANSACTION"])

interface Statement {
  readonly text: string
  readonly values: unknown[]
  readonly types: object
  readonly rowMode?: string
}

class RunningTransaction implements Transaction {
  /** Whether it has ended, and its connection is as it was. */
  isSound = false
  private readonly client: pg.PoolClient
  private readonly options: TransactionOptions & Pick<TransactionPoolOptions, "key" | "recordsReads">
  private readonly circumstances: Circumstances = currentCircumstances()
  /** Statements go one after the other, so that none follows the end of the transaction unseen. */
  private last: Promise<unknown> = Promise.resolve()
  private failed: unknown = null
  private path = programsPath
  private isOver = false
  private isCommitting = false
  private isBegun = false

  constructor(client: pg.PoolClient, options: RunningTransaction["options"]) {
    this.client = client
    this.options = options
  }

  async start<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const { client, options } = this
    const ignore = (): void => undefined
    const doubt = (notice: { readonly routine?: string | undefined }): void => {
      // The commit waited for a replica in vain: it is here, and may be lost with this server.
      if (notice.routine === "SyncRepWaitForLSN") this.failed = new UndercroftError("UC691")
    }
    // A connection that breaks tells its statement, and is also an event that ends the process when nobody listens.
    client.on("error", ignore)
    client.on("notice", doubt)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const stop = (): void => {
        this.isOver = true
        // Of a commit that was not answered nobody knows.
        reject(new UndercroftError(this.isCommitting ? "UC691" : "UC705"))
        streamOf(client).destroy()
      }
      timer = setTimeout(stop, Math.max(0, options.deadline - performance.now()))
    })
    try {
      return await Promise.race([this.work(work), late])
    } finally {
      this.isOver = true
      clearTimeout(timer)
      client.off("error", ignore)
      client.off("notice", doubt)
    }
  }

  private async work<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const { isolation, readOnly, caller, recordsReads = false } = this.options
    await this.ask(
      `begin isolation level ${isolation} ${readOnly && !recordsReads ? "read only" : "read write"}`,
    )
    try {
      if (caller) {
        const enter = enterStatement(caller)
        await this.ask(enter.text, [...enter.values])
      }
      await this.tell(false)
      const result = await work(this)
      this.isOver = true
      // Also those that nobody waited for.
      await this.last
      if (this.failed !== null) throw this.failed
      this.isCommitting = true
      const { command } = await this.ask("commit")
      if (command !== "COMMIT") throw new UndercroftError("UC690", {}, { cause: new Error("not committed") })
      if (this.failed !== null) throw this.failed
      this.isSound = true
      return result
    } catch (cause) {
      this.isOver = true
      await this.last
      if (!this.isCommitting) {
        await this.ask("rollback").then(
          () => (this.isSound = true),
          () => undefined,
        )
      }
      throw cause
    }
  }

  query(text: string, values: readonly unknown[]): Promise<StatementResult> {
    return this.inOneGo((send) => send(text, values))
  }

  row(text: string, values: readonly (string | null)[], isRecorded = false): Promise<FlightRow | null> {
    return this.queue(async () => {
      const statement = { text, values: [...values], types: texts, rowMode: "array" }
      if (isRecorded) await this.tell(true)
      const { rows, fields, rowCount } = await this.send(enginePath, statement)
      if (isRecorded) await this.tell(false)
      if (fields.length === 0) return [null, String(rowCount ?? 0)]
      return (rows[0] as FlightRow | undefined) ?? null
    })
  }

  /** Binds the circumstances; `precise` for one statement that records itself what it reads. */
  private async tell(precise: boolean): Promise<void> {
    const { key, action, readOnly, recordsReads = false } = this.options
    if (!key) return
    const asked = { ...this.circumstances, ...(action ? { action } : {}), ...(readOnly ? { readOnly } : {}) }
    if (!this.isBegun) await this.ask(askText, [...askValues(asked, key)])
    else if (recordsReads)
      await this.send(this.path, { text: askText, values: [...askValues({ ...asked, precise }, key)], types })
    this.isBegun = true
  }

  inOneGo<T>(work: (send: Transaction["query"]) => Promise<T>): Promise<T> {
    const send: Transaction["query"] = async (text, values) => {
      const statement = { text, values: [...values], types }
      const { rows, command, rowCount } = await this.send(programsPath, statement)
      return { rows, affected: command === "SELECT" ? null : rowCount }
    }
    return this.queue(() => work(send))
  }

  private queue<T>(work: () => Promise<T>): Promise<T> {
    if (this.isOver) return Promise.reject(new Error("the action is over: await each statement in run"))
    const sent = this.last.then(work)
    this.last = sent.catch(() => undefined)
    return sent
  }

  private async send(path: string, statement: Statement): Promise<pg.QueryResult> {
    const { text } = statement
    // Of a failed transaction PostgreSQL would only say that it failed.
    if (this.failed !== null && !isReturn(text)) throw this.failed
    try {
      if (this.path !== path) await this.ask("select set_config('search_path', $1, true)", [path])
      this.path = path
      // The extended protocol takes one statement at a time.
      const result = await this.ask(text, statement.values, { ...statement, queryMode: "extended" })
      const { command } = result
      if (ends.has(command) || (command === "ROLLBACK" && !isReturn(text)) || this.status !== "T")
        throw new UndercroftError("UC690", {}, { cause: new Error("an action is one transaction") })
      if (command === "ROLLBACK") this.failed = null
      return result
    } catch (cause) {
      if (cause instanceof UndercroftError) this.isOver = true
      this.failed ??= cause
      throw cause
    }
  }

  private async ask(text: string, values: unknown[] = [], more: object = {}): Promise<pg.QueryResult> {
    try {
      return await this.client.query({ text, values, ...more })
    } catch (cause) {
      throw cause instanceof pg.DatabaseError ? cause : new UndercroftError("UC691", {}, { cause })
    }
  }

  private get status(): string | null {
    return (this.client as unknown as { getTransactionStatus(): string | null }).getTransactionStatus()
  }
}

/** Back to a savepoint, from where a failed transaction goes on. */
function isReturn(text: string): boolean {
  return /^\s*rollback\s+to\b/i.test(text)
}

function streamOf(client: pg.PoolClient): { destroy(): void } {
  return (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream
}
