/** Explains a rule over an actual row, clause by clause: the predicate that decides, and the sentence that says what it asks. */
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import type { Fact, Rule, RuleValue } from "./rule.ts"
import {
  quoted,
  type RowNames,
  rowNamesOf,
  toWords,
  valueText,
  withOneOf,
  withRelated,
} from "./sentence-words.ts"
import { holds, type JsonRow, type PredicateCaller, type RowScopes } from "./to-predicate.ts"
import { toClause } from "./to-sentence.ts"

/** What an explanation looks up; rows are JSON in the model's names. */
export interface ExplainWorld {
  readonly caller: PredicateCaller
  /** ISO moment. */
  readonly now: string
  rowsWhere(entity: EntityInfo, field: FieldInfo, value: unknown): Promise<readonly JsonRow[]>
  factValues(fact: Fact): Promise<readonly unknown[]>
}

/** A clause of a rule, and whether it holds for this row and caller. */
export interface Clause {
  readonly kind: "all" | "any" | "one"
  readonly holds: boolean
  readonly text: string
  /** The values that it was decided by, in words. */
  readonly found: string | null
  readonly terms: readonly Clause[]
}

/** Decides a rule over a row. */
export function explainRule(
  rule: Rule,
  row: JsonRow,
  entity: EntityInfo,
  world: ExplainWorld,
): Promise<Clause> {
  // An update that changes nothing: the row is what it was.
  return explain(rule, { row, before: row }, rowNamesOf(entity), world)
}

/** The clauses by which a clause holds, or by which it does not. */
export function decidingClauses(clause: Clause): readonly Clause[] {
  if (clause.terms.length === 0) return [clause]
  const alike = clause.terms.filter((term) => term.holds === clause.holds)
  // One alternative is enough for a yes, one condition for a no.
  const isOneEnough = (clause.kind === "any") === clause.holds
  return (isOneEnough ? alike.slice(0, 1) : alike).flatMap(decidingClauses)
}

async function explain(rule: Rule, rows: RowScopes, names: RowNames, world: ExplainWorld): Promise<Clause> {
  switch (rule.kind) {
    case "all":
    case "any":
      return explainGroup(rule, rows, names, world)
    case "related":
      return explainRelated(rule, rows, names, world)
    case "some":
      return explainSome(rule, rows, names, world)
    case "consent":
      return explainConsent(rule, rows, names, world)
    case "in-fact": {
      const values = await world.factValues(rule.fact)
      const list = values.length === 0 ? "none" : values.slice(0, 3).map(quoted).join(", ")
      const more = values.length > 3 ? ` and ${values.length - 3} more` : ""
      const fact = `the caller's ${toWords(rule.fact.name)}: ${list}${more}`
      return leaf(rule, rows, names, world, values, [...foundValues([rule.left], rows, names), fact])
    }
    case "role": {
      const roles = world.caller.roles.map(quoted).join(", ")
      return leaf(rule, rows, names, world, [], [`the caller's roles: ${roles || "none"}`])
    }
    default:
      return leaf(rule, rows, names, world, [], foundValues(valuesOf(rule), rows, names, world.caller))
  }
}

function leaf(
  rule: Rule,
  rows: RowScopes,
  names: RowNames,
  world: ExplainWorld,
  values: readonly unknown[],
  found: readonly string[],
): Clause {
  const { caller, now } = world
  return {
    kind: "one",
    holds: holds(rule, rows, { caller, now, rowsOf: () => [], factValues: () => values }),
    text: toClause(rule, names),
    found: found.length === 0 ? null : found.join("; "),
    terms: [],
  }
}

async function explainGroup(
  rule: Rule & { kind: "all" | "any" },
  rows: RowScopes,
  names: RowNames,
  world: ExplainWorld,
): Promise<Clause> {
  if (rule.terms.length === 0) {
    const isFree = rule.kind === "all"
    return {
      kind: "one",
      holds: isFree,
      text: isFree ? "everyone is let in" : "no one is let in",
      found: null,
      terms: [],
    }
  }
  const explained: Clause[] = []
  for (const term of rule.terms) explained.push(await explain(term, rows, names, world))
  const terms = explained.flatMap((one) =>
    one.kind === rule.kind && one.terms.length > 0 ? one.terms : [one],
  )
  const [only, ...others] = terms
  if (only && others.length === 0) return only
  const isHeld = rule.kind === "all" ? terms.every((one) => one.holds) : terms.some((one) => one.holds)
  return { kind: rule.kind, holds: isHeld, text: toClause(rule, names), found: null, terms }
}

