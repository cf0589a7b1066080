/** What a team writes to declare a hook: it is shown each row before it is written, and refuses or completes the write. */
import type { Kysely } from "kysely"
import type { AnyEntity } from "../model/entity.ts"
import type { Insert, Row, Update } from "../model/field.ts"
import type { ActionCaller } from "./action.ts"
import type { ActionLog } from "./action-log.ts"
import type { DatabaseOf } from "./database-type.ts"

type Proposed<T> = { readonly [K in keyof T]?: T[K] | null }

/** One row that is about to be written. */
export type EntityWrite<E> =
  | {
      readonly kind: "insert"
      /** The values as they were sent, as the API gives them. What was left out is not in it, or is null. */
      readonly row: Proposed<Insert<E>>
      readonly before?: undefined
      readonly changes?: undefined
    }
  | {
      readonly kind: "update"
      /** The row as it is, of which the caller's rules hide what they hide. Until the transaction ends nobody changes it. */
      readonly before: Row<E>
      /** The values that were sent. */
      readonly changes: Proposed<Update<E>>
      readonly row?: undefined
    }
  | {
      readonly kind: "delete"
      readonly before: Row<E>
      readonly row?: undefined
      readonly changes?: undefined
    }

/** What a hook is given. */
export type HookScope<E, Uses extends readonly AnyEntity[]> = EntityWrite<E> & {
  /** The caller's own view of the data, in the transaction of the write: every rule of the model holds. */
  readonly db: Kysely<DatabaseOf<Uses>>
  readonly me: ActionCaller
  /** The moment of the transaction, by the database's clock. */
  readonly now: Date
  readonly log: ActionLog
}

/** Fields that are written beside what was sent, or in its place. */
export interface HookResult<E> {
  readonly changes: Partial<Insert<E>>
}

// biome-ignore lint/suspicious/noConfusingVoidType: a hook that returns nothing is the usual one.
type MaybeResult<E> = HookResult<E> | undefined | void

export interface HookDefinition<E, Uses extends readonly AnyEntity[]> {
  /** The entities that `db` has, by their collections. */
  readonly uses?: Uses
  /**
   * Refuses with `fail(…)`, completes with `{ changes }`, or does neither. It is run again where another transaction came
   * in between: so it does nothing outside of `db`.
   */
  readonly run: (scope: HookScope<E, Uses>) => MaybeResult<E> | Promise<MaybeResult<E>>
}

/** A declared hook. */
export class Hook {
  readonly entity: AnyEntity
  /** Without its types, which are the author's alone. */
  readonly definition: HookDefinition<AnyEntity, readonly AnyEntity[]>

  constructor(entity: AnyEntity, definition: HookDefinition<AnyEntity, readonly AnyEntity[]>) {
    this.entity = entity
    this.definition = definition
  }
}

/**
 * Declares what comes before every write of an entity, whichever door it comes through: `hooks: [beforeWrite(…)]` of
 * `defineBackend`. It runs in the write's transaction, under the caller's rules.
 *
 * @example
 * beforeWrite(entity("Note", { fields: { text: text() } }), {
 *   run: ({ kind, row }) => (kind === "insert" ? { changes: { text: row.text?.trim() ?? "" } } : undefined),
 * })
 */
export function beforeWrite<E extends AnyEntity, const Uses extends readonly AnyEntity[] = readonly []>(
  entity: E,
  definition: HookDefinition<E, Uses>,
): Hook {
  return new Hook(entity, definition as unknown as HookDefinition<AnyEntity, readonly AnyEntity[]>)
}
