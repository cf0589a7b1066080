/** The types of an entity's rows, their lists, and what can be asked of them. */
import {
  type GraphQLEnumType,
  type GraphQLFieldConfig,
  type GraphQLFieldConfigMap,
  GraphQLID,
  type GraphQLInputFieldConfigMap,
  GraphQLInputObjectType,
  GraphQLInt,
  type GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
} from "graphql"
import type { Knowledge } from "../engine/knowledge.ts"
import type { EntityInfo, FieldInfo, RelationInfo } from "../model/model.ts"
import { aggregateFields } from "./aggregate-types.ts"
import { type InputMeaning, type Meaning, means, type Part } from "./meaning.ts"
import type { Names, TypeSuffix } from "./names.ts"
import { Cursor } from "./scalars.ts"
import { isSentAsText, ValueTypes } from "./value-types.ts"

type Fields = GraphQLFieldConfigMap<unknown, unknown>
type FieldConfig = GraphQLFieldConfig<unknown, unknown>

export interface RowTypeParts {
  readonly names: Names
  readonly known: Knowledge
  readonly node: GraphQLInterfaceType
  readonly pageInfo: GraphQLObjectType
  readonly direction: GraphQLEnumType
  readonly page: number
}

/** Optional fields, those that only some may see, and what a view reads or computes. */
function isNullable({ optional, visibleTo, entity }: FieldInfo): boolean {
  return optional || visibleTo !== null || entity.view !== null
}

/** A non-null list of non-null items. */
export function listOf(
  type: GraphQLObjectType,
): GraphQLNonNull<GraphQLList<GraphQLNonNull<GraphQLObjectType>>> {
  return new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(type)))
}

export class RowTypes {
  readonly values: ValueTypes
  private readonly parts: RowTypeParts
  private readonly objects: Map<string, GraphQLObjectType> = new Map()
  private readonly inputs: Map<string, GraphQLInputObjectType> = new Map()

  constructor(parts: RowTypeParts) {
    this.parts = parts
    this.values = new ValueTypes(parts.names)
  }

  /** Fields that this caller may know of. */
  fieldsOf(entity: EntityInfo): readonly FieldInfo[] {
    return entity.fields.filter((field) => !this.parts.known.hidden.has(field))
  }

  /** The one row that a nodeId names. */
  private readonly idFilter: GraphQLInputObjectType = new GraphQLInputObjectType({
    name: "IDFilter",
    fields: { eq: { type: new GraphQLNonNull(GraphQLID) } },
  })

  /** An object type of an entity, made once. */
  object(entity: EntityInfo, suffix: TypeSuffix | undefined, fields: () => Fields): GraphQLObjectType {
    const name = this.parts.names.typeOf(entity, suffix)
    const found = this.objects.get(name)
    if (found) return found
    const isRow = suffix === undefined
    const made = new GraphQLObjectType({
      name,
      description: isRow ? entity.description : null,
      interfaces: isRow ? [this.parts.node] : [],
      fields,
    })
    this.objects.set(name, made)
    return made
  }

  /** An input type of an entity, made once. */
  input(
    entity: EntityInfo,
    suffix: TypeSuffix,
    fields: () => GraphQLInputFieldConfigMap,
  ): GraphQLInputObjectType {
    const name = this.parts.names.typeOf(entity, suffix)
    const made = this.inputs.get(name) ?? new GraphQLInputObjectType({ name, fields })
    this.inputs.set(name, made)
    return made
  }

  row(entity: EntityInfo): GraphQLObjectType {
    return this.object(entity, undefined, () => ({
      nodeId: { type: new GraphQLNonNull(GraphQLID), extensions: means({ kind: "node-id" }) },
      ...Object.fromEntries(this.fieldsOf(entity).map((field) => this.valueField(field))),
      ...Object.fromEntries(this.relationsOf(entity).map((one) => [one.name, this.relationField(one)])),
    }))
  }

