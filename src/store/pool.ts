/** The connections that requests go over: all of them log in as the API role. */
import pg from "pg"
import { Flight, type FlightRequest, type FlightRow } from "./flight.ts"

export interface PoolOptions {
  readonly url: string
  /** Most connections; 10 by default. */
  readonly connections?: number
  /** A statement that takes longer is cancelled; 5,000 by default. */
  readonly statementTimeoutMs?: number
}

/** Sends flights. */
export interface FlightPool {
  /** Throws what PostgreSQL says as `pg.DatabaseError`. */
  send(request: FlightRequest): Promise<FlightRow | null>
  /** Waits for what is under way. */
  close(): Promise<void>
}

/** Opens a pool; connections are made when they are needed. */
export function openPool({ url, connections = 10, statementTimeoutMs = 5000 }: PoolOptions): FlightPool {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    application_name: "undercroft",
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    options: `-c statement_timeout=${statementTimeoutMs} -c idle_in_transaction_session_timeout=30000 -c timezone=UTC -c intervalstyle=iso_8601 -c datestyle=ISO -c jit=off`,
  })
  // A connection that breaks while idle is replaced when it is needed.
  pool.on("error", () => undefined)
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        pool.connect((failed, client, release) => {
          if (failed || !client) {
            reject(failed ?? new Error("no connection"))
            return
          }
          const flight = new Flight(request, (error, row) => {
            // An error without a SQLSTATE is the connection's, which is not used again.
            release(error !== null && !("severity" in error) ? error : undefined)
            if (error) reject(error)
            else resolve(row)
          })
          client.query(flight)
        })
      }),
    close: () => pool.end(),
  }
}

/** Whether an error is PostgreSQL's answer, rather than the connection's end. */
export function isDatabaseError(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError
}
