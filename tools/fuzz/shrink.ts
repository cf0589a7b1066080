/** Makes a failing case smaller while it keeps failing: steps, rows, operation, rules, fields, entities. */
import { cleanModel } from "./clean-model.ts"
import { repairRows } from "./constraints.ts"
import { declareModel } from "./declare-model.ts"
import type {
  CaseDescription,
  EntityDescription,
  FieldDescription,
  ModelDescription,
  Row,
  Rows,
} from "./description.ts"
import { shapeOf } from "./shape.ts"
import { smallerRules, withoutField } from "./shrink-model.ts"
import { smallerOperations } from "./shrink-operation.ts"

/** Whether a case fails in the way that is looked for. */
export type Fails = (kase: CaseDescription) => Promise<boolean>

type Pass = (kase: CaseDescription) => Iterable<CaseDescription>

const passes: readonly Pass[] = [
  fewerSteps,
  smallerLastOperation,
  barerModels,
  fewerEntities,
  fewerRows,
  fewerFields,
  simplerRules,
  fewerFacts,
  fewerEntities,
  fewerFields,
  simplerCallers,
]

/** Tries at most `attempts` smaller cases, and gives the smallest that fails. */
export async function shrinkCase(
  kase: CaseDescription,
  fails: Fails,
  attempts = 400,
): Promise<CaseDescription> {
  let best = kase
  let left = attempts
  for (let size = Number.POSITIVE_INFINITY; JSON.stringify(best).length < size; ) {
    size = JSON.stringify(best).length
    for (const pass of passes) {
      for (let found = true; found; ) {
        found = false
        for (const candidate of pass(best)) {
          if (left-- <= 0) return best
          if (!isModel(candidate) || !(await fails(candidate))) continue
          best = candidate
          found = true
          break
        }
      }
    }
  }
  return best
}

function isModel({ model }: CaseDescription): boolean {
  try {
    declareModel(model)
    return true
  } catch {
    return false
  }
}

function* fewerSteps(kase: CaseDescription): Iterable<CaseDescription> {
  const { steps } = kase
  const last = steps.slice(-1)
  if (steps.length > 1) yield { ...kase, steps: last }
  for (let size = Math.floor((steps.length - 1) / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < steps.length - 1; at += size) {
      yield { ...kase, steps: [...steps.slice(0, at), ...steps.slice(Math.min(at + size, steps.length - 1))] }
    }
  }
}

function* fewerRows(kase: CaseDescription): Iterable<CaseDescription> {
  for (const [name, rows] of Object.entries(kase.rows)) {
    if (rows.length === 0) continue
    yield withRows(kase, name, [])
    for (let at = 0; at < rows.length && rows.length > 1; at++)
      yield withRows(
        kase,
        name,
        rows.filter((_, other) => other !== at),
      )
  }
}

/** Both worlds lose the same rows. */
function withRows(kase: CaseDescription, name: string, rows: readonly Row[]): CaseDescription {
  const gone = new Set(
    (kase.rows[name] ?? [])
      .filter((row) => !rows.includes(row))
      .map((row) => JSON.stringify(keyOf(kase.model, name, row))),
  )
  const shapes = shapeOf(kase.model)
  const others =
    kase.otherRows &&
    repairRows(shapes, {
      ...kase.otherRows,
      [name]: (kase.otherRows[name] ?? []).filter(
        (row) => !gone.has(JSON.stringify(keyOf(kase.model, name, row))),
      ),
    })
  return {
    ...kase,
    rows: repairRows(shapes, { ...kase.rows, [name]: rows }),
    ...(others ? { otherRows: others } : {}),
  }
}

function keyOf(model: ModelDescription, name: string, row: Row): readonly unknown[] {
  return (model.entities.find((one) => one.name === name)?.key ?? ["id"]).map((field) => row[field])
}

function* smallerLastOperation(kase: CaseDescription): Iterable<CaseDescription> {
  const last = kase.steps.at(-1)
  if (!last) return
  for (const operation of smallerOperations(last.operation)) {
    yield { ...kase, steps: [...kase.steps.slice(0, -1), { ...last, operation }] }
  }
}

