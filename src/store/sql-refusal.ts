/** What PostgreSQL says against a statement that a person wrote. */

/** The parts of PostgreSQL's error message. */
interface ErrorParts {
  readonly message: string
  readonly code?: string | undefined
  readonly detail?: string | undefined
}

/** A refused statement; its texts are PostgreSQL's own. */
export class SqlRefusal extends Error {
  readonly sqlstate: string
  readonly detail: string | null
  readonly hint: string | null

  constructor(cause: ErrorParts, hint: string | null) {
    super(cause.message, { cause })
    this.name = "SqlRefusal"
    this.sqlstate = cause.code ?? "XX000"
    this.detail = cause.detail ?? null
    this.hint = hint
  }
}
