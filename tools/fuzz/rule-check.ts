/** Every rule of a world, for every row and caller, evaluated in two ways: by `holds`, and by what the description says. */
import type { EntityPolicy } from "../../src/policy/policies.ts"
import type { Rule } from "../../src/policy/rule.ts"
import { factOf } from "../../src/policy/to-predicate.ts"
import type { EntityDescription, RuleDescription } from "./description.ts"
import { NaiveRules } from "./naive-rule.ts"
import type { Failure } from "./trial.ts"
import type { World } from "./world.ts"

export interface RuleCheck {
  readonly rules: number
  readonly failure: Failure | null
}

interface Pair {
  readonly name: string
  readonly said: RuleDescription | undefined
  readonly rule: Rule | null
}

export function checkRules(world: World): RuleCheck {
  const { description, oracle } = world
  const now = new Date().toISOString()
  let rules = 0
  const failure = (what: string, expected: unknown, actual: unknown): RuleCheck => ({
    rules,
    failure: {
      kind: "broken",
      message: `the predicate of ${what} is another than the rule says`,
      expected,
      actual,
      kase: { ...description, about: what, steps: [] },
    },
  })
  for (const caller of description.callers) {
    const naive = new NaiveRules(description.model, description.rows, caller, now)
    const view = oracle.view(description.rows, caller)
    // Those of registers have no description; the rules that ask them are compared.
    const said = new Set(description.model.facts.map((fact) => fact.name))
    for (const fact of oracle.policies.facts.filter(({ name }) => said.has(name))) {
      const [due, given] = [naive.fact(fact.name), factOf(fact, view.world)].map((values) =>
        JSON.stringify(values.toSorted()),
      )
      if (due !== given) return failure(`the fact ${fact.name} for ${caller.id}`, due, given)
    }
    for (const entity of description.model.entities) {
      for (const { name, said, rule } of pairs(entity, view.policy(entity.name))) {
        for (const row of description.rows[entity.name] ?? []) {
          rules++
          const [due, given] = [naive.holds(said, entity.name, row), view.holds(rule, row)]
          if (due !== given)
            return failure(
              `${entity.name}.${name} for ${caller.id} and ${JSON.stringify(row)}: ${JSON.stringify(said)}`,
              due,
              given,
            )
        }
      }
    }
  }
  return { rules, failure: null }
}

function pairs(entity: EntityDescription, policy: EntityPolicy): readonly Pair[] {
  const { read, create, delete: remove, update, updateParts } = entity.access
  return [
    { name: "read", said: read, rule: policy.read },
    { name: "create", said: create, rule: policy.create },
    { name: "delete", said: remove, rule: policy.delete },
    { name: "update from", said: update ?? updateParts?.from ?? updateParts?.to, rule: policy.updateFrom },
    { name: "update to", said: update ?? updateParts?.to ?? updateParts?.from, rule: policy.updateTo },
    ...entity.fields.flatMap((field): Pair[] => {
      const rules = policy.fields.get(field.name)
      return field.visibleTo && rules
        ? [{ name: field.name, said: field.visibleTo, rule: rules.visibleTo }]
        : []
    }),
  ]
}
