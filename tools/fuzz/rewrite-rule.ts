/** Rewrites the rules of a model's policies, wherever they stand, in rows and in facts. */
import type { EntityPolicy, FieldPolicy, Policies } from "../../src/policy/policies.ts"
import type { Fact, Rule, RuleValue } from "../../src/policy/rule.ts"

/** What a rule is for: `read`, `create`, `updateFrom`, `updateTo`, `updateStep`, `delete`, `visibleTo`, `writableBy`, `fact`, `viewWhere`. */
export type RulePlace = string

/** Gives another rule, or the same one where there is nothing to change. Inner rules were rewritten before. */
export type RuleChange = (rule: Rule, place: RulePlace) => Rule

/** The policies with every rule changed; null where nothing changed, so that a bug in it could not show. */
export function rewritePolicies(policies: Policies, change: RuleChange, isWhole = false): Policies | null {
  const rewriter = new Rewriter(change, isWhole)
  const of = new Map([...policies.of].map(([entity, policy]) => [entity, rewriter.entity(policy)]))
  const facts = policies.facts.map((fact) => rewriter.fact(fact))
  return rewriter.changed ? { ...policies, of, facts } : null
}

class Rewriter {
  changed = false
  private readonly change: RuleChange
  private readonly isWhole: boolean
  private readonly facts = new Map<Fact, Fact>()

  /** `isWhole` changes only whole rules, not their parts. */
  constructor(change: RuleChange, isWhole: boolean) {
    this.change = change
    this.isWhole = isWhole
  }

  entity(policy: EntityPolicy): EntityPolicy {
    const optional = (rule: Rule | null, place: RulePlace): Rule | null => rule && this.rule(rule, place)
    return {
      ...policy,
      read: this.rule(policy.read, "read"),
      create: this.rule(policy.create, "create"),
      updateFrom: this.rule(policy.updateFrom, "updateFrom"),
      updateTo: this.rule(policy.updateTo, "updateTo"),
      updateStep: optional(policy.updateStep, "updateStep"),
      delete: this.rule(policy.delete, "delete"),
      viewWhere: optional(policy.viewWhere, "viewWhere"),
      fields: new Map(
        [...policy.fields].map(([name, field]): [string, FieldPolicy] => [
          name,
          {
            ...field,
            visibleTo: optional(field.visibleTo, "visibleTo"),
            writableBy: optional(field.writableBy, "writableBy"),
          },
        ]),
      ),
    }
  }

  fact(fact: Fact): Fact {
    const known = this.facts.get(fact)
    if (known) return known
    const made = { ...fact, where: this.rule(fact.where, "fact") }
    this.facts.set(fact, made)
    return made
  }

  private rule(rule: Rule, place: RulePlace): Rule {
    const inner = this.parts(rule, place)
    const made = this.change(inner, place)
    if (made !== inner) this.changed = true
    return made
  }

  private parts(rule: Rule, place: RulePlace): Rule {
    const next = (one: Rule): Rule => (this.isWhole ? this.parts(one, place) : this.rule(one, place))
    switch (rule.kind) {
      case "all":
      case "any":
        return { ...rule, terms: rule.terms.map(next) }
      case "related":
      case "some":
      case "consent":
        return { ...rule, where: next(rule.where) }
      case "in-fact":
        return { ...rule, fact: this.fact(rule.fact) }
      default:
        return rule
    }
  }
}

/** Whether a value is a field of a row. */
export function isField(value: RuleValue): boolean {
  return value.kind === "field"
}
