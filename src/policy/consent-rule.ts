/** What consent means in rules: an entry of the register that is open, and of a version that still counts. */
import type { Node, ScopeName } from "../model/expression.ts"
import type { ConsentInfo, EntityInfo, FieldInfo, Model } from "../model/model.ts"
import type { ProblemList } from "../model/model-error.ts"
import { always, type Fact, never, type Rule, type RuleValue } from "./rule.ts"

/** The rows that a rule may name. */
export type Scopes = ReadonlyMap<ScopeName, EntityInfo>

/** Goes along references, and asks at their end. */
export type Follow = (
  scope: ScopeName,
  path: readonly string[],
  scopes: Scopes,
  where: string,
  then: (scope: ScopeName, entity: EntityInfo) => Rule,
) => Rule

/** Resolves what rules ask of consent. */
export class ConsentRules {
  private readonly model: Model
  private readonly problems: ProblemList
  private readonly follow: Follow
  private readonly known = new Map<string, Fact>()
  private count = 0

  constructor(model: Model, problems: ProblemList, follow: Follow) {
    this.model = model
    this.problems = problems
    this.follow = follow
  }

  /** Whether a row's person, or the caller as one, consents. */
  rule(node: Node & { kind: "consent" }, scopes: Scopes, negated: boolean, where: string): Rule {
    const { scope, path, purpose } = node
    const found = scope === null ? this.ofCaller(purpose, negated, where) : null
    if (scope === null) return typeof found === "string" ? this.refuse(purpose, where, found) : found!
    if (this.follow(scope, path, scopes, where, () => always) === never) return never
    let entity = scopes.get(scope)!
    for (const step of path) entity = entity.relations.get(step)!.to
    if (!entity.subject) return this.refuse(purpose, where, `of ${entity.name}, whose rows are about nobody`)
    const register = findRegister(this.model, entity.subject.person, purpose)
    if (typeof register === "string") return this.refuse(purpose, where, register)
    // The last reference on the way names the person already.
    const way = [...path, ...entity.subject.path.map((field) => field.name)]
    return this.follow(scope, way.slice(0, -1), scopes, where, (at, last) => {
      const inner = `consent${++this.count}`
      const field = way.length === 0 ? last.key[0]! : last.fieldByName.get(way.at(-1)!)!
      const holding = consentHolds(register, purpose, inner)
      return { kind: "consent", negated, scope: at, field, register, purpose, inner, where: holding }
    })
  }

  /** The accounts of those who consent, as far as rules ask for them. */
  facts(): readonly Fact[] {
    return [...this.known.values()]
  }

  private refuse(purpose: string, where: string, why: string): Rule {
    const quoted = JSON.stringify(purpose) ?? String(purpose)
    this.problems.add("UC151", where, { purpose: quoted, why, purposes: purposesText(this.model) })
    return never
  }

  /** Whether the caller is among the accounts of those who consent; or why it can't be asked. */
  private ofCaller(purpose: string, negated: boolean, where: string): Rule | string {
    const [register, second] = this.model.entities.flatMap((one) =>
      one.consent?.purposes.has(purpose) ? [one.consent] : [],
    )
    if (second) return "of the caller, in more than one register: ask it of a row"
    if (!register) return "which no register has"
    const person = register.person.reference!.entity
    const account = person.subject?.account
    if (!account) return `of the caller, and no ${person.name} has an account`
    if (!register.purposes.get(purpose)!.isByConsent)
      return findRegister(this.model, person, purpose) as string
    const fact = this.known.get(purpose) ?? this.newFact(purpose, person, account, where)
    this.known.set(purpose, fact)
    return { kind: "in-fact", negated, left: { kind: "me-id", of: account.kind }, fact }
  }

  private newFact(purpose: string, person: EntityInfo, account: FieldInfo, where: string): Fact {
    const of = account.kind
    const left: RuleValue = { kind: "field", scope: "row", field: account, of }
    const own: Rule = { kind: "compare", operator: "is", left, right: { kind: "me-id", of }, of }
    const asked = { kind: "consent", scope: "row", path: [], purpose } as const
    const terms = [own, this.rule(asked, new Map([["row", person]]), false, where)]
    const name = `consents to ${purpose}`
    return {
      name,
      entity: person,
      where: { kind: "all", terms },
      field: account,
      says: {
        yes: `consents to ${JSON.stringify(purpose)}`,
        no: `does not consent to ${JSON.stringify(purpose)}`,
      },
    }
  }
}

/** Whether an entry stands for a consent that holds now. */
function consentHolds(register: ConsentInfo, purpose: string, scope: ScopeName): Rule {
  const { since, version } = register.purposes.get(purpose)!
  const value = (name: string): RuleValue => {
    const field = register.entity.fieldByName.get(name)!
    return { kind: "field", scope, field, of: field.kind }
  }
  const compare = (name: string, operator: "is" | "atLeast" | "atMost", constant: unknown): Rule => {
    const left = value(name)
    return {
      kind: "compare",
      operator,
      left,
      right: { kind: "constant", value: constant, of: left.of },
      of: left.of,
    }
  }
  return {
    kind: "all",
    terms: [
      compare("purpose", "is", purpose),
      compare("status", "is", "granted"),
      compare("version", "atLeast", since),
      compare("version", "atMost", version),
    ],
  }
}

/** The register of a person's consents to a purpose, or why there is none. */
function findRegister(model: Model, person: EntityInfo, purpose: string): ConsentInfo | string {
  const registers = model.entities.flatMap((one) =>
    one.consent?.person.reference?.entity === person ? [one.consent] : [],
  )
  if (registers.length === 0) return `of ${person.name}, which has no register of consents`
  const register = registers.find((one) => one.purposes.has(purpose))
  const found = register?.purposes.get(purpose)
  if (!register || !found) return "which is not declared"
  return found.isByConsent ? register : `which rests on ${found.basis} and not on consent`
}

/** The purposes that a rule may ask for, for an error's hint. */
function purposesText(model: Model): string {
  const names = model.entities.flatMap((one) =>
    [...(one.consent?.purposes.values() ?? [])]
      .filter((purpose) => purpose.isByConsent)
      .map(({ name }) => name),
  )
  return [...new Set(names)].join(", ") || "none"
}
