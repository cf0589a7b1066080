/** The one pipeline: an operation and a caller go in, the answer's JSON text comes out. Every door goes through here. */
import { createHash } from "node:crypto"
import { UndercroftError } from "../base/errors.ts"
import type { FieldCiphers } from "../keys/field-ciphers.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import type { Policies } from "../policy/policies.ts"
import { type Rule, walkRule } from "../policy/rule.ts"
import { holds } from "../policy/to-predicate.ts"
import { shortName } from "../policy/to-sql.ts"
import type { QueryLimits } from "../query/limits.ts"
import type { Operation, WriteOperation } from "../query/operation.ts"
import { planOperation } from "../query/plan.ts"
import type { Plan, PlannedItem, PlannedQuery } from "../query/planned.ts"
import { type CompiledStatement, compilePlan } from "../sql/compile.ts"
import { Sealed } from "../sql/encode-rows.ts"
import { gateName } from "../sql/machinery.ts"
import { encodeParameters } from "../sql/places.ts"
import { recordedSql } from "../sql/record-reads.ts"
import type { ConstraintPlan } from "../sql/tables.ts"
import { rowsOf } from "../sql/told-reads.ts"
import { checkRecorded, recordedRelations } from "../sql/unrecorded.ts"
import { currentCircumstances } from "../store/circumstances.ts"
import type { FlightRow } from "../store/flight.ts"
import type { FlightStep } from "../store/flight-bytes.ts"
import type { FlightPool } from "../store/pool.ts"
import type { Caller } from "./caller.ts"
import { checkAddress } from "./check-address.ts"
import { explainDatabaseError, explainLookupError } from "./database-error.ts"
import { type Knowledge, knowledgeOf } from "./knowledge.ts"
import { ciphersOf } from "./open-answer.ts"
import { type HookedParts, isolationOf, looksFirst, performHooked, runHooked } from "./run-hooked.ts"
import { sealInsert, sendsEncrypted } from "./seal-write.ts"
import { StatementCache } from "./statement-cache.ts"
import type { Step } from "./transact.ts"
import type { WriteHooks } from "./write-hooks.ts"

export interface EngineParts {
  readonly policies: Policies
  readonly pool: FlightPool
  readonly constraints: ReadonlyMap<string, ConstraintPlan>
  readonly limits: QueryLimits
  /** What is shown every write of the entities that have a hook; left out where none has. */
  readonly hooks?: WriteHooks
  /** Encrypts and decrypts; left out where the model encrypts nothing. */
  readonly ciphers?: FieldCiphers | null
}

/** `body` is what PostgreSQL made, a list where it is JSON; null where nothing was asked back. */
export interface Answer {
  readonly body: string | null
  readonly rows: number
  /** Null where no count was asked for. */
  readonly total: number | null
  /** Of an upsert, how many of its rows were not there before; null where that was not asked. */
  readonly made: number | null
  /** How many rows a write wrote, also those that it does not give back; null of a read. */
  readonly written: number | null
  /** The version of the one row that a key names. */
  readonly version: string | null
  /** Whether a field of it says something about a person, or is secret. */
  readonly isPersonal: boolean
  /** The answer that the same request got before. */
  readonly isReplayed: boolean
}

/** What may be done with a collection at all, whoever asks. */
export interface CollectionUses {
  readonly insert: boolean
  readonly update: boolean
  readonly delete: boolean
}

/** The answers of several operations; or the first that went wrong, and nothing was done. */
export type Together =
  | { readonly answers: readonly Answer[] }
  | { readonly failed: number; readonly error: UndercroftError }

export interface Engine {
  /** Throws `UndercroftError`. */
  run(operation: Operation, caller: Caller): Promise<Answer>
  /** All of them in their order, in one flight and one transaction, or none. */
  runTogether(operations: readonly Operation[], caller: Caller): Promise<Together>
  /** An operation as a step of a transaction. Throws `UndercroftError`. */
  stepOf(operation: Operation, caller: Caller): Promise<Step>
  /** Throws PGRST205 for a collection that there is not. */
  usesOf(collection: string): CollectionUses
  /** What this caller could ever know and do. Throws `UndercroftError`. */
  knows(caller: Caller): Promise<Knowledge>
  /** Whether the database answers. */
  isReady(): Promise<boolean>
}

