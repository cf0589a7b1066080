/** Prints rules as English, for people who decide about access and do not read code. */
import type { ScopeName } from "../model/expression.ts"
import type { Fact, Rule, RuleValue } from "./rule.ts"

const comparisons = {
  is: "is", isNot: "is not", above: "is above", atLeast: "is at least", below: "is below", atMost: "is at most",
} as const
const momentComparisons = {
  is: "is", isNot: "is not", above: "is after", atLeast: "is not before", below: "is before", atMost: "is not after",
} as const
const texts = {
  startsWith: ["starts with", "does not start with"], endsWith: ["ends with", "does not end with"],
  contains: ["contains", "does not contain"],
} as const

/** Who a rule lets in, as the end of a sentence: "whoever …", "everyone", "no one". */
export function toSentence(rule: Rule): string {
  return sentence(rule, new Map([["row", "its"], ["before", "its former"]]), false)
}

type Owners = ReadonlyMap<ScopeName, string>

function sentence(rule: Rule, owners: Owners, nested: boolean): string {
  switch (rule.kind) {
    case "all":
    case "any": {
      if (rule.terms.length === 0) return rule.kind === "all" ? "everyone" : "no one"
      const parts = [...new Set(rule.terms.map((term) => sentence(term, owners, rule.terms.length > 1)))]
      if (parts.length === 1) return parts[0]!
      const joined = parts.join(rule.kind === "all" ? " and " : ", or ")
      return nested ? `(${joined})` : joined
    }
    case "compare": {
      const words = rule.of.sqlType === "timestamptz" || rule.of.sqlType === "date" ? momentComparisons : comparisons
      return `${value(rule.left, owners)} ${words[rule.operator]} ${value(rule.right, owners)}`
    }
    case "text":
      return `${value(rule.left, owners)} ${texts[rule.operator][rule.negated ? 1 : 0]} ${value(rule.right, owners)}`
    case "in-values":
      return `${value(rule.left, owners)} is ${rule.negated ? "none of" : "one of"} ${rule.values.map((one) => JSON.stringify(one)).join(", ")}`
    case "in-fact":
      return `${value(rule.left, owners)} is ${rule.negated ? "none" : "one"} of the caller's ${words(rule.fact.name)}`
    case "null":
      return `${value(rule.value, owners)} is ${rule.negated ? "set" : "not set"}`
    case "signed-in":
      return rule.negated ? "the caller is not signed in" : "the caller is signed in"
    case "role":
      return `the caller ${rule.negated ? "is not" : "is"} ${article(rule.name)} ${words(rule.name)}`
    case "related": {
      const name = `${owner(rule.scope, owners)} ${words(rule.relation.name)}`
      if (rule.visible) return `the caller ${rule.negated ? "can't" : "can"} see ${name}`
      return sentence(rule.where, new Map([...owners, [rule.inner, `${name}'s`]]), nested)
    }
    case "some": {
      const name = `${owner(rule.scope, owners)} ${words(rule.relation.name)}`
      const where = sentence(rule.where, new Map([...owners, [rule.inner, "that one's"]]), false)
      const tail = where === "everyone" ? "" : ` of which ${where}`
      return `${rule.negated ? "there is none" : "there is at least one"} of ${name}${tail}`
    }
  }
}

/** How a fact is found, for the legend of the access matrix. */
export function factSentence(fact: Fact): string {
  return `the caller's ${words(fact.name)}: the ${words(fact.field.name)} of each ${words(fact.entity.name)} for which ${toSentence(fact.where)}`
}

function owner(scope: ScopeName, owners: Owners): string {
  return owners.get(scope) ?? "its"
}

function value(of: RuleValue, owners: Owners): string {
  switch (of.kind) {
    case "field":
      return `${owner(of.scope, owners)} ${words(of.field.name)}`
    case "constant":
      return JSON.stringify(of.value)
    case "me-id":
      return "the caller"
    case "claim":
      return `the caller's ${words(of.name)}`
    case "now":
      return "now"
    case "today":
      return "today"
    case "shift":
      return `${duration(of.by)} ${of.back ? "before" : "after"} ${value(of.value, owners)}`
    case "call":
      return `${of.name} of ${of.values.map((one) => value(one, owners)).join(" and ")}`
  }
}

function duration(iso: string): string {
  const units: Readonly<Record<string, string>> = { Y: "years", M: "months", W: "weeks", D: "days", TH: "hours", TM: "minutes", TS: "seconds" }
  const [days = "", clock = ""] = iso.replace(/^-?P/, "").split("T")
  const read = (part: string, prefix: string): string[] =>
    [...part.matchAll(/([\d.]+)([A-Z])/g)].map(([, count, unit]) => {
      const name = units[`${prefix}${unit}`]!
      return `${count} ${count === "1" ? name.slice(0, -1) : name}`
    })
  return [...read(days, ""), ...read(clock, "T")].join(" ")
}

/** `lastSeen` → `last seen`. */
function words(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase()
}

function article(name: string): string {
  return /^[aeiou]/i.test(name) ? "an" : "a"
}
