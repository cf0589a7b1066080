/** Makes a model whole again after something was taken out of it: what names the missing part goes too. */
import type {
  AccessDescription,
  EntityDescription,
  FactDescription,
  FieldDescription,
  ModelDescription,
  RuleDescription,
  ValueDescription,
} from "./description.ts"
import { type EntityShape, type ModelShape, shapeOf } from "./shape.ts"
import { consentsOf, overridesOf, subjectOf } from "./subjects.ts"

const never: RuleDescription = { any: [] }

/** Rules that ask about something missing become rules that let no one in. */
export function cleanModel(model: ModelDescription): ModelDescription {
  const entities = withoutStrays(withPersons(model.entities))
  const shapes = shapeOf({ facts: [], entities, views: [] })
  const facts = cleanFacts(model.facts, shapes)
  const cleaner = new Cleaner(shapes, facts)
  return {
    facts,
    entities: entities.map((entity) => cleaner.entity(entity)),
    views: model.views
      .filter((view) => {
        const source = shapes.get(view.from)
        return source !== undefined && view.fields.every(({ path }) => cleaner.reaches(source, path))
      })
      .map((view) => (view.where ? { ...view, where: cleaner.rule(view.where, { row: view.from }) } : view)),
  }
}

/** Without registers of persons who are missing, and without subjects that lead to nobody. */
function withPersons(entities: readonly EntityDescription[]): readonly EntityDescription[] {
  const leads = (one: EntityDescription, depth = 0): boolean => {
    if (one.subject === undefined || depth > entities.length) return false
    if (one.subject === (one.key?.[0] ?? "id")) return true
    const kind = one.fields.find((field) => field.name === one.subject)?.kind
    const target = kind?.type === "ref" ? entities.find((other) => other.name === kind.target) : undefined
    return target !== undefined && leads(target, depth + 1)
  }
  return entities
    .filter((one) => !one.register || leads(one))
    .map((one) => {
      const { subject, ...rest } = one
      if (subject === undefined || leads(one)) return one
      return { ...rest, fields: one.fields.map(withoutEncryption) }
    })
}

function withoutEncryption(field: FieldDescription): FieldDescription {
  const { encrypted: _, findable: __, ...plain } = field
  return plain
}

/** Without references, ways back and uniques that lead to what is missing. */
function withoutStrays(entities: readonly EntityDescription[]): readonly EntityDescription[] {
  const names = new Set(entities.map((one) => one.name))
  const kept = entities.map((one) => ({
    ...one,
    fields: one.fields.filter(({ kind }) => kind.type !== "ref" || names.has(kind.target)),
  }))
  const fields = new Map(kept.map((one) => [one.name, new Set(one.fields.map((field) => field.name))]))
  return kept.map((one) => ({
    ...one,
    many: one.many.filter(({ target, via }) => fields.get(target)?.has(via)),
    unique: one.unique.filter((unique) => unique.every((name) => fields.get(one.name)?.has(name))),
  }))
}

function cleanFacts(facts: readonly FactDescription[], shapes: ModelShape): readonly FactDescription[] {
  const kept: FactDescription[] = []
  for (const fact of facts) {
    if (!("entity" in fact)) kept.push(fact)
    else if (shapes.get(fact.entity)?.fields.some((field) => field.name === fact.pick)) {
      kept.push({ ...fact, where: new Cleaner(shapes, kept).rule(fact.where, { row: fact.entity }) })
    }
  }
  return kept
}

/** The entity of each row that a rule may name. */
type Scopes = Readonly<Record<string, string>>

class Cleaner {
  private readonly shapes: ModelShape
  private readonly facts: ReadonlySet<string>

  constructor(shapes: ModelShape, facts: readonly FactDescription[]) {
    this.shapes = shapes
    this.facts = new Set(facts.map((fact) => fact.name))
  }

