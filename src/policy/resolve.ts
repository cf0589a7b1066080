/** Resolves a rule as the author captured it against the model, reports what it names wrongly, and pushes negation to the leaves. */
import { readFacts } from "../model/actor.ts"
import { Lookup } from "../model/entity.ts"
import type { CompareOperator, Node, ScopeName } from "../model/expression.ts"
import { booleanKind } from "../model/fields/boolean.ts"
import { dateKind } from "../model/fields/date.ts"
import { checkDuration } from "../model/fields/duration.ts"
import { instantKind } from "../model/fields/instant.ts"
import { textKind } from "../model/fields/text.ts"
import type { EntityInfo, FieldInfo, Model, RelationInfo } from "../model/model.ts"
import type { ProblemList } from "../model/model-error.ts"
import { BadValue, type FieldKind } from "../model/value.ts"
import { ConsentRules, type Scopes } from "./consent-rule.ts"
import { OverrideRules } from "./override-rule.ts"
import { always, type Fact, never, type Rule, type RuleValue } from "./rule.ts"

const plainText: FieldKind = textKind("text", {})
const opposite: Readonly<Record<CompareOperator, CompareOperator>> = {
  is: "isNot",
  isNot: "is",
  above: "atMost",
  atMost: "above",
  atLeast: "below",
  below: "atLeast",
}

/** Resolves the rules of one model; facts are shared between rules and resolved once. */
export class Resolver {
  private readonly model: Model
  private readonly problems: ProblemList
  private readonly facts = new Map<object, Map<string, Fact | null>>()
  private readonly consents: ConsentRules
  private readonly overrides: OverrideRules
  private readonly factNames = new Set<string>()
  private readonly resolving: string[] = []
  private scopeCount = 0

  constructor(model: Model, problems: ProblemList) {
    this.model = model
    this.problems = problems
    this.consents = new ConsentRules(model, problems, (...way) => this.follow(...way))
    this.overrides = new OverrideRules(model, problems, (...way) => this.follow(...way))
  }

  /** The rule of a node over `row` (and `before`) of an entity; null denies. */
  rule(node: Node | null, entity: EntityInfo, where: string): Rule {
    if (node === null) return never
    return this.resolve(
      node,
      new Map([
        ["row", entity],
        ["before", entity],
      ]),
      false,
      where,
    )
  }

  /** A condition about the caller alone: there is no row. */
  callerRule(node: Node, where: string): Rule {
    return this.resolve(node, new Map(), false, where)
  }

  /** A value over a row, for generated fields and views. */
  value(node: Node, entity: EntityInfo, where: string, of: FieldKind | null): RuleValue | null {
    return this.plainValue(node, new Map([["row", entity]]), of, where)
  }

  /** Every fact that a resolved rule used. */
  allFacts(): readonly Fact[] {
    const declared = [...this.facts.values()].flatMap((map) => [...map.values()])
    return [...declared.filter((one) => one !== null), ...this.consents.facts(), ...this.overrides.facts()]
  }

  private resolve(node: Node, scopes: Scopes, negated: boolean, where: string): Rule {
    switch (node.kind) {
      case "and":
      case "or": {
        const all = (node.kind === "and") !== negated
        return {
          kind: all ? "all" : "any",
          terms: node.terms.map((term) => this.resolve(term, scopes, negated, where)),
        }
      }
      case "not":
        return this.resolve(node.term, scopes, !negated, where)
      case "signed-in":
        return { kind: "signed-in", negated }
      case "role":
        return { kind: "role", negated, name: node.name }
      case "compare":
        return this.compare(node, scopes, negated, where)
      case "text":
        return this.through([node.left, node.right], scopes, where, (values) => {
          const [left, right] = values
          if (!left!.of.operators.has("text")) this.refuseQuestion(where, node.operator, left!)
          return { kind: "text", operator: node.operator, negated, left: left!, right: right! }
        })
      case "in":
        return this.membership(node, scopes, negated, where)
      case "null":
        return this.through([node.of], scopes, where, ([value]) => ({ kind: "null", negated, value: value! }))
      case "some":
        return this.some(node, scopes, negated, where)
      case "visible":
        return this.visible(node, scopes, negated, where)
      case "consent":
        return this.consents.rule(node, scopes, negated, where)
      case "override":
        return this.overrides.rule(node, scopes, negated, where)
      case "field":
        // A boolean field stands for itself.
        return this.through([node], scopes, where, ([value]) => this.booleanLeaf(value!, negated, where))
      case "value":
        if (typeof node.value === "boolean") return node.value === negated ? never : always
    }
    this.problems.add("UC206", where, {
      what: "is not a condition",
      mend: "Write a comparison, such as row.x.is(…).",
    })
    return never
  }

