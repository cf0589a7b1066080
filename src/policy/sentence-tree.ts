/** A rule as nested groups of English conditions: flat where groups are of one kind, without what changes nothing. */
import type { FieldInfo } from "../model/model.ts"
import { type Rule, type RuleValue, walkRule } from "./rule.ts"
import {
  includeVerb,
  ownerOf,
  quoted,
  type RowNames,
  subjectOf,
  toWords,
  valueText,
  withOneOf,
  withRelated,
} from "./sentence-words.ts"

/** One condition: "the caller is signed in", and after "everyone" "who is signed in" where it is about the caller. */
export interface Leaf {
  readonly kind: "leaf"
  readonly clause: string
  readonly who: string | null
  /** The roles that it asks for, so that several can stand in one condition. */
  readonly roles?: { readonly kind: "all" | "any"; readonly names: readonly string[] }
}

/** A group of terms. No terms: always (`all`) or never (`any`). */
export type Tree = Leaf | { readonly kind: "all" | "any"; readonly terms: readonly Tree[] }

/** The conditions of a rule. */
export function toTree(rule: Rule, names: RowNames): Tree {
  if (rule.kind === "related" && !rule.visible) {
    return toTree(rule.where, withRelated(names, rule.scope, rule.relation.name, rule.inner))
  }
  if (!isGroup(rule)) return toLeaf(rule, names)
  const { kind } = rule
  const terms = rule.terms
    .map((term) => toTree(term, names))
    .flatMap((term) => (term.kind === kind ? term.terms : [term]))
  const absorbing = terms.find((term) => term.kind !== "leaf" && term.terms.length === 0)
  if (absorbing) return absorbing
  const unlike = [...new Map(mergeRoles(kind, terms).map((term) => [JSON.stringify(term), term])).values()]
  return unlike.length === 1 && unlike[0] ? unlike[0] : { kind, terms: unlike }
}

/** The words of a group: "and" or "or", in parentheses where it stands in another. */
export function clauseText(tree: Tree, nested: boolean): string {
  if (tree.kind === "leaf") return tree.clause
  if (tree.terms.length === 0) return tree.kind === "all" ? "nothing more is asked" : "it is never so"
  const joined = tree.terms
    .map((term) => clauseText(term, true))
    .join(tree.kind === "all" ? " and " : ", or ")
  return nested ? `(${joined})` : joined
}

function mergeRoles(kind: "all" | "any", terms: readonly Tree[]): readonly Tree[] {
  const rolesOf = (term: Tree): readonly string[] => {
    if (term.kind !== "leaf" || term.roles === undefined) return []
    return term.roles.names.length === 1 || term.roles.kind === kind ? term.roles.names : []
  }
  const first = terms.find((term) => rolesOf(term).length > 0)
  const names = [...new Set(terms.flatMap(rolesOf))]
  if (names.length < 2) return terms
  return terms.flatMap((term) =>
    term === first ? [rolesLeaf(kind, names)] : rolesOf(term).length > 0 ? [] : [term],
  )
}

function rolesLeaf(kind: "all" | "any", names: readonly string[]): Leaf {
  const list = names.map(quoted)
  const last = list.pop() ?? ""
  const joined = list.length === 0 ? last : `${list.join(", ")} ${kind === "all" ? "and" : "or"} ${last}`
  const has = `has the ${kind === "all" && names.length > 1 ? "roles" : "role"} ${joined}`
  return { ...ofCaller(has), roles: { kind, names } }
}

/** A condition whose subject is the caller. */
function ofCaller(predicate: string): Leaf {
  return { kind: "leaf", clause: `the caller ${predicate}`, who: `who ${predicate}` }
}

/** A condition whose subject is something that the caller has. */
function ofCallers(thing: string, predicate: string): Leaf {
  return {
    kind: "leaf",
    clause: `the caller's ${thing} ${predicate}`,
    who: `whose ${thing} ${predicate}`,
  }
}

type LeafRule = Exclude<Rule, { readonly terms: readonly Rule[] }>

function isGroup(rule: Rule): rule is Exclude<Rule, LeafRule> {
  return rule.kind === "all" || rule.kind === "any"
}

