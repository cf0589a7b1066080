/** What a caller could ever know of a model and do with it: documents and introspection tell no more than this. */
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { couldHold } from "../policy/could-hold.ts"
import { type EntityPolicy, type Policies, policyOf } from "../policy/policies.ts"
import type { Rule } from "../policy/rule.ts"
import type { PredicateCaller } from "../policy/to-predicate.ts"

export type Verb = "read" | "create" | "update" | "delete"

export interface Knowledge {
  /** The same for callers who know the same. */
  readonly key: string
  /** Fields that do not exist for this caller. */
  readonly hidden: ReadonlySet<FieldInfo>
  /** Fields that this caller may see and can never set. */
  readonly unsettable: ReadonlySet<FieldInfo>
  /** Whether there could be a row with which this caller may do this. */
  may(entity: EntityInfo, verb: Verb): boolean
  /** Whether this caller could ever call the action. */
  mayCall(action: string): boolean
  /** Whether this caller could ever have a call waiting for approval, or approve one. */
  readonly approves: boolean
  /** Whether this caller has the role of privacy officers. */
  readonly isOfficer: boolean
}

const verbs: readonly Verb[] = ["read", "create", "update", "delete"]

/** What someone could know to whom no rule says no. */
export function wholeKnowledge(policies: Policies): Knowledge {
  return knowledgeOf(policies, null, new Set())
}

/** Null is someone to whom no rule says no; a rule that can't be answered says no. */
export function knowledgeOf(
  policies: Policies,
  caller: PredicateCaller | null,
  hidden: ReadonlySet<FieldInfo>,
): Knowledge {
  const could = (rule: Rule | null): boolean => {
    try {
      return rule === null || couldHold(rule, caller)
    } catch {
      return false
    }
  }
  const { entities } = policies.model
  const allowed = new Map(
    entities.map((entity) => [
      entity,
      verbs.filter((verb) => allows(policyOf(policies, entity), verb, could)),
    ]),
  )
  const fields = entities.flatMap((entity) => entity.fields)
  const unsettable = new Set(
    fields.filter(
      (field) => !could(policyOf(policies, field.entity).fields.get(field.name)?.writableBy ?? null),
    ),
  )
  const callable = new Set([...policies.actions].flatMap(([name, rule]) => (could(rule) ? [name] : [])))
  const approves = [...policies.approvals].some(([name, rule]) => callable.has(name) || could(rule))
  const { officer } = policies
  const isOfficer = officer !== null && could({ kind: "role", negated: false, name: officer })
  const bits = [
    approves,
    isOfficer,
    ...[...policies.actions.keys()].map((name) => callable.has(name)),
    ...entities.flatMap((entity) => verbs.map((verb) => allowed.get(entity)?.includes(verb) ?? false)),
    ...fields.flatMap((field) => [hidden.has(field), unsettable.has(field)]),
  ]
  return {
    key: bits.map((bit) => (bit ? "1" : "0")).join(""),
    hidden,
    unsettable,
    may: (entity, verb) => allowed.get(entity)?.includes(verb) ?? false,
    mayCall: (action) => callable.has(action),
    approves,
    isOfficer,
  }
}

/** To change or delete a row, one must also be allowed to read it. */
function allows(policy: EntityPolicy, verb: Verb, could: (rule: Rule | null) => boolean): boolean {
  switch (verb) {
    case "read":
      return could(policy.read) && could(policy.viewWhere)
    case "create":
      return could(policy.create)
    case "update":
      return [policy.read, policy.updateFrom, policy.updateTo, policy.updateStep].every(could)
    case "delete":
      return could(policy.read) && could(policy.delete)
  }
}