/** An operation on its way. */
interface Prepared {
  readonly operation: Operation
  readonly statement: Statement
  /** Empty where nothing in the answer is encrypted. */
  readonly mark: string
  readonly step: FlightStep
}

interface Statement extends CompiledStatement {
  readonly name: string
  readonly isPersonal: boolean
  readonly isRecorded: boolean
  readonly touchesRecorded: boolean
  readonly asksPurpose: boolean
}

/** Puts the engine together. */
export function createEngine(parts: EngineParts): Engine {
  const { policies, pool, limits, hooks, ciphers = null } = parts
  const context = { model: policies.model, constraints: parts.constraints }
  const statements = new StatementCache<Statement>()
  const relations = recordedRelations(policies)
  const gated = [...policies.of.values()].flatMap((policy) =>
    policy.entity.fields
      .filter((field) => policy.fields.get(field.name)?.gated)
      .map((field) => ({ field, rule: policy.fields.get(field.name)!.visibleTo! })),
  )
  const known = gated.filter((one) => !looksUp(one.rule))
  const lookedUp = gated.filter((one) => looksUp(one.rule))

  // A caller of many requests knows the same in all of them, while the same is hidden.
  const knowledge = new WeakMap<
    Caller,
    { readonly hiddenKey: string | undefined; readonly known: Knowledge }
  >()

  function statementFor(operation: Operation, caller: Caller): Statement {
    const key = `${caller.hiddenKey ?? ""} ${operation.shape ?? writeShape(operation)}`
    const found = statements.get(key)
    if (found) return found
    const plan = planOperation(operation, { policies, limits, hidden: caller.hidden ?? new Set() })
    const compiled = compilePlan(plan, limits)
    checkRecorded(compiled.text, relations, plan.kind === "read" ? null : rowsOf(plan.query.policy.entity))
    const statement = {
      ...compiled,
      isPersonal: isPersonal(plan.query),
      ...recordedBy(plan, compiled.recordsReads),
      name: createHash("sha256").update(compiled.text).digest("base64url").slice(0, 22),
    }
    statements.set(key, statement)
    return statement
  }

  /** Fields whose visibility hangs on the caller alone: where it is no, the field does not exist. */
  async function knowHidden(caller: Caller): Promise<void> {
    if (caller.hidden && lookedUp.length === 0) return
    const world = { caller, now: new Date().toISOString(), rowsOf: () => [] }
    const hidden = new Set<FieldInfo>(
      known.filter((one) => !holds(one.rule, {}, world)).map((one) => one.field),
    )
    if (lookedUp.length > 0) {
      const text = `select ${lookedUp.map((one) => `undercroft."${gateName(one.field)}"()`).join(", ")}`
      const row = await pool.send({ name: "undercroft_gates", text, values: [], caller: caller.sealed })
      lookedUp.forEach((one, at) => {
        if (row?.[at] !== "t") hidden.add(one.field)
      })
    }
    caller.hidden = hidden
    caller.hiddenKey = gated.map((one) => (hidden.has(one.field) ? "0" : "1")).join("")
  }

  function entityOf(collection: string): EntityInfo {
    const entity = policies.model.byCollection.get(collection)
    if (!entity) throw new UndercroftError("PGRST205", { collection: collection.slice(0, 100) })
    return entity
  }

  /** The statement of an operation, with its values in their places. */
  function prepare(sent: Operation, caller: Caller, entity: EntityInfo): Prepared {
    const statement = statementFor(sent, caller)
    if (sent.kind === "insert" && sent.address) checkAddress(sent, sent.address, entity)
    if (statement.asksPurpose && currentCircumstances().purpose === null)
      throw new UndercroftError("UC620", { entity: sent.collection })
    if (sent.rollback && statement.touchesRecorded)
      throw new UndercroftError("UC621", { entity: sent.collection })
    const mark = markOf(sent, statement)
    const tools = ciphersOf(ciphers, mark)
    const values = encodeParameters(statement.parameters, sent.values, tools)
    const { name, text, isRecorded, takesCircumstances } = statement
    return { operation: sent, statement, mark, step: { name, text, values, isRecorded, takesCircumstances } }
  }

  /** What an insert sends is encrypted before it has its statement. */
  async function sealed(operation: Operation, caller: Caller, entity: EntityInfo): Promise<Operation> {
    if (operation.kind !== "insert" || !ciphers || !sendsEncrypted(operation, entity)) return operation
    // Refused before a person gets a key.
    statementFor(operation, caller)
    return sealInsert(operation, entity, ciphers)
  }

  /** A repeat of the same request finds encrypted values in the answer that was kept by the same mark. */
  function markOf(operation: Operation, { isSealed }: Pick<Statement, "isSealed">): string {
    if (!isSealed || !ciphers) return ""
    if (operation.kind === "read" || operation.once === null) return ciphers.mark()
    return ciphers.mark(JSON.stringify(operation.values[operation.once]))
  }

  async function read(
    row: FlightRow | null,
    { operation, statement, mark }: Omit<Prepared, "step">,
  ): Promise<Answer> {
    const readRow = statement.isObject ? readObject : readAnswer
    return opened(readRow(row, operation, statement, limits), operation, mark)
  }

  async function opened(answer: Answer, { form }: Operation, mark: string): Promise<Answer> {
    if (mark === "" || answer.body === null) return answer
    return { ...answer, body: await ciphers!.openText(answer.body, mark, form) }
  }

  function shownTo(caller: Caller, onTurn: (at: number) => void = () => undefined): HookedParts<Answer> {
    if (!hooks) throw new Error("an entity has a hook, and there are no hooks")
    return {
      hooks,
      policies,
      limits,
      ciphers,
      plan: (one) => planOperation(one, { policies, limits, hidden: caller.hidden ?? new Set() }),
      onTurn,
      async run(one, send) {
        const entity = entityOf(one.collection)
        const prepared = prepare(
          isSealedAlready(one) ? one : await sealed(one, caller, entity),
          caller,
          entity,
        )
        return await read(await send(prepared.step), prepared)
      },
    }
  }

  async function runTogether(operations: readonly Operation[], caller: Caller): Promise<Together> {
    let at = 0
    const explain = (cause: unknown): Together => {
      const operation = operations[Math.min(at, operations.length - 1)]!
      const entity = policies.model.byCollection.get(operation.collection)
      if (!entity) return { failed: at, error: explainLookupError(cause) }
      return { failed: at, error: explainDatabaseError(cause, operation, entity, caller, context) }
    }
    try {
      if (gated.length > 0) await knowHidden(caller)
      if (operations.some((one) => looksFirst(one, policies)))
        return {
          answers: await runHooked(
            operations,
            caller,
            shownTo(caller, (turn) => (at = turn)),
          ),
        }
      const prepared: Prepared[] = []
      for (const one of operations) {
        const entity = entityOf(one.collection)
        at = prepared.push(prepare(await sealed(one, caller, entity), caller, entity))
      }
      const statements = prepared.map((one) => one.step)
      at = 0
      const { rows, error } = await pool.sendAll({
        statements,
        caller: caller.sealed,
        isRecorded: statements.some((one) => one.isRecorded),
      })
      at = Math.min(rows.length, operations.length - 1)
      if (error) return explain(error)
      const answers: Answer[] = []
      for (at = 0; at < operations.length; at++) answers.push(await read(rows[at] ?? null, prepared[at]!))
      return { answers }
    } catch (cause) {
      return explain(cause)
    }
  }

  async function run(operation: Operation, caller: Caller): Promise<Answer> {
    const entity = entityOf(operation.collection)
    try {
      if (gated.length > 0) await knowHidden(caller)
      if (looksFirst(operation, policies)) return (await runHooked([operation], caller, shownTo(caller)))[0]!
      const prepared = prepare(await sealed(operation, caller, entity), caller, entity)
      const { rollback } = operation
      return await read(await pool.send({ ...prepared.step, caller: caller.sealed, rollback }), prepared)
    } catch (cause) {
      const kept =
        operation.kind === "read" || operation.once === null ? null : await recall(operation, caller)
      if (kept) return kept
      throw explainDatabaseError(cause, operation, entity, caller, context)
    }
  }

  async function stepOf(operation: Operation, caller: Caller): Promise<Step> {
    const entity = entityOf(operation.collection)
    let written: number | null = null
    const explain = (cause: unknown): UndercroftError =>
      explainDatabaseError(cause, operation, entity, caller, context)
    try {
      if (gated.length > 0) await knowHidden(caller)
      if (looksFirst(operation, policies))
        return {
          isReadOnly: false,
          isolation: isolationOf(operation),
          written: () => written,
          async perform(transaction) {
            const answer = await performHooked(operation, caller, transaction, shownTo(caller))
            written = answer.written
            return answer.body ?? "null"
          },
          explain,
        }
      const prepared = prepare(await sealed(operation, caller, entity), caller, entity)
      const { step } = prepared
      return {
        isReadOnly: operation.kind === "read",
        isolation: "read committed",
        written: () => written,
        async perform(transaction) {
          const row = await transaction.row(step.text, step.values, step.isRecorded)
          const answer = await read(row, prepared)
          written = answer.written
          return answer.body ?? "null"
        },
        explain,
      }
    } catch (cause) {
      throw explain(cause)
    }
  }

  /** The answer that the same request got before; null where its key is new, and so what went wrong is something else. */
  async function recall(operation: WriteOperation, caller: Caller): Promise<Answer | null> {
    const entity = entityOf(operation.collection)
    const text = "select same, body, n, total, made from undercroft.recall_once($1, $2)"
    const values = operation.values[operation.once!] as readonly string[]
    // An answer that is given again is a read of what it holds.
    const question = `'{"replay":true}'`
    const told = { keys: "null", fields: [], question, context: "null", seal: "null" }
    const step = entity.audit.reads
      ? {
          name: shortName(`undercroft_recall_${entity.table}`),
          text: `${text} where case when same then ${recordedSql(entity, told)} else true end`,
          values,
          isRecorded: true,
        }
      : { name: "undercroft_recall_once", text, values }
    const row = await pool
      .send({ ...step, caller: caller.sealed })
      // What the request itself met is the better answer.
      .catch(() => null)
    const [same, body = null, n, total = null, made = null] = row ?? []
    if (same === undefined || same === null || n === undefined) return null
    if (same !== "t") throw new UndercroftError("UC309")
    // That no row was written was kept, too: with If-Match it is an error, the first time and every other.
    checkRows(operation, Number(n))
    const kept = { body, rows: Number(n), total: toNumber(total), made: toNumber(made) }
    return opened({ ...nothing, ...kept, isReplayed: true }, operation, markOf(operation, { isSealed: true }))
  }

  function usesOf(collection: string): CollectionUses {
    const { view, access } = entityOf(collection)
    const may = (rule: unknown): boolean => !view && Boolean(rule)
    return { insert: may(access.create), update: may(access.updateFrom), delete: may(access.delete) }
  }

  async function knows(caller: Caller): Promise<Knowledge> {
    try {
      if (gated.length > 0) await knowHidden(caller)
      const found = knowledge.get(caller)
      if (found && found.hiddenKey === caller.hiddenKey) return found.known
      const known = knowledgeOf(policies, caller, caller.hidden ?? new Set())
      knowledge.set(caller, { hiddenKey: caller.hiddenKey, known })
      return known
    } catch (cause) {
      throw explainLookupError(cause)
    }
  }

  async function isReady(): Promise<boolean> {
    const row = await pool.send({ name: "undercroft_ready", text: "select 1", values: [], caller: null })
    return row !== null
  }

  return { run, runTogether, stepOf, usesOf, knows, isReady }
}