function toLeaf(rule: LeafRule, names: RowNames): Leaf {
  switch (rule.kind) {
    case "signed-in":
      return ofCaller(rule.negated ? "is not signed in" : "is signed in")
    case "role":
      return rule.negated
        ? ofCaller(`does not have the role ${quoted(rule.name)}`)
        : rolesLeaf("any", [rule.name])
    case "compare":
      return compareLeaf(rule, names)
    case "consent":
      return generic(
        rule,
        `the person of ${subjectOf(rule.scope, names)} ${consents(rule.negated)} to ${quoted(rule.purpose)}`,
      )
    case "in-fact":
      if (rule.fact.says !== undefined) return ofCaller(rule.fact.says[rule.negated ? "no" : "yes"])
      return ofCallers(
        toWords(rule.fact.name),
        `${includeVerb(rule.fact, rule.negated)} ${valueText(rule.left, names)}`,
      )
    case "text":
      return generic(
        rule,
        `${valueText(rule.left, names)} ${texts[rule.operator][rule.negated ? 1 : 0]} ${valueText(rule.right, names)}`,
      )
    case "in-values": {
      const list = rule.values.map(quoted).join(", ")
      const says =
        rule.values.length === 0 ? "is anything at all" : `is ${rule.negated ? "none of" : "one of"} ${list}`
      return generic(rule, `${valueText(rule.left, names)} ${says}`)
    }
    case "null":
      return generic(rule, `${valueText(rule.value, names)} is ${rule.negated ? "set" : "not set"}`)
    case "related":
      return ofCaller(
        `${rule.negated ? "may not" : "may"} read ${ownerOf(rule.scope, names)} ${toWords(rule.relation.name)}`,
      )
    case "some": {
      const inner = toTree(rule.where, withOneOf(names, rule.relation.to, rule.inner))
      const isAny = inner.kind === "all" && inner.terms.length === 0
      const which = isAny ? "" : ` for which ${clauseText(inner, true)}`
      const many = `${ownerOf(rule.scope, names)} ${toWords(rule.relation.name)}`
      return generic(rule, `there is ${rule.negated ? "none" : "at least one"} among ${many}${which}`)
    }
  }
}

/** A condition in one form; where it asks about the caller, it can follow "everyone" too. */
function generic(rule: Rule, clause: string): Leaf {
  return { kind: "leaf", clause, who: readsCaller(rule) ? `for whom ${clause}` : null }
}

function consents(negated: boolean): string {
  return negated ? "does not consent" : "consents"
}

function readsCaller(rule: Rule): boolean {
  let found = false
  walkRule(rule, (part) => {
    const isVisible = part.kind === "related" && part.visible
    found ||= isVisible || ["signed-in", "role", "in-fact", "me-id", "claim"].includes(part.kind)
  })
  return found
}

const comparisons = {
  is: "is",
  isNot: "is not",
  above: "is above",
  atLeast: "is at least",
  below: "is below",
  atMost: "is at most",
} as const
const momentComparisons = {
  is: "is",
  isNot: "is not",
  above: "is after",
  atLeast: "is not before",
  below: "is before",
  atMost: "is not after",
} as const
const mirrored = {
  is: "is",
  isNot: "isNot",
  above: "below",
  atLeast: "atMost",
  below: "above",
  atMost: "atLeast",
} as const
const texts = {
  startsWith: ["starts with", "does not start with"],
  endsWith: ["ends with", "does not end with"],
  contains: ["contains", "does not contain"],
} as const

function compareLeaf(rule: Rule & { kind: "compare" }, names: RowNames): Leaf {
  const { left, right, operator, of } = rule
  const words = ["timestamptz", "date"].includes(of.sqlType) ? momentComparisons : comparisons
  // What is about the caller stands first.
  const turned = left.kind === "field" && (right.kind === "me-id" || right.kind === "claim")
  const [first, second, verb] = turned
    ? [right, left, words[mirrored[operator]]]
    : [left, right, words[operator]]
  const isEquality = operator === "is" || operator === "isNot"
  if (first.kind === "me-id" && second.kind === "field" && isEquality)
    return ofCaller(
      // Who a row is by its key, is the row itself.
      `${verb} ${isKey(second.field) ? subjectOf(second.scope, names) : valueText(second, names)}`,
    )
  if (first.kind === "claim" && !mentionsCaller(second))
    return ofCallers(toWords(first.name), `${verb} ${valueText(second, names)}`)
  const mark = markText(first, second, isEquality ? operator === "is" : null, names)
  return generic(rule, mark ?? `${valueText(first, names)} ${verb} ${valueText(second, names)}`)
}

function isKey({ name, entity }: FieldInfo): boolean {
  return entity.key.length === 1 && entity.key[0]?.name === name
}

/** A yes-or-no field against yes or no. */
function markText(field: RuleValue, value: RuleValue, is: boolean | null, names: RowNames): string | null {
  if (is === null || field.kind !== "field" || value.kind !== "constant" || typeof value.value !== "boolean")
    return null
  return `${subjectOf(field.scope, names)} ${yesOrNoText(toWords(field.field.name), value.value === is)}`
}

const verbs: Readonly<Record<string, string>> = {
  is: "is not",
  was: "was not",
  can: "can not",
  may: "may not",
  has: "does not have",
}

/** `isOpen` is "is open" or "is not open", `urgent` is "is marked as urgent" or "is not marked as urgent". */
function yesOrNoText(name: string, holds: boolean): string {
  const [verb = "", ...rest] = name.split(" ")
  const negated = rest.length > 0 ? verbs[verb] : undefined
  if (negated === undefined) return `${holds ? "is" : "is not"} marked as ${name}`
  return `${holds ? verb : negated} ${rest.join(" ")}`
}

function mentionsCaller(value: RuleValue): boolean {
  if (value.kind === "shift") return mentionsCaller(value.value)
  if (value.kind === "call") return value.values.some(mentionsCaller)
  return value.kind === "me-id" || value.kind === "claim"
}
