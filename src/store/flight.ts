/**
 * One flight: who calls and what they ask go to PostgreSQL under one Sync, in one implicit transaction, and come back
 * once. When `enter` refuses the caller, PostgreSQL skips the rest.
 */
import type { Connection, DatabaseError, Submittable } from "pg"

/** A caller's claims, sealed by this process; null is an anonymous caller. */
export interface SealedCaller {
  readonly claims: string
  /** Epoch seconds. */
  readonly expires: number
  readonly seal: string
}

/** What is asked. `name` names the prepared statement of `text`. */
export interface FlightRequest {
  readonly name: string
  readonly text: string
  readonly values: readonly (string | null)[]
  readonly caller: SealedCaller | null
}

/** The one row of the answer, as PostgreSQL's text. */
export type FlightRow = readonly (string | null)[]

/** Statements kept prepared on a connection; the oldest goes first. */
const maxStatements = 500
const enterText = "select undercroft.enter($1, $2, $3)"
const enterName = "undercroft_enter"

/** What a connection has prepared. `false`: it may or may not have been, because its flight failed. */
const preparedOn = new WeakMap<object, Map<string, boolean>>()

/** The parts of node-postgres's connection that a flight speaks to. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void }
  parse(query: { name: string; text: string; types: number[] }): void
  bind(config: { statement: string; values: readonly (string | null)[] }): void
  execute(config: { portal: string; rows: number }): void
  close(message: { type: "S"; name: string }): void
  sync(): void
}

/** See the file's sentence. Settles when PostgreSQL is ready again: only then has the transaction committed. */
export class Flight implements Submittable {
  private readonly request: FlightRequest
  private readonly done: (error: Error | null, row: FlightRow | null) => void
  private readonly parsed: string[] = []
  private prepared: Map<string, boolean> = new Map()
  private row: FlightRow | null = null
  private awaited: number

  constructor(request: FlightRequest, done: (error: Error | null, row: FlightRow | null) => void) {
    this.request = request
    this.done = done
    this.awaited = request.caller ? 2 : 1
  }

  submit(connection: Connection): void {
    const wire = connection as unknown as Wire
    this.prepared = preparedOn.get(connection) ?? new Map()
    preparedOn.set(connection, this.prepared)
    wire.stream.cork()
    const { caller, name, text, values } = this.request
    if (caller) this.execute(wire, enterName, enterText, [caller.claims, String(caller.expires), caller.seal])
    this.execute(wire, name, text, values)
    wire.sync()
    wire.stream.uncork()
  }

  private execute(wire: Wire, name: string, text: string, values: readonly (string | null)[]): void {
    const known = this.prepared.get(name)
    if (known !== true) {
      if (known === false) wire.close({ type: "S", name })
      this.evict(wire)
      wire.parse({ name, text, types: [] })
      this.prepared.set(name, true)
      this.parsed.push(name)
    }
    wire.bind({ statement: name, values })
    wire.execute({ portal: "", rows: 0 })
  }

  private evict(wire: Wire): void {
    if (this.prepared.size < maxStatements) return
    for (const name of this.prepared.keys()) {
      if (name === enterName) continue
      wire.close({ type: "S", name })
      this.prepared.delete(name)
      return
    }
  }

  handleDataRow(message: { fields: FlightRow }): void {
    if (this.awaited === 1) this.row = message.fields
  }

  handleCommandComplete(): void {
    this.awaited--
  }

  handleReadyForQuery(): void {
    this.done(null, this.row)
  }

  handleError(error: DatabaseError): void {
    for (const name of this.parsed) this.prepared.set(name, false)
    this.done(error, null)
  }

  handleRowDescription(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}
}
