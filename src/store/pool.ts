/**
 * The connections that requests go over: all of them log in as the API role. Our own rather than node-postgres's pool,
 * which costs a short request a fifth of its time (`bench`, read-by-key).
 */
import pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import { askText, askValues, laneStatement } from "../sql/circumstances.ts"
import { currentCircumstances } from "./circumstances.ts"
import {
  type Entrance,
  Flight,
  type FlightDone,
  type FlightRequest,
  type FlightRow,
  isStale,
} from "./flight.ts"
import type { FlightStep } from "./flight-bytes.ts"

export interface PoolOptions {
  readonly url: string
  /** Most connections; 10 by default. */
  readonly connections?: number
  /** A statement that takes longer is cancelled; 5,000 by default. */
  readonly statementTimeoutMs?: number
  /** How much longer PostgreSQL may be silent before its connection is given up; 10,000 by default. */
  readonly graceMs?: number
  /** How long a request waits for a connection; 10,000 by default. */
  readonly connectTimeoutMs?: number
  /** Seals circumstances; without it the database is told of none. */
  readonly key?: Buffer | null
}

/** A flight of one statement. */
export interface StatementRequest extends FlightStep {
  readonly caller: Entrance | null
  readonly rollback?: boolean | undefined
}

/** What became of several statements; with an error all are undone, and `rows` tells how many came before it. */
export interface FlightResult {
  readonly rows: readonly (FlightRow | null)[]
  readonly error: Error | null
}

/** Sends flights. */
export interface FlightPool {
  /** Throws what PostgreSQL says as `pg.DatabaseError`, and UC691 where it says nothing or goes away. */
  send(request: StatementRequest): Promise<FlightRow | null>
  /** Several statements in one transaction: all of them, or none. Never throws. */
  sendAll(request: FlightRequest): Promise<FlightResult>
  /** Waits for what is under way. */
  close(): Promise<void>
}

const idleMsMax = 60_000
/** What plans and catalogues take of a connection's memory is given back only with it. */
const lifeMsMax = 1_800_000

/** A connection, and the flight that is on it. */
interface Lane {
  readonly client: pg.Client
  readonly openedAt: number
  flight: Flight | null
  /** When the flight took off, or landed. */
  since: number
}

/** A request, and whom to tell of its answer. */
interface Waiting {
  readonly request: FlightRequest
  readonly ask: FlightStep | null
  readonly since: number
  readonly done: FlightDone
}

/** Opens a pool; connections are made when they are needed. */
export function openPool(options: PoolOptions): FlightPool {
  return new LanePool({
    connections: 10,
    statementTimeoutMs: 5000,
    graceMs: 10_000,
    connectTimeoutMs: 10_000,
    key: null,
    ...options,
  })
}

class LanePool implements FlightPool {
  private readonly options: Required<PoolOptions>
  private readonly lanes: Set<Lane> = new Set()
  /** The one used last is taken first, so that those not needed stay idle long enough to be closed. */
  private readonly idle: Lane[] = []
  private readonly waiting: Waiting[] = []
  private readonly watch: NodeJS.Timeout
  private connecting = 0
  private underWay = 0
  private isClosing = false
  private whenLanded: () => void = () => undefined

  constructor(options: Required<PoolOptions>) {
    this.options = options
    const everyMs = Math.min(1000, options.graceMs, options.connectTimeoutMs / 2)
    this.watch = setInterval(() => this.look(), everyMs).unref()
  }

  send({
    caller,
    rollback = false,
    isRecorded = false,
    ...statement
  }: StatementRequest): Promise<FlightRow | null> {
    return new Promise((resolve, reject) => {
      this.launch({ statements: [statement], caller, rollback, isRecorded }, (error, rows) =>
        error ? reject(error) : resolve(rows[0] ?? null),
      )
    })
  }

  sendAll(request: FlightRequest): Promise<FlightResult> {
    return new Promise((resolve) => this.launch(request, (error, rows) => resolve({ error, rows })))
  }

  async close(): Promise<void> {
    this.isClosing = true
    if (this.underWay > 0) await new Promise<void>((resolve) => (this.whenLanded = resolve))
    clearInterval(this.watch)
    await Promise.all([...this.lanes].map((lane) => lane.client.end()))
  }

  private launch(request: FlightRequest, done: FlightDone): void {
    if (this.isClosing) {
      done(new UndercroftError("UC691"), [])
      return
    }
    this.underWay++
    const waiting = { ...this.told(request), since: performance.now(), done }
    const lane = this.idle.pop()
    if (lane) this.fly(lane, waiting)
    else {
      this.waiting.push(waiting)
      if (this.lanes.size + this.connecting < this.options.connections) void this.connect()
    }
  }

