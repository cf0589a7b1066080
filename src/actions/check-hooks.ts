/** Checks the hooks of a backend when it is built, and gives the names of the entities that have one. */

import type { Model } from "../model/model.ts"
import type { ProblemList } from "../model/model-error.ts"
import { recordOf } from "../model/record-entities.ts"
import { Hook } from "./hook.ts"

/** What is wrong goes to `problems`. */
export function checkHooks(hooks: readonly Hook[], model: Model, problems: ProblemList): ReadonlySet<string> {
  const names = new Set<string>()
  for (const [at, hook] of hooks.entries()) {
    const where = `hooks[${at}]`
    if (!(hook instanceof Hook)) {
      problems.add("UC118", where)
      continue
    }
    const { name } = hook.entity
    for (const one of [hook.entity, ...(hook.definition.uses ?? [])])
      if (!model.byName.has(one.name)) problems.add("UC102", where, { target: String(one.name) })
    if (hook.entity.view || recordOf(hook.entity))
      problems.add("UC117", where, { entity: name, why: "is a view, which nobody writes" })
    if (names.has(name)) problems.add("UC117", where, { entity: name, why: "has a hook already" })
    names.add(name)
  }
  return names
}
