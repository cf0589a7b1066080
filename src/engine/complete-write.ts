/** Shows the rows of one write to its entity's hook, and gives the write as the hook completed it. */
import { UndercroftError } from "../base/errors.ts"
import type { FieldInfo } from "../model/model.ts"
import type { QueryLimits } from "../query/limits.ts"
import type { InsertOperation, Operation, UpdateOperation, WriteOperation } from "../query/operation.ts"
import type { Plan } from "../query/planned.ts"
import type { WritePlan } from "../sql/change.ts"
import type { EachRow } from "../sql/change-each.ts"
import { Completed, defaultOf, type WrittenAs } from "../sql/encode-rows.ts"
import { encodeParameters } from "../sql/places.ts"
import { compileTouched, encodeSent, keyOf, printSent, readFields } from "../sql/touched.ts"
import type { Transaction } from "../store/transactions.ts"
import type { Caller } from "./caller.ts"
import { type Fields, ownFields, type WriteHooks } from "./write-hooks.ts"

export interface CompletingParts {
  readonly hooks: WriteHooks
  readonly transaction: Transaction
  readonly caller: Caller
  readonly limits: QueryLimits
}

export interface CompletedWrite {
  readonly operation: WriteOperation
  readonly permit: readonly [string, string]
}

/** `plan` is that of the operation as it was sent: all that it names is there for the caller. */
export async function completeWrite(
  operation: WriteOperation,
  plan: Exclude<Plan, { kind: "read" }>,
  parts: CompletingParts,
): Promise<CompletedWrite> {
  if (operation.kind === "insert" && plan.kind === "insert") return completeInsert(operation, plan, parts)
  if (operation.kind === "update" && plan.kind === "update") return completeUpdate(operation, plan, parts)
  if (operation.kind !== "delete" || plan.kind === "insert") throw new Error("a plan of another operation")
  const { entity } = plan.query.policy
  const { hooks, transaction, caller } = parts
  const rows: EachRow[] = []
  for (const before of await touchedRows(operation, plan, parts)) {
    await hooks.beforeWrite({ kind: "delete", before }, { entity, transaction, caller })
    rows.push({ key: keyOf(entity, before), values: {} })
  }
  const { shape: _, ...rest } = operation
  const each = { rows: operation.values.length, partial: [] }
  return {
    operation: { ...rest, each, values: [...operation.values, rows] },
    permit: hooks.permit(entity, []),
  }
}

async function completeUpdate(
  operation: UpdateOperation,
  plan: WritePlan & { kind: "update" },
  parts: CompletingParts,
): Promise<CompletedWrite> {
  const { entity } = plan.query.policy
  const { hooks, transaction, caller } = parts
  const found = await touchedRows(operation, plan, parts)
  const sent = operation.values[operation.row] as Fields
  const [{ values: changes } = { values: {} }] = await sentRows([sent], plan, parts, null)
  // What a row of `columns=` leaves out is null.
  const own = Object.fromEntries(operation.columns.map((name) => [name, sent[name] ?? null]))
  const given: Fields[] = []
  for (const before of found)
    given.push(await hooks.beforeWrite({ kind: "update", before, changes }, { entity, transaction, caller }))
  const completed = namesOf(given)
  const added = completed.filter((name) => !operation.columns.includes(name))
  const partial = added.filter((name) => !given.every((one) => Object.hasOwn(one, name)))
  for (const name of partial) refuseUnseen(entity.fieldByName.get(name)!)
  const rows = found.map(
    (before, at): EachRow => ({ key: keyOf(entity, before), values: { ...own, ...wrap(given[at]!) } }),
  )
  const { shape: _, ...rest } = operation
  return {
    operation: {
      ...rest,
      columns: [...operation.columns, ...added],
      completed,
      each: { rows: operation.values.length, partial },
      values: [...operation.values, rows],
    },
    permit: hooks.permit(entity, ownFields(entity, operation.columns, given)),
  }
}

