/** From the arguments `filter` and `orderBy` to conditions and terms of an operation. */
import type { GraphQLInputObjectType } from "graphql"
import { getNamedType } from "graphql"
import { UndercroftError } from "../base/errors.ts"
import { arrayLiteral } from "../model/fields/list.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import type { Filter, FilterOperator, OrderTerm } from "../query/operation.ts"
import { readNodeId } from "./cursor.ts"
import { inputMeaningOf } from "./meaning.ts"
import { readOrLeave } from "./variables.ts"

type InputObject = Readonly<Record<string, unknown>>

/** What a document has come to so far. */
export interface Budget {
  /** Fields of the largest answer. */
  cost: number
  conditions: number
}

/** The values of an operation that is being made. */
export interface Draft {
  readonly values: unknown[]
  readonly budget: Budget
}

function refuse(argument: string, why: string, mend: string): UndercroftError {
  return new UndercroftError("UC344", { argument, why, mend })
}

/** The conditions of a filter, which hold together. A null is refused: left out by mistake, it would mean all rows. */
export function toFilters(value: InputObject, type: GraphQLInputObjectType, draft: Draft): readonly Filter[] {
  return Object.entries(value).flatMap(([name, operand]) => {
    if (operand === null || operand === undefined)
      throw refuse(name, "is null", "Ask for nulls with {is: NULL}.")
    const field = type.getFields()[name]!
    const of = getNamedType(field.type) as GraphQLInputObjectType
    const meaning = inputMeaningOf(field)
    const all = (object: unknown): readonly Filter[] => toFilters(object as InputObject, of, draft)
    switch (meaning.kind) {
      case "and":
      case "or": {
        const terms = (operand as readonly unknown[]).map(
          (one): Filter => ({ kind: "and", negated: false, terms: all(one) }),
        )
        return [{ kind: meaning.kind, negated: false, terms }]
      }
      case "not":
        return [{ kind: "and", negated: true, terms: all(operand) }]
      case "one":
        return [{ kind: "related", relation: meaning.relation, negated: false, where: all(operand) }]
      case "many":
        return toManyFilters(operand as InputObject, of, meaning.relation, draft)
      case "node-id":
        return toKeyConditions((operand as InputObject)["eq"], meaning.entity, draft)
      case "value":
        return toConditions(operand as InputObject, of, meaning.field, draft)
      default:
        throw new Error(`${name} is not a part of a filter`)
    }
  })
}

function toManyFilters(
  value: InputObject,
  type: GraphQLInputObjectType,
  relation: string,
  draft: Draft,
): readonly Filter[] {
  return Object.entries(value).map(([name, operand]): Filter => {
    if (operand === null || operand === undefined)
      throw refuse(name, "is null", "Leave it out, or give a filter.")
    const of = getNamedType(type.getFields()[name]!.type) as GraphQLInputObjectType
    const where = toFilters(operand as InputObject, of, draft)
    return { kind: "related", relation, negated: name === "none", where }
  })
}

/** What names no row of the entity is true of none. */
function toKeyConditions(nodeId: unknown, entity: EntityInfo, draft: Draft): readonly Filter[] {
  const named = readNodeId(nodeId)
  if (named?.entity !== entity.name || named.key.length !== entity.key.length)
    return [{ kind: "or", negated: false, terms: [] }]
  draft.budget.conditions += named.key.length
  return entity.key.map((field, at) => isEqual(field, draft.values.push(named.key[at]) - 1))
}

/** That a field has a value of the operation. */
export function isEqual({ name }: FieldInfo, value: number): Filter {
  const path = { name, json: [] }
  return { kind: "compare", path, operator: "eq", negated: false, quantifier: null, config: null, value }
}

function toConditions(
  value: InputObject,
  type: GraphQLInputObjectType,
  field: FieldInfo,
  draft: Draft,
): readonly Filter[] {
  return Object.entries(value).map(([name, operand]): Filter => {
    if (operand === null || operand === undefined)
      throw refuse(name, "is null", "Ask for nulls with {is: NULL}.")
    draft.budget.conditions++
    const meaning = inputMeaningOf(type.getFields()[name]!)
    if (meaning.kind !== "operator") throw new Error(`${name} is not an operator`)
    const path = { name: field.name, json: [] }
    if (meaning.operator === "is")
      return { kind: "is", path, negated: false, value: operand as "null" | "not_null" }
    const operator: FilterOperator = meaning.operator === "startsWith" ? "like" : meaning.operator
    const at = draft.values.push(readOrLeave(operand, (one) => toText(meaning.operator, one, field))) - 1
    return { kind: "compare", path, operator, negated: false, quantifier: null, config: null, value: at }
  })
}

function toText(operator: string, operand: unknown, field: FieldInfo): unknown {
  if (operator === "in") return (operand as readonly unknown[]).map((one) => textOf(one, field))
  if (operator === "startsWith") return `${String(operand).replace(/[\\%_]/g, "\\$&")}%`
  return textOf(operand, field)
}

/** A value as a field's kind reads it from a text. */
function textOf(value: unknown, { kind }: FieldInfo): string {
  if (kind.sqlType === "jsonb") return JSON.stringify(value)
  if (kind.element && Array.isArray(value))
    return arrayLiteral(value.map((one) => (typeof one === "object" ? JSON.stringify(one) : String(one))))
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}

/** One term in each object, since the fields of an object have no order. */
export function toOrder(terms: readonly InputObject[], type: GraphQLInputObjectType): readonly OrderTerm[] {
  return terms.map((term) => {
    const [said, second] = Object.entries(term)
    if (!said || second || said[1] === null)
      throw refuse(
        "orderBy",
        "has an object without one field and its direction",
        "Write [{a: AscNullsLast}, {b: …}].",
      )
    const meaning = inputMeaningOf(type.getFields()[said[0]]!)
    if (meaning.kind !== "value") throw new Error("an order is by a field")
    const direction = String(said[1])
    return {
      relation: null,
      path: { name: meaning.field.name, json: [] },
      descending: direction.startsWith("Desc"),
      nulls: direction.endsWith("First") ? "first" : "last",
    }
  })
}
