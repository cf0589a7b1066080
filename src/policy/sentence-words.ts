/** The words of sentences about rules: names of the model as English, values, durations. */
import type { ScopeName } from "../model/expression.ts"
import { type EntityInfo, toPlural } from "../model/model.ts"
import type { Fact, RuleValue } from "./rule.ts"

/** How the rows of a rule are spoken of: "the patient" and "the patient's". */
export interface RowName {
  readonly subject: string
  readonly owner: string
}

export type RowNames = ReadonlyMap<ScopeName, RowName>

/** `lastSeen` → `last seen`, `insuranceID` → `insurance ID`. */
export function toWords(name: string): string {
  const parted = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
  return parted.replace(/\b[A-Z](?![A-Z0-9])/g, (letter) => letter.toLowerCase())
}

/** `ClinicalNote` → `clinical note`. */
export function nounOf(entity: EntityInfo): string {
  return toWords(entity.name)
}

/** The collection's name where the author chose one, else the plural of the noun. */
export function pluralOf(entity: EntityInfo): string {
  return toWords(entity.collection || toPlural(entity.name))
}

/** The rows that a rule of an entity starts from. */
export function rowNamesOf(entity: EntityInfo): RowNames {
  const noun = nounOf(entity)
  return new Map([
    ["row", { subject: `the ${noun}`, owner: `the ${noun}'s` }],
    ["before", { subject: `the former ${noun}`, owner: `the ${noun}'s former` }],
  ])
}

/** Names for the row at the end of a reference: "the slot's doctor". */
export function withRelated(names: RowNames, scope: ScopeName, relation: string, inner: ScopeName): RowNames {
  const subject = `${ownerOf(scope, names)} ${toWords(relation)}`
  return new Map([...names, [inner, { subject, owner: `${subject}'s` }]])
}

const counts = ["", "second ", "third ", "fourth ", "fifth "]

/** Names for one row among many: "that appointment", and inside of it "that second appointment". */
export function withOneOf(names: RowNames, entity: EntityInfo, inner: ScopeName): RowNames {
  const noun = nounOf(entity)
  const used = [...names.values()].filter(
    (one) => one.subject.startsWith("that ") && one.subject.endsWith(` ${noun}`),
  ).length
  const subject = `that ${counts[used] ?? `${used + 1}th `}${noun}`
  return new Map([...names, [inner, { subject, owner: `${subject}'s` }]])
}

export function ownerOf(scope: ScopeName, names: RowNames): string {
  return names.get(scope)?.owner ?? "its"
}

export function subjectOf(scope: ScopeName, names: RowNames): string {
  return names.get(scope)?.subject ?? "it"
}

/** "include" or "includes", after the name of a fact. */
export function includeVerb(fact: Fact, negated: boolean): string {
  const isPlural = /s$|people$|children$/i.test(fact.name)
  if (negated) return isPlural ? "do not include" : "does not include"
  return isPlural ? "include" : "includes"
}

/** A value of the model, quoted so that it can't be taken for words of the sentence. */
export function quoted(value: unknown): string {
  return JSON.stringify(value)
}

/** "the patient's practice"; a name that ends in a preposition stands in quotes: the slot's "starts at". */
function fieldText(name: string, owner: string): string {
  const words = toWords(name)
  return /\b(at|by|for|from|in|of|on|since|till|to|until|with)$/.test(words)
    ? `${owner} ${quoted(words)}`
    : `${owner} ${words}`
}

/** A value in a rule. */
export function valueText(value: RuleValue, names: RowNames): string {
  switch (value.kind) {
    case "field":
      return fieldText(value.field.name, ownerOf(value.scope, names))
    case "bound":
      return `the ${value.side === "from" ? "beginning" : "end"} of ${fieldText(value.field.name, ownerOf(value.scope, names))}`
    case "constant":
      return quoted(value.value)
    case "me-id":
      return "the caller"
    case "claim":
      return `the caller's ${toWords(value.name)}`
    case "now":
    case "today":
      return value.kind
    case "shift":
      return shiftText(value, names)
    case "call":
      return callText(
        value.name,
        value.values.map((one) => valueText(one, names)),
      )
  }
}

function shiftText(value: RuleValue & { kind: "shift" }, names: RowNames): string {
  const length = durationText(value.by)
  if (value.value.kind === "now") return value.back ? `${length} ago` : `${length} from now`
  return `${length} ${value.back ? "before" : "after"} ${valueText(value.value, names)}`
}

const infixes: Readonly<Record<string, string>> = {
  concat: "followed by",
  add: "plus",
  subtract: "minus",
  multiply: "times",
}
const forms: Readonly<Record<string, string>> = {
  lower: "the lower-case form of",
  upper: "the upper-case form of",
}

function callText(name: string, values: readonly string[]): string {
  return forms[name] === undefined ? `(${values.join(` ${infixes[name]} `)})` : `${forms[name]} ${values[0]}`
}

const dateUnits: Readonly<Record<string, string>> = { Y: "years", M: "months", W: "weeks", D: "days" }
const timeUnits: Readonly<Record<string, string>> = { H: "hours", M: "minutes", S: "seconds" }

/** `P1DT2H` → `1 day 2 hours`. */
function durationText(iso: string): string {
  const [days = "", clock = ""] = iso.replace(/^-?P/, "").split("T")
  const read = (part: string, units: Readonly<Record<string, string>>): string[] =>
    [...part.matchAll(/([\d.]+)([A-Z])/g)].map(([, count, unit]) => {
      const name = units[unit ?? ""] ?? ""
      return `${count} ${count === "1" ? name.slice(0, -1) : name}`
    })
  return `${iso.startsWith("-") ? "minus " : ""}${[...read(days, dateUnits), ...read(clock, timeUnits)].join(" ")}`
}
