/** Adds to a bare model who may do what: facts about the caller, access rules, and rules of single fields. */
import type {
  AccessDescription,
  EntityDescription,
  FactDescription,
  FieldDescription,
  ModelDescription,
  RuleDescription,
} from "./description.ts"
import type { Random } from "./random.ts"
import { type RuleContext, randomRule } from "./random-rule.ts"
import type { ValuePool } from "./random-value.ts"
import { isEncrypted, type ModelShape, shapeOf } from "./shape.ts"

export function addAccess(random: Random, model: ModelDescription, pool: ValuePool): ModelDescription {
  const shapes = shapeOf(model)
  const facts = randomFacts(random.branch("facts"), model, shapes, pool)
  const visible = new Set<string>()
  const entities = model.entities.map((entity) => {
    const context: RuleContext = {
      random: random.branch(entity.name),
      pool,
      shapes,
      facts,
      visible: new Set(visible),
      depth: 2,
      scopes: [{ name: "row", entity: entity.name }],
    }
    // A read rule asks only for the readability of entities before it, so that there are no circles.
    const read = randomRead(context)
    visible.add(entity.name)
    return completeEntity(entity, read, context)
  })
  const views = model.views.map((view) => {
    const context = {
      random: random.branch(view.name),
      pool,
      shapes,
      facts: [],
      visible: new Set<string>(),
      depth: 1,
      scopes: [{ name: "row", entity: view.from }],
    }
    return context.random.chance(0.5) ? { ...view, where: randomRule(context) } : view
  })
  return { facts, entities, views }
}

function completeEntity(
  entity: EntityDescription,
  read: RuleDescription | undefined,
  context: RuleContext,
): EntityDescription {
  // What a register lets be written hangs on the clock; how its rows are read and heeded is the question.
  if (entity.register) return { ...entity, access: read ? { read } : {} }
  const key = new Set(entity.key)
  const fields = entity.fields.map((field) =>
    key.has(field.name) ? field : randomFieldRules(field, context, entity.subject === field.name),
  )
  const { random } = context
  const isJoin = key.size > 1
  const access: AccessDescription = {
    ...(read ? { read } : {}),
    ...randomUpdate(context, entity),
    ...(random.chance(isJoin ? 0.8 : 0.85) ? { create: randomWriteRule(context) } : {}),
    ...(random.chance(0.8) ? { delete: randomWriteRule(context) } : {}),
  }
  return { ...entity, fields, access }
}

function randomRead(context: RuleContext): RuleDescription | undefined {
  const { random } = context
  return (
    random.weighted<RuleDescription>([
      [0.08, () => ({ all: [] })],
      [0.08, () => randomRule({ ...context, callerOnly: true, depth: 1 })],
      [0.03, () => ({ any: [] })],
      [0.9, () => ({ any: [randomRule(context), randomRule({ ...context, depth: 1 })] })],
      [0.5, () => randomRule(context)],
    ]) ?? undefined
  )
}

function randomWriteRule(context: RuleContext): RuleDescription {
  const { random } = context
  if (random.chance(0.2)) return { all: [] }
  return random.chance(0.5)
    ? { any: [randomRule({ ...context, depth: 1 }), randomRule({ ...context, depth: 1 })] }
    : randomRule({ ...context, depth: 1 })
}

function randomUpdate(context: RuleContext, entity: EntityDescription): AccessDescription {
  const { random } = context
  if (random.chance(0.15)) return {}
  if (random.chance(0.5)) return { update: randomWriteRule(context) }
  const step = random.chance(0.5) ? randomStep(context, entity) : undefined
  return {
    updateParts: {
      ...(random.chance(0.8) ? { from: randomWriteRule(context) } : {}),
      to: randomWriteRule(context),
      ...(step ? { step } : {}),
    },
  }
}

/** What an update may make of a field: mostly that it stays, or that it grows. */
function randomStep(context: RuleContext, entity: EntityDescription): RuleDescription | undefined {
  const { random } = context
  const able = entity.fields.filter(
    ({ kind, encrypted }) =>
      !encrypted &&
      ["text", "choice", "integer", "date", "uuid", "boolean"].includes(kind.type) &&
      !("caseInsensitive" in kind),
  )
  if (able.length === 0) return undefined
  const field = random.pick(able)
  const compare = random.pick(["is", "is", "isNot", "atLeast"] as const)
  const step: RuleDescription = {
    compare,
    left: { path: ["row", field.name] },
    right: { path: ["before", field.name] },
  }
  return random.chance(0.3) ? { any: [step, randomRule({ ...context, callerOnly: true, depth: 0 })] } : step
}

function randomFieldRules(
  field: FieldDescription,
  context: RuleContext,
  isSubject: boolean,
): FieldDescription {
  const { random } = context
  const caller = (): RuleDescription => randomRule({ ...context, callerOnly: true, depth: 1 })
  const row = (): RuleDescription => randomRule({ ...context, depth: 1 })
  const often = field.encrypted ? 3 : 1
  const visibleTo = random.chance(0.1 * often) ? caller() : random.chance(0.08 * often) ? row() : undefined
  const writableBy = random.chance(0.06) ? caller() : random.chance(0.04) ? row() : undefined
  // By the way to their person values are decrypted: who sees the row sees it.
  return {
    ...field,
    ...(visibleTo && !isSubject ? { visibleTo } : {}),
    ...(writableBy ? { writableBy } : {}),
  }
}

/** Facts found in rows, through join entities too, and facts that the caller brings. */
function randomFacts(
  random: Random,
  model: ModelDescription,
  shapes: ModelShape,
  pool: ValuePool,
): readonly FactDescription[] {
  const facts: FactDescription[] = []
  for (let at = 0, count = random.between(2, 4); at < count; at++) {
    const entity = random.pick([
      ...model.entities,
      ...model.entities.filter((one) => (one.key?.length ?? 1) > 1),
    ])
    const fields =
      shapes
        .get(entity.name)
        ?.fields.filter(
          (field) =>
            ["uuid", "text", "integer"].includes(field.kind.type) && !field.readonly && !isEncrypted(field),
        ) ?? []
    if (fields.length === 0) continue
    const references = fields.filter((field) => field.target !== null || field.isKey)
    const context: RuleContext = {
      random: random.branch(at),
      pool,
      shapes,
      facts: [...facts],
      visible: new Set(),
      depth: 1,
      scopes: [{ name: "row", entity: entity.name }],
    }
    const mine = context.random.chance(0.5)
    const own = fields.filter((field) => field.kind.type === "uuid" || field.kind.type === "text")
    const where: RuleDescription =
      mine && own.length > 0
        ? { compare: "is", left: { path: ["row", context.random.pick(own).name] }, right: { me: "id" } }
        : randomRule(context)
    const picked = context.random.pick(
      references.length > 0 && context.random.chance(0.7) ? references : fields,
    )
    facts.push({ name: `fact${"ABCD".charAt(at)}`, entity: entity.name, pick: picked.name, where })
  }
  if (random.chance(0.5)) facts.push({ name: "claimA", claim: { type: "text" } })
  if (random.chance(0.4))
    facts.push({
      name: "claimB",
      claim: random.pick([{ type: "uuid" }, { type: "integer" }, { type: "boolean" }] as const),
    })
  return facts
}