/** What of a statement goes on record, and whether it needs a purpose. */
function recordedBy(
  plan: Plan,
  recordsReads: boolean,
): Pick<Statement, "isRecorded" | "touchesRecorded" | "asksPurpose"> {
  const { audit } = plan.query.policy.entity
  return {
    isRecorded: recordsReads || plan.kind !== "read",
    touchesRecorded: recordsReads || audit.reads,
    asksPurpose: audit.purpose,
  }
}

/** What is encrypted in a transaction is encrypted when its rows were looked at. */
function isSealedAlready(operation: Operation): boolean {
  if (operation.kind !== "insert") return false
  const rows = operation.values[operation.rows] as readonly Readonly<Record<string, unknown>>[]
  return rows.some((row) => Object.values(row).some((one) => one instanceof Sealed))
}

function writeShape(operation: Operation): string {
  return JSON.stringify({ ...operation, values: null })
}

/** Whether the rows that an answer is made of are about people: all that is asked of them may tell. */
function isPersonal({ policy, items }: PlannedQuery): boolean {
  const open: ReadonlySet<string> = new Set(["public", "internal"])
  const isPersonalItem = (item: PlannedItem): boolean =>
    item.kind === "object" ? item.items.some(isPersonalItem) : item.kind === "embed" && isPersonal(item.query)
  return policy.entity.fields.some((field) => !open.has(field.classification)) || items.some(isPersonalItem)
}