  private booleanLeaf(value: RuleValue, negated: boolean, where: string): Rule {
    if (value.of.sqlType !== "boolean") return this.refuseQuestion(where, "being true", value)
    return {
      kind: "compare",
      operator: "is",
      left: value,
      right: { kind: "constant", value: !negated, of: booleanKind },
      of: booleanKind,
    }
  }

  private compare(node: Node & { kind: "compare" }, scopes: Scopes, negated: boolean, where: string): Rule {
    const operator = negated ? opposite[node.operator] : node.operator
    return this.through([node.left, node.right], scopes, where, ([left, right]) => {
      const of = left!.kind === "constant" || left!.kind === "me-id" ? right!.of : left!.of
      // Kinds without an order (lists, ranges, JSON) have more than one way to write a value.
      if (!of.operators.has("order")) return this.refuseQuestion(where, node.operator, left!)
      return {
        kind: "compare",
        operator,
        left: this.retype(left!, of, where),
        right: this.retype(right!, of, where),
        of,
      }
    })
  }

  private membership(node: Node & { kind: "in" }, scopes: Scopes, negated: boolean, where: string): Rule {
    const list = node.right
    return this.through([node.left], scopes, where, ([left]): Rule => {
      if (Array.isArray(list)) {
        const of = left!.of
        if (!of.operators.has("order")) return this.refuseQuestion(where, "in", left!)
        const values = list.map((value) => this.checkConstant(value, of, where, left!))
        return values.length === 0 && !negated
          ? never
          : { kind: "in-values", negated, left: left!, values, of }
      }
      const fact = this.fact(list as Node, where)
      if (!fact) return never
      const of = fact.field.kind
      if (!of.operators.has("order")) return this.refuseQuestion(where, "in", { ...left!, of })
      // Beside one moment a day is its midnight in UTC; in a list it would be that of the session's time zone.
      if (isMoment(of) && isMoment(left!.of) && of.sqlType !== left!.of.sqlType) {
        this.problems.add("UC206", where, {
          what: `looks for ${left!.of.name} among ${of.name}s`,
          mend: "Look for values of one kind.",
        })
        return never
      }
      return { kind: "in-fact", negated, left: this.retype(left!, of, where), fact }
    })
  }

  private some(node: Node & { kind: "some" }, scopes: Scopes, negated: boolean, where: string): Rule {
    const before = node.path.slice(0, -1)
    if (negated && before.length > 0) {
      this.problems.add("UC206", where, {
        what: "asks none() at the end of a longer path",
        mend: "Ask it on the entity itself, through visible().",
      })
    }
    return this.follow(node.scope, before, scopes, where, (scope, entity, inside) => {
      const relation = entity.relations.get(node.path.at(-1) ?? "")
      if (!relation?.many) return this.unknownName(where, entity, node.path.join("."))
      const rule = this.resolve(node.where, new Map([...inside, [node.inner, relation.to]]), false, where)
      return { kind: "some", negated, scope, relation, inner: node.inner, where: rule }
    })
  }

  private visible(node: Node & { kind: "visible" }, scopes: Scopes, negated: boolean, where: string): Rule {
    return this.follow(node.scope, node.path.slice(0, -1), scopes, where, (scope, entity) => {
      const relation = entity.relations.get(node.path.at(-1) ?? "")
      if (!relation || relation.many) return this.unknownName(where, entity, node.path.join("."))
      const name = `${relation.to.name}.read`
      if (this.resolving.includes(name) || where === name) {
        this.problems.add("UC204", where, { cycle: [where, ...this.resolving, name].join(" → ") })
        return never
      }
      this.resolving.push(name)
      const inner = `visible${++this.scopeCount}`
      const rule = this.rule(relation.to.access.read, relation.to, where)
      this.resolving.pop()
      return {
        kind: "related",
        negated,
        visible: true,
        scope,
        relation,
        inner,
        where: renameScope(rule, "row", inner),
      }
    })
  }

  /** Resolves values whose paths may go through relations: each step becomes a `related` around the leaf. */
  private through(
    nodes: readonly Node[],
    scopes: Scopes,
    where: string,
    leaf: (values: readonly RuleValue[]) => Rule,
  ): Rule {
    const values: RuleValue[] = []
    const step = (at: number, inside: Scopes): Rule => {
      const node = nodes[at]
      if (node === undefined) return leaf(values)
      if (node.kind !== "field") {
        const value = this.plainValue(node, inside, null, where)
        if (!value) return never
        values.push(value)
        return step(at + 1, inside)
      }
      const side = this.rangeSide(node, inside)
      const path = side ? node.path.slice(0, -1) : node.path
      return this.follow(node.scope, path.slice(0, -1), inside, where, (scope, entity, further) => {
        const field = entity.fieldByName.get(path.at(-1) ?? "")
        if (field && side) {
          values.push({ kind: "bound", scope, field, side, of: field.kind.element! })
          return step(at + 1, further)
        }
        if (!field) return this.unknownName(where, entity, node.path.join("."))
        this.refuseEncrypted(field, where)
        values.push({ kind: "field", scope, field, of: field.kind })
        return step(at + 1, further)
      })
    }
    return step(0, scopes)
  }

