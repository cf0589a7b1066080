/** The types of aggregates: what can be summed up of the rows of an entity. */
import {
  type GraphQLFieldConfigMap,
  GraphQLInt,
  GraphQLNonNull,
  type GraphQLObjectType,
  type GraphQLOutputType,
} from "graphql"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import type { Aggregate } from "../query/operation.ts"
import { canAggregate } from "../query/plan.ts"
import { type Meaning, means } from "./meaning.ts"
import type { Names, TypeSuffix } from "./names.ts"
import { isSentAsText, type RowTypes } from "./row-types.ts"
import { BigFloat, BigInt64, Opaque } from "./scalars.ts"

type Fields = GraphQLFieldConfigMap<unknown, unknown>

const aggregates: readonly (readonly [Exclude<Aggregate, "count">, TypeSuffix])[] = [
  ["sum", "SumAggregate"],
  ["avg", "AvgAggregate"],
  ["min", "MinAggregate"],
  ["max", "MaxAggregate"],
]

/** `count`, and an object of fields for each aggregate that some field has. */
export function aggregateFields(entity: EntityInfo, types: RowTypes, names: Names): Fields {
  const parts = aggregates.flatMap(([of, suffix]): [string, Fields[string]][] => {
    const fields = types.fieldsOf(entity).filter((field) => canAggregate(of, field))
    if (fields.length === 0) return []
    const type: GraphQLObjectType = types.object(entity, suffix, () =>
      Object.fromEntries(
        fields.map((field) => {
          const asText = of === "sum" || of === "avg" || isSentAsText(field)
          const extensions = means<Meaning>({ kind: "value", field, asText })
          return [names.valueOf(field), { type: typeOf(of, field, types), extensions }]
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
function typeOf(of: Aggregate, field: FieldInfo, types: RowTypes): GraphQLOutputType {
  const { sqlType } = field.kind
  if (of === "min" || of === "max") return types.values.of(field)
  if (sqlType === "interval") return Opaque
  return of === "sum" && sqlType === "integer" ? BigInt64 : BigFloat
}