function toNumber(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : Number(text)
}

const nothing: Answer = {
  body: null,
  rows: 0,
  total: null,
  made: null,
  written: null,
  version: null,
  isPersonal: true,
  isReplayed: false,
}

function readObject(
  row: readonly (string | null)[] | null,
  operation: Operation,
  statement: Statement,
  limits: QueryLimits,
): Answer {
  const object = row?.[0] ?? null
  if (object === null) checkRows(operation, 0)
  if (object !== null && object.length > limits.answerBytes) throw tooLarge(limits)
  const written = operation.kind === "read" ? null : object === null ? 0 : 1
  const base = { ...nothing, isPersonal: statement.isPersonal, written }
  if (object === null) return { ...base, body: "[]" }
  return { ...base, body: `[${object}]`, rows: 1, version: row?.[1] ?? null }
}

/** What a number of rows means for a request that is about one. */
function checkRows(operation: Operation, rows: number): void {
  if (operation.kind !== "read" && operation.match !== null && rows === 0)
    throw new UndercroftError("UC308", { entity: operation.collection })
  if (operation.single && rows !== 1)
    throw new UndercroftError("PGRST116", {}, { details: `The result contains ${rows} rows` })
}

function tooLarge({ answerBytes }: QueryLimits): UndercroftError {
  return new UndercroftError("UC315", {}, { details: `An answer has at most ${answerBytes} bytes.` })
}

function readAnswer(
  row: readonly (string | null)[] | null,
  operation: Operation,
  { isPersonal }: Statement,
  limits: QueryLimits,
): Answer {
  const [body = null, n, total, made, many = n] = row ?? []
  const rows = Number(n)
  const written = operation.kind === "read" ? null : Number(many)
  const wantsBody = operation.kind === "read" || operation.returning === "representation"
  if (wantsBody && body === null) throw tooLarge(limits)
  checkRows(operation, rows)
  return { ...nothing, body, rows, total: toNumber(total), made: toNumber(made), written, isPersonal }
}

/** Whether a rule needs the database to be answered. */
function looksUp(rule: Rule): boolean {
  let found = false
  walkRule(rule, (part) => {
    found ||=
      part.kind === "in-fact" ||
      part.kind === "related" ||
      part.kind === "some" ||
      part.kind === "consent" ||
      part.kind === "now" ||
      part.kind === "today"
  })
  return found
}
