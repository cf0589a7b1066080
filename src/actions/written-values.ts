/** The values of a query that writes, as plain rows; and conditions that are made of values. */
import {
  AndNode,
  BinaryOperationNode,
  ColumnNode,
  DefaultInsertValueNode,
  type InsertQueryNode,
  type OperationNode,
  OperatorNode,
  ParensNode,
  ReferenceNode,
  ValueNode,
  ValuesNode,
  WhereNode,
} from "kysely"
import type { Fields } from "../engine/write-hooks.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"

interface WrittenValues {
  readonly fields: readonly FieldInfo[]
  readonly rows: readonly Fields[]
}

/** What an insert says of each row; null where it says anything but values of fields. */
export function valuesOf({ columns, values }: InsertQueryNode, entity: EntityInfo): WrittenValues | null {
  if (!columns || !values || !ValuesNode.is(values)) return null
  const fields = columns.map((one) => entity.fieldByName.get(one.column.name))
  if (!fields.every((one) => one !== undefined)) return null
  const rows = values.values.map((row): Fields | null => {
    const items =
      row.kind === "PrimitiveValueListNode" ? row.values.map((one) => ValueNode.create(one)) : row.values
    if (!items.every((one) => ValueNode.is(one) || DefaultInsertValueNode.is(one))) return null
    return Object.fromEntries(
      items.flatMap((one, at) =>
        ValueNode.is(one) && one.value !== undefined ? [[fields[at]!.name, one.value]] : [],
      ),
    )
  })
  return rows.every((row) => row !== null) ? { fields, rows } : null
}

/** Where these fields have these values, and this expression this one. */
export function whereEqual(fields: Fields, more?: readonly [OperationNode, unknown]): WhereNode {
  const equal = (left: OperationNode, value: unknown): OperationNode =>
    BinaryOperationNode.create(left, OperatorNode.create("="), ValueNode.create(value))
  const all = Object.entries(fields).map(([name, value]) =>
    equal(ReferenceNode.create(ColumnNode.create(name)), value),
  )
  if (more) all.push(equal(ParensNode.create(more[0]), more[1]))
  return WhereNode.create(all.reduce((left, right) => AndNode.create(left, right)))
}
