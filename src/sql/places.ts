/** The places of a statement's parameters, and names for its tables. */
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import type { ValueIndex } from "../query/operation.ts"

/** What parameters are made with that only the process knows. */
export interface Ciphers {
  /** Begins every encrypted value in this answer; no stored text can know it. */
  readonly mark: string
  /** What equal values of an encrypted field have in common, in hexadecimal. Throws `UndercroftError`. */
  indexOf(field: FieldInfo, value: string): string
}

/** A parameter: which value of the operation, and how it becomes text for PostgreSQL. Throws `UndercroftError`. */
export interface Parameter {
  /** `all` are all values of the operation, as a list. */
  readonly value: ValueIndex | "all"
  readonly encode: (value: unknown, ciphers: Ciphers) => string | null
}

/** Parameters as PostgreSQL is sent them. */
export function encodeParameters(
  parameters: readonly Parameter[],
  values: readonly unknown[],
  ciphers: Ciphers,
): (string | null)[] {
  return parameters.map((one) => one.encode(one.value === "all" ? values : values[one.value], ciphers))
}

export class Places {
  readonly parameters: Parameter[] = []
  /** Of which entities the statement notes keys, for the record. */
  readonly noted: Set<EntityInfo> = new Set()
  private aliases = 0
  private markAt: string | null = null

  /** The place of a new parameter. */
  parameter(value: ValueIndex | "all", encode: Parameter["encode"]): string {
    this.parameters.push({ value, encode })
    return `$${this.parameters.length}`
  }

  /** The place of the mark that begins encrypted values. */
  mark(): string {
    this.markAt ??= this.parameter(0, (_, ciphers) => ciphers.mark)
    return this.markAt
  }

  /** Whether the answer may hold encrypted values. */
  get hasMark(): boolean {
    return this.markAt !== null
  }

  /** A name that no other table of the statement has. */
  alias(): string {
    return `t${++this.aliases}`
  }
}
