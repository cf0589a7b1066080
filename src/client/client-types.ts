/** A client's type, inferred from a backend's. */
import type { AnyEntity } from "../model/entity.ts"
import type { CollectionOf, Insert, Update } from "../model/field.ts"
import type { FieldName, IsReadonly, KeyInput, Nothing } from "./entity-types.ts"
import type {
  Aggregated,
  AggregateQuery,
  Answered,
  CallOptions,
  CountQuery,
  EachQuery,
  Include,
  ListQuery,
  Selection,
} from "./read-types.ts"

/** What a client reads of a backend's type. */
export interface BackendType {
  readonly model: readonly AnyEntity[]
  readonly actions?: Readonly<Record<string, ActionType>>
}

/** An action's type carries what it takes and what it gives. */
interface ActionType {
  readonly "~input": unknown
  readonly "~output": unknown
}

/** Options of a call that writes. */
export interface WriteOptions<E, S, I> extends Selection<E, S, I>, CallOptions {
  /** Under one key a write is done once, however often it is sent; one is made for each call unless given. */
  readonly idempotencyKey?: string
}

export interface UpdateOptions<E, S, I> extends WriteOptions<E, S, I> {
  /** The version that was read: a row that has changed since is left as it is, and the call fails with UC308. */
  readonly version?: number
}

/** The calls that read a collection. A call that fails throws `ClientError`. */
export interface ReadCalls<E> {
  /** Rows, at most as many as the backend's limit. */
  list<const S extends FieldName<E> = FieldName<E>, const I extends Include<E> = Include<E>>(
    query?: ListQuery<E, S, I>,
  ): Promise<readonly Answered<E, S, I>[]>
  /** One row. Where the caller can see none the call fails with PGRST116. */
  get<const S extends FieldName<E> = FieldName<E>, const I extends Include<E> = Include<E>>(
    key: KeyInput<E>,
    query?: Selection<E, S, I> & CallOptions,
  ): Promise<Answered<E, S, I>>
  /** How many rows there are, of those that the caller can see. */
  count(query?: CountQuery<E>): Promise<number>
  /** Groups of rows, and what is computed of each. */
  aggregate<
    const B extends FieldName<E> = never,
    const C extends boolean = false,
    const Sum extends FieldName<E> = never,
    const Avg extends FieldName<E> = never,
    const Min extends FieldName<E> = never,
    const Max extends FieldName<E> = never,
  >(
    query: AggregateQuery<E, B, C, Sum, Avg, Min, Max>,
  ): Promise<readonly Aggregated<E, B, C, Sum, Avg, Min, Max>[]>
  /** All rows, page after page, each once: pages begin where the one before ended, whatever is written meanwhile. */
  each<const S extends FieldName<E> = FieldName<E>, const I extends Include<E> = Include<E>>(
    query: EachQuery<E, S, I>,
  ): AsyncGenerator<Answered<E, S, I>, void, undefined>
}

/** The calls that write a collection. `select: []` asks for nothing back, for those who may write and not read. */
export interface WriteCalls<E> {
  create<const S extends FieldName<E> = FieldName<E>, const I extends Include<E> = Include<E>>(
    row: Insert<E>,
    options?: WriteOptions<E, S, I>,
  ): Promise<Answered<E, S, I>>
  /** All of them or none. */
  createMany<const S extends FieldName<E> = FieldName<E>, const I extends Include<E> = Include<E>>(
    rows: readonly Insert<E>[],
    options?: WriteOptions<E, S, I>,
  ): Promise<readonly Answered<E, S, I>[]>
  update<const S extends FieldName<E> = FieldName<E>, const I extends Include<E> = Include<E>>(
    key: KeyInput<E>,
    changes: Update<E>,
    options?: UpdateOptions<E, S, I>,
  ): Promise<Answered<E, S, I>>
  delete(key: KeyInput<E>, options?: CallOptions): Promise<void>
}

/** The calls of one collection; a view is only read. */
export type Collection<E> = IsReadonly<E> extends true ? ReadCalls<E> : ReadCalls<E> & WriteCalls<E>

type ActionCalls<A> = {
  readonly [K in keyof A]: A[K] extends ActionType
    ? (
        input: A[K]["~input"],
        options?: CallOptions & { readonly idempotencyKey?: string },
      ) => Promise<A[K]["~output"]>
    : never
}

type ActionsOf<B> = B extends { readonly actions?: infer A } ? NonNullable<A> : Nothing

/** A backend as its callers use it: a property for each collection, and `actions`. */
export type Client<B extends BackendType> = number extends B["model"]["length"]
  ? "The backend's type does not say its model: leave out the annotation `: BackendDefinition`."
  : { readonly [E in B["model"][number] as CollectionOf<E>]: Collection<E> } & {
      readonly actions: ActionCalls<ActionsOf<B>>
    }
