/** Random rules over a described model: every question the language has, mostly asked of values that occur. */
import type {
  CompareName,
  FactDescription,
  KindDescription,
  RuleDescription,
  TextName,
  ValueDescription,
} from "./description.ts"
import type { Random } from "./random.ts"
import { callerIds, roles, type ValuePool } from "./random-value.ts"
import {
  type EntityShape,
  entityOf,
  type FieldShape,
  familyOf,
  isEncrypted,
  type ModelShape,
} from "./shape.ts"
import { accountEntity, consentsOf, overridesOf, subjectOf } from "./subjects.ts"

export interface RuleContext {
  readonly random: Random
  readonly pool: ValuePool
  readonly shapes: ModelShape
  readonly facts: readonly FactDescription[]
  /** The rows that may be named, the innermost last. */
  readonly scopes: readonly { readonly name: string; readonly entity: string }[]
  /** Entities whose readability may be asked: those whose read rules don't lead back here. */
  readonly visible: ReadonlySet<string>
  /** Only the caller may be asked. */
  readonly callerOnly?: boolean
  /** Under a `not`, where `some` may not stand at the end of a longer path. */
  readonly negated?: boolean
  readonly depth: number
}

type Path = readonly string[]

interface Place {
  readonly path: Path
  readonly field: FieldShape
}

const compares: readonly CompareName[] = ["is", "is", "is", "isNot", "above", "atLeast", "below", "atMost"]
const texts: readonly TextName[] = ["startsWith", "endsWith", "contains"]
const durations: readonly string[] = ["P1D", "P7D", "P1M", "P1Y", "PT36H", "P1M1DT1H", "P4W"]

export function randomRule(context: RuleContext): RuleDescription {
  const { random, depth } = context
  const inner = { ...context, depth: depth - 1 }
  const several = (): RuleDescription[] =>
    Array.from({ length: random.between(2, 3) }, () => randomRule(inner))
  if (depth > 0) {
    const made = random.weighted<RuleDescription>([
      [5, () => ({ any: several() })],
      [4, () => ({ all: several() })],
      [2, () => ({ not: randomRule({ ...inner, negated: true }) })],
      [0.15, () => ({ any: [] })],
      [0.15, () => ({ all: [] })],
      [6, () => null],
    ])
    if (made) return made
  }
  return randomLeaf(context)
}

function randomLeaf(context: RuleContext): RuleDescription {
  const { random } = context
  const caller: readonly (readonly [number, () => RuleDescription | null])[] = [
    [2, () => ({ role: random.pick(roles) })],
    [0.7, () => ({ signedIn: true })],
    [0.5, () => meInFact(context)],
    [
      0.4,
      () => ({
        compare: random.pick(["is", "isNot"] as const),
        left: { me: "id" },
        right: { value: random.pick(callerIds) },
      }),
    ],
    [0.3, () => ({ in: { me: "id" }, values: [random.pick(callerIds), ...random.some(callerIds)] })],
    [0.3, () => claimRule(context)],
    ...maker(1.5, meConsentsRule(context)),
  ]
  const row: typeof caller = context.callerOnly
    ? []
    : [
        [5, () => compareRule(context)],
        [4, () => meRule(context)],
        [4, () => factRule(context)],
        [2, () => inRule(context)],
        [1.5, () => nullRule(context)],
        [1.5, () => flagRule(context)],
        [2, () => textRule(context)],
        [2, () => momentRule(context)],
        [3, () => someRule(context)],
        [2.5, () => visibleRule(context)],
        ...maker(6, consentRule(context)),
        ...maker(9, overrideRule(context)),
      ]
  return random.weighted<RuleDescription>([...row, ...caller]) ?? { any: [] }
}

type Maker = () => RuleDescription

/** Only where it can make something: elsewhere the other choices stay what they are for a seed. */
function maker(weight: number, make: Maker | null): readonly (readonly [number, Maker])[] {
  return make ? [[weight, make]] : []
}

