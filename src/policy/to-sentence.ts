/** Prints rules as English, for people who decide about access and do not read code. */
import type { EntityInfo } from "../model/model.ts"
import type { Fact, Rule } from "./rule.ts"
import { clauseText, type Tree, toTree } from "./sentence-tree.ts"
import { nounOf, type RowNames, rowNamesOf, toWords } from "./sentence-words.ts"

/**
 * Who a rule lets in, to stand after "by" or "to": "everyone", "no one", "everyone who has the role "doctor", if the
 * slot's status is "open"". Rules that differ in meaning differ in words.
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
  const isAll = which.kind === "all" && which.terms.length === 0
  const tail = isAll ? "" : ` for which ${clauseText(which, false)}`
  return `the ${toWords(fact.field.name)} of every ${nounOf(fact.entity)}${tail}`
}

/** A whole sentence may say who before it says in which cases; a part of one would not be clear then. */
function whomText(tree: Tree, isWhole: boolean): string {
  if (tree.kind === "leaf") return tree.who === null ? `anyone if ${tree.clause}` : `everyone ${tree.who}`
  const { kind, terms } = tree
  if (terms.length === 0) return kind === "all" ? "everyone" : "no one"
  if (kind === "any") return anyWhomText(terms)
  const [named, ...more] = terms.filter(namesCallers)
  const rest = terms.filter((term) => term !== named)
  if (isWhole && named && more.length === 0 && !rest.some(isAboutCaller)) {
    return `${whomText(named, false)}; in each case only if ${conditionText(rest)}`
  }
  const callers = terms.filter(isAboutCaller)
  const others = terms.filter((term) => !isAboutCaller(term))
  if (callers.length === 0) return `anyone if ${conditionText(others)}`
  const who = `everyone ${callers.map((term) => whoText(term, true)).join(" and ")}`
  return others.length === 0 ? who : `${who}, if ${conditionText(others)}`
}

function anyWhomText(terms: readonly Tree[]): string {
  const callers = terms.flatMap((term) => (term.kind === "leaf" && term.who !== null ? [term.who] : []))
  const rows = terms.flatMap((term) => (term.kind === "leaf" && term.who === null ? [term.clause] : []))
  return [
    ...(callers.length > 0 ? [`everyone ${callers.join(" or ")}`] : []),
    ...terms.filter((term) => term.kind !== "leaf").map((term) => whomText(term, false)),
    ...(rows.length > 0 ? [`anyone if ${rows.join(" or ")}`] : []),
  ].join(", or ")
}

function conditionText(terms: readonly Tree[]): string {
  return terms.map((term) => clauseText(term, true)).join(" and ")
}

/** Alternatives that each say who, some of them with more than one condition. */
function namesCallers(tree: Tree): boolean {
  const saysWho = (term: Tree): boolean =>
    isAboutCaller(term) || (term.kind === "all" && term.terms.some(isAboutCaller))
  return tree.kind === "any" && tree.terms.every(saysWho) && tree.terms.some((term) => term.kind !== "leaf")
}

function isAboutCaller(tree: Tree): boolean {
  return tree.kind === "leaf" ? tree.who !== null : tree.terms.length > 0 && tree.terms.every(isAboutCaller)
}

function whoText(tree: Tree, nested: boolean): string {
  if (tree.kind === "leaf") return tree.who ?? tree.clause
  const joined = tree.terms.map((term) => whoText(term, true)).join(tree.kind === "all" ? " and " : " or ")
  return nested ? `(${joined})` : joined
}
