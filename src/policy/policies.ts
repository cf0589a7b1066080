/** The policies of a model: every access statement, field rule and constraint, resolved and checked. */

import type { Node } from "../model/expression.ts"
import type { EntityInfo, FieldInfo, Model } from "../model/model.ts"
import { ProblemList } from "../model/model-error.ts"
import { Resolver } from "./resolve.ts"
import { type Fact, outerFields, type Rule, type RuleValue, readsRow } from "./rule.ts"

/** The rules of one entity. */
export interface EntityPolicy {
  readonly entity: EntityInfo
  readonly read: Rule
  readonly create: Rule
  readonly updateFrom: Rule
  readonly updateTo: Rule
  /** Over `row` and `before`; null where the author said none. */
  readonly updateStep: Rule | null
  readonly delete: Rule
  readonly fields: ReadonlyMap<string, FieldPolicy>
  readonly checks: readonly { readonly name: string; readonly rule: Rule }[]
  readonly exclude: readonly (Rule | null)[]
  readonly generated: ReadonlyMap<string, RuleValue>
  readonly viewWhere: Rule | null
  /** Every write of it is shown to a hook before. */
  readonly isHooked: boolean
}

/** The rules of one field; null is no rule of its own. */
export interface FieldPolicy {
  readonly visibleTo: Rule | null
  readonly writableBy: Rule | null
  /** The visibility is the same for every row: who may not see it, for them the field does not exist. */
  readonly gated: boolean
}

export interface Policies {
  readonly model: Model
  readonly of: ReadonlyMap<EntityInfo, EntityPolicy>
  readonly facts: readonly Fact[]
  /** Who may call which action, by its name. */
  readonly actions: ReadonlyMap<string, Rule>
  /** Who may approve what others call, by the action's name; only of those that wait for a second person. */
  readonly approvals: ReadonlyMap<string, Rule>
  /** What actions may touch beyond their caller's rights. */
  readonly system: ReadonlySet<EntityInfo>
  /** The role of privacy officers, whom a restriction does not keep out; null: there is none. */
  readonly officer: string | null
}

/** What a backend's actions say of access. */
export interface ActionAccess {
  /** Who may call, by the names of actions. */
  readonly rules: Readonly<Record<string, Node>>
  /** Who may approve, by the names of actions. */
  readonly approvals?: Readonly<Record<string, Node>>
  /** What steps beyond the caller's rights may touch. */
  readonly system: readonly EntityInfo[]
}

/**
 * Resolves all rules of a model, and those of its actions; `hooked` are names of entities. Throws `ModelError` with every
 * problem found.
 */
export function buildPolicies(
  model: Model,
  problems: ProblemList = new ProblemList(),
  access: ActionAccess = { rules: {}, system: [] },
  hooked: ReadonlySet<string> = new Set(),
): Policies {
  const resolver = new Resolver(model, problems)
  const of = new Map(
    model.entities.map((entity) => [entity, entityPolicy(entity, resolver, hooked.has(entity.name))]),
  )
  for (const policy of of.values()) {
    checkOracles(policy, problems)
    checkOwnRow(policy, problems)
  }
  const actions = Object.entries(access.rules).map(
    ([name, node]) => [name, resolver.callerRule(node, `actions.${name}`)] as const,
  )
  const approvals = Object.entries(access.approvals ?? {}).map(
    ([name, node]) => [name, resolver.callerRule(node, `actions.${name}.approval`)] as const,
  )
  problems.check()
  return {
    model,
    of,
    facts: resolver.allFacts(),
    actions: new Map(actions),
    approvals: new Map(approvals),
    system: new Set(access.system),
    officer: model.entities.find((one) => one.request)?.request?.officer ?? null,
  }
}

/** The policy of an entity that is in the model. */
export function policyOf(policies: Policies, entity: EntityInfo): EntityPolicy {
  const found = policies.of.get(entity)
  if (!found) throw new Error(`no policy for ${entity.name}`)
  return found
}

