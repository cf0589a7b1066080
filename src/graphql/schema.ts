/** The schema as one caller may know it: what they could never see or do is not in it. */
import {
  GraphQLBoolean,
  GraphQLEnumType,
  type GraphQLFieldConfigMap,
  GraphQLID,
  GraphQLInterfaceType,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
} from "graphql"
import type { Knowledge } from "../engine/knowledge.ts"
import type { Model } from "../model/model.ts"
import { type ActionFields, collectionField } from "./action-fields.ts"
import { means } from "./meaning.ts"
import { mutationFields } from "./mutation-types.ts"
import type { Names } from "./names.ts"
import { RowTypes } from "./row-types.ts"
import { Cursor } from "./scalars.ts"

type Fields = GraphQLFieldConfigMap<unknown, unknown>

export interface SchemaParts {
  readonly model: Model
  readonly names: Names
  readonly known: Knowledge
  /** Rows of a page of which no size is asked. */
  readonly page: number
  readonly actions?: ActionFields
}

/** Makes a schema; it is only read, never executed, but for introspection. */
export function createSchema({ model, names, known, page, actions = new Map() }: SchemaParts): GraphQLSchema {
  const node = new GraphQLInterfaceType({
    name: "Node",
    description: "A row that can be asked for by its nodeId alone.",
    fields: { nodeId: { type: new GraphQLNonNull(GraphQLID), extensions: means({ kind: "node-id" }) } },
  })
  const pageInfo = new GraphQLObjectType({ name: "PageInfo", fields: pageInfoFields() })
  const direction = new GraphQLEnumType({
    name: "OrderByDirection",
    values: Object.fromEntries(
      ["AscNullsFirst", "AscNullsLast", "DescNullsFirst", "DescNullsLast"].map((name) => [name, {}]),
    ),
  })
  const types = new RowTypes({ names, known, node, pageInfo, direction, page })
  const callable = [...actions].filter(([name]) => known.mayCall(name))
  const actionFields = (isReadOnly: boolean): Fields =>
    Object.fromEntries(
      callable.flatMap(([name, one]) => (one.isReadOnly === isReadOnly ? [[name, one.config]] : [])),
    )
  const readable = model.entities.filter((entity) => known.may(entity, "read"))
  const query: Fields = {
    ...Object.fromEntries(
      readable.map((entity) => [
        collectionField(entity),
        types.connectionField(entity, means({ kind: "collection", entity })),
      ]),
    ),
    node: {
      type: node,
      description: "The row of a nodeId; null where there is none, or none that you may see.",
      args: { nodeId: { type: new GraphQLNonNull(GraphQLID) } },
      extensions: means({ kind: "node" }),
    },
    ...actionFields(true),
  }
  const mutation: Fields = Object.assign(
    {},
    ...model.entities.map((entity) => mutationFields(entity, { names, known, types })),
    actionFields(false),
  )
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: "Query", fields: query }),
    ...(Object.keys(mutation).length === 0
      ? {}
      : { mutation: new GraphQLObjectType({ name: "Mutation", fields: mutation }) }),
    types: readable.map((entity) => types.row(entity)),
    assumeValid: true,
  })
}

function pageInfoFields(): Fields {
  const has = new GraphQLNonNull(GraphQLBoolean)
  return {
    hasNextPage: { type: has, extensions: means({ kind: "page-fact", fact: "hasNext" }) },
    hasPreviousPage: { type: has, extensions: means({ kind: "page-fact", fact: "hasPrevious" }) },
    startCursor: { type: Cursor, extensions: means({ kind: "page-fact", fact: "start" }) },
    endCursor: { type: Cursor, extensions: means({ kind: "page-fact", fact: "end" }) },
  }
}
