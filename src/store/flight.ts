/**
 * One flight: who calls and what they ask go to PostgreSQL under one Sync, in one implicit transaction, and come back
 * once. When `enter` refuses the caller, or a statement fails, PostgreSQL skips the rest and undoes what was done.
 */
import type { Connection, DatabaseError, Submittable } from "pg"
import { type FlightStep, writeFlight, writeSteps } from "./flight-bytes.ts"
import { PreparedStatements } from "./prepared-statements.ts"

/** A caller's claims, sealed by this process. */
export interface SealedCaller {
  readonly claims: string
  /** Epoch seconds. */
  readonly expires: number
  readonly seal: string
}

/** A session, which the database resolves; it refuses with UC610 where the claims are no longer those that the process knows. */
export interface KnownSession {
  /** SHA-256 of the token, in hexadecimal. */
  readonly session: string
  readonly claims: string
}

/** How a caller enters a transaction. */
export type Entrance = SealedCaller | KnownSession

/** The statement by which a caller enters a transaction. */
export function enterStatement(caller: Entrance): FlightStep {
  return "session" in caller
    ? {
        name: "undercroft_enter_session",
        text: "select undercroft.enter_session($1, $2)",
        values: [caller.session, caller.claims],
      }
    : {
        name: "undercroft_enter",
        text: "select undercroft.enter($1, $2, $3)",
        values: [caller.claims, String(caller.expires), caller.seal],
      }
}

/** What is asked: statements in their order, each named by what names the prepared statement of its text. */
export interface FlightRequest {
  readonly statements: readonly FlightStep[]
  readonly caller: Entrance | null
  /** Whether something of it goes on record: then the circumstances are bound beside the caller. */
  readonly isRecorded?: boolean
  /** All of it is undone when it has been answered. */
  readonly rollback?: boolean
}

/** The one row of the answer, as PostgreSQL's text; of a statement that gives none, null and how many rows it touched. */
export type FlightRow = readonly (string | null)[]

/** Told once: what went wrong, and the row of each statement that was answered before. */
export type FlightDone = (error: Error | null, rows: readonly (FlightRow | null)[]) => void

interface EnterStep extends FlightStep {
  /** The step as it goes over the wire, once `enter` is prepared: the same for all requests of a caller. */
  readonly bytes: Buffer
}

/** Ends the implicit transaction of a Sync, with a warning that it was not begun by name. */
const rollback: FlightStep = { name: "undercroft_rollback", text: "rollback", values: [] }

/** What each connection has prepared. */
const preparedOn = new WeakMap<object, PreparedStatements>()
const enterSteps = new WeakMap<Entrance, EnterStep>()

function enterStepOf(caller: Entrance): EnterStep {
  let step = enterSteps.get(caller)
  if (step === undefined) {
    const plain = enterStatement(caller)
    step = { ...plain, bytes: writeSteps([plain]) }
    enterSteps.set(caller, step)
  }
  return step
}

/** See the file's sentence. Settles when PostgreSQL is ready again: only then has the transaction committed. */
export class Flight implements Submittable {
  private readonly enter: EnterStep | null
  private readonly steps: readonly FlightStep[]
  private readonly done: FlightDone
  private prepared: PreparedStatements | null = null
  private parsed: ReadonlySet<string> | null = null
  private readonly rows: (FlightRow | null)[] = []
  private row: FlightRow | null = null
  /** How many are answered; `enter` and `ask`, which nobody waits for, count from below. */
  private answered: number
  private readonly asked: number
  private doubt: Error | null = null

  constructor(request: FlightRequest, ask: FlightStep | null, done: FlightDone) {
    const { statements } = request
    this.enter = request.caller && enterStepOf(request.caller)
    const before = [...(this.enter ? [this.enter] : []), ...(ask ? [ask] : [])]
    const steps = before.length > 0 ? [...before, ...statements] : statements
    this.steps = request.rollback ? [...steps, rollback] : steps
    this.answered = -before.length
    this.asked = statements.length
    this.done = done
  }

  /** An error that is given back goes to `handleError`; one that is thrown would end the process. */
  submit(connection: Connection): Error | undefined {
    const { stream } = connection as unknown as { readonly stream: { write(bytes: Buffer): void } }
    let prepared = preparedOn.get(connection)
    if (prepared === undefined) {
      prepared = new PreparedStatements()
      preparedOn.set(connection, prepared)
    }
    this.prepared = prepared
    try {
      const parting = prepared.admit(this.steps)
      this.parsed = parting.parsed
      stream.write(writeFlight(this.steps, parting, this.enter?.bytes ?? null))
      return undefined
    } catch (error) {
      return error as Error
    }
  }

  /** Has the answer refused even if PostgreSQL says that it is done: it is not known to be safe. */
  distrust(why: string): void {
    this.doubt = new Error(why)
  }

  handleDataRow(message: { fields: FlightRow }): void {
    if (this.answered >= 0) this.row = message.fields
  }

  handleCommandComplete({ text }: { text: string }): void {
    const at = this.answered++
    if (at < 0 || at >= this.asked) return
    this.rows.push(this.row ?? [null, text.slice(text.lastIndexOf(" ") + 1)])
    this.row = null
  }

  handleReadyForQuery(): void {
    this.done(this.doubt, this.rows)
  }

  handleError(error: DatabaseError): void {
    // Which of the new ones were parsed is not known.
    for (const step of this.steps) {
      if (isStale(error) || this.parsed?.has(step.name)) this.prepared?.forget(step.name)
    }
    this.done(error, this.rows)
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
