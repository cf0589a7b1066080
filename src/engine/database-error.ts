/** Turns what PostgreSQL says into the catalogue's words: entity and field by name, never its text, never a value. */
import { UndercroftError } from "../base/errors.ts"
import type { EntityInfo, Model } from "../model/model.ts"
import type { ConstraintPlan } from "../sql/tables.ts"
import { isDatabaseError } from "../store/pool.ts"
import type { Caller } from "./caller.ts"

export interface ErrorContext {
  readonly model: Model
  readonly constraints: ReadonlyMap<string, ConstraintPlan>
}

const verbs = { read: "read", insert: "create", update: "update", delete: "delete" } as const

/** The error that a door sends. */
export function explainDatabaseError(
  cause: unknown, kind: "read" | "insert" | "update" | "delete", entity: EntityInfo, caller: Caller, context: ErrorContext,
): UndercroftError {
  if (cause instanceof UndercroftError) return cause
  if (!isDatabaseError(cause)) return new UndercroftError("UC690", {}, { cause })
  const { code = "", constraint, column } = cause
  const name = entity.collection
  const more = { cause }
  const plan = constraint === undefined ? undefined : context.constraints.get(constraint)
  const fields = (plan?.fields ?? []).map((field) => `${collectionOf(plan!.entity, context)}.${field}`).join(", ") || name
  switch (code) {
    case "28000":
      return new UndercroftError("PGRST303", { why: "The token has expired" }, more)
    case "42501":
      return explainRefusal(verbs[kind], entity, caller, constraint, column, cause)
    case "23505":
      return new UndercroftError("PG:23505", { fields }, more)
    case "23503":
      return plan && plan.entity !== entity.name
        ? new UndercroftError("UC311", { entity: name, other: fields }, more)
        : new UndercroftError("PG:23503", { field: fields }, more)
    case "23514":
      return new UndercroftError("PG:23514", { field: fields, why: `does not meet the condition ${constraint ?? ""}`.trim() }, more)
    case "23502":
      return new UndercroftError("PG:23502", { field: `${name}.${fieldOf(entity, column)}` }, more)
    case "23P01":
      return new UndercroftError("PG:23P01", { fields }, more)
    case "57014":
      return new UndercroftError("PG:57014", {}, more)
    case "40001":
    case "40P01":
      return new UndercroftError("PG:40001", {}, more)
    case "UC116":
      return new UndercroftError("PGRST116", {}, { ...more, details: `The result contains ${cause.detail ?? "0"} rows` })
    case "UC124":
      return new UndercroftError("PGRST124", {}, { ...more, details: `The query affects ${cause.detail ?? "more"} rows` })
    case "42883":
    case "42804":
      return new UndercroftError("UC312", { entity: name }, more)
    case "42803":
      return new UndercroftError("UC313", { entity: name }, more)
    case "42P10":
      return new UndercroftError("PG:42P10", { entity: name }, more)
    case "2201B":
      return new UndercroftError("UC314", { entity: name }, more)
  }
  // Data that an operator can't take, and requests too large for the server.
  if (code.startsWith("22") || code.startsWith("42")) return new UndercroftError("UC312", { entity: name }, more)
  if (code.startsWith("54") || code === "53200") return new UndercroftError("UC315", {}, more)
  if (code.startsWith("53") || code.startsWith("57") || code.startsWith("08")) return new UndercroftError("UC691", {}, more)
  return new UndercroftError("UC690", {}, more)
}

function explainRefusal(verb: string, entity: EntityInfo, caller: Caller, constraint: string | undefined, column: string | undefined, cause: unknown): UndercroftError {
  const code = caller.id === null ? "UC316" : "PG:42501"
  if (constraint === "writable") return new UndercroftError(code, { what: `set ${entity.collection}.${fieldOf(entity, column)}` }, { cause })
  if (constraint === "step") return new UndercroftError(code, { what: `change this row of ${entity.collection} in this way` }, { cause })
  return new UndercroftError(code, { what: `${verb} this row of ${entity.collection}` }, { cause })
}

function fieldOf(entity: EntityInfo, column: string | undefined): string {
  return entity.fields.find((field) => field.column === column)?.name ?? "a field"
}

function collectionOf(name: string, context: ErrorContext): string {
  return context.model.byName.get(name)?.collection ?? name
}