  filter(entity: EntityInfo): GraphQLInputObjectType {
    const self = (): GraphQLNonNull<GraphQLInputObjectType> => new GraphQLNonNull(this.filter(entity))
    const input = (meaning: InputMeaning): { readonly undercroft: InputMeaning } => means(meaning)
    return this.input(entity, "Filter", () => ({
      nodeId: { type: this.idFilter, extensions: input({ kind: "node-id", entity }) },
      ...Object.fromEntries(
        this.fieldsOf(entity).map((field) => [
          this.parts.names.valueOf(field),
          { type: this.values.filterOf(field), extensions: input({ kind: "value", field }) },
        ]),
      ),
      ...Object.fromEntries(
        this.relationsOf(entity).map(({ name, many, to }) => [
          name,
          {
            type: many ? this.manyFilter(to) : this.filter(to),
            extensions: input({ kind: many ? "many" : "one", relation: name }),
          },
        ]),
      ),
      and: { type: new GraphQLList(self()), extensions: input({ kind: "and" }) },
      or: { type: new GraphQLList(self()), extensions: input({ kind: "or" }) },
      not: { type: this.filter(entity), extensions: input({ kind: "not" }) },
    }))
  }

  /** The relation of a connection: all rows that the caller may see, or those related to one. */
  connectionField(entity: EntityInfo, extensions: { readonly undercroft: Meaning }): FieldConfig {
    const { names, direction, page } = this.parts
    const ordered = this.fieldsOf(entity).filter((field) => field.kind.operators.has("order"))
    const orderBy = this.input(entity, "OrderBy", () =>
      Object.fromEntries(
        ordered.map((field) => [
          names.valueOf(field),
          { type: direction, extensions: means<InputMeaning>({ kind: "value", field }) },
        ]),
      ),
    )
    return {
      type: new GraphQLNonNull(this.connection(entity)),
      args: {
        filter: { type: this.filter(entity) },
        ...(ordered.length === 0
          ? {}
          : {
              orderBy: {
                type: new GraphQLList(new GraphQLNonNull(orderBy)),
                description: "One field in each object.",
              },
            }),
        first: { type: GraphQLInt, description: `The first rows; ${page} when no size is given.` },
        last: { type: GraphQLInt },
        before: { type: Cursor },
        after: { type: Cursor },
        offset: { type: GraphQLInt },
      },
      extensions,
    }
  }

  private connection(entity: EntityInfo): GraphQLObjectType {
    const part = (kind: Part): { readonly undercroft: Meaning } => means<Meaning>({ kind })
    const edge = this.object(entity, "Edge", () => ({
      cursor: { type: new GraphQLNonNull(Cursor), extensions: part("cursor") },
      node: { type: new GraphQLNonNull(this.row(entity)), extensions: part("edge-node") },
    }))
    const aggregate = this.object(entity, "Aggregate", () => this.aggregateFields(entity))
    return this.object(entity, "Connection", () => ({
      edges: { type: listOf(edge), extensions: part("edges") },
      pageInfo: { type: new GraphQLNonNull(this.parts.pageInfo), extensions: part("page-info") },
      totalCount: {
        type: new GraphQLNonNull(GraphQLInt),
        description: "All rows that fit, whatever the page.",
        extensions: part("total"),
      },
      aggregate: {
        type: new GraphQLNonNull(aggregate),
        description: "Of all rows that fit, whatever the page.",
        extensions: part("aggregate"),
      },
    }))
  }

  private aggregateFields(entity: EntityInfo): Fields {
    return aggregateFields({
      fields: this.fieldsOf(entity),
      nameOf: (field) => this.parts.names.valueOf(field),
      typeOf: (field) => this.values.of(field),
      object: (suffix, fields) => this.object(entity, suffix, fields),
    })
  }

  private valueField(field: FieldInfo): readonly [string, FieldConfig] {
    const type = this.values.of(field)
    return [
      this.parts.names.valueOf(field),
      {
        type: isNullable(field) ? type : new GraphQLNonNull(type),
        description: field.description,
        extensions: means<Meaning>({ kind: "value", field, asText: isSentAsText(field) }),
      },
    ]
  }

  private relationField({ name, many, to }: RelationInfo): FieldConfig {
    const extensions = means<Meaning>({ kind: many ? "many" : "one", relation: name })
    return many ? this.connectionField(to, extensions) : { type: this.row(to), extensions }
  }

  /** Relations whose reference and whose other end the caller may know of. */
  private relationsOf(entity: EntityInfo): readonly RelationInfo[] {
    const { known } = this.parts
    return [...entity.relations.values()].filter(
      ({ field, to }) => !known.hidden.has(field) && known.may(to, "read"),
    )
  }

  private manyFilter(to: EntityInfo): GraphQLInputObjectType {
    return this.input(to, "ManyFilter", () =>
      Object.fromEntries(
        (["some", "none"] as const).map((kind) => [
          kind,
          { type: this.filter(to), extensions: means<InputMeaning>({ kind }) },
        ]),
      ),
    )
  }
}
