/** Shows the rows of one write to its entity's hook, and gives the write as the hook completed it. */
import { UndercroftError } from "../base/errors.ts"
import type { FieldCiphers } from "../keys/field-ciphers.ts"
import { encryptedFields } from "../model/encryption.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import type { Policies } from "../policy/policies.ts"
import type { QueryLimits } from "../query/limits.ts"
import type { InsertOperation, Operation, UpdateOperation, WriteOperation } from "../query/operation.ts"
import type { Plan } from "../query/planned.ts"
import type { WritePlan } from "../sql/change.ts"
import type { EachRow } from "../sql/change-each.ts"
import { Completed, defaultOf, Sealed, type WrittenAs } from "../sql/encode-rows.ts"
import { encodeParameters } from "../sql/places.ts"
import { compileTouched, encodeSent, keyOf, printSent, readFields } from "../sql/touched.ts"
import type { Transaction } from "../store/transactions.ts"
import type { Caller } from "./caller.ts"
import { ciphersOf, openRows } from "./open-answer.ts"
import { linkText, personsOf, plainValue, rowId, sealRows, withSealed } from "./seal-write.ts"
import { type Fields, ownFields, type RowWrite, type WriteHooks } from "./write-hooks.ts"

export interface CompletingParts {
  readonly hooks: WriteHooks
  readonly transaction: Transaction
  readonly caller: Caller
  readonly limits: QueryLimits
  readonly policies: Policies
  /** Whether the entity has a hook; otherwise the rows are looked at for what is encrypted alone. */
  readonly isHooked: boolean
  readonly ciphers: FieldCiphers | null
}

export interface CompletedWrite {
  readonly operation: WriteOperation
  /** Null where nobody has to permit it. */
  readonly permit: readonly [string, string] | null
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
  const { hooks } = parts
  const found = await touchedRows(operation, plan, parts)
  const sent = operation.values[operation.row] as Fields
  const [{ values: changes } = { values: {} }] = await sentRows([sent], plan, parts, null)
  // What a row of `columns=` leaves out is null.
  const own = Object.fromEntries(operation.columns.map((name) => [name, sent[name] ?? null]))
  const given: Fields[] = []
  for (const before of found) given.push(await show({ kind: "update", before, changes }, entity, parts))
  const completed = namesOf(given)
  const added = completed.filter((name) => !operation.columns.includes(name))
  const partial = added.filter((name) => !given.every((one) => Object.hasOwn(one, name)))
  for (const name of partial) refuseUnseen(entity.fieldByName.get(name)!)
  const values = await sealFound(
    found.map((_, at) => ({ ...own, ...wrap(given[at]!) })),
    found,
    [...operation.columns, ...added],
    { entity, isText: operation.isText, parts },
  )
  const rows = found.map((before, at): EachRow => ({ key: keyOf(entity, before), values: values[at]! }))
  const { shape: _, ...rest } = operation
  return {
    operation: {
      ...rest,
      columns: [...operation.columns, ...added],
      completed,
      each: { rows: operation.values.length, partial },
      values: [...operation.values, rows],
    },
    permit: parts.isHooked ? hooks.permit(entity, ownFields(entity, operation.columns, given)) : null,
  }
}

async function completeInsert(
  operation: InsertOperation,
  plan: WritePlan & { kind: "insert" },
  parts: CompletingParts,
): Promise<CompletedWrite> {
  const { entity } = plan.query.policy
  const { hooks } = parts
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
    const fields = await show(write, entity, parts)
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
  const plain = written.map(({ sent, there }, at) => {
    const rest = added
      .filter((name) => !Object.hasOwn(given[at]!, name))
      .map((name) => {
        const field = entity.fieldByName.get(name)!
        if (there && !field.immutable) refuseUnseen(field)
        const value = there ? there[name] : defaultOf(field)
        return [name, Buffer.isBuffer(value) ? new Sealed(value) : value] as const
      })
    return { ...sent, ...wrap(Object.fromEntries(rest)), ...wrap(given[at]!) }
  })
  const { shape, ...rest } = operation
  const columns = [...operation.columns, ...added]
  const there = written.map((one) => one.there)
  const rows = await sealNew(plain, there, columns, { entity, isText: operation.isText, parts })
  const finished = {
    ...rest,
    ...(added.length === 0 && shape !== undefined ? { shape } : {}),
    columns,
    completed: [...completed, ...filled.map((one) => one.name)],
  }
  return {
    operation: rows
      ? withSealed(finished, rows)
      : { ...finished, values: operation.values.with(operation.rows, plain) },
    permit: parts.isHooked
      ? hooks.permit(entity, [...ownFields(entity, operation.columns, given), ...filled])
      : null,
  }
}

