/** Whether a rule could hold for a caller on some row: what a caller could ever know or do, for documents about it. */
import { type Rule, type RuleValue, walkRule } from "./rule.ts"
import { holds, type PredicateCaller, type PredicateWorld } from "./to-predicate.ts"

/**
 * False only where no row, no other data and no moment would make it hold. Null stands for whoever may come.
 *
 * Negations stand only at the leaves, so "unknown" can be carried as "yes" from there on. With a moment, whether it would
 * hold then.
 */
export function couldHold(rule: Rule, caller: PredicateCaller | null, at: string | null = null): boolean {
  switch (rule.kind) {
    case "all":
      return rule.terms.every((term) => couldHold(term, caller, at))
    case "any":
      return rule.terms.some((term) => couldHold(term, caller, at))
    case "related":
    case "some":
    case "consent":
      return rule.negated || couldHold(rule.where, caller, at)
    case "in-fact":
      return !isUnknown(rule.left, caller) && (rule.negated || couldHold(rule.fact.where, caller, at))
    case "in-values":
      if (!rule.negated && rule.values.length === 0) return false
      break
    case "compare":
    case "text":
      if (isUnknown(rule.left, caller) || isUnknown(rule.right, caller)) return false
      break
  }
  return caller === null || !isAboutCaller(rule, at !== null) || holds(rule, {}, worldOf(caller, at))
}

/** Whether a value is null for this caller, whatever the row: then no comparison with it holds. */
function isUnknown(value: RuleValue, caller: PredicateCaller | null): boolean {
  if (caller === null) return false
  const isNull: Rule = { kind: "null", negated: false, value }
  return isAboutCaller(isNull) && holds(isNull, {}, worldOf(caller))
}

/** Whether a leaf can be answered from the caller alone, without a row, and without the clock unless there is a moment. */
function isAboutCaller(leaf: Rule, hasMoment = false): boolean {
  let found = true
  walkRule(leaf, (part) => {
    if (part.kind === "field" || part.kind === "bound") found = false
    if (!hasMoment && (part.kind === "now" || part.kind === "today")) found = false
  })
  return found
}

function worldOf(caller: PredicateCaller, at: string | null = null): PredicateWorld {
  return { caller, now: at ?? new Date(0).toISOString(), rowsOf: () => [] }
}
