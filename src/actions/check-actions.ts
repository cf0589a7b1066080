/** Checks the actions of a backend when it is built, and gives their access rules. */
import type { Node } from "../model/expression.ts"
import type { Model } from "../model/model.ts"
import type { ProblemList } from "../model/model-error.ts"
import { Action, type AnyAction } from "./action.ts"

/** Rules by the actions' names; what is wrong goes to `problems`. */
export function checkActions(
  actions: Readonly<Record<string, AnyAction>>,
  model: Model,
  problems: ProblemList,
): Readonly<Record<string, Node>> {
  const rules = Object.entries(actions).flatMap(([name, one]) => {
    const where = `actions.${name}`
    if (!/^[A-Za-z][A-Za-z0-9]{0,50}$/.test(name)) {
      problems.add("UC106", where, { rule: "an action's name is letters and digits, at most 51 of them" })
    }
    if (!(one instanceof Action)) {
      problems.add("UC115", where)
      return []
    }
    for (const { name: entity } of one.definition.uses) {
      if (!model.byName.has(entity)) problems.add("UC102", where, { target: String(entity) })
    }
    return [[name, one.readAccess()] as const]
  })
  return Object.fromEntries(rules)
}
