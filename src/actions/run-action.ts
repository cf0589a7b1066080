/** The one way to run an action, whichever door it is called through: each check in its order. */
import { UndercroftError } from "../base/errors.ts"
import type { Caller } from "../engine/caller.ts"
import type { Engine } from "../engine/engine.ts"
import type { StepUp } from "../engine/step-up.ts"
import type { PrepareAction } from "../engine/transact.ts"
import type { FieldCiphers } from "../keys/field-ciphers.ts"
import { couldHold } from "../policy/could-hold.ts"
import type { Policies } from "../policy/policies.ts"
import { quoteName } from "../policy/to-sql.ts"
import { callName } from "../sql/call-functions.ts"
import type { ConstraintPlan } from "../sql/tables.ts"
import { isDatabaseError } from "../store/pool.ts"
import type { Transaction } from "../store/transactions.ts"
import type { AnyAction } from "./action.ts"
import { explainActionError } from "./action-error.ts"
import { createActionLog, type LogEntry } from "./action-log.ts"
import type { Approvals } from "./approvals.ts"
import type { RunningHooks } from "./run-hooks.ts"
import { parseInput, parseOutput } from "./schema.ts"
import { ActionSteps } from "./system-scope.ts"

export interface ActionParts {
  readonly actions: Readonly<Record<string, AnyAction>>
  readonly policies: Policies
  readonly constraints: ReadonlyMap<string, ConstraintPlan>
  readonly engine: Engine
  /** What `db` is: its writes are shown to the hooks, too. */
  readonly connect: RunningHooks["connect"]
  readonly stepUp: StepUp
  /** Where actions wait for a second person. */
  readonly approvals: Approvals | null
  /** Seals steps beyond the caller's rights. */
  readonly processKey: Buffer
  /** Opens what such steps read; null where the model encrypts nothing. */
  readonly ciphers: FieldCiphers | null
  readonly log: (entry: LogEntry) => void
}

type RunScope = Parameters<AnyAction["definition"]["run"]>[0]

/** Puts the runner together. */
export function createPrepareAction({
  actions,
  policies,
  constraints,
  engine,
  connect,
  processKey,
  ciphers,
  stepUp,
  approvals,
  log: write,
}: ActionParts): PrepareAction {
  return async ({ name, input, caller }) => {
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined
    if (!action) throw new UndercroftError("PGRST202", { action: name.slice(0, 100) })
    const { definition } = action
    stepUp.action(name, caller)
    const rule = policies.actions.get(name)
    if (!rule || !could(() => couldHold(rule, caller))) throw refused(name, caller)
    const parsed = await parseInput(definition.input, input)
    const { id, roles, claims } = caller
    const me = { id, roles, claims, has: (role: string) => roles.includes(role) }
    const log = createActionLog(name, write)
    const { readOnly: isReadOnly = false, isolation = "read committed", system = [] } = definition
    const beyond = {
      action: name,
      actor: id,
      allowed: new Set(system.flatMap((entity) => policies.model.byName.get(entity.name) ?? [])),
      model: policies.model,
      processKey,
      ciphers,
      failures: new WeakSet(),
    }
    let steps: ActionSteps | null = null
    const approval = definition.approval
      ? await approvals!.ask({ name, input, caller, seconds: definition.approval.within.hours * 3600 })
      : null

    return {
      isReadOnly,
      isolation,
      action: name,
      async perform(transaction) {
        const now = await authorise(transaction, name, caller)
        if (approval !== null) await approvals!.use(transaction, approval)
        const db = connect(transaction, caller)
        steps = new ActionSteps(transaction, beyond)
        const output = await definition.run({ input: parsed, db, me, now, log, ...steps.scope } as RunScope)
        steps.end()
        return JSON.stringify((await parseOutput(definition.output, output)) ?? null)
      },
      record: {
        isDue: () => steps?.isUsed ?? false,
        write: async (apart) => steps?.record(apart),
      },
      async explain(cause) {
        if (!isDatabaseError(cause))
          return cause instanceof UndercroftError ? cause : new UndercroftError("UC690", {}, { cause })
        return explainActionError(cause, {
          action: name,
          isReadOnly,
          isAnonymous: id === null,
          model: policies.model,
          constraints,
          known: await engine.knows(caller),
          isBeyond: beyond.failures.has(cause),
        })
      },
    }
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