  /**
   * What goes on record is told its circumstances, each read in its own statement and all else before them. They are read in the
   * request's own context, before it waits for a connection.
   */
  private told(request: FlightRequest): Pick<Waiting, "request" | "ask"> {
    const { key } = this.options
    if (!request.isRecorded || key === null) return { request, ask: null }
    const circumstances = currentCircumstances()
    const own = request.statements.some((one) => one.takesCircumstances) ? askValues(circumstances, key) : []
    const statements = request.statements.map((one) =>
      one.takesCircumstances ? { ...one, values: [...one.values.slice(0, -2), ...own] } : one,
    )
    if (statements.every((one) => one.takesCircumstances || one.isRecorded === false))
      return { request: { ...request, statements }, ask: null }
    const values = askValues({ ...circumstances, precise: true }, key)
    return { request: { ...request, statements }, ask: { name: "undercroft_ask", text: askText, values } }
  }

  private fly(lane: Lane, waiting: Waiting, isRepeat = false): void {
    const flight = new Flight(waiting.request, waiting.ask, (error, rows) => {
      lane.flight = null
      // Refused before anything was done, and rolled back: what was prepared no longer fits.
      if (error && !isRepeat && isStale(error)) return this.fly(lane, waiting, true)
      if (error && endsConnection(error)) this.drop(lane)
      else this.release(lane)
      this.land()
      const isSaid = error === null || isDatabaseError(error)
      waiting.done(isSaid ? error : new UndercroftError("UC691", {}, { cause: error }), rows)
    })
    lane.flight = flight
    lane.since = performance.now()
    lane.client.query(flight)
  }

  private release(lane: Lane): void {
    if (!this.lanes.has(lane)) return
    lane.since = performance.now()
    const isOld = lane.since - lane.openedAt > lifeMsMax
    const next = isOld ? undefined : this.waiting.shift()
    if (isOld) this.drop(lane)
    else if (next) this.fly(lane, next)
    else this.idle.push(lane)
  }

  private land(): void {
    if (--this.underWay === 0) this.whenLanded()
  }

  private async connect(): Promise<void> {
    const { url, statementTimeoutMs, connectTimeoutMs } = this.options
    this.connecting++
    const client = new pg.Client({
      connectionString: url,
      application_name: "undercroft",
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      options: `-c statement_timeout=${statementTimeoutMs} -c idle_in_transaction_session_timeout=30000 -c timezone=UTC -c intervalstyle=iso_8601 -c datestyle=ISO -c jit=off`,
    })
    const now = performance.now()
    const lane: Lane = { client, openedAt: now, flight: null, since: now }
    // One that breaks under a flight tells the flight, and is also an event that ends the process when nobody listens.
    client.on("error", () => this.drop(lane))
    client.on("end", () => this.drop(lane))
    // The commit waited for a replica in vain: it is here, and may be lost with this server.
    client.on("notice", (notice) => {
      if (notice.routine === "SyncRepWaitForLSN") lane.flight?.distrust("the commit was not replicated")
    })
    try {
      await client.connect()
      if (this.options.key) await client.query(laneStatement(await pidOf(client), this.options.key))
      this.connecting--
      this.lanes.add(lane)
      this.release(lane)
    } catch (cause) {
      this.connecting--
      client.end().catch(() => undefined)
      const next = this.waiting.shift()
      if (next) this.refuse(next, cause)
      this.connectForThoseWhoWait()
    }
  }

  /** The connection is not used again; those who wait get another. */
  private drop(lane: Lane): void {
    if (!this.lanes.delete(lane)) return
    const at = this.idle.indexOf(lane)
    if (at >= 0) this.idle.splice(at, 1)
    lane.client.end().catch(() => undefined)
    this.connectForThoseWhoWait()
  }

  private connectForThoseWhoWait(): void {
    const isRoom = this.lanes.size + this.connecting < this.options.connections
    if (isRoom && this.waiting.length > this.connecting) void this.connect()
  }

  private refuse(waiting: Waiting, cause: unknown): void {
    this.land()
    waiting.done(new UndercroftError("UC691", {}, { cause }), [])
  }

  /** PostgreSQL stops a statement itself; that it doesn't answer at all only a clock on this side tells. */
  private look(): void {
    const now = performance.now()
    const { statementTimeoutMs, graceMs, connectTimeoutMs } = this.options
    for (const lane of this.lanes) {
      const passedMs = now - lane.since
      if (lane.flight && passedMs > statementTimeoutMs + graceMs)
        streamOf(lane.client).destroy(new Error("PostgreSQL does not answer"))
      if (!lane.flight && passedMs > idleMsMax) this.drop(lane)
    }
    while (this.waiting[0] && now - this.waiting[0].since > connectTimeoutMs)
      this.refuse(this.waiting.shift()!, new Error("no connection became free"))
  }
}

/** Asked, since what stands between may have told another. */
async function pidOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid")
  return rows[0]!.pid
}

function streamOf(client: pg.Client): { destroy(error: Error): void } {
  return (client as unknown as { connection: { stream: { destroy(error: Error): void } } }).connection.stream
}

/** Whether PostgreSQL ends the connection after this error, or nothing more can be known of it. */
function endsConnection(error: unknown): boolean {
  return !isDatabaseError(error) || error.severity === "FATAL" || error.severity === "PANIC"
}

/** Whether an error is PostgreSQL's answer, rather than the connection's end. */
export function isDatabaseError(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError
}
