/** Several steps in one transaction on a connection of its own, run again where another came in between, and once under a key. */
import { UndercroftError } from "../base/errors.ts"
import { retried } from "../store/retry.ts"
import type { Isolation, Transaction, TransactionPool } from "../store/transactions.ts"
import type { Caller } from "./caller.ts"
import type { Once } from "./once.ts"

/** One thing that is done in a transaction which its caller has entered. */
export interface Step {
  readonly isReadOnly: boolean
  readonly isolation: Isolation
  /** The action that it runs, for the record. */
  readonly action?: string
  /** Gives its answer, as JSON. It may be done again. */
  perform(transaction: Transaction): Promise<string>
  /** How many rows it wrote when it was last performed; null, or left out, of what writes none. */
  written?(): number | null
  /** What of it goes on record besides: written last in the transaction, or in one of its own where that can't write. */
  readonly record?: {
    isDue(): boolean
    write(apart?: Transaction): Promise<void>
    /** Nothing was done: the answer is that of before. */
    replayed?(apart: Transaction): Promise<void>
    /** Nothing is left of it, since another step failed. */
    undone?(error: UndercroftError): Promise<void>
  }
  /** What went wrong, as a door tells it. */
  explain(cause: unknown): UndercroftError | Promise<UndercroftError>
}

export interface ActionCall {
  readonly name: string
  readonly input: unknown
  readonly caller: Caller
}

/** What of an action comes before its transaction; the step is the rest. Throws `UndercroftError`. */
export type PrepareAction = (call: ActionCall) => Promise<Step>

export interface TransactCall {
  /** One or more. */
  readonly steps: readonly Step[]
  readonly caller: Caller
  readonly once: Once | null
  /** From the steps' answers to what the caller gets, and what is kept under the key. What it throws undoes all. */
  readonly toBody: (answers: readonly string[]) => string
}

/** The answer; or the step that went wrong, and nothing was done. */
export type Transacted =
  | {
      readonly body: string
      /** The answer that the same request got before. */
      readonly isReplayed: boolean
    }
  | { readonly failed: number; readonly error: UndercroftError }

/** Throws UC309 for a key that came with another request. */
export type Transact = (call: TransactCall) => Promise<Transacted>

export interface TransactParts {
  readonly transactions: TransactionPool
  /** How long a transaction may take, with all that is run again. */
  readonly timeoutMs: number
  /** Encrypts an answer that is kept for a repeat; left out where nothing in it may be encrypted elsewhere. */
  readonly keeper?: AnswerKeeper | null
}

/** How an answer is kept, and given again. */
export interface AnswerKeeper {
  keep(answer: string): string
  recall(kept: string): string
}

const isolations: readonly Isolation[] = ["read committed", "repeatable read", "serializable"]

/** Puts it together. */
export function createTransact({ transactions, timeoutMs, keeper = null }: TransactParts): Transact {
  return async ({ steps, caller, once, toBody }) => {
    const isReadOnly = steps.every((one) => one.isReadOnly)
    const key = isReadOnly ? null : once
    const deadline = performance.now() + timeoutMs
    const action = steps.flatMap((one) => one.action ?? []).join(", ")
    const options = {
      caller: caller.sealed,
      ...(action === "" ? {} : { action }),
      readOnly: isReadOnly,
      isolation: strictest(steps),
      deadline,
    }
    let at = 0
    const attempt = (): Promise<string> =>
      transactions.run(options, async (transaction) => {
        const answers: string[] = []
        for (at = 0; at < steps.length; at++) answers.push(await steps[at]!.perform(transaction))
        at = steps.length - 1
        const body = toBody(answers)
        if (key) {
          const kept = keeper ? keeper.keep(body) : body
          await transaction.query("select undercroft.keep_once($1, $2, $3, 1, null, null)", [...key, kept])
        }
        // Last, where no way back to a savepoint takes it away.
        if (!isReadOnly) for (const { record } of steps) if (record?.isDue()) await record.write()
        return body
      })
    const apart = { ...options, readOnly: false, isolation: "read committed" } as const
    // What only reads can't write: its record is there before its answer is out.
    const recordApart = async (): Promise<void> => {
      const due = steps.filter(({ record }) => record?.isDue())
      if (!isReadOnly || due.length === 0) return
      await transactions.run(apart, async (transaction) => {
        for (const { record } of due) await record!.write(transaction)
      })
    }
    const recordReplay = async (): Promise<void> => {
      const due = steps.flatMap(({ record }) => (record?.replayed ? [record] : []))
      if (due.length === 0) return
      await transactions.run(apart, async (transaction) => {
        for (const one of due) await one.replayed!(transaction)
      })
    }
    const allUndone = async (error: UndercroftError): Promise<never> => {
      for (const { record } of steps) await record?.undone?.(error)
      throw error
    }
    try {
      const body = await retried(attempt, deadline)
      await recordApart()
      return { body, isReplayed: false }
    } catch (cause) {
      const kept = key ? await recall(key, caller, cause).catch((error) => allUndone(error)) : null
      const failed = at
      if (kept === null) {
        const error = await steps[failed]!.explain(cause)
        for (const [other, one] of steps.entries()) if (other !== failed) await one.record?.undone?.(error)
        return { failed, error }
      }
      await recordReplay()
      return { body: kept, isReplayed: true }
    }
  }

  /** The answer that the same request got before; null where what went wrong is something else. */
  async function recall(key: Once, caller: Caller, cause: unknown): Promise<string | null> {
    const options = {
      caller: caller.sealed,
      readOnly: true,
      isolation: "read committed",
      deadline: performance.now() + timeoutMs,
    } as const
    const text = "select same, body from undercroft.recall_once($1, $2)"
    // What the request itself met is the better answer.
    const found = await transactions
      .run(options, async (transaction) => (await transaction.query(text, key)).rows[0])
      .catch(() => undefined)
    if (!found) return null
    if (found["same"] !== true) throw new UndercroftError("UC309", {}, { cause })
    const body = found["body"] as string
    return keeper ? keeper.recall(body) : body
  }
}

/** What each of the steps asks for, or more. */
function strictest(steps: readonly Step[]): Isolation {
  const at = Math.max(0, ...steps.map((one) => isolations.indexOf(one.isolation)))
  return isolations[at]!
}
