/** Smaller models: rules replaced by all, by none or by a part of themselves, and fields taken out. */
import type {
  AccessDescription,
  EntityDescription,
  FieldDescription,
  ModelDescription,
  RuleDescription,
} from "./description.ts"

const all: RuleDescription = { all: [] }
const none: RuleDescription = { any: [] }

/** Every model that differs in one rule. */
export function* smallerRules(model: ModelDescription): Iterable<ModelDescription> {
  for (const [at, entity] of model.entities.entries()) {
    for (const smaller of smallerEntities(entity))
      yield { ...model, entities: model.entities.with(at, smaller) }
  }
  for (const [at, fact] of model.facts.entries()) {
    if ("where" in fact)
      for (const where of smaller(fact.where))
        yield { ...model, facts: model.facts.with(at, { ...fact, where }) }
  }
  for (const [at, view] of model.views.entries()) {
    const { where, ...plain } = view
    if (where === undefined) continue
    yield { ...model, views: model.views.with(at, plain) }
    for (const less of smaller(where))
      yield { ...model, views: model.views.with(at, { ...view, where: less }) }
  }
}

function* smallerEntities(entity: EntityDescription): Iterable<EntityDescription> {
  for (const access of smallerAccess(entity.access)) yield { ...entity, access }
  // The library says what fields a register has.
  for (const [at, field] of (entity.register ? [] : entity.fields).entries()) {
    for (const less of smallerFields(field)) yield { ...entity, fields: entity.fields.with(at, less) }
  }
  if (entity.unique.length > 0) yield { ...entity, unique: [] }
  if (entity.many.length > 0)
    for (const many of entity.many) yield { ...entity, many: entity.many.filter((one) => one !== many) }
}

function* smallerAccess(access: AccessDescription): Iterable<AccessDescription> {
  for (const name of ["create", "update", "delete", "read"] as const) {
    const rule = access[name]
    if (rule === undefined) continue
    const { [name]: _, ...rest } = access
    yield rest
    for (const less of smaller(rule)) yield { ...access, [name]: less }
  }
  const { updateParts, ...plain } = access
  if (updateParts === undefined) return
  yield plain
  for (const name of ["from", "to", "step"] as const) {
    const rule = updateParts[name]
    if (rule === undefined) continue
    for (const less of smaller(rule)) yield { ...access, updateParts: { ...updateParts, [name]: less } }
  }
}

function* smallerFields(field: FieldDescription): Iterable<FieldDescription> {
  for (const name of ["visibleTo", "writableBy"] as const) {
    const rule = field[name]
    if (rule === undefined) continue
    const { [name]: _, ...rest } = field
    yield rest
    for (const less of smaller(rule)) yield { ...field, [name]: less }
  }
  for (const name of ["unique", "immutable", "default", "onDelete", "encrypted", "findable"] as const) {
    if (field[name] === undefined) continue
    const { [name]: _, ...rest } = field
    yield rest
  }
}

/** A rule's smaller kin: everyone, no one, its parts, and itself with a smaller part. */
function* smaller(rule: RuleDescription): Iterable<RuleDescription> {
  const text = JSON.stringify(rule)
  if (text !== JSON.stringify(all) && text !== JSON.stringify(none)) {
    yield all
    yield none
  }
  if ("all" in rule || "any" in rule) {
    const terms = "all" in rule ? rule.all : rule.any
    const make = (next: readonly RuleDescription[]): RuleDescription =>
      "all" in rule ? { all: next } : { any: next }
    for (const term of terms) yield term
    if (terms.length > 1) for (const term of terms) yield make(terms.filter((one) => one !== term))
    for (const [at, term] of terms.entries())
      for (const less of smaller(term)) yield make(terms.with(at, less))
  } else if ("not" in rule) {
    yield rule.not
    for (const less of smaller(rule.not)) yield { not: less }
  } else if (("some" in rule || "none" in rule) && rule.where !== null) {
    yield { ...rule, where: null }
    for (const less of smaller(rule.where)) yield { ...rule, where: less }
  }
}

/** The model without a field; `cleanModel` takes out what names it. */
export function withoutField(model: ModelDescription, name: string, field: string): ModelDescription {
  const entities = model.entities.map((one) =>
    one.name === name && !one.register
      ? { ...one, fields: one.fields.filter((other) => other.name !== field) }
      : one,
  )
  return { ...model, entities }
}