async function completeInsert(
  operation: InsertOperation,
  plan: WritePlan & { kind: "insert" },
  parts: CompletingParts,
): Promise<CompletedWrite> {
  const { entity } = plan.query.policy
  const { hooks, transaction, caller } = parts
  const { conflict } = plan
  const same = conflict?.fields ?? []
  if (same.some((one) => !plan.columns.includes(one)))
    throw new UndercroftError("UC706", {
      entity: entity.collection,
      fields: same.map((one) => one.name).join(", "),
    })
  const read = await sentRows(
    operation.values[operation.rows] as readonly Fields[],
    plan,
    parts,
    conflict && same,
  )
  // What is there and to be ignored is not written.
  const written = read.filter((one) => one.there === null || conflict?.resolution === "merge")
  const given: Fields[] = []
  for (const { values, there } of written) {
    const changes = Object.fromEntries(
      plan.columns
        .filter((one) => !same.includes(one) && !one.immutable)
        .map((one) => [one.name, values[one.name]]),
    )
    const write = there
      ? ({ kind: "update", before: there, changes } as const)
      : ({ kind: "insert", row: values } as const)
    const fields = await hooks.beforeWrite(write, { entity, transaction, caller })
    // It would be another row than the one that was looked for.
    for (const one of same)
      if (Object.hasOwn(fields, one.name))
        throw new Error(`a hook can't set ${entity.collection}.${one.name} in an upsert by it`)
    given.push(fields)
  }
  const completed = namesOf(given)
  // What is required is looked for before it is known that the row is there.
  const required = written.some((one) => one.there) ? entity.fields.filter(isRequired) : []
  const filled = required.filter(({ name }) => !operation.columns.includes(name) && !completed.includes(name))
  const added = [
    ...completed.filter((name) => !operation.columns.includes(name)),
    ...filled.map((one) => one.name),
  ]
  const rows = written.map(({ sent, there }, at) => {
    const rest = added
      .filter((name) => !Object.hasOwn(given[at]!, name))
      .map((name) => {
        const field = entity.fieldByName.get(name)!
        if (there && !field.immutable) refuseUnseen(field)
        return [name, there ? there[name] : defaultOf(field)] as const
      })
    return { ...sent, ...wrap(Object.fromEntries(rest)), ...wrap(given[at]!) }
  })
  const { shape, ...rest } = operation
  const values = operation.values.with(operation.rows, rows)
  return {
    operation: {
      ...rest,
      ...(added.length === 0 && shape !== undefined ? { shape } : {}),
      columns: [...operation.columns, ...added],
      completed: [...completed, ...filled.map((one) => one.name)],
      values,
    },
    permit: hooks.permit(entity, [...ownFields(entity, operation.columns, given), ...filled]),
  }
}

/** The rows that an update or a delete is about. Throws where they are more than may be written. */
async function touchedRows(
  operation: Operation & { readonly maxAffected: number | null },
  plan: Exclude<WritePlan, { kind: "insert" }>,
  { transaction, limits }: CompletingParts,
): Promise<readonly Fields[]> {
  const { text, parameters } = compileTouched(plan, limits)
  const values = encodeParameters(parameters, operation.values)
  const { rows } = await transaction.query(text, values)
  const { maxAffected } = operation
  if (maxAffected !== null && rows.length > maxAffected && rows.length <= limits.writtenRows)
    throw new UndercroftError("PGRST124", {}, { details: `The query affects ${rows.length} rows` })
  if (rows.length > limits.writtenRows) throw new UndercroftError("UC319", { max: limits.writtenRows })
  return rows.map((row) => readFields(row, plan.query.policy.entity.fields, null))
}

interface SentRow {
  readonly sent: Fields
  /** As PostgreSQL reads it. */
  readonly values: Fields
  readonly there: Fields | null
}

async function sentRows(
  sent: readonly Fields[],
  plan: { readonly query: WritePlan["query"]; readonly columns: readonly FieldInfo[] } & WrittenAs,
  { transaction }: CompletingParts,
  same: readonly FieldInfo[] | null,
): Promise<readonly SentRow[]> {
  const { policy } = plan.query
  const { columns } = plan
  if (columns.length === 0) return sent.map((one) => ({ sent: one, values: {}, there: null }))
  const { rows } = await transaction.query(printSent(policy, columns, same), [
    encodeSent(sent, columns, plan),
  ])
  return rows.map((row, at) => ({
    sent: sent[at]!,
    values: readFields(row, columns, "x"),
    there: row["found"] === true ? readFields(row, policy.entity.fields, "t") : null,
  }))
}

function isRequired({ optional, defaulted, readonly, automatic }: FieldInfo): boolean {
  return !optional && !defaulted && !readonly && automatic === null
}

function namesOf(given: readonly Fields[]): readonly string[] {
  return [...new Set(given.flatMap((one) => Object.keys(one)))]
}

function wrap(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, new Completed(value)]))
}

/** What the caller may not see can't be left as it is by a statement of theirs that writes it in other rows. */
function refuseUnseen(field: FieldInfo): void {
  if (field.visibleTo)
    throw new Error(`a hook sets ${field.entity.collection}.${field.name} in all rows of a write, or in none`)
}