function entityPolicy(entity: EntityInfo, resolver: Resolver, isHooked: boolean): EntityPolicy {
  // A view is readable where its source is, which PostgreSQL enforces: the view runs as its caller.
  const source = entity.view?.from ?? entity
  const { access } = entity
  const rule = (node: Node | null, name: string): Rule =>
    resolver.rule(node, entity, `${entity.name}.${name}`)
  const fields = entity.fields.map((field) => [field.name, fieldPolicy(field, source, resolver)] as const)
  return {
    entity,
    read: entity.view
      ? resolver.rule(source.access.read, source, `${source.name}.read`)
      : rule(access.read, "read"),
    create: rule(access.create, "create"),
    updateFrom: rule(access.updateFrom, "update"),
    updateTo: rule(access.updateTo, "update"),
    updateStep: access.updateStep ? rule(access.updateStep, "update") : null,
    delete: rule(access.delete, "delete"),
    fields: new Map(fields),
    checks: entity.checks.map((check) => ({
      name: check.name,
      rule: rule(check.condition, `check.${check.name}`),
    })),
    exclude: entity.exclude.map((one) => (one.where ? rule(one.where, "exclude") : null)),
    generated: new Map(
      entity.fields.flatMap((field) => {
        const node = field.generated ?? field.source
        const value =
          node && isPlainValue(node, source)
            ? resolver.value(node, source, `${entity.name}.${field.name}`, null)
            : null
        return value ? [[field.name, value] as const] : []
      }),
    ),
    viewWhere: entity.view?.where ? resolver.rule(entity.view.where, source, `${entity.name}.where`) : null,
    isHooked,
  }
}

/** Paths through relations are printed as joins, not as values; the side of a range is a value. */
function isPlainValue(node: Node, entity: EntityInfo): boolean {
  return node.kind !== "field" || node.path.length === 1 || !entity.relations.has(node.path[0]!)
}

function fieldPolicy(field: FieldInfo, rowOf: EntityInfo, resolver: Resolver): FieldPolicy {
  const where = `${field.entity.name}.${field.name}`
  const visibleTo = field.visibleTo ? resolver.rule(field.visibleTo, rowOf, where) : null
  return {
    visibleTo,
    writableBy: field.writableBy ? resolver.rule(field.writableBy, rowOf, where) : null,
    gated: visibleTo !== null && !readsRow(visibleTo),
  }
}

/** A unique constraint over rows that a caller may not see answers whether they exist. */
function checkOracles({ entity, read }: EntityPolicy, problems: ProblemList): void {
  if (entity.view || entity.reveals || !readsRow(read)) return
  const decides = new Set(outerFields(read, new Set()).map((one) => one.field))
  for (const unique of entity.unique) {
    const [only] = unique
    if (unique.some((field) => decides.has(field)) || (unique.length === 1 && only?.reveals)) continue
    const where = `${entity.name}.${unique.map((one) => one.name).join("+")}`
    problems.add("UC113", where, { accept: unique.length === 1 ? ".reveals()" : "reveals: true" })
  }
  for (const { same, overlapping } of entity.exclude) {
    if ([...same, overlapping].some((field) => decides.has(field))) continue
    problems.add("UC113", `${entity.name}.${overlapping.name}`, { accept: "reveals: true" })
  }
}

/** Checks and exclusions are constraints of one row: they can't look elsewhere. */
function checkOwnRow({ entity, checks, exclude }: EntityPolicy, problems: ProblemList): void {
  const looks = (rule: Rule | null): boolean =>
    rule !== null &&
    JSON.stringify(kindsOf(rule)).match(/related|some|consent|fact|role|signed-in|me-id|claim|now|today/) !==
      null
  for (const check of checks) {
    if (looks(check.rule)) {
      problems.add("UC206", `${entity.name}.${check.name}`, {
        what: "is a check and looks beyond its own row",
        mend: "Use only fields of the row and constants.",
      })
    }
  }
  if (exclude.some(looks)) {
    problems.add("UC206", entity.name, {
      what: "is an exclusion and looks beyond its own row",
      mend: "Use only fields of the row and constants.",
    })
  }
}

function kindsOf(rule: Rule): readonly string[] {
  const kinds: string[] = []
  const visit = (part: unknown): void => {
    if (typeof part !== "object" || part === null) return
    const { kind } = part as { kind?: unknown }
    if (typeof kind === "string") kinds.push(kind)
    const { terms, left, right, value, values } = part as Record<string, unknown>
    for (const one of [terms, left, right, value, values].flat()) visit(one)
  }
  visit(rule)
  return kinds
}