/** A field of a row in reach, perhaps of a row that it leads to. */
function place(context: RuleContext, fits: (field: FieldShape) => boolean): Place | null {
  const { random, shapes, scopes } = context
  const found: Place[] = []
  const visit = (path: Path, entity: EntityShape, depth: number): void => {
    for (const field of entity.fields) {
      const here = [...path, field.name]
      // What is encrypted no rule can ask.
      if (fits(field) && !isEncrypted(field)) found.push({ path: here, field })
      if (field.target !== null && depth > 0) visit(here, entityOf(shapes, field.target), depth - 1)
    }
  }
  const scope = random.chance(0.65) ? scopes.at(-1) : random.pick(scopes)
  const depth = random.pick([0, 0, 0, 1, 1, 2, 3])
  if (scope) visit([scope.name], entityOf(shapes, scope.entity), depth)
  if (found.length === 0) return null
  const longest = found.filter(({ path }) => path.length === depth + 2)
  return random.pick(longest.length > 0 && random.chance(0.6) ? longest : found)
}

function isComparable(field: FieldShape): boolean {
  return !["list", "json", "range"].includes(field.kind.type)
}

function compareRule(context: RuleContext): RuleDescription | null {
  const { random } = context
  const left = place(context, (field) => isComparable(field) && !field.readonly)
  if (!left) return null
  const family = familyOf(left.field.kind)
  // What an ICU collation puts first is its own affair: without regard to case only equality is compared.
  const compare =
    family === "nocase" || family === "boolean"
      ? random.pick(["is", "isNot"] as const)
      : random.pick(compares)
  const other = random.chance(0.35)
    ? place(context, (field) => !field.readonly && mayMeet(left.field.kind, field.kind))
    : null
  const values = context.pool.of(left.field.kind)
  if (!other && values.length === 0) return null
  return {
    compare,
    left: lowered(context, left),
    right: other ? { path: other.path } : { value: random.pick(values) },
  }
}

/** Two kinds whose values a rule may compare. */
function mayMeet(left: KindDescription, right: KindDescription): boolean {
  return familyOf(left) === familyOf(right)
}

function lowered({ random }: RuleContext, { path, field }: Place): ValueDescription {
  if (field.kind.type !== "text" || field.kind.caseInsensitive || path.length > 2 || !random.chance(0.1))
    return { path }
  return { call: random.pick(["lower", "upper"] as const), of: [{ path }] }
}

function meRule(context: RuleContext): RuleDescription | null {
  const { random } = context
  const found = place(
    context,
    (field) => ["uuid", "text", "integer"].includes(field.kind.type) && !field.readonly,
  )
  return (
    found && {
      compare: random.chance(0.85) ? "is" : "isNot",
      left: { path: found.path },
      right: { me: "id" },
    }
  )
}

function factRule(context: RuleContext): RuleDescription | null {
  const { random, facts, shapes } = context
  const lookups = facts.filter((fact) => "pick" in fact)
  if (lookups.length === 0) return null
  const fact = random.pick(lookups)
  const picked = entityOf(shapes, fact.entity).fields.find((field) => field.name === fact.pick)
  const found =
    picked &&
    place(context, (field) => mayMeet(field.kind, picked.kind) && field.kind.type === picked.kind.type)
  return found ? { in: { path: found.path }, fact: fact.name } : null
}

function meInFact({ random, facts, shapes }: RuleContext): RuleDescription | null {
  const fits = facts.filter((fact) => {
    const field =
      "pick" in fact ? entityOf(shapes, fact.entity).fields.find((one) => one.name === fact.pick) : undefined
    return field?.kind.type === "uuid" || field?.kind.type === "text"
  })
  return fits.length === 0 ? null : { in: { me: "id" }, fact: random.pick(fits).name }
}

function claimRule(context: RuleContext): RuleDescription | null {
  const { random, facts, callerOnly } = context
  const claims = facts.filter((fact) => "claim" in fact)
  if (claims.length === 0) return null
  const claim = random.pick(claims)
  const found = callerOnly
    ? null
    : place(context, (field) => mayMeet(field.kind, claim.claim) && !field.readonly)
  const compare = random.pick(["is", "is", "isNot"] as const)
  if (found) return { compare, left: { path: found.path }, right: { claim: claim.name } }
  return {
    compare,
    left: { claim: claim.name },
    right: { value: random.pick(context.pool.of(claim.claim)) },
  }
}

function inRule(context: RuleContext): RuleDescription | null {
  const { random } = context
  const found = place(context, (field) => isComparable(field) && !field.readonly)
  if (!found) return null
  const values = random.some(context.pool.of(found.field.kind), random.pick([0, 0.3, 0.5]))
  return { in: { path: found.path }, values }
}

