/** The places of a statement's parameters, and names for its tables. */
import type { ValueIndex } from "../query/operation.ts"

/** A parameter: which value of the operation, and how it becomes text for PostgreSQL. Throws `UndercroftError`. */
export interface Parameter {
  /** `all` are all values of the operation, as a list. */
  readonly value: ValueIndex | "all"
  readonly encode: (value: unknown) => string | null
}

/** Parameters as PostgreSQL is sent them. */
export function encodeParameters(
  parameters: readonly Parameter[],
  values: readonly unknown[],
): (string | null)[] {
  return parameters.map((one) => one.encode(one.value === "all" ? values : values[one.value]))
}

export class Places {
  readonly parameters: Parameter[] = []
  private aliases = 0

  /** The place of a new parameter. */
  parameter(value: ValueIndex | "all", encode: Parameter["encode"]): string {
    this.parameters.push({ value, encode })
    return `$${this.parameters.length}`
  }

  /** A name that no other table of the statement has. */
  alias(): string {
    return `t${++this.aliases}`
  }
}
