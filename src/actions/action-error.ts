/** What goes wrong in an action, in the catalogue's words: never PostgreSQL's text, and no name that the caller does not know. */
import { UndercroftError } from "../base/errors.ts"
import { explainCaller, explainRegister } from "../engine/database-error.ts"
import type { Knowledge } from "../engine/knowledge.ts"
import type { FieldInfo, Model } from "../model/model.ts"
import type { ConstraintPlan } from "../sql/tables.ts"
import { isDatabaseError } from "../store/pool.ts"

export interface ActionErrorContext {
  readonly action: string
  readonly isReadOnly: boolean
  readonly isAnonymous: boolean
  readonly model: Model
  readonly constraints: ReadonlyMap<string, ConstraintPlan>
  readonly known: Knowledge
  /** It was a step beyond the caller's rights: whatever it met, the caller need not know of it. */
  readonly isBeyond: boolean
}

/** The error that a door sends. */
export function explainActionError(cause: unknown, context: ActionErrorContext): UndercroftError {
  if (cause instanceof UndercroftError) return cause
  if (!isDatabaseError(cause)) return new UndercroftError("UC690", {}, { cause })
  const { code = "", constraint = "", table, column } = cause
  const more = { cause }
  const action = `the action ${context.action}`
  if (context.isBeyond && code.startsWith("23"))
    return new UndercroftError("UC702", { why: `${action} does not fit how things are` }, more)
  if (context.isBeyond && !/^(40|53|55P03|57)/.test(code)) return new UndercroftError("UC690", {}, more)
  const refused = explainRegister(code, cause)
  if (refused) return refused
  const plan = context.constraints.get(constraint)
  const fields = fieldsOf(plan?.entity, plan?.fields ?? [], context) || action
  const entity = context.model.entities.find((one) => one.table === table)
  const field = entity?.fields.find((one) => one.column === column)
  const named = fieldsOf(entity?.name, field ? [field.name] : [], context)
  switch (code) {
    case "28000":
    case "UC610":
      return explainCaller(code, cause)
    case "42501": {
      const what = constraint === "writable" && named ? `set ${named}` : `do what ${action} does`
      return new UndercroftError(context.isAnonymous ? "PG:42501/anonymous" : "PG:42501", { what }, more)
    }
    case "23505":
      return new UndercroftError("PG:23505", { fields }, more)
    case "23P01":
      return new UndercroftError("PG:23P01", { fields }, more)
    case "23001":
      return new UndercroftError("PG:23503/referred", { entity: action, places: "" }, more)
    case "23503":
      return new UndercroftError("PG:23503", { field: fields }, more)
    case "23514":
      return new UndercroftError("PG:23514", { field: fields, why: "does not meet a condition" }, more)
    case "23502":
      return new UndercroftError("PG:23502", { field: named || action }, more)
    case "57014":
      return new UndercroftError("UC705", {}, more)
    case "55P03":
      return new UndercroftError("PG:40001", {}, more)
    case "25006":
      return new UndercroftError(context.isReadOnly ? "UC690" : "UC691", {}, more)
  }
  if (code.startsWith("22")) return new UndercroftError("UC312", { entity: action }, more)
  const known = ({ "40": "PG:40001", "53": "UC691", "57": "UC691" } as const)[code.slice(0, 2)]
  return new UndercroftError(known ?? "UC690", {}, more)
}

/** `slots.startsAt, slots.doctor`, of what this caller could know. */
function fieldsOf(
  entityName: string | undefined,
  names: readonly string[],
  { model, known }: ActionErrorContext,
): string {
  const entity = model.byName.get(entityName ?? "")
  if (!entity || !(["read", "create", "update"] as const).some((verb) => known.may(entity, verb))) return ""
  return names
    .map((name) => entity.fieldByName.get(name))
    .filter((field): field is FieldInfo => field !== undefined && !known.hidden.has(field))
    .map((field) => `${entity.collection}.${field.name}`)
    .join(", ")
}
