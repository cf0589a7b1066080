/**
 * Rewrites one query: names to columns, `*` to the fields that there are, values to what their fields store. A field that
 * not everyone may see is written through the column that is for writing alone.
 */
import {
  ColumnNode,
  type ColumnUpdateNode,
  IdentifierNode,
  type InsertQueryNode,
  type OperationNode,
  OperationNodeTransformer,
  type PrimitiveValueListNode,
  type QueryId,
  ReferenceNode,
  type ReturningNode,
  SelectAllNode,
  type SelectionNode,
  type SelectQueryNode,
  TableNode,
  type UpdateQueryNode,
  type ValueListNode,
  ValueNode,
} from "kysely"
import type { CatalogueCode } from "../base/catalogue.ts"
import { UndercroftError } from "../base/errors.ts"
import { type EntityInfo, type FieldInfo, type Model, toSnake } from "../model/model.ts"
import { BadValue } from "../model/value.ts"

/** What a query reads from or writes to; of something other than an entity the columns are not known. */
interface Source {
  readonly name: string
  readonly entity: EntityInfo | undefined
}

export class ModelTransformer extends OperationNodeTransformer {
  /** Every name that the query used, as it was written. */
  readonly names: Set<string> = new Set()
  private readonly model: Model
  private readonly writes: WriteColumn
  /** Of the queries that this one stands in, the innermost last. */
  private readonly sources: (readonly Source[])[] = []
  /** The names of `with`, which hide collections of the same name. */
  private readonly local: Set<string> = new Set()

  constructor(model: Model, writes: WriteColumn) {
    super()
    this.model = model
    this.writes = writes
  }

  protected override transformNodeImpl<T extends OperationNode>(node: T, queryId?: QueryId): T {
    const sources = sourcesOf(node)
    if (sources === null) return super.transformNodeImpl(node, queryId)
    const query = node as { readonly with?: { readonly expressions: readonly CommonTable[] } }
    for (const one of query.with?.expressions ?? []) this.local.add(one.name.table.table.identifier.name)
    this.sources.push(
      sources.map(({ name, table }) => ({
        name,
        entity: table === null || this.local.has(table) ? undefined : this.model.byCollection.get(table),
      })),
    )
    try {
      return super.transformNodeImpl(node, queryId)
    } finally {
      this.sources.pop()
    }
  }

  protected override transformIdentifier(node: IdentifierNode): IdentifierNode {
    this.names.add(node.name)
    return { ...node, name: toSnake(node.name) }
  }

  protected override transformSelectQuery(node: SelectQueryNode, queryId?: QueryId): SelectQueryNode {
    const { selections } = node
    return super.transformSelectQuery(
      selections ? { ...node, selections: this.expand(selections) } : node,
      queryId,
    )
  }

  protected override transformReturning(node: ReturningNode, queryId?: QueryId): ReturningNode {
    return super.transformReturning({ ...node, selections: this.expand(node.selections) }, queryId)
  }

  protected override transformInsertQuery(node: InsertQueryNode, queryId?: QueryId): InsertQueryNode {
    const entity = this.sources.at(-1)?.[0]?.entity
    const fields = node.columns?.map((one) => entity?.fieldByName.get(one.column.name))
    const { values } = node
    const rows =
      fields && values?.kind === "ValuesNode"
        ? {
            ...values,
            values: (
              values as unknown as { values: readonly (ValueListNode | PrimitiveValueListNode)[] }
            ).values.map((row) => encodeRow(row, fields)),
          }
        : values
    const { columns, ...rest } = super.transformInsertQuery(
      { ...node, ...(rows ? { values: rows } : {}) },
      queryId,
    )
    return {
      ...rest,
      ...(columns ? { columns: columns.map((one, at) => this.writes(one, fields?.[at])) } : {}),
    }
  }

  protected override transformUpdateQuery(node: UpdateQueryNode, queryId?: QueryId): UpdateQueryNode {
    return super.transformUpdateQuery(node, queryId)
  }

  protected override transformColumnUpdate(node: ColumnUpdateNode, queryId?: QueryId): ColumnUpdateNode {
    const column = ReferenceNode.is(node.column) ? node.column.column : node.column
    const entity = this.sources.at(-1)?.[0]?.entity
    const field = ColumnNode.is(column) ? entity?.fieldByName.get(column.column.name) : undefined
    const value =
      field && ValueNode.is(node.value)
        ? { ...node.value, value: encode(field, node.value.value) }
        : node.value
    const moved = super.transformColumnUpdate({ ...node, value }, queryId)
    return ColumnNode.is(moved.column) ? { ...moved, column: this.writes(moved.column, field) } : moved
  }

