/** The one pipeline: an operation and a caller go in, the answer's JSON text comes out. Every door goes through here. */
import { createHash } from "node:crypto"
import { UndercroftError } from "../base/errors.ts"
import type { FieldInfo } from "../model/model.ts"
import type { Policies } from "../policy/policies.ts"
import { type Rule, walkRule } from "../policy/rule.ts"
import { holds } from "../policy/to-predicate.ts"
import type { QueryLimits } from "../query/limits.ts"
import type { Operation } from "../query/operation.ts"
import { planOperation } from "../query/plan.ts"
import { type CompiledStatement, compilePlan } from "../sql/compile.ts"
import { gateName } from "../sql/machinery.ts"
import type { ConstraintPlan } from "../sql/tables.ts"
import type { FlightPool } from "../store/pool.ts"
import type { Caller } from "./caller.ts"
import { explainDatabaseError, explainLookupError } from "./database-error.ts"
import { type Knowledge, knowledgeOf } from "./knowledge.ts"
import { StatementCache } from "./statement-cache.ts"

export interface EngineParts {
  readonly policies: Policies
  readonly pool: FlightPool
  readonly constraints: ReadonlyMap<string, ConstraintPlan>
  readonly limits: QueryLimits
}

/** `body` is a JSON list as PostgreSQL made it; null where nothing was asked back. */
export interface Answer {
  readonly body: string | null
  readonly rows: number
  /** Null where no count was asked for. */
  readonly total: number | null
}

export interface Engine {
  /** Throws `UndercroftError`. */
  run(operation: Operation, caller: Caller): Promise<Answer>
  /** What this caller could ever know and do. Throws `UndercroftError`. */
  knows(caller: Caller): Promise<Knowledge>
  /** Whether the database answers. */
  isReady(): Promise<boolean>
}

interface Statement extends CompiledStatement {
  readonly name: string
}

/** Puts the engine together. */
export function createEngine(parts: EngineParts): Engine {
  const { policies, pool, limits } = parts
  const context = { model: policies.model, constraints: parts.constraints }
  const statements = new StatementCache<Statement>()
  const gated = [...policies.of.values()].flatMap((policy) =>
    policy.entity.fields
      .filter((field) => policy.fields.get(field.name)?.gated)
      .map((field) => ({ field, rule: policy.fields.get(field.name)!.visibleTo! })),
  )
  const known = gated.filter((one) => !looksUp(one.rule))
  const lookedUp = gated.filter((one) => looksUp(one.rule))

  function statementFor(operation: Operation, caller: Caller): Statement {
    const key = `${caller.hiddenKey ?? ""} ${operation.shape ?? writeShape(operation)}`
    const found = statements.get(key)
    if (found) return found
    const plan = planOperation(operation, { policies, limits, hidden: caller.hidden ?? new Set() })
    const compiled = compilePlan(plan, limits)
    const statement = {
      ...compiled,
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

  async function run(operation: Operation, caller: Caller): Promise<Answer> {
    const entity = policies.model.byCollection.get(operation.collection)
    if (!entity) throw new UndercroftError("PGRST205", { collection: operation.collection.slice(0, 100) })
    try {
      if (gated.length > 0) await knowHidden(caller)
      const statement = statementFor(operation, caller)
      const values = statement.parameters.map((one) => one.encode(operation.values[one.value]))
      const row = await pool.send({
        name: statement.name,
        text: statement.text,
        values,
        caller: caller.sealed,
      })
      return statement.isObject ? readObject(row, operation, limits) : readAnswer(row, operation, limits)
    } catch (cause) {
      throw explainDatabaseError(cause, operation, entity, caller, context)
    }
  }

  async function knows(caller: Caller): Promise<Knowledge> {
    try {
      if (gated.length > 0) await knowHidden(caller)
      return knowledgeOf(policies, caller, caller.hidden ?? new Set())
    } catch (cause) {
      throw explainLookupError(cause)
    }
  }

  async function isReady(): Promise<boolean> {
    const row = await pool.send({ name: "undercroft_ready", text: "select 1", values: [], caller: null })
    return row !== null
  }

  return { run, knows, isReady }
}

function writeShape(operation: Operation): string {
  return JSON.stringify({ ...operation, values: null })
}

function readObject(
  row: readonly (string | null)[] | null,
  { single }: Operation,
  limits: QueryLimits,
): Answer {
  const object = row?.[0] ?? null
  if (object !== null && object.length > limits.answerBytes) throw tooLarge(limits)
  if (object !== null) return { body: `[${object}]`, rows: 1, total: null }
  if (single) throw new UndercroftError("PGRST116", {}, { details: "The result contains 0 rows" })
  return { body: "[]", rows: 0, total: null }
}

function tooLarge({ answerBytes }: QueryLimits): UndercroftError {
  return new UndercroftError("UC315", {}, { details: `An answer has at most ${answerBytes} bytes.` })
}

function readAnswer(
  row: readonly (string | null)[] | null,
  operation: Operation,
  limits: QueryLimits,
): Answer {
  const [body = null, rows, total] = row ?? []
  const wantsBody = operation.kind === "read" || operation.returning === "representation"
  if (wantsBody && body === null) throw tooLarge(limits)
  if (operation.kind === "read" && operation.single && rows !== "1") {
    throw new UndercroftError("PGRST116", {}, { details: `The result contains ${rows} rows` })
  }
  return { body, rows: Number(rows), total: total === undefined || total === null ? null : Number(total) }
}

/** Whether a rule needs the database to be answered. */
function looksUp(rule: Rule): boolean {
  let found = false
  walkRule(rule, (part) => {
    found ||=
      part.kind === "in-fact" ||
      part.kind === "related" ||
      part.kind === "some" ||
      part.kind === "now" ||
      part.kind === "today"
  })
  return found
}
