/** The mutations of an entity: those that the caller could ever be allowed. */
import {
  type GraphQLFieldConfig,
  type GraphQLFieldConfigMap,
  type GraphQLInputFieldConfigMap,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLObjectType,
} from "graphql"
import type { Knowledge } from "../engine/knowledge.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { type InputMeaning, type Meaning, means } from "./meaning.ts"
import type { Names, TypeSuffix } from "./names.ts"
import { listOf, type RowTypes } from "./row-types.ts"

type Fields = GraphQLFieldConfigMap<unknown, unknown>
type FieldConfig = GraphQLFieldConfig<unknown, unknown>

interface MutationParts {
  readonly names: Names
  readonly known: Knowledge
  readonly types: RowTypes
}

export function mutationFields(entity: EntityInfo, parts: MutationParts): Fields {
  const { known, types } = parts
  const { name } = entity
  const settable = types.fieldsOf(entity).filter((field) => !field.readonly && !known.unsettable.has(field))
  const changeable = settable.filter((field) => !field.immutable)
  const atMost = {
    type: new GraphQLNonNull(GraphQLInt),
    default: { value: 1 },
    description: "More rows than this are refused, and none is written.",
  }
  const fields: Fields = {}
  if (known.may(entity, "create") && settable.length > 0) {
    const input = types.input(entity, "InsertInput", () => inputs(settable, parts, true))
    fields[`insertInto${name}Collection`] = {
      ...response(entity, "insert", parts),
      args: {
        objects: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(input))) },
      },
    }
  }
  if (known.may(entity, "update") && changeable.length > 0) {
    const input = types.input(entity, "UpdateInput", () => inputs(changeable, parts, false))
    fields[`update${name}Collection`] = {
      ...response(entity, "update", parts),
      args: { set: { type: new GraphQLNonNull(input) }, filter: { type: types.filter(entity) }, atMost },
    }
  }
  if (known.may(entity, "delete"))
    fields[`deleteFrom${name}Collection`] = {
      ...response(entity, "delete", parts),
      args: { filter: { type: types.filter(entity) }, atMost },
    }
  return fields
}

const suffixes: Readonly<Record<"insert" | "update" | "delete", TypeSuffix>> = {
  insert: "InsertResponse",
  update: "UpdateResponse",
  delete: "DeleteResponse",
}

/** Not null: a write that fails takes the others with it, and the answer has no data. */
function response(
  entity: EntityInfo,
  kind: "insert" | "update" | "delete",
  { known, types }: MutationParts,
): FieldConfig {
  const type: GraphQLObjectType = types.object(entity, suffixes[kind], () => ({
    affectedCount: { type: new GraphQLNonNull(GraphQLInt), extensions: means<Meaning>({ kind: "affected" }) },
    ...(known.may(entity, "read")
      ? { records: { type: listOf(types.row(entity)), extensions: means<Meaning>({ kind: "records" }) } }
      : {}),
  }))
  return { type: new GraphQLNonNull(type), extensions: means<Meaning>({ kind, entity }) }
}

function inputs(
  fields: readonly FieldInfo[],
  { names, types }: MutationParts,
  isInsert: boolean,
): GraphQLInputFieldConfigMap {
  return Object.fromEntries(
    fields.map((field) => {
      const type = types.values.of(field)
      const isRequired = isInsert && !field.optional && !field.defaulted
      return [
        names.valueOf(field),
        {
          type: isRequired ? new GraphQLNonNull(type) : type,
          description: field.description,
          extensions: means<InputMeaning>({ kind: "value", field }),
        },
      ]
    }),
  )
}