function nullRule(context: RuleContext): RuleDescription | null {
  const found = place(context, (field) => field.optional)
  return (
    found &&
    (context.random.chance(0.5) ? { isNull: { path: found.path } } : { isPresent: { path: found.path } })
  )
}

function flagRule(context: RuleContext): RuleDescription | null {
  const found = place(context, (field) => field.kind.type === "boolean")
  return found && { flag: found.path }
}

function textRule(context: RuleContext): RuleDescription | null {
  const { random } = context
  const left = place(context, (field) => field.kind.type === "text")
  if (!left) return null
  const other = random.chance(0.3) ? place(context, (field) => mayMeet(left.field.kind, field.kind)) : null
  const right = other ? { path: other.path } : { value: random.pick(context.pool.of(left.field.kind)) }
  return { text: random.pick(texts), left: { path: left.path }, right }
}

function momentRule(context: RuleContext): RuleDescription | null {
  const { random } = context
  const left = place(context, (field) => familyOf(field.kind) === "moment" && !field.readonly)
  if (!left) return null
  const clock: ValueDescription = { clock: random.pick(["now", "today"] as const) }
  const shifted = random.chance(0.4)
    ? { shift: clock, by: random.pick(durations), back: random.chance(0.5) }
    : clock
  const other = random.chance(0.5)
    ? place(context, (field) => familyOf(field.kind) === "moment" && !field.readonly)
    : null
  return {
    compare: random.pick(compares),
    left: { path: left.path },
    right: other ? { path: other.path } : shifted,
  }
}

function someRule(context: RuleContext): RuleDescription | null {
  const { random, shapes, scopes, negated } = context
  const scope = random.chance(0.7) ? scopes.at(-1) : random.pick(scopes)
  if (!scope || scopes.length > 3) return null
  const start = entityOf(shapes, scope.entity)
  const step =
    random.chance(0.2) && !negated ? random.pick([null, ...start.relations.filter((one) => !one.many)]) : null
  const relations = entityOf(shapes, step?.to ?? start.name).relations.filter((one) => one.many)
  if (relations.length === 0) return null
  const relation = random.pick(relations)
  const as = `x${scopes.length}`
  const inner = {
    ...context,
    scopes: [...scopes, { name: as, entity: relation.to }],
    depth: Math.min(context.depth - 1, 1),
  }
  const where = random.chance(0.1) ? null : randomRule({ ...inner, negated: false })
  const path = [scope.name, ...(step ? [step.name] : []), relation.name]
  return step || random.chance(0.7) ? { some: path, as, where } : { none: path, as, where }
}

function visibleRule(context: RuleContext): RuleDescription | null {
  const found = place(context, (field) => field.target !== null && context.visible.has(field.target))
  return found && { visible: found.path }
}

/** Of a row in reach, or of one that it leads to, whose person is asked for consents. */
function consentRule({ random, shapes, scopes }: RuleContext): Maker | null {
  const found = scopes.flatMap(({ name, entity }) => {
    const steps = entityOf(shapes, entity).fields.filter((field) => field.target !== null)
    const ends = [
      { path: [name], entity },
      ...steps.map((field) => ({ path: [name, field.name], entity: field.target as string })),
    ]
    return ends.flatMap(({ path, entity: end }) => {
      const person = subjectOf(shapes, end)?.person
      const register = person === undefined ? null : consentsOf(shapes, person)
      return Object.keys(register?.purposes ?? {}).map((purpose) => ({ consents: path, purpose }))
    })
  })
  return found.length === 0 ? null : () => random.pick(found)
}

function meConsentsRule({ random, shapes }: RuleContext): Maker | null {
  const register = shapes.has(accountEntity) ? consentsOf(shapes, accountEntity) : null
  return register && (() => ({ meConsents: random.pick(Object.keys(register.purposes)) }))
}

function overrideRule({ random, shapes, scopes }: RuleContext): Maker | null {
  const person = subjectOf(shapes, scopes[0]?.entity ?? "")?.person
  const register = person === undefined ? null : overridesOf(shapes, person)
  return register && (() => ({ overrides: random.pick(Object.keys(register.kinds)) }))
}
