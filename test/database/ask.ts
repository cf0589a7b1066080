/** A question to PostgreSQL as a pipeline: one or several statements under one Sync, and everything said in answer. */
import type { Connection, Submittable } from "pg"

export interface Statement {
  readonly text: string
  readonly values?: readonly (string | null)[]
  /** Named statements stay prepared; a name that is known is not parsed again. */
  readonly name?: string
}

/** A row as PostgreSQL's text, by column name. */
export type TextRow = Readonly<Record<string, string | null>>

export interface ErrorFields {
  readonly code: string
  readonly message: string
  readonly detail?: string
  readonly hint?: string
  readonly where?: string
  readonly constraint?: string
  readonly column?: string
  readonly table?: string
}

/** What the last statement gave, and everything PostgreSQL said beside it. */
export interface Outcome {
  readonly rows: readonly TextRow[]
  /** The same rows as lists, for columns of one name. */
  readonly cells: readonly (readonly (string | null)[])[]
  /** `UPDATE 3`; null where it failed. */
  readonly command: string | null
  readonly error: ErrorFields | null
  /** Rows, copied lines, errors and notices as one text: where a trace of a value would be. */
  readonly said: string
}

interface Wire {
  readonly stream: { cork(): void; uncork(): void }
  parse(query: { name: string; text: string; types: number[] }): void
  bind(config: { statement: string; values: readonly (string | null)[] }): void
  close(message: { type: "S"; name: string }): void
  describe(message: { type: "P"; name: string }): void
  execute(config: { portal: string; rows: number }): void
  sync(): void
}

/** See the file's sentence. */
export class Ask implements Submittable {
  private readonly statements: readonly Statement[]
  private readonly prepared: Map<string, boolean>
  private readonly notices: readonly string[]
  private readonly done: (outcome: Outcome) => void
  private cells: (readonly (string | null)[])[] = []
  private copied = ""
  private names: readonly string[] = []
  private command: string | null = null
  private left: number

  /** `prepared` is what the connection has prepared; false where a failure leaves that open. */
  constructor(
    statements: readonly Statement[],
    prepared: Map<string, boolean>,
    notices: readonly string[],
    done: (outcome: Outcome) => void,
  ) {
    this.statements = statements
    this.prepared = prepared
    this.notices = notices
    this.done = done
    this.left = statements.length
  }

  submit(connection: Connection): void {
    const wire = connection as unknown as Wire
    wire.stream.cork()
    for (const { text, values = [], name = "" } of this.statements) {
      const known = name === "" ? undefined : this.prepared.get(name)
      if (known === false) wire.close({ type: "S", name })
      if (!known) wire.parse({ name, text, types: [] })
      if (name !== "") this.prepared.set(name, true)
      wire.bind({ statement: name, values })
      wire.describe({ type: "P", name: "" })
      wire.execute({ portal: "", rows: 0 })
    }
    wire.sync()
    wire.stream.uncork()
  }

  handleRowDescription(message: { fields: readonly { name: string }[] }): void {
    this.names = message.fields.map((one) => one.name)
  }

  handleDataRow(message: { fields: readonly (string | null)[] }): void {
    this.cells.push(message.fields)
  }

  handleCommandComplete(message: { text: string }): void {
    this.command = message.text
    // What came before the last statement says nothing.
    if (--this.left > 0) this.cells = []
  }

  handleError(error: ErrorFields): void {
    for (const { name } of this.statements) if (name) this.prepared.set(name, false)
    this.finish(error)
  }

  handleReadyForQuery(): void {
    this.finish(null)
  }

  private finish(error: ErrorFields | null): void {
    const words = error && [
      error.message,
      error.detail,
      error.hint,
      error.where,
      error.constraint,
      error.column,
    ]
    const said = [JSON.stringify(this.cells), this.copied, ...this.notices, ...(words ?? [])].join("\n")
    const cells = error ? [] : this.cells
    const rows = cells.map((row) => Object.fromEntries(this.names.map((name, at) => [name, row[at] ?? null])))
    this.done({ rows, cells, command: error ? null : this.command, error, said })
  }

  handleCopyData(message: { chunk: Buffer }): void {
    this.copied += message.chunk.toString()
  }

  handleCopyInResponse(connection: { sendCopyFail(why: string): void }): void {
    connection.sendCopyFail("nothing to copy")
  }

  handleEmptyQuery(): void {
    this.command = ""
  }

  handlePortalSuspended(): void {}
}
