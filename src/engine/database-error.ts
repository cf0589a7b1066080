/** Turns what PostgreSQL says into the catalogue's words: entity and field by name, never its text, never a value. */
import type { CatalogueCode } from "../base/catalogue.ts"
import { UndercroftError } from "../base/errors.ts"
import type { EntityInfo, FieldInfo, Model } from "../model/model.ts"
import type { Operation } from "../query/operation.ts"
import type { ConstraintPlan } from "../sql/tables.ts"
import { isDatabaseError } from "../store/pool.ts"
import type { Caller } from "./caller.ts"
import { hasSearch, suspectFields } from "./suspect-fields.ts"

export interface ErrorContext {
  readonly model: Model
  readonly constraints: ReadonlyMap<string, ConstraintPlan>
}

const verbs = { read: "read", insert: "create", update: "update", delete: "delete" } as const

/** What a caller can make of it: operators, casts and groups that the types don't have. */
const misuses: ReadonlySet<string> = new Set(["42883", "42804", "42846", "42725", "42P18", "42P22", "0A000"])

/** The error that a door sends. */
export function explainDatabaseError(
  cause: unknown,
  operation: Operation,
  entity: EntityInfo,
  caller: Caller,
  context: ErrorContext,
): UndercroftError {
  if (cause instanceof UndercroftError) return cause
  if (!isDatabaseError(cause)) return new UndercroftError("UC690", {}, { cause })
  const { code = "", constraint, column } = cause
  const name = entity.collection
  const more = { cause }
  const refused = explainRegister(code, cause)
  if (refused) return refused
  const plan = constraint === undefined ? undefined : context.constraints.get(constraint)
  const fields =
    (plan?.fields ?? [])
      .filter((field) => isKnown(context.model.byName.get(plan!.entity)?.fieldByName.get(field), caller))
      .map((field) => `${collectionOf(plan!.entity, context)}.${field}`)
      .join(", ") || name
  switch (code) {
    case "28000":
    case "UC610":
      return explainCaller(code, cause)
    case "42501":
      return explainRefusal(verbs[operation.kind], entity, caller, constraint, column, cause)
    case "21000":
      return new UndercroftError("PG:21000", { entity: name }, more)
    case "23505":
      return new UndercroftError("PG:23505", { fields }, more)
    case "23001":
    case "23503":
      return operation.kind === "delete" || (plan && plan.entity !== entity.name)
        ? new UndercroftError("PG:23503/referred", { entity: name, places: placesOf(entity, context) }, more)
        : new UndercroftError("PG:23503", { field: fields }, more)
    case "23514":
      return new UndercroftError(
        "PG:23514",
        { field: fields, why: `does not meet the condition ${constraint ?? ""}`.trim() },
        more,
      )
    case "23502":
      return new UndercroftError("PG:23502", { field: `${name}.${fieldOf(entity, column, caller)}` }, more)
    case "23P01":
      return new UndercroftError("PG:23P01", { fields }, more)
    case "57014":
      return new UndercroftError("PG:57014", {}, more)
    case "UC116":
      if (operation.kind !== "read" && operation.match !== null)
        return new UndercroftError("UC308", { entity: name }, more)
      return new UndercroftError(
        "PGRST116",
        {},
        { ...more, details: `The result contains ${cause.detail ?? "0"} rows` },
      )
    case "UC124":
      return new UndercroftError(
        "PGRST124",
        {},
        { ...more, details: `The query affects ${cause.detail ?? "more"} rows` },
      )
    case "UC612":
      return new UndercroftError("UC612", { how: "again", more: "" }, more)
    case "UC315":
      return new UndercroftError("UC315", {}, more)
    case "UC620":
      return new UndercroftError("UC620", { entity: cause.message }, more)
    case "42803":
      return new UndercroftError("UC313", { entity: name }, more)
    case "42P10":
      return new UndercroftError("PG:42P10", { entity: name }, more)
    case "2201B":
      return new UndercroftError("PG:2201B", { entity: suspectFields(operation, code) }, more)
    case "42601":
      // Of our SQL, it would be our mistake; a search has a grammar of its own.
      return hasSearch(operation)
        ? new UndercroftError("UC322", { field: suspectFields(operation, code) }, more)
        : new UndercroftError("UC690", {}, more)
    case "54000":
      return explainLimit(cause, constraint ?? "", operation, entity, plan)
    case "54001":
    case "54011":
    case "54023":
      return new UndercroftError("UC321", {}, more)
    case "53200":
      return new UndercroftError("UC315", {}, more)
    case "25006":
      return new UndercroftError("UC691", {}, more)
  }
  if (code.startsWith("22") || misuses.has(code))
    return new UndercroftError("UC312", { entity: suspectFields(operation, code) }, more)
  return new UndercroftError(byClass[code.slice(0, 2)] ?? "UC690", {}, more)
}

