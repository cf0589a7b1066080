/**
 * A rule with every name resolved, in negation normal form: a negation stands only at a leaf, so that an unknown
 * (a null) can never turn into a yes. Each leaf either is known to hold or does not hold.
 */
import type { CompareOperator, ScopeName, TextOperator } from "../model/expression.ts"
import type { ConsentInfo, EntityInfo, FieldInfo, RelationInfo } from "../model/model.ts"
import type { FieldKind } from "../model/value.ts"

/** Where a value comes from. `of` is its kind. */
export type RuleValue =
  | { readonly kind: "field"; readonly scope: ScopeName; readonly field: FieldInfo; readonly of: FieldKind }
  /** A side of a range; null where it is unbounded. */
  | {
      readonly kind: "bound"
      readonly scope: ScopeName
      readonly field: FieldInfo
      readonly side: "from" | "to"
      readonly of: FieldKind
    }
  | { readonly kind: "constant"; readonly value: unknown; readonly of: FieldKind }
  | { readonly kind: "me-id"; readonly of: FieldKind }
  | { readonly kind: "claim"; readonly name: string; readonly of: FieldKind }
  | { readonly kind: "now" | "today"; readonly of: FieldKind }
  | {
      readonly kind: "shift"
      readonly value: RuleValue
      readonly by: string
      readonly back: boolean
      readonly of: FieldKind
    }
  | {
      readonly kind: "call"
      readonly name: string
      readonly values: readonly RuleValue[]
      readonly of: FieldKind
    }

/** A list about the caller that the database looks up once a statement. */
export interface Fact {
  readonly name: string
  readonly entity: EntityInfo
  readonly where: Rule
  readonly field: FieldInfo
  /** What the caller does where they are in the list, or are not; only where that says it better. */
  readonly says?: { readonly yes: string; readonly no: string }
}

export type Rule =
  | { readonly kind: "all" | "any"; readonly terms: readonly Rule[] }
  | {
      readonly kind: "compare"
      readonly operator: CompareOperator
      readonly left: RuleValue
      readonly right: RuleValue
      readonly of: FieldKind
    }
  | {
      readonly kind: "text"
      readonly operator: TextOperator
      readonly negated: boolean
      readonly left: RuleValue
      readonly right: RuleValue
    }
  | {
      readonly kind: "in-values"
      readonly negated: boolean
      readonly left: RuleValue
      readonly values: readonly unknown[]
      readonly of: FieldKind
    }
  | { readonly kind: "in-fact"; readonly negated: boolean; readonly left: RuleValue; readonly fact: Fact }
  | { readonly kind: "null"; readonly negated: boolean; readonly value: RuleValue }
  | { readonly kind: "signed-in"; readonly negated: boolean }
  | { readonly kind: "role"; readonly negated: boolean; readonly name: string }
  /** The row that a reference of `scope` leads to exists and fits; negated only where it stands for its visibility. */
  | {
      readonly kind: "related"
      readonly negated: boolean
      readonly visible: boolean
      readonly scope: ScopeName
      readonly relation: RelationInfo
      readonly inner: ScopeName
      readonly where: Rule
    }
  /** At least one row, or negated no row, of a to-many relation fits. */
  | {
      readonly kind: "some"
      readonly negated: boolean
      readonly scope: ScopeName
      readonly relation: RelationInfo
      readonly inner: ScopeName
      readonly where: Rule
    }
  /** The register has a consent of the person that `field` of `scope` names, and which fits. */
  | {
      readonly kind: "consent"
      readonly negated: boolean
      readonly scope: ScopeName
      readonly field: FieldInfo
      readonly register: ConsentInfo
      readonly purpose: string
      readonly inner: ScopeName
      readonly where: Rule
    }

export const always: Rule = { kind: "all", terms: [] }
export const never: Rule = { kind: "any", terms: [] }

type Visit = (part: Rule | RuleValue, inside: ReadonlySet<ScopeName>) => void

/** Calls `visit` for every part of a rule, values included, with the names of the rows that are bound there. */
export function walkRule(rule: Rule, visit: Visit, inside: ReadonlySet<ScopeName> = new Set()): void {
  visit(rule, inside)
  switch (rule.kind) {
    case "all":
    case "any":
      for (const term of rule.terms) walkRule(term, visit, inside)
      break
    case "compare":
    case "text":
      walkValue(rule.left, visit, inside)
      walkValue(rule.right, visit, inside)
      break
    case "in-values":
    case "in-fact":
      walkValue(rule.left, visit, inside)
      break
    case "null":
      walkValue(rule.value, visit, inside)
      break
    case "related":
    case "some":
    case "consent":
      walkRule(rule.where, visit, new Set([...inside, rule.inner]))
      break
  }
}

function walkValue(value: RuleValue, visit: Visit, inside: ReadonlySet<ScopeName>): void {
  visit(value, inside)
  if (value.kind === "shift") walkValue(value.value, visit, inside)
  if (value.kind === "call") for (const one of value.values) walkValue(one, visit, inside)
}

/**
 * The fields of rows outside `inside` that a rule reads: what makes it correlated. A name counts where it is bound and
 * nowhere else: rules that visible() brings along may use one a second time.
 */
export function outerFields(
  rule: Rule,
  inside: ReadonlySet<ScopeName>,
): readonly { scope: ScopeName; field: FieldInfo }[] {
  const found = new Map<string, { scope: ScopeName; field: FieldInfo }>()
  walkRule(
    rule,
    (part, own) => {
      const use =
        part.kind === "field" || part.kind === "bound"
          ? { scope: part.scope, field: part.field }
          : part.kind === "related"
            ? { scope: part.scope, field: part.relation.field }
            : part.kind === "some"
              ? { scope: part.scope, field: part.relation.field.reference!.entity.key[0]! }
              : part.kind === "consent"
                ? { scope: part.scope, field: part.field }
                : null
      if (use && !own.has(use.scope)) found.set(`${use.scope}.${use.field.name}`, use)
    },
    inside,
  )
  return [...found.values()]
}

/** Whether a rule reads any row at all; a rule that does not is the same for every row. */
export function readsRow(rule: Rule): boolean {
  return outerFields(rule, new Set()).length > 0
}
