/**
 * What a step beyond the caller's rights may ask: queries built from the entities that its action named, and nothing that
 * is written as SQL. What is not known here is refused; the database keeps the entities, too.
 */
import type { OperationNode } from "kysely"
import { type EntityInfo, type Model, toSnake } from "../model/model.ts"
import { isEncryptedRead } from "./encrypted-columns.ts"

/** Every kind of node that is nothing but structure. `merge` tells no rows before PostgreSQL 17. */
const plainKinds: ReadonlySet<string> = new Set(
  `Alias And BinaryOperation Case Cast Column ColumnUpdate CommonTableExpression CommonTableExpressionName DataType
  DefaultInsertValue DeleteQuery From GroupBy GroupByItem Having Identifier InsertQuery Join Limit List Offset On OnConflict
  Operator Or OrderBy OrderByItem Over Parens PartitionBy PartitionByItem PrimitiveValueList Reference Returning
  SchemableIdentifier SelectAll Selection SelectModifier SelectQuery SetOperation Table Tuple UnaryOperation UpdateQuery
  Using Value ValueList Values When Where With`
    .split(/\s+/)
    .map((name) => `${name}Node`),
)

/** Functions of which it is known that they look at nothing but their arguments. */
const functions: ReadonlySet<string> = new Set(
  `abs any array_agg avg bool_and bool_or ceil coalesce concat count date_trunc dense_rank every floor greatest json_agg
  lag lead least length lower max min mod now nullif rank round row_number string_agg sum to_json trim upper`.split(
    /\s+/,
  ),
)

/** What Kysely itself writes as SQL. */
const words: ReadonlySet<string> = new Set(["asc", "desc", "true"])

/** The entities that a query names. Throws what the author is told by the log. */
export function checkSystemQuery(
  query: OperationNode,
  allowed: ReadonlySet<EntityInfo>,
  model: Model,
): readonly EntityInfo[] {
  const named: string[] = []
  const local = new Set<string>()
  walk(query, (node) => {
    const { kind } = node
    if (kind === "TableNode") named.push(tableName(node))
    if (kind === "AliasNode") local.add(nameOf((node as unknown as { alias: OperationNode }).alias))
    if (kind === "CommonTableExpressionNameNode")
      local.add(tableName((node as unknown as { table: OperationNode }).table))
    checkNode(node)
  })
  const byTable = new Map(model.entities.map((one) => [one.table, one]))
  // A name of the query's own must not stand for what it may not touch.
  for (const name of local) {
    const entity = byTable.get(name)
    if (entity) refuse(`calls something ${entity.collection}, which is a collection`)
  }
  const found = new Set<EntityInfo>()
  for (const name of named) {
    const entity = byTable.get(name)
    const isAllowed = entity ? allowed.has(entity) : local.has(name) || name === "excluded"
    if (!isAllowed) refuse(`names ${name}, which is not under system`)
    if (entity) found.add(entity)
  }
  return [...found]
}

function checkNode(node: OperationNode): void {
  const { kind } = node
  if (kind === "AggregateFunctionNode" || kind === "FunctionNode") {
    const { func } = node as unknown as { func: string }
    if (!functions.has(func)) refuse("calls a function that it may not")
  } else if (kind === "RawNode") {
    const { sqlFragments } = node as unknown as { sqlFragments: readonly string[] }
    const isPlain = sqlFragments.length === 1 && words.has(sqlFragments[0] ?? "")
    if (!isPlain && !isEncryptedRead(sqlFragments)) refuse("has a part written as SQL")
  } else if (!plainKinds.has(kind)) refuse(`has a ${kind}`)
}

/** Visits every node. Values are no nodes, whatever they look like. */
function walk(node: OperationNode, visit: (node: OperationNode) => void): void {
  visit(node)
  if (node.kind === "ValueNode" || node.kind === "PrimitiveValueListNode") return
  for (const part of Object.values(node)) {
    for (const one of Array.isArray(part) ? part : [part]) {
      if (one === null || typeof one !== "object") continue
      if (typeof one.kind !== "string") refuse("has a part that is not known")
      walk(one, visit)
    }
  }
}

function tableName(node: OperationNode): string {
  const { table } = node as unknown as { table: { schema?: OperationNode; identifier: OperationNode } }
  if (table.schema) refuse("names a schema")
  return nameOf(table.identifier)
}

function nameOf(node: OperationNode): string {
  return toSnake(String((node as unknown as { name?: unknown }).name))
}

function refuse(what: string): never {
  throw new Error(`a query of asSystem ${what}`)
}