async function explainRelated(
  rule: Rule & { kind: "related" },
  rows: RowScopes,
  names: RowNames,
  world: ExplainWorld,
): Promise<Clause> {
  const { relation, scope, inner } = rule
  const text = toClause(rule, names)
  const name = toWords(relation.name)
  const reference = rows[scope]?.[relation.field.name] ?? null
  const key = relation.to.key[0]
  if (reference === null || !key)
    return { kind: "one", holds: false, text, found: `there is no ${name}`, terms: [] }
  const [row] = await world.rowsWhere(relation.to, key, reference)
  if (!row) return { kind: "one", holds: rule.negated, text, found: `its ${name} does not exist`, terms: [] }
  const further = withRelated(names, scope, relation.name, inner)
  const where = await explain(rule.where, { ...rows, [inner]: row }, further, world)
  if (!rule.visible) return where
  return {
    kind: "one",
    holds: where.holds !== rule.negated,
    text,
    found: null,
    terms: rule.negated ? [] : [where],
  }
}

async function explainSome(
  rule: Rule & { kind: "some" },
  rows: RowScopes,
  names: RowNames,
  world: ExplainWorld,
): Promise<Clause> {
  const { relation, scope, inner } = rule
  const key = relation.field.reference?.entity.key[0]
  const from = key ? (rows[scope]?.[key.name] ?? null) : null
  const candidates = from === null ? [] : await world.rowsWhere(relation.to, relation.field, from)
  const further = withOneOf(names, relation.to, inner)
  let fitting = 0
  for (const row of candidates) {
    const one = await explain(rule.where, { ...rows, [inner]: row }, further, world)
    if (one.holds) fitting++
  }
  const found = `${fitting} of ${candidates.length} ${toWords(relation.name)}`
  return { kind: "one", holds: fitting > 0 !== rule.negated, text: toClause(rule, names), found, terms: [] }
}

async function explainConsent(
  rule: Rule & { kind: "consent" },
  rows: RowScopes,
  names: RowNames,
  world: ExplainWorld,
): Promise<Clause> {
  const { entity, person } = rule.register
  const key = rows[rule.scope]?.[rule.field.name] ?? null
  const candidates = key === null ? [] : await world.rowsWhere(entity, person, key)
  const lookup = { caller: world.caller, now: world.now, rowsOf: () => candidates }
  const found = `${candidates.length} entries of the register are theirs`
  return { kind: "one", holds: holds(rule, rows, lookup), text: toClause(rule, names), found, terms: [] }
}

function valuesOf(rule: Rule): readonly RuleValue[] {
  if (rule.kind === "compare" || rule.kind === "text") return [rule.left, rule.right]
  if (rule.kind === "in-values") return [rule.left]
  return rule.kind === "null" ? [rule.value] : []
}

/** What rows and caller have where a rule asks. */
function foundValues(
  values: readonly RuleValue[],
  rows: RowScopes,
  names: RowNames,
  caller?: PredicateCaller,
): readonly string[] {
  const say = (value: RuleValue, found: unknown): string => {
    const missing = found === null || found === undefined
    return `${valueText(value, names)} is ${missing ? "not set" : shortened(quoted(found))}`
  }
  return values.flatMap((value): readonly string[] => {
    switch (value.kind) {
      case "field":
        return [say(value, rows[value.scope]?.[value.field.name])]
      case "me-id":
        return [caller?.id == null ? "the caller is not signed in" : say(value, caller.id)]
      case "claim":
        return [say(value, caller?.claims[value.name])]
      case "shift":
        return foundValues([value.value], rows, names, caller)
      case "call":
        return foundValues(value.values, rows, names, caller)
      default:
        return []
    }
  })
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}
