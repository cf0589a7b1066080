/** What a team writes to declare an action: business logic by name, typed at both ends, in one transaction. */
import type { Kysely } from "kysely"
import type { CatalogueCode } from "../base/catalogue.ts"
import { UndercroftError } from "../base/errors.ts"
import { type BaseMe, baseMe } from "../model/capture.ts"
import type { AnyEntity } from "../model/entity.ts"
import { type Condition, type Node, toNode } from "../model/expression.ts"
import type { Isolation } from "../store/transactions.ts"
import type { ActionLog } from "./action-log.ts"
import type { DatabaseOf } from "./database-type.ts"
import type { InputOf, OutputOf, Schema } from "./schema.ts"

/** Who calls, as the token says. */
export interface ActionCaller {
  /** Null for an anonymous caller. */
  readonly id: string | null
  readonly roles: readonly string[]
  readonly claims: Readonly<Record<string, unknown>>
  has(role: string): boolean
}

/** What `run` is given where the action names entities under `system`. */
export interface SystemScope<System extends readonly AnyEntity[]> {
  /**
   * Does what goes beyond the caller's rights, in the same transaction: the model's rules do not hold, its constraints do.
   * The reason, at most 200 characters, goes on record with what was done; nothing about persons belongs there. `db` takes
   * queries built from the entities under `system`, no parts written as SQL, and ends with `fn`.
   */
  asSystem<T>(reason: string, fn: (db: Kysely<DatabaseOf<System>>) => Promise<T>): Promise<T>
}

/** What `run` is given. */
export type ActionScope<
  Uses extends readonly AnyEntity[],
  Input,
  System extends readonly AnyEntity[] = readonly [],
> = CallerScope<Uses, Input> & (System extends readonly [] ? unknown : SystemScope<System>)

/** What every `run` is given. */
export interface CallerScope<Uses extends readonly AnyEntity[], Input> {
  /** What the input's schema made of what was sent. */
  readonly input: Input
  /** The caller's own view of the data, in the action's transaction: every rule of the model holds. */
  readonly db: Kysely<DatabaseOf<Uses>>
  readonly me: ActionCaller
  /** The moment of the transaction, by the database's clock. */
  readonly now: Date
  readonly log: ActionLog
}

/** Who approves what others call. */
export interface Approval {
  /** Never who calls, whatever they are. */
  readonly by: (scope: { readonly me: BaseMe }) => Condition
  /** For how long a call waits, and is good once approved, from when it was sent first; 30 days at most. */
  readonly within: { readonly hours: number }
}

export interface ActionDefinition<
  I extends Schema,
  O extends Schema,
  Uses extends readonly AnyEntity[],
  System extends readonly AnyEntity[] = readonly [],
> {
  readonly description?: string
  /** The entities that `db` has, by their collections. */
  readonly uses: Uses
  /** The entities that steps beyond the caller's rights may touch; only with them there is `asSystem`. */
  readonly system?: System
  /** Checks what is sent: zod, or any other Standard Schema. */
  readonly input: I
  /** Checks what is given back, and leaves out what is not in it. */
  readonly output: O
  /** Who may call it. */
  readonly access: (scope: { readonly me: BaseMe }) => Condition
  /** Four eyes: a call waits until somebody else approves it, and is then sent again, as it was, by who sent it first. */
  readonly approval?: Approval
  /** It writes nothing: PostgreSQL refuses to. It can be called by GET, and is a query in GraphQL. */
  readonly readOnly?: boolean
  /** `read committed` unless given; what fails to be serialized is run again. */
  readonly isolation?: Isolation
  /**
   * What it does. It is run again where PostgreSQL says that another transaction came in between, and may then be
   * undone: so it does nothing outside of `db`, such as sending mail.
   */
  readonly run: (scope: ActionScope<Uses, OutputOf<I>, System>) => InputOf<O> | Promise<InputOf<O>>
}

type AnyDefinition = ActionDefinition<Schema, Schema, readonly AnyEntity[], readonly AnyEntity[]>

/** A declared action; its type says what goes in and what comes out. */
export class Action<Input, Output> {
  declare readonly "~input": Input
  declare readonly "~output": Output
  /** Without its types, which are the author's alone. */
  readonly definition: AnyDefinition

  constructor(definition: AnyDefinition) {
    this.definition = definition
  }

  /** The access rule as captured. */
  readAccess(): Node {
    return toNode(this.definition.access({ me: baseMe }))
  }

  /** The rule of who approves, as captured; null where nobody has to. */
  readApproval(): Node | null {
    const { approval } = this.definition
    return approval ? toNode(approval.by({ me: baseMe })) : null
  }
}

/** An action of whatever input and output. */
export type AnyAction = Action<unknown, unknown>

/**
 * Declares an action: `actions: { rename }` of `defineBackend` names it, and it is called at `/rest/rpc/rename`, and in GraphQL.
 *
 * @example
 * action({ uses: [], input: json(), output: json(), access: () => signedIn, run: ({ input }) => input })
 */
export function action<
  I extends Schema,
  O extends Schema,
  const Uses extends readonly AnyEntity[],
  const System extends readonly AnyEntity[] = readonly [],
>(definition: ActionDefinition<I, O, Uses, System>): Action<InputOf<I>, OutputOf<O>> {
  return new Action(definition as unknown as AnyDefinition)
}

/**
 * Refuses, with an error of the catalogue; what the action did is undone. UC702 is for how things are now, UC703 for
 * what is not there, UC704 for what is not allowed.
 *
 * @example
 * () => fail("UC702", { why: "this time is taken" })
 */
export function fail(code: CatalogueCode, values: Readonly<Record<string, string | number>> = {}): never {
  throw new UndercroftError(code, values)
}
