/** Random filters beyond single comparisons: quantifiers, patterns, searches, lists, ranges and steps into JSON. */
import type { FilterDescription, JsonStepDescription, KindDescription } from "./description.ts"
import { type OperationContext, pickField } from "./operation-context.ts"
import type { Random } from "./random.ts"
import { type EntityShape, type FieldShape, familyOf } from "./shape.ts"

type Compare = Extract<FilterDescription, { operator: string }>

const words: readonly string[] = ["anna", "Red", "fox", "a", "Bob", "\u00e4"]
const expressions: readonly string[] = ["^a", "nn", "A$", "[ab]", "^$", "a|b", "x*"]
/** What the oracle does not answer, but no hidden row may change. */
const wildExpressions: readonly string[] = ["[", "(", "\\w+", "a{1,3}", ".", "(?i)ANNA", "\\m\u00e4"]
const paths: readonly (readonly JsonStepDescription[])[] = [
  [{ key: "a", text: false }],
  [{ key: "a", text: true }],
  [{ key: "b", text: true }],
  [
    { key: "a", text: false },
    { key: "b", text: true },
  ],
  [
    { key: "a", text: false },
    { key: "b", text: false },
    { key: 0, text: true },
  ],
  [{ key: 0, text: false }],
]

export function randomPath(random: Random): readonly JsonStepDescription[] {
  return random.pick(paths)
}

/** Null where the entity has no field for it. */
export function specialFilter(context: OperationContext, entity: EntityShape): FilterDescription | null {
  const { random } = context
  return random.weighted<FilterDescription>([
    [3, () => quantified(context, entity)],
    [2, () => expression(context, entity)],
    [3, () => search(context, entity)],
    [2, () => whole(context, entity, "list", ["cs", "cd", "ov", "eq", "neq", "isdistinct"])],
    [
      3,
      () =>
        whole(context, entity, "range", [
          "cs",
          "cd",
          "ov",
          "sl",
          "sr",
          "nxr",
          "nxl",
          "adj",
          "eq",
          "isdistinct",
        ]),
    ],
    [2, () => whole(context, entity, "json", ["cs", "cd", "eq", "neq", "isdistinct"])],
    [3, () => inJson(context, entity)],
  ])
}

function of(
  context: OperationContext,
  entity: EntityShape,
  type: KindDescription["type"],
): FieldShape | null {
  return pickField(context, entity, (field) => field.kind.type === type)
}

function compare(random: Random, field: FieldShape, more: Omit<Compare, "field" | "negated">): Compare {
  return { field: field.name, negated: random.chance(0.2), ...more }
}

/** Values that some row has, or could have. */
function values(context: OperationContext, entity: EntityShape, field: FieldShape): readonly unknown[] {
  const seen = context.seenValues(entity.name, field.name).filter((value) => value !== null)
  return seen.length > 0 && context.random.chance(0.6) ? seen : context.pool.of(field.kind)
}

function quantified(context: OperationContext, entity: EntityShape): Compare | null {
  const { random } = context
  const field = pickField(
    context,
    entity,
    ({ target, kind }) =>
      target === null && ["text", "integer", "decimal", "date", "uuid"].includes(kind.type),
  )
  if (!field) return null
  const family = familyOf(field.kind)
  const operator = random.pick(
    family === "nocase"
      ? ["eq"]
      : family === "text"
        ? ["eq", "gt", "lte", "like", "ilike", "match"]
        : ["eq", "gt", "gte", "lt", "lte"],
  )
  const items = Array.from({ length: random.pick([0, 1, 2, 2, 3]) }, () =>
    operator === "match"
      ? random.pick(expressions)
      : operator.endsWith("like")
        ? `${random.pick(["a", "Ann", "\u00e4", ""])}${random.pick(["%", "*", "_", ""])}`
        : String(random.pick(values(context, entity, field))),
  )
  return compare(random, field, { operator, quantifier: random.pick(["any", "all"] as const), value: items })
}

function expression(context: OperationContext, entity: EntityShape): Compare | null {
  const { random, wild } = context
  const field = pickField(context, entity, (one) => familyOf(one.kind) === "text" && one.target === null)
  const all = wild ? [...expressions, ...wildExpressions] : expressions
  return (
    field && compare(random, field, { operator: random.pick(["match", "imatch"]), value: random.pick(all) })
  )
}

function search(context: OperationContext, entity: EntityShape): Compare | null {
  const { random, wild } = context
  const field = pickField(context, entity, (one) => one.kind.type === "text")
  if (!field) return null
  const operator = random.pick(["fts", "plfts", "phfts", "wfts"])
  const [first, second] = [random.pick(words), random.pick(words)]
  const joints: Readonly<Record<string, readonly string[]>> = {
    fts: [first, `${first} & ${second}`, `${first} | ${second}`, `!${first}`],
    plfts: [first, `${first} ${second}`, ""],
    phfts: [first, `${first} ${second}`, "red fox"],
    wfts: [first, `${first} ${second}`, `${first} or ${second}`, `${first} -${second}`, `-${first}`],
  }
  const odd = [`"${first} ${second}"`, `${first}:*`, "(", "a.b", "fox <-> red"]
  const value = random.pick(wild && random.chance(0.3) ? odd : (joints[operator] ?? []))
  const config = random.chance(0.4)
    ? wild
      ? random.pick(["english", "simple", "german"])
      : "simple"
    : undefined
  return compare(random, field, { operator, value, ...(config ? { config } : {}) })
}

function whole(
  context: OperationContext,
  entity: EntityShape,
  type: "list" | "range" | "json",
  operators: readonly string[],
): Compare | null {
  const { random } = context
  const field = of(context, entity, type)
  if (!field) return null
  const value = random.pick(values(context, entity, field))
  return compare(random, field, { operator: random.pick(operators), value: literalText(type, value) })
}

function literalText(type: "list" | "range" | "json", value: unknown): string {
  if (type === "json") return JSON.stringify(value)
  if (type === "range") return String(value)
  return `{${(value as readonly string[]).map((one) => JSON.stringify(one)).join(",")}}`
}

function inJson(context: OperationContext, entity: EntityShape): FilterDescription | null {
  const { random, wild } = context
  const field = of(context, entity, "json")
  if (!field) return null
  const json = randomPath(random)
  if (random.chance(0.3))
    return {
      field: field.name,
      json,
      is: random.pick(["null", "not_null"] as const),
      negated: random.chance(0.2),
    }
  const isText = json.at(-1)?.text
  const operators = isText
    ? ["eq", "neq", "gt", "lte", "like", "isdistinct"]
    : ["eq", "neq", "cs", "isdistinct"]
  const operator = random.pick(wild ? [...operators, "gt", "lt"] : operators)
  const values = isText
    ? ["x", "y", "1", '["x", 1.5]', "zz"]
    : ["1", '"x"', "null", "{}", '{"b":["x",1.5]}', ...(random.chance(0.05) ? ["{"] : [])]
  if (operator === "eq" && random.chance(0.3))
    return compare(random, field, { json, operator: "in", value: random.some(values, 0.4) })
  return compare(random, field, { json, operator, value: random.pick(values) })
}
