/** Prints rules as English, for people who decide about access and do not read code. */
import type { EntityInfo } from "../model/model.ts"
import { type Fact, type Rule, type RuleValue, walkRule } from "./rule.ts"
import {
  includeVerb, nounOf, ownerOf, quoted, type RowNames, rowNamesOf, subjectOf, toWords, valueText, withOneOf, withRelated,
} from "./sentence-words.ts"

const comparisons = {
  is: "is", isNot: "is not", above: "is above", atLeast: "is at least", below: "is below", atMost: "is at most",
} as const
const momentComparisons = {
  is: "is", isNot: "is not", above: "is after", atLeast: "is not before", below: "is before", atMost: "is not after",
} as const
const mirrored = { is: "is", isNot: "isNot", above: "below", atLeast: "atMost", below: "above", atMost: "atLeast" } as const
const texts = {
  startsWith: ["starts with", "does not start with"], endsWith: ["ends with", "does not end with"],
  contains: ["contains", "does not contain"],
} as const

/** A condition in two forms: "the caller is signed in", and after "everyone" "who is signed in" where it is about the caller. */
interface Leaf {
  readonly kind: "leaf"
  readonly clause: string
  readonly who: string | null
}

/** Nested groups of unlike kind; a group of one term, or of none beside another, is never in it. */
type Tree = Leaf | { readonly kind: "all" | "any"; readonly terms: readonly Tree[] }

/**
 * Who a rule lets in, to stand after "by" or "to": "everyone", "no one", "everyone who has the role "doctor", if the
 * slot's status is "open"". Rules of different meaning give different sentences.
 */
export function toSentence(rule: Rule, entity: EntityInfo): string {
  return whomText(toTree(rule, rowNamesOf(entity)), true)
}

/** What a rule asks, as a clause that can stand after "if". */
export function toClause(rule: Rule, names: RowNames): string {
  return clauseText(toTree(rule, names), false)
}

/** How a fact is found, for the legend of the access matrix. */
export function factSentence(fact: Fact): string {
  const which = toTree(fact.where, rowNamesOf(fact.entity))
  const tail = isAlways(which) ? "" : ` for which ${clauseText(which, false)}`
  return `the ${toWords(fact.field.name)} of every ${nounOf(fact.entity)}${tail}`
}

function whomText(tree: Tree, isTop: boolean): string {
  if (tree.kind !== "leaf" && tree.terms.length === 0) return tree.kind === "all" ? "everyone" : "no one"
  if (isAboutCaller(tree)) return `everyone ${whoText(tree, false)}`
  if (tree.kind === "any") return anyWhomText(tree.terms)
  const terms = tree.kind === "all" ? tree.terms : [tree]
  const callers = terms.filter(isAboutCaller)
  const others = terms.filter((term) => !isAboutCaller(term))
  const conditions = others.map((term) => clauseText(term, true)).join(" and ")
  if (callers.length > 0) return `everyone ${callers.map((term) => whoText(term, true)).join(" and ")}, if ${conditions}`
  // Who is named first where one group of alternatives names them.
  const [named, ...more] = others.filter(namesCallers)
  if (isTop && named && more.length === 0) {
    const rest = others.filter((term) => term !== named).map((term) => clauseText(term, true))
    return `${whomText(named, false)}; in each case only if ${rest.join(" and ")}`
  }
  return `anyone, if ${conditions}`
}

function anyWhomText(terms: readonly Tree[]): string {
  const callers = terms.filter(isAboutCaller)
  const rows = terms.filter((term) => term.kind === "leaf" && term.who === null)
  const others = terms.filter((term) => !callers.includes(term) && !rows.includes(term))
  return [
    ...(callers.length > 0 ? [`everyone ${callers.map((term) => whoText(term, callers.length > 1)).join(" or ")}`] : []),
    ...others.map((term) => whomText(term, false)),
    ...(rows.length > 0 ? [`anyone, if ${rows.map((term) => clauseText(term, true)).join(" or ")}`] : []),
  ].join(", or ")
}

/** Alternatives that each say who: they can stand first in a sentence. */
function namesCallers(tree: Tree): boolean {
  return tree.kind === "any" && tree.terms.every((term) => isAboutCaller(term) || (term.kind === "all" && term.terms.some(isAboutCaller)))
}

function isAboutCaller(tree: Tree): boolean {
  return tree.kind === "leaf" ? tree.who !== null : tree.terms.length > 0 && tree.terms.every(isAboutCaller)
}

function isAlways(tree: Tree): boolean {
  return tree.kind === "all" && tree.terms.length === 0
}

function whoText(tree: Tree, nested: boolean): string {
  if (tree.kind === "leaf") return tree.who ?? `for whom ${tree.clause}`
  const joined = tree.terms.map((term) => whoText(term, true)).join(tree.kind === "all" ? " and " : " or ")
  return nested ? `(${joined})` : joined
}

function clauseText(tree: Tree, nested: boolean): string {
  if (tree.kind === "leaf") return tree.clause
  if (tree.terms.length === 0) return tree.kind === "all" ? "nothing else is asked" : "it is never so"
  const joined = tree.terms.map((term) => clauseText(term, true)).join(tree.kind === "all" ? " and " : ", or ")
  return nested ? `(${joined})` : joined
}

/** Flattens groups of the same kind and leaves out what changes nothing. */
function toTree(rule: Rule, names: RowNames): Tree {
  if (rule.kind === "related" && !rule.visible) {
    return toTree(rule.where, withRelated(names, rule.scope, rule.relation.name, rule.inner))
  }
  if (rule.kind !== "all" && rule.kind !== "any") return toLeaf(rule, names)
  const { kind } = rule
  const terms = mergeRoles(rule).map((term) => toTree(term, names))
    .flatMap((term) => (term.kind === kind ? term.terms : [term]))
  const absorbing = terms.find((term) => term.kind !== "leaf" && term.terms.length === 0)
  if (absorbing) return absorbing
  const unlike = [...new Map(terms.map((term) => [clauseText(term, true), term])).values()]
  return unlike.length === 1 && unlike[0] ? unlike[0] : { kind, terms: unlike }
}

type Group = Rule & { kind: "all" | "any" }

/** Several roles of one group stand in one condition: `has the role "doctor" or "nurse"`. */
function mergeRoles(group: Group): readonly Rule[] {
  const terms = group.terms.flatMap((term) => (term.kind === group.kind ? mergeRoles(term as Group) : [term]))
  const roles = terms.filter((term) => term.kind === "role" && !term.negated)
  if (roles.length < 2) return terms
  const merged: Rule = { kind: group.kind, terms: [...roles] }
  return terms.flatMap((term) => (term === roles[0] ? [merged] : roles.includes(term) ? [] : [term]))
}
