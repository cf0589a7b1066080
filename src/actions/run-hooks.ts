/** The one way to run hooks, whichever door a write comes through. */
import type { Kysely } from "kysely"
import type { Caller } from "../engine/caller.ts"
import { knowledgeOf } from "../engine/knowledge.ts"
import type { Fields, RowWrite, WriteHooks, WriteScope } from "../engine/write-hooks.ts"
import type { FieldCiphers } from "../keys/field-ciphers.ts"
import type { AnyEntity } from "../model/entity.ts"
import type { EntityInfo } from "../model/model.ts"
import type { Policies } from "../policy/policies.ts"
import { permitValues } from "../sql/permit.ts"
import type { ConstraintPlan } from "../sql/tables.ts"
import { isDatabaseError } from "../store/pool.ts"
import { isPassing } from "../store/retry.ts"
import type { Transaction, TransactionPool } from "../store/transactions.ts"
import { explainActionError } from "./action-error.ts"
import { createActionLog, type LogEntry } from "./action-log.ts"
import { connectCaller } from "./connect-kysely.ts"
import type { DatabaseOf } from "./database-type.ts"
import type { Hook, HookScope } from "./hook.ts"
import { interceptWrites } from "./intercept-writes.ts"

type AnyTables = DatabaseOf<readonly AnyEntity[]>

export interface HookParts {
  readonly hooks: readonly Hook[]
  readonly policies: Policies
  readonly constraints: ReadonlyMap<string, ConstraintPlan>
  readonly transactions: TransactionPool
  readonly timeoutMs: number
  readonly writtenRows: number
  /** Encrypts and decrypts; null where the model encrypts nothing. */
  readonly ciphers: FieldCiphers | null
  /** Seals what may be written. */
  readonly key: Buffer
  readonly log: (entry: LogEntry) => void
}

export interface RunningHooks extends WriteHooks {
  /** The `db` of an action: its writes are shown to the hooks, too. */
  connect(transaction: Transaction, caller: Caller): Kysely<AnyTables>
}

/** Puts the runner together. */
export function createHooks(parts: HookParts): RunningHooks {
  const { policies, transactions, timeoutMs } = parts
  const { model } = policies
  const hooks = new Map(parts.hooks.map((one) => [model.byName.get(one.entity.name), one]))
  const moments = new WeakMap<Transaction, Promise<Date>>()

  function momentOf(transaction: Transaction): Promise<Date> {
    const text = `select extract(epoch from now()) * 1000 as "at"`
    const found =
      moments.get(transaction) ??
      transaction.query(text, []).then(({ rows }) => new Date(Math.floor(Number(rows[0]?.["at"]))))
    moments.set(transaction, found)
    return found
  }

  const permit: WriteHooks["permit"] = (entity, completed) => permitValues(entity, completed, parts.key)

  /** `within` are the entities whose hooks are running: the innermost last. */
  function connectWithin(
    transaction: Transaction,
    caller: Caller,
    within: readonly EntityInfo[],
  ): Kysely<AnyTables> {
    const { ciphers } = parts
    if (hooks.size === 0 && !ciphers) return connectCaller(transaction, model)
    const intercept = interceptWrites({
      policies,
      transaction,
      db: connectCaller(transaction, model, ciphers),
      ciphers,
      writtenRows: parts.writtenRows,
      permit,
      admit(entity) {
        if (within.includes(entity))
          throw new Error(
            `the hook of ${entity.name} writes ${entity.collection}, of which it is shown a write: return { changes } instead`,
          )
      },
      show: (entity, write) => run(write, { entity, transaction, caller }, within),
    })
    return connectCaller(transaction, model, ciphers, intercept)
  }

  async function run(write: RowWrite, scope: WriteScope, within: readonly EntityInfo[]): Promise<Fields> {
    const { entity, transaction, caller } = scope
    const hook = hooks.get(entity)
    if (!hook) throw new Error(`${entity.name} has no hook`)
    const { id, roles, claims } = caller
    const given = await hook.definition.run({
      ...write,
      db: connectWithin(transaction, caller, [...within, entity]),
      me: { id, roles, claims, has: (role: string) => roles.includes(role) },
      now: await momentOf(transaction),
      log: createActionLog(`${entity.collection}.beforeWrite`, parts.log),
    } as HookScope<AnyEntity, readonly AnyEntity[]>)
    const changes = (given as { readonly changes?: Fields } | undefined)?.changes ?? {}
    return checkChanges(entity, write.kind, changes)
  }

  return {
    transactions,
    timeoutMs,
    permit,
    async beforeWrite(write, scope) {
      try {
        return await run(write, scope, [])
      } catch (cause) {
        // What a hook's own statements met is not about what the caller asked.
        if (!isDatabaseError(cause) || isPassing(cause)) throw cause
        const { caller, entity } = scope
        throw explainActionError(cause, {
          action: `${entity.collection}.beforeWrite`,
          isReadOnly: false,
          isAnonymous: caller.id === null,
          model,
          constraints: parts.constraints,
          known: knowledgeOf(policies, caller, caller.hidden ?? new Set()),
          isBeyond: false,
        })
      }
    },
    connect: (transaction, caller) => connectWithin(transaction, caller, []),
  }
}

/** A hook may set what the caller may not, but nothing that nobody may. */
function checkChanges(entity: EntityInfo, kind: RowWrite["kind"], changes: Fields): Fields {
  // What is undefined was left out.
  const said = Object.entries(changes).filter(([, value]) => value !== undefined)
  for (const [name] of said) {
    const field = entity.fieldByName.get(name)
    const refuse = (why: string): Error => new Error(`the hook of ${entity.name} sets ${name}, ${why}`)
    if (kind === "delete") throw refuse("and the row is deleted")
    if (!field) throw refuse("which is no field")
    if (field.readonly) throw refuse("which the database makes")
    if (kind === "update" && field.immutable) throw refuse("which can't be changed once it is set")
  }
  return Object.fromEntries(said)
}
