/** An operation with every name resolved to what the caller may name: what `compile` prints. */
import type { FieldInfo } from "../model/model.ts"
import type { EntityPolicy } from "../policy/policies.ts"
import type {
  Aggregate,
  BodyForm,
  CountKind,
  Each,
  FilterOperator,
  JsonStep,
  NamedFact,
  Returning,
  ValueIndex,
} from "./operation.ts"

/** How rows of one entity lead to rows of another. */
export interface PlannedRelation {
  /** `back`: the other way of a reference that is unique, so that there is one row at most. */
  readonly kind: "one" | "back" | "many" | "through"
  /** The reference; of `from` when one, of `to` when back or many, of the join entity towards `from` when through. */
  readonly field: FieldInfo
  /** Through a join entity: its policy, and its reference towards the target. */
  readonly join: { readonly policy: EntityPolicy; readonly far: FieldInfo } | null
  readonly name: string
}

/** Whether there is one row at most at the other end. */
export function isToOne({ kind }: PlannedRelation): boolean {
  return kind === "one" || kind === "back"
}

export interface PlannedField {
  readonly kind: "field"
  readonly field: FieldInfo
  readonly json: readonly JsonStep[]
  readonly as: string
  readonly cast: string | null
  readonly aggregate: Aggregate | null
  readonly aggregateCast: string | null
}

export interface PlannedEmbed {
  readonly kind: "embed"
  readonly as: string
  readonly relation: PlannedRelation
  readonly inner: boolean
  readonly spread: boolean
  readonly query: PlannedQuery
}

export type PlannedItem =
  | PlannedField
  | { readonly kind: "count"; readonly as: string; readonly cast: string | null }
  | PlannedObject
  | { readonly kind: "text"; readonly as: string; readonly text: string }
  | { readonly kind: "node-id"; readonly as: string }
  | { readonly kind: "cursor"; readonly as: string }
  | PlannedEmbed

export interface PlannedObject {
  readonly kind: "object"
  readonly as: string
  readonly items: readonly PlannedItem[]
}

export type PlannedFilter =
  | {
      readonly kind: "compare"
      readonly field: FieldInfo
      readonly json: readonly JsonStep[]
      readonly operator: FilterOperator
      readonly negated: boolean
      readonly quantifier: "any" | "all" | null
      readonly config: string | null
      readonly value: ValueIndex
    }
  | {
      readonly kind: "is"
      readonly field: FieldInfo
      readonly json: readonly JsonStep[]
      readonly negated: boolean
      readonly value: "null" | "not_null" | "true" | "false" | "unknown"
    }
  /** The embed has rows, or negated none. */
  | { readonly kind: "embed-is-null"; readonly embed: PlannedEmbed; readonly negated: boolean }
  | { readonly kind: "and" | "or"; readonly negated: boolean; readonly terms: readonly PlannedFilter[] }

export interface PlannedOrder {
  /** To-one steps before the field. */
  readonly embed: PlannedEmbed | null
  readonly field: FieldInfo
  readonly json: readonly JsonStep[]
  readonly descending: boolean
  readonly nulls: "first" | "last" | null
}

export interface PlannedQuery {
  readonly policy: EntityPolicy
  readonly items: readonly PlannedItem[]
  readonly where: readonly PlannedFilter[]
  readonly order: readonly PlannedOrder[]
  readonly limit: number | null
  readonly offset: ValueIndex | null
  readonly frame: PlannedFrame | null
}

/** The rows of each of its `rows` stand in the query's items, as objects. */
export interface PlannedFrame {
  readonly parts: readonly PlannedPart[]
  readonly fromEnd: boolean
  readonly after: ValueIndex | null
  readonly before: ValueIndex | null
}

export type PlannedPart =
  | { readonly kind: "rows"; readonly as: string; readonly item: string }
  | { readonly kind: "count"; readonly as: string; readonly of: "answer" | "all" }
  | { readonly kind: "page"; readonly as: string; readonly facts: readonly NamedFact[] }
  | { readonly kind: "aggregate"; readonly as: string; readonly items: readonly PlannedItem[] }
  | { readonly kind: "text"; readonly as: string; readonly text: string }

interface PlanBase {
  readonly query: PlannedQuery
  readonly count: CountKind | null
  readonly single: boolean
  readonly form: BodyForm
}

export type Plan =
  | (PlanBase & { readonly kind: "read" })
  | (PlannedWrite & {
      readonly kind: "insert"
      readonly columns: readonly FieldInfo[]
      readonly rows: ValueIndex
      readonly isOneRow: boolean
      readonly missingDefault: boolean
      readonly isText: boolean
      readonly conflict: {
        readonly fields: readonly FieldInfo[]
        readonly resolution: "merge" | "ignore"
      } | null
    })
  | (PlannedWrite & {
      readonly kind: "update"
      readonly columns: readonly FieldInfo[]
      readonly row: ValueIndex
      readonly isText: boolean
      readonly each: Each | null
    })
  | (PlannedWrite & { readonly kind: "delete"; readonly each: Each | null })

export interface PlannedWrite extends PlanBase {
  readonly returning: Returning
  readonly maxAffected: number | null
  readonly match: ValueIndex | "any" | null
  readonly once: ValueIndex | null
}
