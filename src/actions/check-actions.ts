/** Checks the actions of a backend when it is built, and gives what they say of access. */
import type { Node } from "../model/expression.ts"
import type { EntityInfo, Model } from "../model/model.ts"
import type { ProblemList } from "../model/model-error.ts"
import type { ActionAccess } from "../policy/policies.ts"
import { Action, type AnyAction } from "./action.ts"

/** What is wrong goes to `problems`. */
export function checkActions(
  actions: Readonly<Record<string, AnyAction>>,
  model: Model,
  problems: ProblemList,
): ActionAccess {
  const system = new Set<EntityInfo>()
  const approvals: Record<string, Node> = {}
  const rules = Object.entries(actions).flatMap(([name, one]) => {
    const where = `actions.${name}`
    if (!/^[A-Za-z][A-Za-z0-9]{0,50}$/.test(name)) {
      problems.add("UC106", where, { rule: "an action's name is letters and digits, at most 51 of them" })
    }
    if (!(one instanceof Action)) {
      problems.add("UC115", where)
      return []
    }
    const wrong = wrongPart(one)
    if (wrong !== null) {
      problems.add("UC121", where, { part: wrong })
      return []
    }
    const beyond = one.definition.system ?? []
    for (const { name: entity } of [...one.definition.uses, ...beyond]) {
      if (!model.byName.has(entity)) problems.add("UC102", where, { target: String(entity) })
    }
    for (const { name: entity } of beyond) {
      const found = model.byName.get(entity)
      if (found?.view || found?.record) problems.add("UC119", where, { target: entity })
      else if (found) system.add(found)
    }
    const approval = one.readApproval()
    if (approval) approvals[name] = approval
    return [[name, one.readAccess()] as const]
  })
  if (Object.keys(approvals).length > 0 && Object.hasOwn(actions, "approvals"))
    problems.add("UC106", "actions.approvals", { rule: "`approvals` is where actions wait for approval" })
  return { rules: Object.fromEntries(rules), approvals, system: [...system] }
}

/** What of an action is not as it must be: types are not checked where a backend is started. */
function wrongPart({ definition }: AnyAction): string | null {
  const isSchema = (one: unknown): boolean => typeof one === "object" && one !== null && "~standard" in one
  if (!Array.isArray(definition.uses)) return "uses: a list of entities"
  if (!isSchema(definition.input)) return "input: a schema, such as z.object({ … })"
  if (!isSchema(definition.output)) return "output: a schema, such as z.object({ … })"
  if (typeof definition.access !== "function") return "access: a function, such as () => signedIn"
  if (typeof definition.run !== "function") return "run: a function"
  const { approval } = definition
  if (approval === undefined) return null
  const hours = approval?.within?.hours
  const isTime = typeof hours === "number" && hours > 0 && hours <= 720
  if (definition.readOnly || typeof approval?.by !== "function" || !isTime)
    return "approval: { by: ({ me }) => …, within: { hours: 24 } }, at most 720, of an action that is not readOnly"
  return null
}
