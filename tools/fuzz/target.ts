/** What the harness asks questions of: the real engine on PostgreSQL, or an imitation to try the harness itself. */
import type { Policies } from "../../src/policy/policies.ts"
import type { ActionInput } from "./action-door.ts"
import type { DeclaredModel } from "./declare-model.ts"
import type { CallerDescription, OperationDescription, Row, Rows } from "./description.ts"
import type { GraphqlRequest } from "./graphql-request.ts"
import type { RestRequest } from "./rest-request.ts"

export interface RestAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Why the server failed, for people. */
  readonly why?: string
}

/** What a model is loaded as. Without planted bugs: its own policies everywhere, every statement as it is. */
export interface Loading {
  readonly declared: DeclaredModel
  /** What tables, policies and functions are made from. */
  readonly ddlPolicies: Policies
  /** What requests are planned with. */
  readonly planPolicies: Policies
  /** A last hand on the DDL. */
  readonly editStatements: (statements: readonly string[]) => readonly string[]
  /** Names of faults that the target plants in the engine's own work; see `planted-engine.ts`. */
  readonly faults: ReadonlySet<string>
}

/** Where a row that was peeked at has the blind index of a field. */
export function indexOf(field: string): string {
  return `${field}$index`
}

/** What SQL of the API role's own reads; null where it is refused. */
export interface Peek {
  readonly table: readonly Row[] | null
  readonly fieldView: readonly Row[] | null
}

export interface Target {
  /** Makes an empty database for the model. Throws where it refuses to start, as it should when a table isn't safe. */
  load(loading: Loading): Promise<void>
  /** Replaces all rows, whoever may write them. */
  fill(rows: Rows): Promise<void>
  /** `operation` is what the request says, for imitations; a real target reads only the request. */
  request(
    caller: CallerDescription,
    request: RestRequest,
    operation: OperationDescription,
  ): Promise<RestAnswer>
  /** Asks at the door `/graphql`; `operation` is what the document says. */
  graphql?(
    caller: CallerDescription,
    request: GraphqlRequest,
    operation: OperationDescription,
  ): Promise<RestAnswer>
  /** Calls the action that reads, or the one that writes; see `action-door.ts`. */
  act?(caller: CallerDescription, input: ActionInput): Promise<RestAnswer>
  /** All rows as canonical JSON values, whoever may read them. */
  dump(): Promise<Rows>
  /** Looks at an entity past the engine, with the rights that an injected statement would have. */
  peek?(caller: CallerDescription, entity: string): Promise<Peek>
  /** Whether claims that this process did not seal are believed. */
  believesForgery?(): Promise<boolean>
  close(): Promise<void>
}