  /** A field view has columns for writing alone, which `*` names too; of everything else `*` stays. */
  private expand(selections: readonly SelectionNode[]): SelectionNode[] {
    const sources = this.sources.at(-1) ?? []
    return selections.flatMap((one) => {
      const { selection } = one
      if (SelectAllNode.is(selection))
        return sources.flatMap((source) => allOf(one, source, sources.length > 1))
      if (ReferenceNode.is(selection) && SelectAllNode.is(selection.column)) {
        const name = selection.table?.table.identifier.name
        const source = sources.find((each) => each.name === name)
        return source ? allOf(one, source, true) : [one]
      }
      return [one]
    })
  }
}

interface CommonTable {
  readonly name: { readonly table: TableNode }
}

function allOf(selection: SelectionNode, { name, entity }: Source, isNamed: boolean): SelectionNode[] {
  const table = isNamed ? TableNode.create(name) : undefined
  if (!entity) {
    return [
      { ...selection, selection: table ? ReferenceNode.createSelectAll(table) : SelectAllNode.create() },
    ]
  }
  return entity.fields.map((field) => ({
    ...selection,
    selection: ReferenceNode.create(ColumnNode.create(field.name), table),
  }))
}

/** Null for what is not a query of its own. */
function sourcesOf(node: OperationNode): { name: string; table: string | null }[] | null {
  switch (node.kind) {
    case "SelectQueryNode":
    case "InsertQueryNode":
    case "UpdateQueryNode":
    case "DeleteQueryNode":
    case "MergeQueryNode":
      break
    default:
      return null
  }
  const { from, into, table, joins, using } = node as {
    readonly from?: { readonly froms: readonly OperationNode[] }
    readonly into?: OperationNode
    readonly table?: OperationNode
    readonly joins?: readonly { readonly table: OperationNode }[]
    readonly using?: OperationNode & { readonly tables?: readonly OperationNode[] }
  }
  return [
    ...(into ? [into] : []),
    ...(table ? [table] : []),
    ...(from?.froms ?? []),
    ...(using?.tables ?? []),
    ...(joins ?? []).map((one) => one.table),
  ].flatMap(namesOf)
}

function namesOf(node: OperationNode): { name: string; table: string | null }[] {
  if (TableNode.is(node)) {
    const { name } = node.table.identifier
    return [{ name, table: node.table.schema ? null : name }]
  }
  if (node.kind === "ListNode")
    return (node as unknown as { items: readonly OperationNode[] }).items.flatMap(namesOf)
  if (node.kind !== "AliasNode") return []
  const { alias, node: inner } = node as unknown as { alias: OperationNode; node: OperationNode }
  if (!IdentifierNode.is(alias)) return []
  return [{ name: alias.name, table: namesOf(inner)[0]?.table ?? null }]
}

/** Which column a write of a field names. */
export type WriteColumn = (node: ColumnNode, field: FieldInfo | undefined) => ColumnNode

/** A field view's own. */
export function writeColumn(node: ColumnNode, field: FieldInfo | undefined): ColumnNode {
  return field?.visibleTo ? ColumnNode.create(`${field.column}$write`) : node
}

function encodeRow(
  row: ValueListNode | PrimitiveValueListNode,
  fields: readonly (FieldInfo | undefined)[],
): ValueListNode | PrimitiveValueListNode {
  if (row.kind === "PrimitiveValueListNode")
    return { ...row, values: row.values.map((value, at) => encode(fields[at], value)) }
  return {
    ...row,
    values: row.values.map((one, at) =>
      ValueNode.is(one) ? { ...one, value: encode(fields[at], one.value) } : one,
    ),
  }
}

/** A value as its column takes it. Throws what a write through the API would. */
function encode(field: FieldInfo | undefined, value: unknown): unknown {
  if (!field || value === null || value === undefined) return value
  try {
    const parsed = field.kind.parse(value)
    return field.kind.sqlType === "jsonb" ? JSON.stringify(parsed) : parsed
  } catch (cause) {
    if (!(cause instanceof BadValue)) throw cause
    const name = `${field.entity.collection}.${field.name}`
    throw new UndercroftError(`PG:${cause.sqlstate}` as CatalogueCode, { field: name, why: cause.message })
  }
}
