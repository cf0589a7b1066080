/** What an emergency override means in rules: the caller has one open for the person, in this session, and still has the role for it. */
import { readFacts } from "../model/actor.ts"
import { baseFacts } from "../model/capture.ts"
import type { Node } from "../model/expression.ts"
import { instantKind } from "../model/fields/instant.ts"
import { textKind } from "../model/fields/text.ts"
import type { EntityInfo, Model, OverrideInfo } from "../model/model.ts"
import type { ProblemList } from "../model/model-error.ts"
import type { Follow, Scopes } from "./consent-rule.ts"
import { always, type Fact, never, type Rule, type RuleValue } from "./rule.ts"

/** Resolves what rules ask of overrides: a list of persons, found once a statement, so that the printers need to know nothing. */
export class OverrideRules {
  private readonly model: Model
  private readonly problems: ProblemList
  private readonly follow: Follow
  private readonly known = new Map<string, Fact>()

  constructor(model: Model, problems: ProblemList, follow: Follow) {
    this.model = model
    this.problems = problems
    this.follow = follow
  }

  /** Whether the caller has an override open for the person whose data a row is. */
  rule(node: Node & { kind: "override" }, scopes: Scopes, negated: boolean, where: string): Rule {
    if (this.follow("row", [], scopes, where, () => always) === never) return never
    const entity = scopes.get("row")!
    if (!entity.subject)
      return this.refuse(node.name, where, `on ${entity.name}, whose rows are about nobody`)
    const register = findRegister(this.model, entity.subject.person, node.name)
    if (typeof register === "string") return this.refuse(node.name, where, register)
    // The last reference on the way names the person already.
    const way = entity.subject.path.map((field) => field.name)
    return this.follow("row", way.slice(0, -1), scopes, where, (scope, last) => {
      const field = way.length === 0 ? last.key[0]! : last.fieldByName.get(way.at(-1)!)!
      const left: RuleValue = { kind: "field", scope, field, of: field.kind }
      return { kind: "in-fact", negated, left, fact: this.fact(register, node.name) }
    })
  }

  /** The lists of persons, as far as rules ask for them. */
  facts(): readonly Fact[] {
    return [...this.known.values()]
  }

  private refuse(kind: string, where: string, why: string): Rule {
    const kinds = this.model.entities.flatMap((one) => [...(one.override?.kinds.keys() ?? [])])
    const all = [...new Set(kinds)].join(", ") || "none"
    this.problems.add("UC389", where, { kind: JSON.stringify(kind) ?? String(kind), why, kinds: all })
    return never
  }

  private fact(register: OverrideInfo, kind: string): Fact {
    const name = `opened ${register.entity.name} ${kind}`
    const known = this.known.get(name)
    if (known) return known
    const quoted = JSON.stringify(kind)
    const fact: Fact = {
      name,
      entity: register.entity,
      where: { kind: "all", terms: isOpen(register, kind) },
      field: register.person,
      says: {
        yes: `broke the glass (${quoted}) for its person, in an emergency, with a reason`,
        no: `did not break the glass (${quoted}) for its person`,
      },
    }
    this.known.set(name, fact)
    return fact
  }
}

/** Whether a row of the register is the caller's, in this session, and open; a machine's key is no session. */
function isOpen(register: OverrideInfo, kind: string): readonly Rule[] {
  const { who, twoFactor } = register.kinds.get(kind)!
  const plain = textKind("text", {})
  const field = (name: string): RuleValue => {
    const found = register.entity.fieldByName.get(name)!
    return { kind: "field", scope: "row", field: found, of: found.kind }
  }
  const claim = (name: string): RuleValue => ({ kind: "claim", name, of: plain })
  const is = (left: RuleValue, right: RuleValue, operator: "is" | "above" = "is"): Rule => ({
    kind: "compare",
    operator,
    left,
    right,
    of: left.of,
  })
  const isNull = (value: RuleValue): Rule => ({ kind: "null", negated: false, value })
  const constant = (name: string, value: string): Rule =>
    is(field(name), { kind: "constant", value, of: field(name).of })
  const opener = field("openedBy")
  const inSession = is(field("session"), claim("session"))
  const withoutSession: Rule = { kind: "all", terms: [isNull(field("session")), isNull(claim("session"))] }
  return [
    constant("kind", kind),
    constant("status", "open"),
    is(opener, { kind: "me-id", of: opener.of }),
    is(field("expiresAt"), { kind: "now", of: instantKind }, "above"),
    { kind: "any", terms: [inSession, withoutSession] },
    isNull(claim("key")),
    { kind: "any", terms: who.map((role): Rule => ({ kind: "role", negated: false, name: role })) },
    ...(twoFactor ? [is(assurance(), { kind: "constant", value: "two-factor", of: assurance().of })] : []),
  ]
}

/** As the base facts of every actor have it. */
function assurance(): RuleValue {
  const declared = readFacts(baseFacts)["assurance"] as { readonly field: { readonly kind: RuleValue["of"] } }
  return { kind: "claim", name: "assurance", of: declared.field.kind }
}

function findRegister(model: Model, person: EntityInfo, kind: string): OverrideInfo | string {
  const registers = model.entities.flatMap((one) =>
    one.override?.person.reference?.entity === person ? [one.override] : [],
  )
  if (registers.length === 0) return `on data of ${person.name}, which has no register of overrides`
  const found = registers.filter((one) => one.kinds.has(kind))
  if (found.length > 1) return "which more than one register has"
  return found[0] ?? "which is not declared"
}
