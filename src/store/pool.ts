/** The connections that requests go over: all of them log in as the API role. */
import pg from "pg"
import { UndercroftError } from "../base/errors.ts"
import {
  Flight,
  type FlightDone,
  type FlightRequest,
  type FlightRow,
  isStale,
  type SealedCaller,
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
}

/** A flight of one statement. */
export interface StatementRequest extends FlightStep {
  readonly caller: SealedCaller | null
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

/** Opens a pool; connections are made when they are needed. */
export function openPool({
  url,
  connections = 10,
  statementTimeoutMs = 5000,
  graceMs = 10_000,
  connectTimeoutMs = 10_000,
}: PoolOptions): FlightPool {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    application_name: "undercroft",
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 60_000,
    // What plans and catalogues take of a connection's memory is given back only with it.
    maxLifetimeSeconds: 1800,
    keepAlive: true,
    options: `-c statement_timeout=${statementTimeoutMs} -c idle_in_transaction_session_timeout=30000 -c timezone=UTC -c intervalstyle=iso_8601 -c datestyle=ISO -c jit=off`,
  })
  const flying = new Map<pg.PoolClient, { readonly flight: Flight; readonly since: number }>()
  let underWay = 0
  let closing = false
  let whenLanded: () => void = () => undefined

  // A connection that breaks while idle is replaced when it is needed.
  pool.on("error", () => undefined)
  pool.on("connect", (client) => {
    // One that breaks under a flight tells the flight, and is also an event that ends the process when nobody listens.
    client.on("error", () => undefined)
    // The commit waited for a replica in vain: it is here, and may be lost with this server.
    client.on("notice", (notice) => {
      if (notice.routine === "SyncRepWaitForLSN")
        flying.get(client)?.flight.distrust("the commit was not replicated")
    })
  })
  // PostgreSQL stops a statement itself; that it doesn't answer at all only a clock on this side tells.
  const watch = setInterval(
    () => {
      const before = performance.now() - statementTimeoutMs - graceMs
      for (const [client, { since }] of flying) {
        if (since < before) streamOf(client).destroy(new Error("PostgreSQL does not answer"))
      }
    },
    Math.min(1000, graceMs),
  ).unref()

  function land(): void {
    underWay--
    if (underWay === 0) whenLanded()
  }

  function send({ caller, rollback = false, ...statement }: StatementRequest): Promise<FlightRow | null> {
    return new Promise((resolve, reject) => {
      launch({ statements: [statement], caller, rollback }, (error, rows) =>
        error ? reject(error) : resolve(rows[0] ?? null),
      )
    })
  }

  function sendAll(request: FlightRequest): Promise<FlightResult> {
    return new Promise((resolve) => launch(request, (error, rows) => resolve({ error, rows })))
  }

  function launch(request: FlightRequest, done: FlightDone): void {
    if (closing) {
      done(new UndercroftError("UC691"), [])
      return
    }
    underWay++
    pool.connect((failed, client, release) => {
      if (!client || failed) {
        land()
        done(new UndercroftError("UC691", {}, { cause: failed }), [])
        return
      }
      const settle: FlightDone = (error, rows) => {
        flying.delete(client)
        release(error && endsConnection(error) ? error : undefined)
        land()
        const isSaid = error === null || isDatabaseError(error)
        done(isSaid ? error : new UndercroftError("UC691", {}, { cause: error }), rows)
      }
      fly(client, request, (error, rows) => {
        // Refused before anything was done, or rolled back: what was prepared no longer fits.
        if (error && isStale(error)) fly(client, request, settle)
        else settle(error, rows)
      })
    })
  }

  function fly(client: pg.PoolClient, request: FlightRequest, done: FlightDone): void {
    const flight = new Flight(request, done)
    flying.set(client, { flight, since: performance.now() })
    client.query(flight)
  }

  async function close(): Promise<void> {
    closing = true
    // The pool forgets those who wait for a connection when it ends.
    if (underWay > 0) await new Promise<void>((resolve) => (whenLanded = resolve))
    clearInterval(watch)
    await pool.end()
  }

  return { send, sendAll, close }
}

function streamOf(client: pg.PoolClient): { destroy(error: Error): void } {
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