  /** `row.during.from`: the last step is a side of a range. */
  private rangeSide(node: Node & { kind: "field" }, scopes: Scopes): "from" | "to" | null {
    const side = node.path.at(-1)
    if (node.path.length < 2 || (side !== "from" && side !== "to")) return null
    let entity = scopes.get(node.scope)
    for (const step of node.path.slice(0, -2)) entity = entity?.relations.get(step)?.to
    return entity?.fieldByName.get(node.path.at(-2)!)?.kind.operators.has("range") ? side : null
  }

  private follow(
    scope: ScopeName,
    path: readonly string[],
    scopes: Scopes,
    where: string,
    then: (scope: ScopeName, entity: EntityInfo, scopes: Scopes) => Rule,
  ): Rule {
    const entity = scopes.get(scope)
    if (!entity) return this.unknownName(where, [...scopes.values()][0], [scope, ...path].join("."))
    const [first, ...rest] = path
    if (first === undefined) return then(scope, entity, scopes)
    const relation = entity.relations.get(first)
    if (!relation || relation.many) return this.unknownName(where, entity, path.join("."))
    const inner = `at${++this.scopeCount}`
    const rule = this.follow(inner, rest, new Map([...scopes, [inner, relation.to]]), where, then)
    return {
      kind: "related",
      negated: false,
      visible: false,
      scope,
      relation: relation as RelationInfo,
      inner,
      where: rule,
    }
  }

  private plainValue(node: Node, scopes: Scopes, of: FieldKind | null, where: string): RuleValue | null {
    switch (node.kind) {
      case "value":
        return { kind: "constant", value: node.value, of: of ?? plainText }
      case "me-id":
        return { kind: "me-id", of: of ?? plainText }
      case "now":
        return { kind: "now", of: instantKind }
      case "today":
        return { kind: "today", of: dateKind }
      case "shift": {
        const value = this.plainValue(node.of, scopes, of, where)
        try {
          checkDuration(node.by)
        } catch {
          this.problems.add("UC203", where, {
            path: "a moment",
            value: JSON.stringify(node.by),
            why: "must be an ISO 8601 duration such as P7D",
          })
        }
        return value && { kind: "shift", value, by: node.by, back: node.back, of: instantKind }
      }
      case "call": {
        const values = node.of.map((one) => this.plainValue(one, scopes, null, where))
        if (values.some((one) => one === null)) return null
        const known = values.find((one) => one!.kind !== "constant")
        const kind =
          node.name === "add" || node.name === "subtract" || node.name === "multiply"
            ? (known?.of ?? plainText)
            : plainText
        return {
          kind: "call",
          name: node.name,
          values: values.map((one) => this.retype(one!, kind, where)),
          of: of ?? kind,
        }
      }
      case "field": {
        const entity = scopes.get(node.scope)
        const side = this.rangeSide(node, scopes)
        const ranged = side && node.path.length === 2 ? entity?.fieldByName.get(node.path[0]!) : undefined
        if (side && ranged)
          return { kind: "bound", scope: node.scope, field: ranged, side, of: ranged.kind.element! }
        const field = node.path.length === 1 ? entity?.fieldByName.get(node.path[0]!) : undefined
        if (entity && field) {
          this.refuseEncrypted(field, where)
          return { kind: "field", scope: node.scope, field, of: field.kind }
        }
        this.unknownName(where, entity ?? [...scopes.values()][0], node.path.join("."))
        return null
      }
      case "fact":
        return this.claim(node, where)
      default:
        this.problems.add("UC206", where, {
          what: "uses a condition where a value must stand",
          mend: "Compare two values.",
        })
        return null
    }
  }

  private claim(node: Node & { kind: "fact" }, where: string): RuleValue | null {
    const found = readFacts(node.actor)[node.name]
    if (found === undefined || found instanceof Lookup) {
      this.problems.add("UC205", where, { fact: node.name })
      return null
    }
    return { kind: "claim", name: node.name, of: found.field.kind }
  }

