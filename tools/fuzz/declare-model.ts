/** Declares a described model through the public API, as a team would write it, and builds it. */

import type { AnyAction } from "../../src/actions/action.ts"
import { checkActions } from "../../src/actions/check-actions.ts"
import {
  type AnyEntity,
  actor,
  allOf,
  anyOf,
  bigint,
  boolean,
  choice,
  claim,
  concat,
  consentEntity,
  date,
  decimal,
  entity,
  instant,
  integer,
  json,
  list,
  lower,
  many,
  not,
  now,
  overrideEntity,
  range,
  ref,
  signedIn,
  text,
  time,
  today,
  upper,
  uuid,
  view,
} from "../../src/index.ts"
import { buildModel } from "../../src/model/build.ts"
import type { Model } from "../../src/model/model.ts"
import { ProblemList } from "../../src/model/model-error.ts"
import { buildPolicies, type Policies } from "../../src/policy/policies.ts"
import { declareActions } from "./action-door.ts"
import type {
  AccessDescription,
  EntityDescription,
  FieldDescription,
  KindDescription,
  ModelDescription,
  PathDescription,
  RegisterDescription,
  RuleDescription,
  ValueDescription,
  ViewDescription,
} from "./description.ts"

// Descriptions are data, so names are strings and the API's types can't follow them.
type Loose = any
type Scope = Readonly<Record<string, Loose>>

export interface DeclaredModel {
  readonly description: ModelDescription
  readonly entities: readonly AnyEntity[]
  readonly model: Model
  readonly policies: Policies
  readonly actions: Readonly<Record<string, AnyAction>>
}

/** Throws `ModelError` where the description is no model. */
export function declareModel(description: ModelDescription): DeclaredModel {
  const entities = declareEntities(description)
  const problems = new ProblemList()
  const model = buildModel(entities, problems)
  const actions = declareActions(entities)
  const policies = buildPolicies(model, problems, checkActions(actions, model, problems))
  return { description, entities, model, policies, actions }
}

function declareEntities(description: ModelDescription): readonly AnyEntity[] {
  const declared = new Map<string, Loose>()
  const facts = Object.defineProperties(
    {},
    Object.fromEntries(
      description.facts.map((fact) => [
        fact.name,
        {
          enumerable: true,
          get: () =>
            "claim" in fact
              ? claim(declareKind(fact.claim, declared))
              : declared
                  .get(fact.entity)
                  .where(({ row }: Scope) => readRule(fact.where, { row }))
                  .pick(fact.pick),
        },
      ]),
    ),
  )
  const me: Loose = actor(facts)
  const readRule = (rule: RuleDescription, scope: Scope): Loose => declareRule(rule, { ...scope, "~me": me })
  for (const one of description.entities) declared.set(one.name, declareEntity(one, declared, readRule))
  for (const one of description.views) declared.set(one.name, declareView(one, declared, readRule))
  return [...declared.values()]
}

type RuleReader = (rule: RuleDescription, scope: Scope) => Loose

function declareEntity(
  said: EntityDescription,
  declared: ReadonlyMap<string, Loose>,
  rule: RuleReader,
): Loose {
  const fields = Object.defineProperties(
    {},
    Object.fromEntries([
      ...said.fields.map((field) => [
        field.name,
        { enumerable: true, get: () => declareField(field, declared, rule) },
      ]),
      ...said.many.map(({ name, target, via }) => [
        name,
        { enumerable: true, get: () => many(declared.get(target), via) },
      ]),
    ]),
  )
  const { collection, key, tracked, unique, reveals, recorded, subject } = said
  const options: Loose = {
    fields,
    unique,
    reveals,
    ...(recorded ? { audit: { reads: true } } : {}),
    ...(collection === undefined ? {} : { collection }),
    ...(key === undefined ? {} : { key }),
    ...(tracked ? {} : { tracked: false }),
    ...(subject === undefined ? {} : { subject }),
  }
  const made: Loose = said.register
    ? declareRegister(said.name, said.register, declared)
    : entity(said.name, options)
  made.access(({ row, before }: Scope) => declareAccess(said.access, (one) => rule(one, { row, before })))
  return made
}

/** With the fields that the library gives it, which the description repeats. */
function declareRegister(
  name: string,
  said: RegisterDescription,
  declared: ReadonlyMap<string, Loose>,
): Loose {
  const person = declared.get(said.person)
  if ("purposes" in said) {
    const purposes = Object.entries(said.purposes).map(([purpose, one]) => [
      purpose,
      { ...one, text: `May we, for ${purpose}?`, basis: "consent", withdrawal: "We stop." },
    ])
    return consentEntity(person, Object.fromEntries(purposes) as Loose, { name })
  }
  const kinds = Object.entries(said.kinds).map(([kind, one]) => [kind, { ...one, minutes: 60 }])
  return overrideEntity(person, Object.fromEntries(kinds) as Loose, { name })
}

