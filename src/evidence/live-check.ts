/** A live check: a question about the running system that is answered now, by looking. */
import type { BackendDefinition } from "../backend.ts"
import type { Policies } from "../policy/policies.ts"
import type { Inspection } from "../store/inspect-database.ts"

/** What a check may look at. */
export interface CheckContext {
  readonly definition: BackendDefinition
  readonly policies: Policies
  /** The project's folder. */
  readonly folder: string
  /** The address of the database; checks never repeat its password. */
  readonly databaseUrl: string
  readonly database: Inspection
}

/** `ok` is null where there is nothing to look at yet, or it can't be found out: that shows nothing. */
export interface CheckAnswer {
  readonly ok: boolean | null
  /** What was seen, in a sentence for people who can't read code; no values of rows, no secrets. */
  readonly says: string
}

export interface LiveCheck {
  /** The question, as a statement that holds when the check passes. */
  readonly title: string
  run(context: CheckContext): CheckAnswer | Promise<CheckAnswer>
}

/** "2 tables: a, b" and no more names than somebody would read. */
export function listed(names: readonly string[]): string {
  return names.length > 20
    ? `${names.slice(0, 20).join(", ")} and ${names.length - 20} more`
    : names.join(", ")
}
