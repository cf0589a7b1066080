/**
 * Writes by `db` of an entity with a hook: each row is shown to it first. What can't be taken apart (raw SQL, `with`, `merge`,
 * an insert of what is selected, `onConflict` but for `doNothing` where there is no hook) goes on as it is, and PostgreSQL refuses it: nobody permitted it.
 */
import {
  AliasNode,
  ColumnNode,
  ColumnUpdateNode,
  type CompiledQuery,
  createQueryId,
  DefaultInsertValueNode,
  type DeleteQueryNode,
  IdentifierNode,
  type InsertQueryNode,
  type Kysely,
  LimitNode,
  type OperationNode,
  ReferenceNode,
  type RootOperationNode,
  SelectionNode,
  SelectModifierNode,
  SelectQueryNode,
  sql,
  TableNode,
  type UpdateQueryNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
} from "kysely"
import { UndercroftError } from "../base/errors.ts"
import { linkText, personsOf, plainValue, rowId, sealRows } from "../engine/seal-write.ts"
import { type Fields, ownFields, type RowWrite, type WriteHooks } from "../engine/write-hooks.ts"
import type { FieldCiphers } from "../keys/field-ciphers.ts"
import { encryptedFields } from "../model/encryption.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { type Policies, policyOf } from "../policy/policies.ts"
import { permitText } from "../sql/permit.ts"
import { encodeSent, keyOf, printSent, readFields } from "../sql/touched.ts"
import { overtaken } from "../store/retry.ts"
import type { StatementResult, Transaction } from "../store/transactions.ts"
import type { Intercept } from "./connect-kysely.ts"
import { checkSealed } from "./encrypted-columns.ts"
import { valuesOf, whereEqual } from "./written-values.ts"

export interface InterceptParts {
  readonly policies: Policies
  readonly transaction: Transaction
  /** What is not intercepted. */
  readonly db: Pick<Kysely<unknown>, "getExecutor" | "executeQuery">
  readonly writtenRows: number
  readonly permit: WriteHooks["permit"]
  /** Null where the model encrypts nothing. */
  readonly ciphers: FieldCiphers | null
  /** Throws where the entity may not be written now, however many rows that would be. */
  admit(entity: EntityInfo): void
  /** Gives the fields that the hook completes. */
  show(entity: EntityInfo, write: RowWrite): Promise<Fields>
}

/** What a query has beside its table, conditions, values and `returning`; none of it can be kept row by row. */
const beside = [
  "with",
  "from",
  "joins",
  "using",
  "limit",
  "orderBy",
  "top",
  "output",
  "explain",
  "endModifiers",
]

