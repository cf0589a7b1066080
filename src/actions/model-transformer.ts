/**
 * Rewrites one query: names to columns, `*` to the fields that there are, values to what their fields store. A field that
 * not everyone may see is written through the column that is for writing alone.
 */
import {
  AliasNode,
  type BinaryOperationNode,
  ColumnNode,
  type ColumnUpdateNode,
  IdentifierNode,
  type InsertQueryNode,
  type OperationNode,
  OperationNodeTransformer,
  OperatorNode,
  PrimitiveValueListNode,
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
import { Sealed } from "../sql/encode-rows.ts"
import { type EncryptedColumns, isNull, refuseEncrypted, Unsealed } from "./encrypted-columns.ts"

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
  private readonly encrypted: EncryptedColumns | null
  /** Of the queries that this one stands in, the innermost last. */
  private readonly sources: (readonly Source[])[] = []
  /** The names of `with`, which hide collections of the same name. */
  private readonly local: Set<string> = new Set()

  constructor(model: Model, writes: WriteColumn, encrypted: EncryptedColumns | null = null) {
    super()
    this.model = model
    this.writes = writes
    this.encrypted = encrypted
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

  protected override transformReference(node: ReferenceNode, queryId?: QueryId): ReferenceNode {
    const field = this.encryptedField(node)
    if (field && !this.encrypted?.isPart(node))
      throw refuseEncrypted(
        field,
        "used so: select it, write it by values() or set(), or ask for = and in where it is findable",
      )
    return super.transformReference(node, queryId)
  }

  protected override transformBinaryOperation(
    node: BinaryOperationNode,
    queryId?: QueryId,
  ): BinaryOperationNode {
    const { leftOperand, operator, rightOperand } = node
    const field = ReferenceNode.is(leftOperand) ? this.encryptedField(leftOperand) : undefined
    const sign = OperatorNode.is(operator) ? operator.operator : ""
    if (!field || !this.encrypted) return super.transformBinaryOperation(node, queryId)
    const table = (leftOperand as ReferenceNode).table?.table.identifier.name ?? null
    if ((sign === "is" || sign === "is not") && isNull(rightOperand)) {
      const same = this.encrypted.plain(field, table)
      return super.transformBinaryOperation({ ...node, leftOperand: same }, queryId)
    }
    const isOne = ["=", "!=", "<>"].includes(sign) && ValueNode.is(rightOperand)
    const isList = ["in", "not in"].includes(sign) && PrimitiveValueListNode.is(rightOperand)
    if (!field.encrypted?.findable || (!isOne && !isList)) throw refuseEncrypted(field, `compared by ${sign}`)
    const indexOf = (value: unknown): Buffer => this.encrypted!.indexOf(field, value)
    const right = isOne
      ? ValueNode.create(indexOf((rightOperand as ValueNode).value))
      : PrimitiveValueListNode.create((rightOperand as PrimitiveValueListNode).values.map(indexOf))
    const left = this.encrypted.index(field, table)
    return super.transformBinaryOperation({ ...node, leftOperand: left, rightOperand: right }, queryId)
  }

  /** The encrypted field that a reference names in this query, or in one that it stands in. */
  private encryptedField(node: ReferenceNode): FieldInfo | undefined {
    if (!ColumnNode.is(node.column)) return undefined
    const { name } = node.column.column
    const table = node.table?.table.identifier.name
    for (const sources of this.sources.toReversed()) {
      const found = sources.find((one) =>
        table === undefined ? one.entity?.fieldByName.has(name) : one.name === table,
      )
      if (!found) continue
      const field = found.entity?.fieldByName.get(name)
      return field?.encrypted ? field : undefined
    }
    return undefined
  }

  /** A selected field that is encrypted, as the process finds it in the answer. */
  private read(one: SelectionNode): SelectionNode {
    const { selection } = one
    const inner = AliasNode.is(selection) ? selection.node : selection
    const field = ReferenceNode.is(inner) ? this.encryptedField(inner) : undefined
    if (!field || !this.encrypted) return one
    const alias =
      AliasNode.is(selection) && IdentifierNode.is(selection.alias) ? selection.alias.name : field.name
    const sources = this.sources.at(-1) ?? []
    const named = (inner as ReferenceNode).table?.table.identifier.name
    const only = sources.length > 1 ? sources.find((each) => each.entity === field.entity)?.name : undefined
    return { ...one, selection: this.encrypted.read(field, named ?? only ?? null, alias) }
  }

  private expand(selections: readonly SelectionNode[]): SelectionNode[] {
    return this.expandAll(selections).map((one) => this.read(one))
  }

  /** A field view has columns for writing alone, which `*` names too; of everything else `*` stays. */
  private expandAll(selections: readonly SelectionNode[]): SelectionNode[] {
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
  if (value instanceof Sealed) return value.bytes
  // Only what takes the write apart can encrypt it; sent as it is, it is refused.
  if (field.encrypted) return new Unsealed(field)
  try {
    const parsed = field.kind.parse(value)
    return field.kind.sqlType === "jsonb" ? JSON.stringify(parsed) : parsed
  } catch (cause) {
    if (!(cause instanceof BadValue)) throw cause
    const name = `${field.entity.collection}.${field.name}`
    throw new UndercroftError(`PG:${cause.sqlstate}` as CatalogueCode, { field: name, why: cause.message })
  }
}
