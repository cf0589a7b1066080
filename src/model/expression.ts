/** The language of rules: a small tree over `row`, `me` and constants, as the author wrote it. Names are resolved later. */

/** Which row a field belongs to: `row`, the row `before` an update, or `inner1`, `inner2` … inside `some(…)`. */
export type ScopeName = string

export type CompareOperator = "is" | "isNot" | "above" | "atLeast" | "below" | "atMost"
export type TextOperator = "startsWith" | "endsWith" | "contains"

/** A rule or a value in a rule. */
export type Node =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "field"; readonly scope: ScopeName; readonly path: readonly string[] }
  | { readonly kind: "me-id" }
  /** A fact of the actor, or the values that a lookup picks. */
  | { readonly kind: "fact"; readonly actor: object; readonly name: string }
  | { readonly kind: "now" }
  | { readonly kind: "today" }
  | { readonly kind: "shift"; readonly of: Node; readonly by: string; readonly back: boolean }
  | {
      readonly kind: "call"
      readonly name: "concat" | "lower" | "upper" | "add" | "subtract" | "multiply"
      readonly of: readonly Node[]
    }
  | {
      readonly kind: "compare"
      readonly operator: CompareOperator
      readonly left: Node
      readonly right: Node
    }
  | { readonly kind: "text"; readonly operator: TextOperator; readonly left: Node; readonly right: Node }
  | { readonly kind: "in"; readonly left: Node; readonly right: Node | readonly unknown[] }
  | { readonly kind: "null"; readonly of: Node }
  | { readonly kind: "signed-in" }
  | { readonly kind: "role"; readonly name: string }
  | { readonly kind: "and" | "or"; readonly terms: readonly Node[] }
  | { readonly kind: "not"; readonly term: Node }
  /** At least one row of a to-many relation fits. */
  | {
      readonly kind: "some"
      readonly scope: ScopeName
      readonly path: readonly string[]
      readonly inner: ScopeName
      readonly where: Node
    }
  /** The person whose data the row at the end of the path is, or without a scope the caller as one, consents to a purpose. */
  | {
      readonly kind: "consent"
      readonly scope: ScopeName | null
      readonly path: readonly string[]
      readonly purpose: string
    }
  /** The caller broke the glass for the person whose data the row is. */
  | { readonly kind: "override"; readonly name: string }
  /** The row at the end of the path is readable by the caller. */
  | { readonly kind: "visible"; readonly scope: ScopeName; readonly path: readonly string[] }

/** A finished yes-or-no expression. Opaque to authors: combine it with `allOf`, `anyOf` and `not`. */
export class Condition {
  readonly node: Node

  constructor(node: Node) {
    this.node = node
  }
}

/** What the value side of an expression carries at run time. */
export const nodeOf: unique symbol = Symbol("node")

/** The node behind a captured expression, a condition or a plain value. */
export function toNode(value: unknown): Node {
  if (value instanceof Condition) return value.node
  const captured =
    typeof value === "function" || typeof value === "object"
      ? (value as { [nodeOf]?: Node } | null)?.[nodeOf]
      : undefined
  return captured ?? { kind: "value", value: value ?? null }
}