/** Makes what intercepts the writes of one `db`. */
export function interceptWrites(parts: InterceptParts): Intercept {
  const { policies, transaction, db, permit, ciphers } = parts
  const hasHook = (entity: EntityInfo): boolean => policyOf(policies, entity).isHooked
  const show = async (entity: EntityInfo, write: RowWrite): Promise<Fields> =>
    hasHook(entity) ? parts.show(entity, write) : {}

  /** Whether a write is taken apart: for its hook, or for what it encrypts. */
  function isOurs(entity: EntityInfo, fields: readonly FieldInfo[]): boolean {
    return hasHook(entity) || (ciphers !== null && fields.some((one) => one.encrypted))
  }

  /** Values of one row as they are stored; `whole` says which row it is. */
  async function seal(
    entity: EntityInfo,
    rows: readonly Fields[],
    whole: readonly Fields[],
  ): Promise<readonly Fields[]> {
    const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
    if (!ciphers || !encryptedFields(entity).some((one) => names.includes(one.name))) return rows
    const links = whole.map((row) => linkText(row, entity))
    const persons = await personsOf(links, entity, policies, transaction)
    const places = whole.map((row, at) => {
      const id = rowId(row, entity)
      return { row: id, link: links[at]!, person: links[at] === "" ? id : persons.get(links[at]!)! }
    })
    const sealed = await sealRows(rows, places, names, false, entity, ciphers)
    return sealed.map((row, at) => ({ ...row, id: places[at]!.row }))
  }

  /** What is there already keeps its row; a hook would be shown rows that are then not written. */
  function mayConflict({ onConflict }: InsertQueryNode, entity: EntityInfo): boolean {
    return !onConflict || (onConflict.doNothing === true && !hasHook(entity))
  }

  function hookedIn(node: OperationNode | undefined, query: OperationNode): EntityInfo | null {
    const table = node && AliasNode.is(node) ? node.node : node
    if (!table || !TableNode.is(table) || table.table.schema) return null
    const entity = policies.model.byCollection.get(table.table.identifier.name)
    if (!entity) return null
    if (hasHook(entity)) parts.admit(entity)
    else if (encryptedFields(entity).length === 0) return null
    const rest = query as unknown as Readonly<Record<string, unknown>>
    return beside.some((one) => one !== "from" && rest[one] !== undefined) ? null : entity
  }

  function compile(node: RootOperationNode): CompiledQuery {
    const executor = db.getExecutor()
    const id = createQueryId()
    return executor.compileQuery(executor.transformQuery(node, id), id)
  }

  /** Sent in one go: no statement of anyone else comes between. */
  async function write(
    node: RootOperationNode,
    entity: EntityInfo,
    completed: readonly FieldInfo[],
  ): Promise<StatementResult> {
    const { sql: text, parameters } = compile(node)
    checkSealed(parameters)
    if (!hasHook(entity)) return transaction.query(text, parameters)
    const [, result] = await Promise.all([
      transaction.query(permitText, permit(entity, completed)),
      transaction.query(text, parameters),
      transaction.query(permitText, [null, null]),
    ])
    return result
  }

  /** Values as PostgreSQL reads them, in the API's words; what a row leaves out is left out. */
  async function readSent(
    entity: EntityInfo,
    fields: readonly FieldInfo[],
    rows: readonly Fields[],
  ): Promise<readonly Fields[]> {
    const plain = fields.filter((one) => !one.encrypted)
    const sealed = fields.filter((one) => one.encrypted)
    const valuesIn = (row: Fields): Fields =>
      Object.fromEntries(sealed.map((one) => [one.name, plainValue(row, one, false)]))
    if (plain.length === 0) return rows.map((row) => ({ ...row, ...valuesIn(row) }))
    const text = printSent(policyOf(policies, entity), plain, null)
    const { rows: read } = await transaction.query(text, [encodeSent(rows, plain, { isText: false })])
    return read.map((row, at) => {
      const values = { ...readFields(row, plain, "x"), ...valuesIn(rows[at]!) }
      return Object.fromEntries(Object.entries(values).filter(([name]) => Object.hasOwn(rows[at]!, name)))
    })
  }

  async function insert(
    node: InsertQueryNode,
    entity: EntityInfo,
    fields: readonly FieldInfo[],
    rows: readonly Fields[],
  ): Promise<StatementResult> {
    const given: Fields[] = []
    for (const row of await readSent(entity, fields, rows))
      given.push(await show(entity, { kind: "insert", row }))
    const sent = fields.map((one) => one.name)
    const whole = rows.map((row, at): Fields => ({ ...row, ...given[at] }))
    const stored = await seal(entity, whole, whole)
    const columns = [...new Set([...sent, ...stored.flatMap((one) => Object.keys(one))])]
    const values = stored.map((all) => {
      return ValueListNode.create(
        columns.map((name) =>
          Object.hasOwn(all, name) ? ValueNode.create(all[name]) : DefaultInsertValueNode.create(),
        ),
      )
    })
    const completed = {
      ...node,
      columns: columns.map((name) => ColumnNode.create(name)),
      values: ValuesNode.create(values),
    }
    return write(completed, entity, ownFields(entity, sent, given))
  }

  /** The rows that a query is about, each with what is asked beside. */
  async function find(
    entity: EntityInfo,
    table: OperationNode,
    where: UpdateQueryNode["where"],
    asked: readonly SelectionNode[],
    locks: boolean,
  ): Promise<readonly { readonly before: Fields; readonly asked: Fields }[]> {
    const found = await db.executeQuery<Fields>(
      compile({
        ...SelectQueryNode.createFrom([table]),
        selections: [SelectionNode.createSelectAll(), ...asked],
        ...(where ? { where } : {}),
        limit: LimitNode.create(ValueNode.create(parts.writtenRows + 1)),
        ...(locks ? { endModifiers: [SelectModifierNode.create("ForUpdate")] } : {}),
      }),
    )
    if (found.rows.length > parts.writtenRows) throw new UndercroftError("UC319", { max: parts.writtenRows })
    return found.rows.map((row) => ({
      before: Object.fromEntries(entity.fields.map(({ name }) => [name, row[name]])),
      asked: row,
    }))
  }

  async function update(
    node: UpdateQueryNode,
    entity: EntityInfo,
    set: ReadonlyMap<FieldInfo, OperationNode>,
  ): Promise<StatementResult> {
    const plain = [...set].filter(([, value]) => ValueNode.is(value))
    const sent = Object.fromEntries(plain.map(([field, value]) => [field.name, (value as ValueNode).value]))
    const reckoned = [...set].filter(([, value]) => !ValueNode.is(value))
    const asked = reckoned.map(([, value], at) =>
      SelectionNode.create(AliasNode.create(value, IdentifierNode.create(`reckoned_${at}`))),
    )
    const rows = await find(entity, node.table!, node.where, asked, true)
    const [read = {}] = await readSent(
      entity,
      plain.map(([field]) => field),
      [sent],
    )
    const results: StatementResult[] = []
    for (const { before, asked: row } of rows) {
      const more = Object.fromEntries(reckoned.map(([field], at) => [field.name, row[`reckoned_${at}`]]))
      const given = await show(entity, { kind: "update", before, changes: { ...read, ...more } })
      const [stored = {}] = await seal(entity, [{ ...sent, ...more, ...given }], [before])
      const { id: _, ...changed } = stored
      const updates = Object.entries(changed).map(([name, value]) =>
        ColumnUpdateNode.create(ColumnNode.create(name), ValueNode.create(value)),
      )
      const one = { ...node, updates, where: whereEqual(keyOf(entity, before)) }
      results.push(await write(one, entity, ownFields(entity, [], [given])))
    }
    return together(results)
  }

  async function remove(node: DeleteQueryNode, entity: EntityInfo): Promise<StatementResult> {
    // Who may delete a row may not always lock it: what it was like is looked at again.
    const refs = entity.fields.map((one) => sql.ref(one.name))
    const likeness = sql`json_build_array(${sql.join(refs)})::text`
    const asked = SelectionNode.create(
      AliasNode.create(likeness.toOperationNode(), IdentifierNode.create("likeness")),
    )
    const rows = await find(entity, node.from.froms[0]!, node.where, [asked], false)
    const results: StatementResult[] = []
    for (const { before, asked: row } of rows) {
      await show(entity, { kind: "delete", before })
      const where = whereEqual(keyOf(entity, before), [likeness.toOperationNode(), row["likeness"]])
      const result = await write({ ...node, where }, entity, [])
      if (result.affected === 0) throw overtaken()
      results.push(result)
    }
    return together(results)
  }

  return (node) => {
    if (node.kind === "InsertQueryNode") {
      const query = node as InsertQueryNode
      const entity = hookedIn(query.into, query)
      const values =
        entity && mayConflict(query, entity) && !query.orAction && !query.replace && valuesOf(query, entity)
      return values && isOurs(entity!, values.fields)
        ? insert(query, entity, values.fields, values.rows)
        : null
    }
    if (node.kind === "UpdateQueryNode") {
      const query = node as UpdateQueryNode
      const entity = query.from ? null : hookedIn(query.table, query)
      const set = entity && fieldsOf(query, entity)
      return set && isOurs(entity, [...set.keys()]) ? update(query, entity, set) : null
    }
    if (node.kind === "DeleteQueryNode") {
      const query = node as DeleteQueryNode
      const entity = query.from.froms.length === 1 ? hookedIn(query.from.froms[0], query) : null
      return entity && hasHook(entity) ? remove(query, entity) : null
    }
    return null
  }
}

function together(results: readonly StatementResult[]): StatementResult {
  return {
    rows: results.flatMap((one) => one.rows),
    affected: results.reduce((sum, one) => sum + (one.affected ?? 0), 0),
  }
}

/** What an update sets; null where it sets what is no field. */
function fieldsOf(
  { updates = [] }: UpdateQueryNode,
  entity: EntityInfo,
): ReadonlyMap<FieldInfo, OperationNode> | null {
  const set = new Map<FieldInfo, OperationNode>()
  for (const { column, value } of updates) {
    const node = ReferenceNode.is(column) ? column.column : column
    const field = ColumnNode.is(node) ? entity.fieldByName.get(node.column.name) : undefined
    if (!field) return null
    set.set(field, value)
  }
  return set
}
