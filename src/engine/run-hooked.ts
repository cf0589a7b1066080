/** Runs operations of which a hook is shown one or several: one transaction, run again when another one came in between. */

import type { FieldCiphers } from "../keys/field-ciphers.ts"
import type { Policies } from "../policy/policies.ts"
import type { QueryLimits } from "../query/limits.ts"
import type { Operation, WriteOperation } from "../query/operation.ts"
import type { Plan } from "../query/planned.ts"
import { permitText } from "../sql/permit.ts"
import type { FlightRow } from "../store/flight.ts"
import type { FlightStep } from "../store/flight-bytes.ts"
import { retried } from "../store/retry.ts"
import type { Isolation, Transaction } from "../store/transactions.ts"
import type { Caller } from "./caller.ts"
import { completeWrite } from "./complete-write.ts"
import { needsRows } from "./seal-write.ts"
import type { WriteHooks } from "./write-hooks.ts"

export interface HookedParts<T> {
  readonly hooks: WriteHooks
  readonly policies: Policies
  readonly limits: QueryLimits
  /** Null where the model encrypts nothing. */
  readonly ciphers: FieldCiphers | null
  plan(operation: WriteOperation): Plan
  /** Told which operation comes now. */
  onTurn(at: number): void
  /** Sends one operation, and reads its answer. */
  run(operation: Operation, send: Send): Promise<T>
}

type Send = (step: FlightStep) => Promise<FlightRow | null>

/** Whether the rows that an operation writes are looked at before: for a hook, or to encrypt what is theirs. */
export function looksFirst(operation: Operation, policies: Policies): boolean {
  if (isHooked(operation, policies)) return true
  const entity = policies.model.byCollection.get(operation.collection)
  return entity !== undefined && needsRows(operation, entity)
}

/** Whether a hook is shown what an operation writes. */
function isHooked({ kind, collection }: Operation, { model, of }: Policies): boolean {
  const entity = kind === "read" ? undefined : model.byCollection.get(collection)
  return entity !== undefined && of.get(entity)?.isHooked === true
}

/** In a transaction of their own. */
export async function runHooked<T>(
  operations: readonly Operation[],
  caller: Caller,
  parts: HookedParts<T>,
): Promise<readonly T[]> {
  const { transactions, timeoutMs } = parts.hooks
  const deadline = performance.now() + timeoutMs
  const shown = operations.filter((one) => looksFirst(one, parts.policies)).map(isolationOf)
  const isolation = shown.includes("repeatable read") ? "repeatable read" : "read committed"
  const options = { caller: caller.sealed, readOnly: false, isolation, deadline } as const
  const attempt = (): Promise<readonly T[]> =>
    transactions.run(options, async (transaction) => {
      const answers: T[] = []
      for (const [at, one] of operations.entries()) {
        parts.onTurn(at)
        answers.push(await performHooked(one, caller, transaction, parts))
      }
      if (operations.some((one) => one.rollback)) throw new Undone(answers)
      return answers
    })
  try {
    return await retried(attempt, deadline)
  } catch (cause) {
    if (cause instanceof Undone) return cause.answers as readonly T[]
    throw cause
  }
}

/** Everything was done and answered, and is not to stay. */
class Undone extends Error {
  readonly answers: readonly unknown[]

  constructor(answers: readonly unknown[]) {
    super("undone")
    this.answers = answers
  }
}

/**
 * Rows that are deleted can't be locked by who may not update them, and rows that are not there yet by nobody: a snapshot
 * for the whole transaction tells when another one changed them.
 */
export function isolationOf(operation: Operation): Isolation {
  const needsSnapshot =
    operation.kind === "delete" || (operation.kind === "insert" && operation.conflict !== null)
  return needsSnapshot ? "repeatable read" : "read committed"
}

/** One operation of a transaction. */
export async function performHooked<T>(
  operation: Operation,
  caller: Caller,
  transaction: Transaction,
  { hooks, policies, limits, ciphers, plan, run }: HookedParts<T>,
): Promise<T> {
  const send: Send = ({ text, values, isRecorded }) => transaction.row(text, values, isRecorded)
  if (operation.kind === "read" || !looksFirst(operation, policies)) return run(operation, send)
  const planned = plan(operation)
  if (planned.kind === "read") throw new Error("a plan of another operation")
  const { operation: completed, permit } = await completeWrite(operation, planned, {
    hooks,
    transaction,
    caller,
    limits,
    policies,
    ciphers,
    isHooked: isHooked(operation, policies),
  })
  if (permit === null) return run(completed, send)
  return run(completed, async (step) => {
    // Sent in one go: no statement of anyone else comes between.
    const [, row] = await Promise.all([
      transaction.query(permitText, permit),
      send(step),
      transaction.query(permitText, [null, null]),
    ])
    return row
  })
}
