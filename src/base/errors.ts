/** The one error type that crosses rooms: a catalogue code, a public message, and a private cause. */
import { type CatalogueCode, catalogue } from "./catalogue.ts"

/** The wire form of an error, the same at every door. */
export interface ErrorBody {
  readonly code: string
  readonly message: string
  readonly details: string | null
  readonly hint: string | null
}

/**
 * An error a person or a program can act on. `message`, `details` and `hint` are public;
 * `cause` stays in the process.
 *
 * @example
 * new UndercroftError("PGRST205", { collection: "patiens" }).status // 404
 */
export class UndercroftError extends Error {
  readonly code: string
  readonly status: number
  readonly details: string | null
  readonly hint: string | null
  /** After how many seconds it is worth trying again; null where that is not known. */
  readonly retryAfter: number | null

  constructor(
    code: CatalogueCode,
    values: Readonly<Record<string, string | number>> = {},
    more: {
      readonly details?: string
      readonly hint?: string
      readonly retryAfter?: number
      readonly cause?: unknown
    } = {},
  ) {
    const entry = catalogue[code]
    super(fill(entry.message, values), { cause: more.cause })
    this.name = "UndercroftError"
    this.code = code.replace(/^PG:|\/.*$/g, "")
    this.status = entry.status
    this.details = more.details ?? null
    this.retryAfter = more.retryAfter ?? null
    this.hint = more.hint ?? ("hint" in entry ? fill(entry.hint, values) : null)
  }

  /** What a door sends. */
  toBody(): ErrorBody {
    return { code: this.code, message: this.message, details: this.details, hint: this.hint }
  }
}

/** Puts values into the `{name}` places of a catalogue text. */
function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place))
}
