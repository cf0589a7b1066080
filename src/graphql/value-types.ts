/** The GraphQL types of values: what a field answers and takes, and what can be asked of it. */
import {
  GraphQLBoolean,
  GraphQLEnumType,
  type GraphQLInputFieldConfigMap,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLScalarType,
  GraphQLString,
} from "graphql"
import { plainKind } from "../model/encryption.ts"
import type { FieldInfo } from "../model/model.ts"
import type { FieldKind } from "../model/value.ts"
import type { FilterOperator } from "../query/operation.ts"
import { canAsk } from "../query/plan.ts"
import { means } from "./meaning.ts"
import type { Names } from "./names.ts"
import { BigFloat, BigInt64, DateScalar, Datetime, JsonScalar, Opaque, Time, UUID } from "./scalars.ts"

export type ValueType = GraphQLScalarType | GraphQLEnumType | GraphQLList<GraphQLNonNull<GraphQLScalarType>>

const bySqlType: Readonly<Record<string, ValueType>> = {
  uuid: UUID,
  date: DateScalar,
  timestamptz: Datetime,
  time: Time,
  integer: GraphQLInt,
  bigint: BigInt64,
  boolean: GraphQLBoolean,
  text: GraphQLString,
  jsonb: JsonScalar,
}

const FilterIs: GraphQLEnumType = new GraphQLEnumType({
  name: "FilterIs",
  values: { NULL: { value: "null" }, NOT_NULL: { value: "not_null" } },
})

/** Operators of one value, by their names here. */
const operators: readonly (readonly [name: string, operator: FilterOperator | "startsWith"])[] = [
  ["eq", "eq"],
  ["neq", "neq"],
  ["gt", "gt"],
  ["gte", "gte"],
  ["lt", "lt"],
  ["lte", "lte"],
  ["like", "like"],
  ["ilike", "ilike"],
  ["regex", "match"],
  ["iregex", "imatch"],
  ["startsWith", "startsWith"],
  ["contains", "cs"],
  ["containedBy", "cd"],
  ["overlaps", "ov"],
]

/** GraphQL's names: no word of the language, and none of those that begin with two underscores. */
export function isEnumName(word: unknown): boolean {
  return typeof word === "string" && /^(?!__)(?!(?:true|false|null)$)[A-Za-z_][A-Za-z0-9_]*$/.test(word)
}

function scalarOf(kind: FieldKind): ValueType {
  if (kind.element && kind.sqlType.endsWith("[]"))
    return new GraphQLList(new GraphQLNonNull(scalarOf(kind.element) as GraphQLScalarType))
  if (kind.sqlType.startsWith("numeric")) return BigFloat
  return (
    bySqlType[kind.sqlType.replace(/\(.*$/, "")] ?? (kind.schema()["type"] === "string" ? Opaque : JsonScalar)
  )
}

/** Whether the database must make strings of a field's numbers; encrypted ones are strings already. */
export function isSentAsText(field: FieldInfo): boolean {
  return field.kind.sqlType === "bigint"
}

/** The types of one schema: each is made once. */
export class ValueTypes {
  private readonly names: Names
  private readonly enums: Map<FieldInfo, GraphQLEnumType> = new Map()
  private readonly filters: Map<string, GraphQLInputObjectType> = new Map()

  constructor(names: Names) {
    this.names = names
  }

  of(field: FieldInfo): ValueType {
    const kind = plainKind(field)
    const words = kind.schema()["enum"]
    if (!Array.isArray(words) || !words.every(isEnumName)) return scalarOf(kind)
    const found = this.enums.get(field)
    if (found) return found
    const name = this.names.enumOf(field)
    const made = new GraphQLEnumType({ name, values: Object.fromEntries(words.map((word) => [word, {}])) })
    this.enums.set(field, made)
    return made
  }

  /** What can be asked of a field. */
  filterOf(field: FieldInfo): GraphQLInputObjectType {
    const type = this.of(field)
    const asked = operators.filter(([, operator]) =>
      canAsk(operator === "startsWith" ? "like" : operator, field.kind),
    )
    const element = String(type).replace(/[[\]!]/g, "")
    const name = `${element}${String(type) === element ? "" : "List"}Filter`
    // Kinds of one scalar may answer different questions.
    const key = `${name} ${asked.map(([word]) => word).join(" ")}`
    const found = this.filters.get(key)
    if (found) return found
    const others = [...this.filters.values()].filter((one) => one.name.replace(/_\d+$/, "") === name).length
    const made = new GraphQLInputObjectType({
      name: others === 0 ? name : `${name}_${others + 1}`,
      fields: (): GraphQLInputFieldConfigMap => ({
        ...Object.fromEntries(
          asked.map(([word, operator]) => [
            word,
            { type: operandOf(operator, type), extensions: means({ kind: "operator", operator }) },
          ]),
        ),
        ...(canAsk("in", field.kind)
          ? {
              in: {
                type: new GraphQLList(new GraphQLNonNull(type)),
                extensions: means({ kind: "operator", operator: "in" }),
              },
            }
          : {}),
        is: { type: FilterIs, extensions: means({ kind: "operator", operator: "is" }) },
      }),
    })
    this.filters.set(key, made)
    return made
  }
}

/** A pattern is a text, whatever it is compared with. */
function operandOf(operator: string, type: ValueType): GraphQLInputType {
  return ["like", "ilike", "match", "imatch", "startsWith"].includes(operator) ? GraphQLString : type
}
