/** What a field of the schema stands for in the model: the schema carries it, so that no name is resolved twice. */
import type { GraphQLField, GraphQLInputField } from "graphql"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import type { Aggregate, FilterOperator, PageFact } from "../query/operation.ts"

/** A field of an object that is answered. */
export type Meaning =
  | { readonly kind: "collection" | "insert" | "update" | "delete"; readonly entity: EntityInfo }
  | { readonly kind: "node" }
  /** `isWrapped`: all of its input stands in the argument `input`. */
  | { readonly kind: "action"; readonly name: string; readonly isWrapped: boolean }
  /** `asText`: numbers that a client would round. */
  | { readonly kind: "value"; readonly field: FieldInfo; readonly asText: boolean }
  | { readonly kind: "one" | "many"; readonly relation: string }
  | { readonly kind: "aggregates"; readonly of: Aggregate }
  | { readonly kind: "page-fact"; readonly fact: PageFact }
  | { readonly kind: Part }

/** The parts of connections and of what writes tell. */
export type Part =
  | "node-id"
  | "edges"
  | "cursor"
  | "edge-node"
  | "page-info"
  | "total"
  | "aggregate"
  | "count"
  | "records"
  | "affected"

/** A field of an input. */
export type InputMeaning =
  | { readonly kind: "value"; readonly field: FieldInfo }
  | { readonly kind: "operator"; readonly operator: FilterOperator | "startsWith" | "is" }
  | { readonly kind: "one" | "many"; readonly relation: string }
  | { readonly kind: "some" | "none" | "and" | "or" | "not" }
  | { readonly kind: "node-id"; readonly entity: EntityInfo }

/** A field without one is a mistake of the schema. */
export function meaningOf(field: GraphQLField<unknown, unknown>): Meaning {
  return field.extensions["undercroft"] as Meaning
}

export function inputMeaningOf(field: GraphQLInputField): InputMeaning {
  return field.extensions["undercroft"] as InputMeaning
}

/** As graphql-js carries it. */
export function means<M extends Meaning | InputMeaning>(meaning: M): { readonly undercroft: M } {
  return { undercroft: meaning }
}
