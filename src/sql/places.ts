/** The places of a statement's parameters, and names for its tables. */
import type { ValueIndex } from "../query/operation.ts"

/** A parameter: which value of the operation, and how it becomes text for PostgreSQL. Throws `UndercroftError`. */
export interface Parameter {
  readonly value: ValueIndex
  readonly encode: (value: unknown) => string | null
}

export class Places {
  readonly parameters: Parameter[] = []
  private aliases = 0

  /** The place of a new parameter. */
  parameter(value: ValueIndex, encode: Parameter["encode"]): string {
    this.parameters.push({ value, encode })
    return `$${this.parameters.length}`
  }

  /** A name that no other table of the statement has. */
  alias(): string {
    return `t${++this.aliases}`
  }
}
