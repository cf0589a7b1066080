/** Random filters and orders in PostgREST's grammar, mostly with values that occur. */
import type { FilterDescription, KindDescription, OrderDescription } from "./description.ts"
import { type OperationContext, pickField } from "./operation-context.ts"
import type { Random } from "./random.ts"
import { randomPath, specialFilter } from "./random-special-filter.ts"
import { type EntityShape, type FieldShape, familyOf } from "./shape.ts"

const patterns: readonly string[] = [
  "%",
  "a%",
  "%A%",
  "_nna",
  "ANN_",
  "%\\%%",
  "%\\_%",
  "",
  "*n*",
  "ä",
  "%É%",
  "İ",
  "\\\\",
  "%'%",
  "σ",
]

/** A value that no kind but text takes. */
const malformed: readonly string[] = [
  "",
  "x",
  "1;2",
  "2026-02-30",
  "99999999999999999999",
  "00000000-0000-4000-8000-00000000ca0",
  "nul",
  "1e3",
]

export function isFilterable(field: FieldShape): boolean {
  return !["json", "list", "range"].includes(field.kind.type)
}

export function randomFilter(
  context: OperationContext,
  entity: EntityShape,
  depth: number,
): FilterDescription {
  const { random } = context
  if (depth > 0 && random.chance(0.25)) {
    const terms = Array.from({ length: random.between(1, 3) }, () => randomFilter(context, entity, depth - 1))
    return { logic: random.pick(["and", "or"] as const), negated: random.chance(0.25), terms }
  }
  const found = entity.fields.some(isFindable) && random.chance(0.2) ? sameFilter(context, entity) : null
  if (found) return found
  const special = random.chance(0.2) ? specialFilter(context, entity) : null
  if (special) return special
  const negated = random.chance(0.2)
  const field = pickField(context, entity, isFilterable) as FieldShape
  if (random.chance(field.optional ? 0.25 : 0.04)) {
    const is =
      field.kind.type === "boolean"
        ? random.pick(["null", "not_null", "true", "false", "unknown"] as const)
        : random.pick(["null", "not_null"] as const)
    return { field: field.name, is, negated }
  }
  const operator = randomOperator(random, field.kind)
  const isPattern = operator === "like" || operator === "ilike"
  if (operator === "in") {
    const count = random.pick([0, 1, 2, 2, 3])
    return {
      field: field.name,
      operator,
      negated,
      value: Array.from({ length: count }, () => filterText(context, entity, field)),
    }
  }
  const value = isPattern && random.chance(0.7) ? random.pick(patterns) : filterText(context, entity, field)
  // A pattern that ends in its escape character is an error only where it comes to be matched.
  return {
    field: field.name,
    operator,
    negated,
    value: isPattern && /(^|[^\\])(\\\\)*\\$/.test(value) ? `${value}\\` : value,
  }
}

function isFindable({ said }: FieldShape): boolean {
  return said?.findable === true
}

/** By an encrypted value equal ones are found, and nothing else can be asked. */
function sameFilter(context: OperationContext, entity: EntityShape): FilterDescription | null {
  const { random } = context
  const field = pickField(context, entity, isFindable)
  if (!field) return null
  const place = { field: field.name, negated: random.chance(0.1) }
  const text = (): string => filterText(context, entity, field)
  return random.chance(0.3)
    ? { ...place, operator: "in", value: [text(), text()] }
    : { ...place, operator: random.pick(["eq", "eq", "neq"]), value: text() }
}

function randomOperator(random: Random, kind: KindDescription): string {
  const family = familyOf(kind)
  if (family === "nocase") return random.pick(["eq", "eq", "neq", "in", "isdistinct"])
  const common = ["eq", "eq", "eq", "neq", "gt", "gte", "lt", "lte", "in", "isdistinct"]
  return random.pick(family === "text" ? [...common, "like", "ilike", "like", "ilike"] : common)
}

function filterText(context: OperationContext, entity: EntityShape, field: FieldShape): string {
  const { random, pool, keys } = context
  if (random.chance(0.015)) return random.pick(malformed)
  const seen = random.chance(0.6)
    ? context.seenValues(entity.name, field.name).filter((value) => value !== null)
    : []
  if (seen.length > 0) return String(random.pick(seen))
  const known = field.target === null ? undefined : keys.get(field.target)
  const own = field.isKey && random.chance(0.9) ? undefined : known
  const values =
    own && own.length > 0
      ? own
      : field.kind.type === "uuid" && known
        ? [...known, ...pool.of(field.kind)]
        : pool.of(field.kind)
  return String(random.pick(values))
}

/** An order that ends in the key and so is total; no ICU collation takes part. */
export function randomOrder(context: OperationContext, entity: EntityShape): readonly OrderDescription[] {
  const { random } = context
  const able = (field: FieldShape): boolean =>
    context.wild || (isFilterable(field) && familyOf(field.kind) !== "nocase")
  const order: OrderDescription[] = []
  const document = random.chance(0.1) ? pickField(context, entity, (one) => one.kind.type === "json") : null
  const json = randomPath(random)
  if (document && (context.wild || json.at(-1)?.text))
    order.push({
      field: document.name,
      json,
      descending: random.chance(0.4),
      nulls: random.pick([null, "first", "last"]),
    })
  for (let more = random.pick([0, 0, 1, 1, 2]); more > 0; more--) {
    const field = pickField(context, entity, able)
    if (field)
      order.push({
        field: field.name,
        descending: random.chance(0.4),
        nulls: random.pick([null, null, "first", "last"] as const),
      })
  }
  const keys = entity.key.filter((name) => !order.some((one) => one.field === name))
  return [...order, ...keys.map((field) => ({ field, descending: random.chance(0.2), nulls: null }))]
}
