/** The types of aggregates: what can be summed up of the rows of an entity. */
import {
  type GraphQLFieldConfigMap,
  GraphQLInt,
  GraphQLNonNull,
  type GraphQLObjectType,
  type GraphQLOutputType,
} from "graphql"
import type { FieldInfo } from "../model/model.ts"
import type { Aggregate } from "../query/operation.ts"
import { canAggregate } from "../query/plan.ts"
import { type Meaning, means } from "./meaning.ts"
import type { TypeSuffix } from "./names.ts"
import { BigFloat, BigInt64, Opaque } from "./scalars.ts"
import { isSentAsText, type ValueType } from "./value-types.ts"

type Fields = GraphQLFieldConfigMap<unknown, unknown>

const aggregates: readonly (readonly [Exclude<Aggregate, "count">, TypeSuffix])[] = [
  ["sum", "SumAggregate"],
  ["avg", "AvgAggregate"],
  ["min", "MinAggregate"],
  ["max", "MaxAggregate"],
]

/** What there is to aggregate, and how its types are made. */
interface AggregateParts {
  readonly fields: readonly FieldInfo[]
  readonly nameOf: (field: FieldInfo) => string
  readonly typeOf: (field: FieldInfo) => ValueType
  readonly object: (suffix: TypeSuffix, fields: () => Fields) => GraphQLObjectType
}

/** `count`, and an object of fields for each aggregate that some field has. */
export function aggregateFields({ fields: all, nameOf, typeOf: valueType, object }: AggregateParts): Fields {
  const parts = aggregates.flatMap(([of, suffix]): [string, Fields[string]][] => {
    const fields = all.filter((field) => canAggregate(of, field))
    if (fields.length === 0) return []
    const type: GraphQLObjectType = object(suffix, () =>
      Object.fromEntries(
        fields.map((field) => {
          const asText = of === "sum" || of === "avg" || isSentAsText(field)
          const extensions = means<Meaning>({ kind: "value", field, asText })
          return [nameOf(field), { type: typeOf(of, field, valueType), extensions }]
        }),
      ),
    )
    return [[of, { type: new GraphQLNonNull(type), extensions: means<Meaning>({ kind: "aggregates", of }) }]]
  })
  return {
    count: { type: new GraphQLNonNull(GraphQLInt), extensions: means<Meaning>({ kind: "count" }) },
    ...Object.fromEntries(parts),
  }
}

/** A sum of whole numbers may be larger than any of them. */
function typeOf(
  of: Aggregate,
  field: FieldInfo,
  valueType: (field: FieldInfo) => ValueType,
): GraphQLOutputType {
  const { sqlType } = field.kind
  if (of === "min" || of === "max") return valueType(field)
  if (sqlType === "interval") return Opaque
  return of === "sum" && sqlType === "integer" ? BigInt64 : BigFloat
}