  entity(entity: EntityDescription): EntityDescription {
    const scopes = { row: entity.name, before: entity.name }
    const each = (rules: Readonly<Record<string, RuleDescription | undefined>>): AccessDescription =>
      Object.fromEntries(
        Object.entries(rules).flatMap(([name, rule]) => (rule ? [[name, this.rule(rule, scopes)]] : [])),
      )
    const { updateParts, ...plain } = entity.access
    return {
      ...entity,
      access: {
        ...each(plain),
        ...(updateParts
          ? { updateParts: each(updateParts) as NonNullable<AccessDescription["updateParts"]> }
          : {}),
      },
      fields: entity.fields.map(({ visibleTo, writableBy, ...field }) => ({
        ...field,
        ...(visibleTo ? { visibleTo: this.rule(visibleTo, scopes) } : {}),
        ...(writableBy ? { writableBy: this.rule(writableBy, scopes) } : {}),
      })),
    }
  }

  rule(rule: RuleDescription, scopes: Scopes): RuleDescription {
    if ("all" in rule) return { all: rule.all.map((one) => this.rule(one, scopes)) }
    if ("any" in rule) return { any: rule.any.map((one) => this.rule(one, scopes)) }
    if ("not" in rule) return { not: this.rule(rule.not, scopes) }
    if ("some" in rule || "none" in rule) {
      const path = "some" in rule ? rule.some : rule.none
      const from = this.follow(path.slice(0, -1), scopes)
      const relation = from?.relations.find((one) => one.many && one.name === path.at(-1))
      if (!relation) return never
      return rule.where === null
        ? rule
        : { ...rule, where: this.rule(rule.where, { ...scopes, [rule.as]: relation.to }) }
    }
    return this.isWhole(rule, scopes) ? rule : never
  }

  reaches(from: EntityShape, path: readonly string[]): boolean {
    const end = this.follow(["row", ...path.slice(0, -1)], { row: from.name })
    return end?.fields.some((field) => field.name === path.at(-1)) ?? false
  }

  private isWhole(rule: RuleDescription, scopes: Scopes): boolean {
    const known = (value: ValueDescription): boolean => this.isKnown(value, scopes)
    if ("compare" in rule || "text" in rule) return known(rule.left) && known(rule.right)
    if ("in" in rule) return known(rule.in) && (!("fact" in rule) || this.facts.has(rule.fact))
    if ("isNull" in rule) return known(rule.isNull)
    if ("isPresent" in rule) return known(rule.isPresent)
    if ("flag" in rule) return known({ path: rule.flag })
    if ("visible" in rule) return this.follow(rule.visible, scopes) !== null
    if ("consents" in rule) {
      const end = this.follow(rule.consents, scopes)
      const person = end && subjectOf(this.shapes, end.name)?.person
      return Boolean(person && consentsOf(this.shapes, person)?.purposes[rule.purpose])
    }
    if ("meConsents" in rule)
      return [...this.shapes.values()].some(({ name }) => consentsOf(this.shapes, name))
    if ("overrides" in rule) {
      const person = subjectOf(this.shapes, scopes["row"] ?? "")?.person
      return Boolean(person && overridesOf(this.shapes, person)?.kinds[rule.overrides])
    }
    return true
  }

  private isKnown(value: ValueDescription, scopes: Scopes): boolean {
    if ("path" in value) {
      const end = this.follow(value.path.slice(0, -1), scopes)
      return end?.fields.some((field) => field.name === value.path.at(-1)) ?? false
    }
    if ("claim" in value) return this.facts.has(value.claim)
    if ("shift" in value) return this.isKnown(value.shift, scopes)
    return !("call" in value) || value.of.every((one) => this.isKnown(one, scopes))
  }

  private follow(path: readonly string[], scopes: Scopes): EntityShape | null {
    let at = this.shapes.get(scopes[path[0] as string] ?? "") ?? null
    for (const step of path.slice(1)) {
      const target: string | null = at?.fields.find((field) => field.name === step)?.target ?? null
      at = target === null ? null : (this.shapes.get(target) ?? null)
    }
    return at
  }
}