function declareAccess(said: AccessDescription, rule: (one: RuleDescription) => Loose): Loose {
  const { updateParts, ...plain } = said
  const each = (rules: Readonly<Record<string, RuleDescription | undefined>>): Loose =>
    Object.fromEntries(
      Object.entries(rules).flatMap(([name, one]) => (one === undefined ? [] : [[name, rule(one)]])),
    )
  return { ...each(plain), ...(updateParts ? { update: each(updateParts) } : {}) }
}

function declareView(said: ViewDescription, declared: ReadonlyMap<string, Loose>, rule: RuleReader): Loose {
  const { where } = said
  const fields = Object.fromEntries(
    said.fields.map(({ name, path }) => [
      name,
      path.length === 1 ? path[0] : (row: Loose) => readPath(["row", ...path], { row }),
    ]),
  )
  return view(said.name as Loose, declared.get(said.from), {
    key: said.key,
    fields: fields as Loose,
    ...(where === undefined ? {} : { where: ({ row }: Loose) => rule(where, { row }) }),
  })
}

function declareField(said: FieldDescription, declared: ReadonlyMap<string, Loose>, rule: RuleReader): Loose {
  let field: Loose = declareKind(said.kind, declared).internal()
  if (said.optional) field = field.optional()
  if (said.unique) field = field.unique()
  if (said.reveals) field = field.reveals()
  if (said.immutable) field = field.immutable()
  if (said.default !== undefined) field = field.default(said.default)
  if (said.encrypted) field = field.encrypted(said.findable ? { findable: true } : {})
  if (said.onDelete) field = field.onDelete(said.onDelete)
  const { visibleTo, writableBy } = said
  if (visibleTo) field = field.visibleTo(({ row }: Loose) => rule(visibleTo, { row }))
  if (writableBy) field = field.writableBy(({ row }: Loose) => rule(writableBy, { row }))
  return field
}

function declareKind(kind: KindDescription, declared: ReadonlyMap<string, Loose>): Loose {
  switch (kind.type) {
    case "text":
      return text({
        ...(kind.max === undefined ? {} : { max: kind.max }),
        ...(kind.caseInsensitive ? { caseInsensitive: true } : {}),
      })
    case "choice":
      return choice(...kind.words)
    case "integer":
      return integer({
        ...(kind.min === undefined ? {} : { min: kind.min }),
        ...(kind.max === undefined ? {} : { max: kind.max }),
      })
    case "decimal":
      return decimal(kind)
    case "list":
      return list(text())
    case "range":
      return range(kind.of === "integer" ? integer() : date())
    case "ref":
      return ref(declared.get(kind.target))
    default:
      return { bigint, boolean, date, instant, uuid, time, json }[kind.type]()
  }
}

function readPath(path: PathDescription, scope: Scope): Loose {
  return path.slice(1).reduce<Loose>((at, step) => at[step], scope[path[0] as string])
}

function declareValue(value: ValueDescription, scope: Scope): Loose {
  if ("path" in value) return readPath(value.path, scope)
  if ("me" in value) return scope["~me"].id
  if ("claim" in value) return scope["~me"][value.claim]
  if ("clock" in value) return value.clock === "now" ? now : today
  if ("shift" in value) return declareValue(value.shift, scope)[value.back ? "minus" : "plus"](value.by)
  if ("call" in value) {
    const of = value.of.map((one) => declareValue(one, scope))
    return value.call === "concat" ? concat(...of) : { lower, upper }[value.call](of[0])
  }
  return value.value
}

function declareRule(rule: RuleDescription, scope: Scope): Loose {
  const value = (one: ValueDescription): Loose => declareValue(one, scope)
  if ("all" in rule) return allOf(...rule.all.map((one) => declareRule(one, scope)))
  if ("any" in rule) return anyOf(...rule.any.map((one) => declareRule(one, scope)))
  if ("not" in rule) return not(declareRule(rule.not, scope))
  if ("compare" in rule) return value(rule.left)[rule.compare](value(rule.right))
  if ("text" in rule) return value(rule.left)[rule.text](value(rule.right))
  if ("in" in rule) return value(rule.in).in("fact" in rule ? scope["~me"][rule.fact] : rule.values)
  if ("isNull" in rule) return value(rule.isNull).isNull()
  if ("isPresent" in rule) return value(rule.isPresent).isPresent()
  if ("flag" in rule) return readPath(rule.flag, scope).is(true)
  if ("visible" in rule) return readPath(rule.visible, scope).visible()
  if ("role" in rule) return scope["~me"].has(rule.role)
  if ("signedIn" in rule) return signedIn
  if ("consents" in rule) return readPath(rule.consents, scope).consentsTo(rule.purpose)
  if ("meConsents" in rule) return scope["~me"].consentsTo(rule.meConsents)
  if ("overrides" in rule) return scope["~me"].overrides(rule.overrides)
  const [name, path] = "some" in rule ? (["some", rule.some] as const) : (["none", rule.none] as const)
  const { as, where } = rule
  return readPath(path, scope)[name](
    where ? (inner: Loose) => declareRule(where, { ...scope, [as]: inner }) : undefined,
  )
}