/** Without an entity, and without all that names it. */
function* fewerEntities(kase: CaseDescription): Iterable<CaseDescription> {
  const used = new Set(kase.steps.map((step) => step.operation.entity))
  const { model } = kase
  for (const gone of model.entities.toReversed()) {
    if (used.has(gone.name)) continue
    yield withModel(kase, { ...model, entities: model.entities.filter((one) => one !== gone) })
  }
}

/** Without the rules for writing and for fields, all at once: most are not what a failure is about. */
function* barerModels(kase: CaseDescription): Iterable<CaseDescription> {
  const { model } = kase
  if (model.views.length > 0) yield withModel(kase, { ...model, views: [] })
  if (model.facts.length > 0) yield withModel(kase, { ...model, facts: [] })
  const bare = (fits: (name: string) => boolean): ModelDescription => ({
    ...model,
    entities: model.entities.map((one) => (fits(one.name) ? bareEntity(one) : one)),
  })
  const used = kase.steps.at(-1)?.operation.entity
  for (const fits of [() => true, (name: string) => name !== used]) {
    const next = bare(fits)
    if (JSON.stringify(next) !== JSON.stringify(model)) yield withModel(kase, next)
  }
}

function bareEntity(entity: EntityDescription): EntityDescription {
  const { read } = entity.access
  // The library says what fields a register has.
  if (entity.register) return entity
  return {
    ...entity,
    access: read ? { read } : {},
    fields: entity.fields.map((field) =>
      field.name === entity.subject ? { ...bareField(field), immutable: true } : bareField(field),
    ),
  }
}

function bareField({
  name,
  kind,
  optional,
  onDelete,
  encrypted,
  findable,
}: FieldDescription): FieldDescription {
  const sealed = { ...(encrypted ? { encrypted } : {}), ...(findable ? { findable } : {}) }
  return { name, kind, ...sealed, ...(optional ? { optional } : {}), ...(onDelete ? { onDelete } : {}) }
}

/** The case with another model; rows keep to what is left of it. */
function withModel(kase: CaseDescription, changed: ModelDescription): CaseDescription {
  const model = cleanModel(changed)
  // Not a model any more, and so not a candidate.
  if (!isModel({ ...kase, model })) return { ...kase, model }
  const shapes = shapeOf(model)
  const whole = (rows: Rows): Rows =>
    repairRows(
      shapes,
      Object.fromEntries(
        model.entities.map((entity) => {
          const names = new Set(shapes.get(entity.name)?.fields.map((field) => field.name))
          return [
            entity.name,
            (rows[entity.name] ?? []).map((row) =>
              Object.fromEntries(Object.entries(row).filter(([name]) => names.has(name))),
            ),
          ]
        }),
      ),
    )
  return {
    ...kase,
    model,
    rows: whole(kase.rows),
    ...(kase.otherRows ? { otherRows: whole(kase.otherRows) } : {}),
  }
}

function* simplerRules(kase: CaseDescription): Iterable<CaseDescription> {
  for (const model of smallerRules(kase.model)) yield withModel(kase, model)
}

function* fewerFields(kase: CaseDescription): Iterable<CaseDescription> {
  for (const entity of kase.model.entities) {
    for (const { name } of entity.fields) {
      if (!entity.key?.includes(name)) yield withModel(kase, withoutField(kase.model, entity.name, name))
    }
  }
}

function* fewerFacts(kase: CaseDescription): Iterable<CaseDescription> {
  const { model } = kase
  for (const fact of model.facts)
    yield withModel(kase, { ...model, facts: model.facts.filter((one) => one !== fact) })
}

function* simplerCallers(kase: CaseDescription): Iterable<CaseDescription> {
  const used = [...new Set(kase.steps.map((step) => step.caller))]
  if (used.length < kase.callers.length) {
    const callers = used.flatMap((at) => kase.callers[at] ?? [])
    yield {
      ...kase,
      callers,
      steps: kase.steps.map((step) => ({ ...step, caller: used.indexOf(step.caller) })),
    }
  }
  for (const [at, caller] of kase.callers.entries()) {
    const replaced = (claims: typeof caller): CaseDescription => ({
      ...kase,
      callers: kase.callers.map((one, other) => (other === at ? claims : one)),
    })
    for (const role of caller.roles)
      yield replaced({ ...caller, roles: caller.roles.filter((one) => one !== role) })
    if (Object.keys(caller.claims).length > 0) yield replaced({ ...caller, claims: {} })
  }
}