/** Gives the fields that the hook completes, where there is one. */
function show(
  write: RowWrite,
  entity: EntityInfo,
  { hooks, transaction, caller, isHooked }: CompletingParts,
): Promise<Fields> | Fields {
  return isHooked ? hooks.beforeWrite(write, { entity, transaction, caller }) : {}
}

interface Sealing {
  readonly entity: EntityInfo
  readonly isText: boolean
  readonly parts: CompletingParts
}

/** What is written of rows that are there. */
async function sealFound(
  values: readonly Fields[],
  found: readonly Fields[],
  columns: readonly string[],
  { entity, isText, parts: { ciphers, policies, transaction } }: Sealing,
): Promise<readonly Fields[]> {
  if (!ciphers || !encryptedFields(entity).some((one) => columns.includes(one.name))) return values
  const links = found.map((row) => linkText(row, entity))
  const persons = await personsOf(links, entity, policies, transaction)
  const places = found.map((row, at) => {
    const id = rowId(row, entity)
    return { row: id, link: links[at]!, person: links[at] === "" ? id : persons.get(links[at]!)! }
  })
  const sealed = await sealRows(values, places, columns, isText, entity, ciphers)
  return sealed.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => name !== "id")))
}

/** Rows that are sent whole, of which some may be there; null where nothing is encrypted. */
async function sealNew(
  rows: readonly Fields[],
  there: readonly (Fields | null)[],
  columns: readonly string[],
  { entity, isText, parts: { ciphers, policies, transaction } }: Sealing,
): Promise<readonly Fields[] | null> {
  if (!ciphers || !encryptedFields(entity).some((one) => columns.includes(one.name))) return null
  const whole = rows.map((row, at) => there[at] ?? row)
  const links = whole.map((row) => linkText(row, entity))
  const persons = await personsOf(links, entity, policies, transaction)
  const places = whole.map((row, at) => {
    const id = rowId(row, entity)
    return { row: id, link: links[at]!, person: links[at] === "" ? id : persons.get(links[at]!)! }
  })
  return sealRows(rows, places, columns, isText, entity, ciphers)
}

/** The rows that an update or a delete is about. Throws where they are more than may be written. */
async function touchedRows(
  operation: Operation & { readonly maxAffected: number | null },
  plan: Exclude<WritePlan, { kind: "insert" }>,
  { transaction, limits, isHooked, ciphers }: CompletingParts,
): Promise<readonly Fields[]> {
  const { text, parameters } = compileTouched(plan, limits)
  const values = encodeParameters(parameters, operation.values, ciphersOf(ciphers, ""))
  const { rows } = await transaction.query(text, values)
  const { maxAffected } = operation
  if (maxAffected !== null && rows.length > maxAffected && rows.length <= limits.writtenRows)
    throw new UndercroftError("PGRST124", {}, { details: `The query affects ${rows.length} rows` })
  if (rows.length > limits.writtenRows) throw new UndercroftError("UC319", { max: limits.writtenRows })
  const { entity } = plan.query.policy
  const found = rows.map((row) => readFields(row, entity.fields, null))
  return isHooked ? openRows(found, entity, ciphers) : found
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
  { transaction, isHooked, ciphers }: CompletingParts,
  same: readonly FieldInfo[] | null,
): Promise<readonly SentRow[]> {
  const { policy } = plan.query
  const { entity } = policy
  const columns = plan.columns.filter((one) => !one.encrypted)
  const sealed = plan.columns.filter((one) => one.encrypted)
  // What is encrypted PostgreSQL is not shown.
  const plainOf = (row: Fields): Fields =>
    Object.fromEntries(sealed.map((one) => [one.name, plainValue(row, one, plan.isText)]))
  if (columns.length === 0) return sent.map((one) => ({ sent: one, values: plainOf(one), there: null }))
  const { rows } = await transaction.query(printSent(policy, columns, same), [
    encodeSent(sent, columns, plan),
  ])
  const there = rows.map((row) => (row["found"] === true ? readFields(row, entity.fields, "t") : null))
  const shown = isHooked ? await openRows(there, entity, ciphers) : there
  return rows.map((row, at) => ({
    sent: sent[at]!,
    values: { ...readFields(row, columns, "x"), ...plainOf(sent[at]!) },
    there: shown[at]!,
  }))
}

function isRequired({ optional, defaulted, readonly, automatic }: FieldInfo): boolean {
  return !optional && !defaulted && !readonly && automatic === null
}

function namesOf(given: readonly Fields[]): readonly string[] {
  return [...new Set(given.flatMap((one) => Object.keys(one)))]
}

function wrap(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Sealed ? value : new Completed(value),
    ]),
  )
}

/** What the caller may not see can't be left as it is by a statement of theirs that writes it in other rows. */
function refuseUnseen(field: FieldInfo): void {
  if (field.visibleTo)
    throw new Error(`a hook sets ${field.entity.collection}.${field.name} in all rows of a write, or in none`)
}