  private fact(node: Node, where: string): Fact | null {
    const found = node.kind === "fact" ? readFacts(node.actor)[node.name] : undefined
    if (node.kind !== "fact" || !(found instanceof Lookup)) {
      this.problems.add("UC205", where, {
        fact: node.kind === "fact" ? node.name : "(a value that is no list)",
      })
      return null
    }
    const ofActor = this.facts.get(node.actor) ?? new Map<string, Fact | null>()
    this.facts.set(node.actor, ofActor)
    const known = ofActor.get(node.name)
    if (known !== undefined) return known
    const place = `me.${node.name}`
    if (this.resolving.includes(place)) {
      this.problems.add("UC204", where, { cycle: [...this.resolving, place].join(" → ") })
      return null
    }
    if (this.factNames.has(node.name)) this.problems.add("UC103", place)
    this.resolving.push(place)
    const entity = this.model.byName.get(found.entity?.name)
    const field = entity?.fieldByName.get(found.field)
    const fact =
      entity && field
        ? { name: node.name, entity, field, where: this.rule(found.condition(), entity, place) }
        : null
    if (field) this.refuseEncrypted(field, place)
    if (!fact) this.problems.add("UC102", place, { target: `${found.entity?.name}.${found.field}` })
    this.resolving.pop()
    ofActor.set(node.name, fact)
    this.factNames.add(node.name)
    return fact
  }

  /** A constant, or the caller's identifier, takes the kind of the value that it stands beside. */
  private retype(value: RuleValue, of: FieldKind, where: string): RuleValue {
    if (value.kind === "me-id") return { ...value, of }
    if (value.kind !== "constant") {
      if (
        value.of.sqlType !== of.sqlType &&
        !(isMoment(value.of) && isMoment(of)) &&
        !(isNumber(value.of) && isNumber(of))
      ) {
        this.problems.add("UC206", where, {
          what: `compares ${of.name} with ${value.of.name}`,
          mend: "Compare values of one kind.",
        })
      }
      return value
    }
    return { ...value, value: this.checkConstant(value.value, of, where, value), of }
  }

  /** The constant as the kind writes it. */
  private checkConstant(value: unknown, of: FieldKind, where: string, beside: RuleValue): unknown {
    try {
      if (value === null) throw new BadValue("is null; ask isNull() instead")
      return of.parse(value)
    } catch (cause) {
      const why = cause instanceof BadValue ? cause.message : "is refused"
      this.problems.add("UC203", where, {
        path: nameOf(beside),
        value: JSON.stringify(value) ?? "undefined",
        why,
      })
      return null
    }
  }

  private refuseEncrypted(field: FieldInfo, where: string): void {
    if (field.encrypted) this.problems.add("UC147", where, { path: `${field.entity.name}.${field.name}` })
  }

  private refuseQuestion(where: string, question: string, value: RuleValue): Rule {
    this.problems.add("UC202", where, { question, path: nameOf(value), kind: value.of.name })
    return never
  }

  private unknownName(where: string, entity: EntityInfo | undefined, path: string): Rule {
    if (!entity) {
      const mend = "Ask for the caller's roles and facts; what hangs on a row is asked in run."
      this.problems.add("UC206", where, { what: `names ${path}, and there is no row here`, mend })
      return never
    }
    const fields = [...entity.fieldByName.keys(), ...entity.relations.keys()].slice(0, 30).join(", ")
    this.problems.add("UC201", where, { path, entity: entity.name, fields })
    return never
  }
}

function nameOf(value: RuleValue): string {
  return value.kind === "field" || value.kind === "bound"
    ? `${value.field.entity.name}.${value.field.name}`
    : value.kind === "claim"
      ? `me.${value.name}`
      : "a value"
}

function isMoment(kind: FieldKind): boolean {
  return kind.sqlType === "timestamptz" || kind.sqlType === "date"
}

function isNumber(kind: FieldKind): boolean {
  return kind.sqlType === "integer" || kind.sqlType === "bigint" || kind.sqlType.startsWith("numeric")
}

/** The same rule over a row of another name. */
function renameScope(rule: Rule, from: ScopeName, to: ScopeName): Rule {
  const value = (one: RuleValue): RuleValue =>
    one.kind === "field" || one.kind === "bound"
      ? { ...one, scope: one.scope === from ? to : one.scope }
      : one.kind === "shift"
        ? { ...one, value: value(one.value) }
        : one.kind === "call"
          ? { ...one, values: one.values.map(value) }
          : one
  switch (rule.kind) {
    case "all":
    case "any":
      return { ...rule, terms: rule.terms.map((term) => renameScope(term, from, to)) }
    case "compare":
    case "text":
      return { ...rule, left: value(rule.left), right: value(rule.right) }
    case "in-values":
    case "in-fact":
      return { ...rule, left: value(rule.left) }
    case "null":
      return { ...rule, value: value(rule.value) }
    case "related":
    case "some":
    case "consent":
      return {
        ...rule,
        scope: rule.scope === from ? to : rule.scope,
        where: renameScope(rule.where, from, to),
      }
    default:
      return rule
  }
}
