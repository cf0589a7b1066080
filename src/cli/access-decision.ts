/** Decides whether a caller may touch a row, clause by clause, and asks the database the same. */
import { UndercroftError } from "../base/errors.ts"
import type { Caller } from "../engine/caller.ts"
import type { EntityInfo } from "../model/model.ts"
import { type AccessOperation, grantOf } from "../policy/access-matrix.ts"
import { type Clause, decidingClauses, type ExplainWorld, explainRule } from "../policy/explain.ts"
import { type EntityPolicy, type Policies, policyOf } from "../policy/policies.ts"
import type { Rule } from "../policy/rule.ts"
import { askDatabase } from "../store/access-check.ts"
import { keyTexts, openRowReader, type RowReader } from "../store/row-reader.ts"
import { openSqlSession } from "../store/sql-session.ts"
import { type CallerOptions, readCaller } from "./caller-option.ts"
import type { Project } from "./project.ts"
import { openProjectDatabase } from "./project-database.ts"

export interface Question {
  readonly project: Project
  readonly policies: Policies
  readonly operation: "read" | "update" | "delete"
  readonly entity: string
  readonly key: readonly string[]
  readonly caller: CallerOptions
}

/** A rule that must hold, and whether it does. */
export interface DecidedRule {
  /** What the rule is for; `after` and `step` are asked of an update that changes nothing. */
  readonly rule: "read" | "update" | "delete" | "after" | "step"
  readonly clause: Clause
}

export interface Decision {
  readonly caller: string
  readonly operation: "read" | "update" | "delete"
  readonly entity: string
  readonly key: readonly string[]
  /** The rule as the access matrix has it. */
  readonly sentence: string
  /** What the model says. */
  readonly model: boolean
  /** What PostgreSQL says. */
  readonly database: boolean
  readonly decidedBy: readonly string[]
  readonly rules: readonly DecidedRule[]
}

/** Throws UC909 to UC913. */
export async function decide(question: Question): Promise<Decision> {
  const { project, policies, operation, key } = question
  const entity = policies.model.byName.get(question.entity)
  const entities = policies.model.entities.map((one) => one.name).join(", ")
  if (!entity) throw new UndercroftError("UC911", { name: question.entity, entities })
  if (entity.view) {
    const what = `${entity.name} shows ${entity.view.from.name}: ask about that.`
    throw new UndercroftError("UC906", { what, command: "access" })
  }
  if (entity.record) {
    const what = `${entity.name} shows the record, which has no rows of its own.`
    throw new UndercroftError("UC906", { what, command: "access" })
  }
  keyTexts(entity, key)
  const database = await openProjectDatabase(project, policies)
  try {
    if (!database.isCurrent) throw new UndercroftError("UC910")
    const { caller, label } = readCaller(project.definition, question.caller, database.processKey, "access")
    const reader = await openRowReader(database.adminUrl, database.roles, caller.sealed)
    const session = await openSqlSession(database.apiUrl)
    try {
      const policy = policyOf(policies, entity)
      const rules = await decideRules(
        policy,
        operation,
        await reader.rowByKey(entity, key),
        worldOf(caller, reader),
      )
      const model = rules.filter(decides).every((one) => one.clause.holds)
      return {
        caller: label,
        operation,
        entity: entity.name,
        key,
        sentence: grantOf(policy, operation).sentence,
        model,
        database: await askDatabase(session, caller.sealed, policy, operation, keyTexts(entity, key)),
        decidedBy: decidedBy(rules.filter(decides), model),
        rules,
      }
    } finally {
      await Promise.all([reader.close(), session.close()])
    }
  } finally {
    await database.close()
  }
}

/** The rules of an update's outcome depend on what is written. */
function decides({ rule }: DecidedRule): boolean {
  return rule !== "after" && rule !== "step"
}

/** A no is explained by the operation's own rule where that is not met. */
function decidedBy(rules: readonly DecidedRule[], isAllowed: boolean): readonly string[] {
  const deciding = isAllowed ? rules : rules.filter((one) => !one.clause.holds).slice(-1)
  return [...new Set(deciding.flatMap((one) => decidingClauses(one.clause)).map((one) => one.text))]
}

/** Whoever changes or deletes a row must be able to read it: PostgreSQL asks that rule too. */
async function decideRules(
  policy: EntityPolicy,
  operation: AccessOperation,
  row: Readonly<Record<string, unknown>>,
  world: ExplainWorld,
): Promise<readonly DecidedRule[]> {
  const wanted: readonly (readonly [DecidedRule["rule"], Rule | null])[] = [
    ["read", policy.read],
    ["update", operation === "update" ? policy.updateFrom : null],
    ["delete", operation === "delete" ? policy.delete : null],
    ["after", operation === "update" ? policy.updateTo : null],
    ["step", operation === "update" ? policy.updateStep : null],
  ]
  const decided: DecidedRule[] = []
  for (const [name, rule] of wanted) {
    if (rule) decided.push({ rule: name, clause: await explainRule(rule, row, policy.entity, world) })
  }
  const before = decided.find((one) => one.rule === "update")?.clause.text
  return decided.filter((one) => one.rule !== "after" || one.clause.text !== before)
}

function worldOf(caller: Caller, reader: RowReader): ExplainWorld {
  const facts = new Map<object, Promise<readonly unknown[]>>()
  return {
    caller,
    now: new Date().toISOString(),
    rowsWhere: (entity: EntityInfo, field, value) => reader.rowsWhere(entity, field, value),
    factValues(fact) {
      const known = facts.get(fact) ?? reader.factValues(fact)
      facts.set(fact, known)
      return known
    },
  }
}
