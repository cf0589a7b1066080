/** What reads take, and the rows that come of it. */
import type { Row } from "../model/field.ts"
import type {
  FieldName,
  Flat,
  HasId,
  IsMany,
  KeyNames,
  NameOf,
  Nothing,
  OrderTerm,
  RelationName,
  TargetOf,
} from "./entity-types.ts"
import type { Where } from "./where-types.ts"

/** What every call takes. */
export interface CallOptions {
  /** Ends the call at once, also while it waits to try again. */
  readonly signal?: AbortSignal | undefined
}

/** What is read of related rows. */
export interface IncludeQuery<E> {
  readonly select?: readonly FieldName<E>[]
  readonly where?: Where<NameOf<E>, E>
  readonly order?: readonly OrderTerm<E>[]
  readonly limit?: number
  /** Leaves out rows that have no such related row. */
  readonly inner?: boolean
  readonly include?: Include<E>
}

/** Relations by name: `true` for their rows as they are. */
export type Include<E> = { readonly [K in RelationName<E>]?: true | IncludeQuery<TargetOf<E, K>> }

/** What nothing is: a sentence for the one who reads the compiler's message. */
interface Refused<Sentence> {
  readonly "~refused": Sentence
}

/** Refuses, in words, names that an include's own type lets pass because it was inferred. */
export type CheckInclude<E, I> =
  Include<E> extends I
    ? unknown
    : {
        readonly [K in keyof I]: K extends RelationName<E>
          ? CheckQuery<TargetOf<E, K>, I[K]>
          : Refused<`${NameOf<E>} has no relation ${K & string}`>
      }
type CheckQuery<E, Q> = Q extends true
  ? Q
  : {
      readonly [P in keyof Q]: P extends "include"
        ? CheckInclude<E, Q[P]>
        : P extends "where"
          ? CheckWhere<E, Q[P]>
          : P extends keyof IncludeQuery<E>
            ? Q[P]
            : Refused<`an include has no option ${P & string}`>
    }
type CheckWhere<E, W> = {
  readonly [K in keyof W]: K extends FieldName<E>
    ? W[K]
    : K extends "not"
      ? CheckWhere<E, W[K]>
      : K extends "or" | "and"
        ? CheckEach<E, W[K]>
        : Refused<`${NameOf<E>} has no field ${K & string}`>
}

type CheckEach<E, L> = { readonly [At in keyof L]: CheckWhere<E, L[At]> }

/** Which fields and relations come back. */
export interface Selection<E, S, I> {
  /** All fields that the caller may see, when it is left out. */
  readonly select?: readonly S[]
  readonly include?: I & CheckInclude<E, I>
}

export interface ListQuery<E, S, I> extends Selection<E, S, I>, CallOptions {
  readonly where?: Where<NameOf<E>, E>
  readonly order?: readonly OrderTerm<E>[]
  /** The backend's own limit on rows holds too. */
  readonly limit?: number
  readonly offset?: number
}

interface EachOptions<E, S, I> extends Selection<E, S, I>, CallOptions {
  readonly where?: Where<NameOf<E>, E>
  readonly order?: readonly OrderTerm<E>[]
  /** Rows of one request, 200 unless given. */
  readonly pageSize?: number
}

/** The key decides between rows that are equal in their order; where it is not `id`, it is named. */
export type EachQuery<E, S, I> =
  HasId<E> extends true ? EachOptions<E, S, I> : EachOptions<E, S, I> & { readonly key: KeyNames<E> }

/** A row with the selected fields and the included relations, which take the place of fields of their name. */
export type Selected<E, S, I> = Flat<
  { readonly [K in Exclude<S, keyof I> & keyof Row<E>]: Row<E>[K] } & {
    readonly [K in keyof I]: IsMany<E, K> extends true
      ? readonly Related<TargetOf<E, K>, I[K]>[]
      : Related<TargetOf<E, K>, I[K]> | (I[K] extends { readonly inner: true } ? never : null)
  }
>
/** The same of a call, where `I` is all relations when none was named: editors then know what could be. */
export type Answered<E, S, I> = Selected<E, S, Include<E> extends I ? Nothing : I>
type Related<E, Q> = Selected<
  E,
  Q extends { readonly select: readonly (infer S)[] } ? S : FieldName<E>,
  Q extends { readonly include: infer I } ? I : Nothing
>

export interface CountQuery<E> extends CallOptions {
  readonly where?: Where<NameOf<E>, E>
}

/** Groups and what is computed of each; without `by`, of all rows. Sums and averages are numbers of JavaScript. */
export interface AggregateQuery<E, B, C, Sum, Avg, Min, Max> extends CountQuery<E> {
  readonly by?: readonly B[]
  readonly count?: C
  readonly sum?: readonly Sum[]
  readonly avg?: readonly Avg[]
  readonly min?: readonly Min[]
  readonly max?: readonly Max[]
  /** By the fields of `by`. */
  readonly order?: readonly NoInfer<(B & string) | `-${B & string}`>[]
  readonly limit?: number
}

type Computed<Kind extends string, K, V> = [K] extends [never] ? Nothing : { readonly [_ in Kind]: V }

/** One group. */
export type Aggregated<E, B, C, Sum, Avg, Min, Max> = Flat<
  { readonly [K in B & keyof Row<E>]: Row<E>[K] } & (C extends true ? { readonly count: number } : Nothing) &
    Computed<"sum", Sum, { readonly [K in Sum & string]: number | null }> &
    Computed<"avg", Avg, { readonly [K in Avg & string]: number | null }> &
    Computed<"min", Min, { readonly [K in Min & keyof Row<E>]: Row<E>[K] | null }> &
    Computed<"max", Max, { readonly [K in Max & keyof Row<E>]: Row<E>[K] | null }>
>