/** The error of a question about the caller, which no operation asked. */
export function explainLookupError(cause: unknown): UndercroftError {
  if (cause instanceof UndercroftError) return cause
  const code = isDatabaseError(cause) ? (cause.code ?? "") : ""
  if (code === "28000" || code === "UC610") return explainCaller(code, cause)
  return new UndercroftError(byClass[code.slice(0, 2)] ?? "UC690", {}, { cause })
}

/** Why a register of consents, overrides or privacy requests does not take a row; null where no register said so. */
export function explainRegister(code: string, cause: unknown): UndercroftError | null {
  // Of a consent the column says which field or entity the hint is about.
  const { detail = "", column = "" } = cause as { detail?: string; column?: string }
  if (code === "UC370") return new UndercroftError(code, { version: detail, purposes: column }, { cause })
  if (code === "UC371") return new UndercroftError(code, { field: column }, { cause })
  const plain = plainRefusals.find((one) => one === code)
  return plain ? new UndercroftError(plain, {}, { cause }) : null
}

const plainRefusals = [
  "UC372",
  "UC380",
  "UC381",
  "UC382",
  "UC383",
  "UC400",
  "UC401",
  "UC402",
  "UC403",
  "UC404",
  "UC405",
  "UC411",
] as const

/** Why a caller could not enter. */
export function explainCaller(code: "28000" | "UC610", cause: unknown): UndercroftError {
  return code === "UC610"
    ? new UndercroftError("UC610", {}, { cause })
    : new UndercroftError("PGRST303", { why: "The token has expired" }, { cause })
}

/** What the class of a SQLSTATE says by itself; 42 is a mistake of ours, since names and rights were resolved before. */
const byClass: Readonly<Record<string, CatalogueCode>> = { "40": "PG:40001", "53": "UC691", "57": "UC691" }

/** Where a row may be referred to: by the model, since the caller may not know which rows do. */
function placesOf(entity: EntityInfo, { model }: ErrorContext): string {
  const fields = model.entities.flatMap((other) =>
    other.access.read
      ? other.fields
          .filter((field) => field.reference?.entity === entity && !field.visibleTo)
          .map((field) => `${other.collection}.${field.name}`)
      : [],
  )
  return fields.length === 0 ? "" : ` (${fields.join(", ")})`
}

/** A value too large for its index, a text too long to be searched, or an answer past a gigabyte. */
function explainLimit(
  cause: unknown,
  constraint: string,
  operation: Operation,
  entity: EntityInfo,
  plan: ConstraintPlan | undefined,
): UndercroftError {
  if (operation.kind === "insert" || operation.kind === "update") {
    const indexed = [entity.key, ...entity.unique, ...entity.indexes]
      .flat()
      .filter((field) => operation.columns.includes(field.name))
    const named = indexed.filter((field) => constraint.includes(field.column))
    const names = plan?.fields ?? (named.length > 0 ? named : indexed).map((field) => field.name)
    const field =
      [...new Set(names)].map((name) => `${entity.collection}.${name}`).join(", ") || entity.collection
    return new UndercroftError("PG:54000", { field }, { cause })
  }
  if (hasSearch(operation))
    return new UndercroftError("UC312", { entity: suspectFields(operation, "54000") }, { cause })
  return new UndercroftError("UC315", {}, { cause })
}

function explainRefusal(
  verb: string,
  entity: EntityInfo,
  caller: Caller,
  constraint: string | undefined,
  column: string | undefined,
  cause: unknown,
): UndercroftError {
  const code = caller.id === null ? "PG:42501/anonymous" : "PG:42501"
  if (constraint === "writable")
    return new UndercroftError(
      code,
      { what: `set ${entity.collection}.${fieldOf(entity, column, caller)}` },
      { cause },
    )
  if (constraint === "step")
    return new UndercroftError(
      code,
      { what: `change this row of ${entity.collection} in this way` },
      { cause },
    )
  return new UndercroftError(code, { what: `${verb} this row of ${entity.collection}` }, { cause })
}

function fieldOf(entity: EntityInfo, column: string | undefined, caller: Caller): string {
  const found = entity.fields.find((field) => field.column === column)
  return found && isKnown(found, caller) ? found.name : "a field"
}

/** What does not exist for a caller is not named to them, not even as what keeps their row out. */
function isKnown(field: FieldInfo | undefined, { hidden }: Caller): boolean {
  return field === undefined || !hidden?.has(field)
}

function collectionOf(name: string, context: ErrorContext): string {
  return context.model.byName.get(name)?.collection ?? name
}
