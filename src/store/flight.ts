/**
 * One flight: who calls and what they ask go to PostgreSQL under one Sync, in one implicit transaction, and come back
 * once. When `enter` refuses the caller, PostgreSQL skips the rest.
 */
import type { Connection, DatabaseError, Submittable } from "pg"
import { type Parting, PreparedStatements } from "./prepared-statements.ts"

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

interface Step {
  readonly name: string
  readonly text: string
  readonly values: readonly (string | null)[]
}

const enterText = "select undercroft.enter($1, $2, $3)"
const enterName = "undercroft_enter"

/** What each connection has prepared. */
const preparedOn = new WeakMap<object, PreparedStatements>()

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
  private readonly steps: readonly Step[]
  private readonly done: (error: Error | null, row: FlightRow | null) => void
  private prepared: PreparedStatements = new PreparedStatements()
  private parsed: ReadonlySet<string> = new Set()
  private row: FlightRow | null = null
  private awaited: number
  private doubt: Error | null = null

  /** `done` is called once. */
  constructor(request: FlightRequest, done: (error: Error | null, row: FlightRow | null) => void) {
    const { caller, name, text, values } = request
    const enter = caller && {
      name: enterName,
      text: enterText,
      values: [caller.claims, String(caller.expires), caller.seal],
    }
    this.steps = enter ? [enter, { name, text, values }] : [{ name, text, values }]
    this.awaited = this.steps.length
    this.done = done
  }

  /** An error that is given back goes to `handleError`; one that is thrown would end the process. */
  submit(connection: Connection): Error | undefined {
    const wire = connection as unknown as Wire
    this.prepared = preparedOn.get(connection) ?? this.prepared
    preparedOn.set(connection, this.prepared)
    wire.stream.cork()
    try {
      const parting = this.prepared.admit(this.steps)
      this.parsed = parting.parsed
      this.write(wire, parting)
      return undefined
    } catch (error) {
      return error as Error
    } finally {
      wire.stream.uncork()
    }
  }

  /** What is closed is closed first: PostgreSQL skips all that follows an error, and would keep it. */
  private write(wire: Wire, { closed, parsed, unnamed }: Parting): void {
    for (const name of closed) wire.close({ type: "S", name })
    for (const step of this.steps) {
      const statement = unnamed.has(step.name) ? "" : step.name
      if (parsed.has(step.name)) wire.parse({ name: statement, text: step.text, types: [] })
      wire.bind({ statement, values: step.values })
      wire.execute({ portal: "", rows: 0 })
    }
    wire.sync()
  }

  /** Has the answer refused even if PostgreSQL says that it is done: it is not known to be safe. */
  distrust(why: string): void {
    this.doubt = new Error(why)
  }

  handleDataRow(message: { fields: FlightRow }): void {
    if (this.awaited === 1) this.row = message.fields
  }

  handleCommandComplete(): void {
    this.awaited--
  }

  handleReadyForQuery(): void {
    this.done(this.doubt, this.row)
  }

  handleError(error: DatabaseError): void {
    // Which of the new ones were parsed is not known.
    for (const { name } of this.steps) if (isStale(error) || this.parsed.has(name)) this.prepared.forget(name)
    this.done(error, null)
  }

  handleRowDescription(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}
}

/**
 * Whether a statement was prepared for a schema that has changed since, or is not what we thought it was. Nothing was
 * done: the same flight may be sent again.
 */
export function isStale(error: Error): boolean {
  const { code, routine } = error as Partial<DatabaseError>
  return code === "26000" || code === "42P05" || (code === "0A000" && routine === "RevalidateCachedQuery")
}
