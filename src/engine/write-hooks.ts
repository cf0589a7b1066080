/** What the engine needs of hooks: whoever writes is shown to them before, and what they complete is written too. */
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import type { Transaction, TransactionPool } from "../store/transactions.ts"
import type { Caller } from "./caller.ts"

/** Values by field name, as the API's JSON has them. */
export type Fields = Readonly<Record<string, unknown>>

/** One row that is about to be written. */
export type RowWrite =
  | { readonly kind: "insert"; readonly row: Fields }
  | { readonly kind: "update"; readonly before: Fields; readonly changes: Fields }
  | { readonly kind: "delete"; readonly before: Fields }

export interface WriteScope {
  readonly entity: EntityInfo
  readonly transaction: Transaction
  readonly caller: Caller
}

export interface WriteHooks {
  readonly transactions: TransactionPool
  /** How long a write may take, with all that is run again. */
  readonly timeoutMs: number
  /** Gives the fields that the hook completes, of which each may be written. Throws what refuses the write. */
  beforeWrite(write: RowWrite, scope: WriteScope): Promise<Fields>
  /** The seal under which the database lets an entity be written, and fields that the hook completed. */
  permit(entity: EntityInfo, completed: readonly FieldInfo[]): readonly [string, string]
}

/**
 * The completed fields that are the hook's alone in one statement: where the caller sent a value that the hook left in one
 * row, the caller's rights decide.
 */
export function ownFields(
  entity: EntityInfo,
  sent: readonly string[],
  completed: readonly Fields[],
): readonly FieldInfo[] {
  return entity.fields.filter(({ name }) => {
    const given = completed.filter((one) => Object.hasOwn(one, name)).length
    return given > 0 && (given === completed.length || !sent.includes(name))
  })
}
