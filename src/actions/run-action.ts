/** The one way to run an action, whichever door it is called through: each check in its order. */
import { UndercroftError } from "../base/errors.ts"
import type { Caller } from "../engine/caller.ts"
import type { Engine } from "../engine/engine.ts"
import { couldHold } from "../policy/could-hold.ts"
import type { Policies } from "../policy/policies.ts"
import { quoteName } from "../policy/to-sql.ts"
import { callName } from "../sql/call-functions.ts"
import type { ConstraintPlan } from "../sql/tables.ts"
import { isDatabaseError } from "../store/pool.ts"
import type { Transaction, TransactionPool } from "../store/transactions.ts"
import type { AnyAction } from "./action.ts"
import { explainActionError, isPassing } from "./action-error.ts"
import { createActionLog, type LogEntry } from "./action-log.ts"
import { connectKysely } from "./connect-kysely.ts"
import { ModelPlugin } from "./model-plugin.ts"
import { parseInput, parseOutput } from "./schema.ts"
import { ActionSteps } from "./system-scope.ts"

export interface ActionParts {
  readonly actions: Readonly<Record<string, AnyAction>>
  readonly policies: Policies
  readonly constraints: ReadonlyMap<string, ConstraintPlan>
  readonly engine: Engine
  readonly transactions: TransactionPool
  /** Seals steps beyond the caller's rights. */
  readonly processKey: Buffer
  /** How long an action may take, with all that is run again. */
  readonly timeoutMs: number
  readonly log: (entry: LogEntry) => void
}

export interface ActionCall {
  readonly name: string
  readonly input: unknown
  readonly caller: Caller
  /** A key and the digest of the request: with them it happens once. */
  readonly once: readonly [key: string, digest: string] | null
}

export interface ActionAnswer {
  /** JSON. */
  readonly body: string
  /** The answer that the same request got before. */
  readonly isReplayed: boolean
}

/** Throws `UndercroftError`. */
export type RunAction = (call: ActionCall) => Promise<ActionAnswer>

type RunScope = Parameters<AnyAction["definition"]["run"]>[0]

const mostTries = 5

/** Puts the runner together. */
export function createRunAction(parts: ActionParts): RunAction {
  const { actions, policies, transactions, engine } = parts

  return async ({ name, input, caller, once }) => {
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined
    if (!action) throw new UndercroftError("PGRST202", { action: name.slice(0, 100) })
    const { definition } = action
    const rule = policies.actions.get(name)
    if (!rule || !could(() => couldHold(rule, caller))) throw refused(name, caller)
    const parsed = await parseInput(definition.input, input)
    const key = definition.readOnly ? null : once
    const deadline = performance.now() + parts.timeoutMs
    const { readOnly = false, isolation = "read committed", system = [] } = definition
    const beyond = {
      action: name,
      actor: caller.id,
      allowed: new Set(system.flatMap((entity) => policies.model.byName.get(entity.name) ?? [])),
      model: policies.model,
      processKey: parts.processKey,
      failures: new WeakSet(),
    }

    const attempt = async (): Promise<string> => {
      const { body, steps } = await transactions.run(
        { caller: caller.sealed, readOnly, isolation, deadline },
        async (transaction) => {
          const now = await authorise(transaction, name, caller)
          const plugin = new ModelPlugin(policies.model)
          const db = connectKysely(({ sql, parameters }) => transaction.query(sql, parameters), plugin)
          const steps = new ActionSteps(transaction, beyond)
          const { id, roles, claims } = caller
          const me = { id, roles, claims, has: (role: string) => roles.includes(role) }
          const log = createActionLog(name, parts.log)
          const output = await definition.run({ input: parsed, db, me, now, log, ...steps.scope } as RunScope)
          steps.end()
          const body = JSON.stringify((await parseOutput(definition.output, output)) ?? null)
          if (key) {
            const text = "select undercroft.keep_once($1, $2, $3, 1, null, null)"
            await transaction.query(text, [...key, body])
          }
          // Last, where no way back to a savepoint takes it away.
          if (!readOnly) await steps.record()
          return { body, steps }
        },
      )
      // What only reads can't write: its steps are on record before its answer is out.
      if (readOnly && steps.isUsed) {
        const options = { caller: null, readOnly: false, isolation: "read committed", deadline } as const
        await transactions.run(options, (transaction) => steps.record(transaction))
      }
      return body
    }

    try {
      return { body: await retried(attempt, deadline), isReplayed: false }
    } catch (cause) {
      const kept = key ? await recall(key, caller, cause) : null
      if (kept !== null) return { body: kept, isReplayed: true }
      if (cause instanceof UndercroftError || !isDatabaseError(cause))
        throw cause instanceof UndercroftError ? cause : new UndercroftError("UC690", {}, { cause })
      throw explainActionError(cause, {
        action: name,
        isReadOnly: readOnly,
        isAnonymous: caller.id === null,
        model: policies.model,
        constraints: parts.constraints,
        known: await engine.knows(caller),
        isBeyond: beyond.failures.has(cause),
      })
    }
  }

  /** The answer that the same request got before; null where what went wrong is something else. */
  async function recall(
    key: readonly [string, string],
    caller: Caller,
    cause: unknown,
  ): Promise<string | null> {
    const options = {
      caller: caller.sealed,
      readOnly: true,
      isolation: "read committed",
      deadline: performance.now() + parts.timeoutMs,
    } as const
    const text = "select same, body from undercroft.recall_once($1, $2)"
    // What the request itself met is the better answer.
    const found = await transactions
      .run(options, async (transaction) => (await transaction.query(text, key)).rows[0])
      .catch(() => undefined)
    if (!found) return null
    if (found["same"] !== true) throw new UndercroftError("UC309", {}, { cause })
    return found["body"] as string
  }
}

/** Asked in the action's own transaction, since facts are the database's. Gives the transaction's moment. */
async function authorise(transaction: Transaction, name: string, caller: Caller): Promise<Date> {
  const call = `undercroft.${quoteName(callName(name))}()`
  const text = `select ${call} as "may", extract(epoch from now()) * 1000 as "at"`
  const [row] = (await transaction.query(text, [])).rows
  if (row?.["may"] !== true) throw refused(name, caller)
  return new Date(Math.floor(Number(row["at"])))
}

function refused(name: string, caller: Caller): UndercroftError {
  const code = caller.id === null ? "PG:42501/anonymous" : "PG:42501"
  return new UndercroftError(code, { what: `call the action ${name}` })
}

/** An error denies. */
function could(ask: () => boolean): boolean {
  try {
    return ask()
  } catch {
    return false
  }
}

/** Runs again what another transaction came in between, with pauses that grow, so that those who met do not meet again. */
async function retried<T>(attempt: () => Promise<T>, deadline: number): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (cause) {
      const pauseMs = 10 * 2 ** tries * Math.random()
      if (!isPassing(cause) || tries === mostTries || performance.now() + pauseMs > deadline) throw cause
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
}
