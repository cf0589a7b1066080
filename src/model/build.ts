/** Builds the model: reads what the author declared, resolves every name, and reports every mistake at once. */

import { fillConsents } from "./build-consent.ts"
import { fillOverrides } from "./build-override.ts"
import { fillRequests } from "./build-privacy-request.ts"
import { baseMe, captureRow, reservedNames } from "./capture.ts"
import { suggestClassification } from "./classification.ts"
import { checkEncrypted, encryptedKind } from "./encryption.ts"
import type { AccessRules, AnyEntity } from "./entity.ts"
import { Condition, type Node, toNode } from "./expression.ts"
import { Field, Many, targetName } from "./field.ts"
import { bigintKind } from "./fields/bigint.ts"
import { booleanKind } from "./fields/boolean.ts"
import { instantKind } from "./fields/instant.ts"
import { integerKind } from "./fields/integer.ts"
import { textKind } from "./fields/text.ts"
import { uuidKind } from "./fields/uuid.ts"
import {
  type AuditInfo,
  type EntityAccess,
  type EntityInfo,
  type ExcludeInfo,
  type FieldInfo,
  type Model,
  type RelationInfo,
  toPlural,
  toSnake,
} from "./model.ts"
import { ProblemList } from "./model-error.ts"
import { recordOf } from "./record-entities.ts"
import { fillErasure, fillRetention } from "./retain.ts"
import { fillSubjects } from "./subject.ts"
import { BadValue, type FieldKind } from "./value.ts"

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Entities that other parts of a backend bring; a reference to one is a text without a foreign key until it is there. */
const laterEntities: ReadonlySet<string> = new Set(["User", "Organization"])
const grammarWords: ReadonlySet<string> = new Set([
  "select",
  "order",
  "limit",
  "offset",
  "and",
  "or",
  "not",
  "columns",
  "on_conflict",
  "count",
])
const entityOptions: ReadonlySet<string> = new Set([
  "collection",
  "key",
  "tracked",
  "unique",
  "reveals",
  "check",
  "exclude",
  "indexes",
  "description",
  "subject",
  "retain",
  "erase",
  "audit",
])
const graphqlWords: ReadonlySet<string> = new Set(["Query", "Mutation", "Subscription", "Node", "PageInfo"])

/**
 * Builds a model. Throws `ModelError` with every problem found.
 *
 * @example
 * buildModel([])
 */
export function buildModel(declared: readonly AnyEntity[], problems: ProblemList = new ProblemList()): Model {
  const entities = declared.map((one) => startEntity(one, problems))
  const byName = new Map(entities.map((one) => [one.name, one]))
  const byCollection = new Map<string, EntityInfo>()
  for (const one of entities) {
    if (byCollection.has(one.collection) || entities.find((other) => other.name === one.name) !== one) {
      problems.add("UC103", one.name)
    }
    byCollection.set(one.collection, one)
  }
  for (const [at, one] of declared.entries()) fillFields(one, entities[at]!, byName, problems)
  for (const [at, one] of declared.entries()) fillReferences(one, entities[at]!, byName, problems)
  for (const one of entities) resolveReferenceKinds(one, problems)
  for (const [at, one] of declared.entries()) fillView(one, entities[at]!, byName, problems)
  for (const [at, one] of declared.entries()) fillConstraints(one, entities[at]!, problems)
  fillSubjects(declared, entities, problems)
  checkEncrypted(entities, problems)
  for (const [at, one] of declared.entries()) fillAccess(one, entities[at]!, problems)
  fillRetention(declared, entities, problems)
  fillErasure(declared, entities, problems)
  fillConsents(declared, entities, problems)
  fillOverrides(declared, entities, problems)
  fillRequests(declared, entities, problems)
  problems.check()
  return { entities, byName, byCollection }
}

function startEntity(declared: AnyEntity, problems: ProblemList): Mutable<EntityInfo> {
  const name = String(declared.name)
  if (!/^[A-Z][A-Za-z0-9]{0,50}$/.test(name)) {
    problems.add("UC106", name, {
      rule: "an entity's name is letters and digits, starts with a capital, at most 51 of them",
    })
  }
  if (graphqlWords.has(name)) problems.add("UC104", name, { use: "GraphQL", suggestion: `${name}Entry` })
  const collection = declared.options.collection ?? toPlural(name)
  if (!/^[A-Za-z][A-Za-z0-9_]{0,50}$/.test(collection)) {
    problems.add("UC106", name, {
      rule: `a collection's name is letters, digits and _, and not ${JSON.stringify(collection)}`,
    })
  }
  for (const option of Object.keys(declared.options)) {
    if (!entityOptions.has(option))
      problems.add("UC114", name, { option, options: [...entityOptions].join(", ") })
  }
  if (collection === "rpc" || collection === "actions")
    problems.add("UC104", name, { use: "actions", suggestion: "calls" })
  return {
    name,
    collection,
    table: toSnake(collection),
    description: declared.options.description ?? null,
    fields: [],
    fieldByName: new Map(),
    key: [],
    relations: new Map(),
    unique: [],
    checks: [],
    exclude: [],
    indexes: [],
    reveals: declared.options.reveals ?? false,
    view: null,
    subject: null,
    retain: null,
    erase: null,
    consent: null,
    override: null,
    request: null,
    audit: readAudit(declared, name, problems),
    record: recordOf(declared),
    access: { read: null, create: null, updateFrom: null, updateTo: null, updateStep: null, delete: null },
  }
}

/** What is on record beside writes. A purpose that no read tells of would be asked for in vain. */
function readAudit(declared: AnyEntity, name: string, problems: ProblemList): AuditInfo {
  const said = (declared.options.audit ?? {}) as Readonly<Record<string, unknown>>
  const refuse = (why: string): void => problems.add("UC142", name, { why })
  for (const [option, value] of Object.entries(said)) {
    if (option !== "reads" && option !== "purpose") refuse(`${option}, which is none of reads and purpose`)
    else if (typeof value !== "boolean") refuse(`${option}, which is not true or false`)
  }
  if (said["purpose"] === true && said["reads"] !== true) refuse("a purpose of reads that are not on record")
  return { reads: said["reads"] === true, purpose: said["purpose"] === true }
}

function newField(
  entity: EntityInfo,
  name: string,
  kind: FieldKind,
  more: Partial<FieldInfo>,
): Mutable<FieldInfo> {
  return {
    entity,
    name,
    column: toSnake(name),
    kind,
    optional: false,
    unique: false,
    defaulted: false,
    defaultValue: undefined,
    defaultsTo: null,
    readonly: false,
    immutable: false,
    classification: "internal",
    encrypted: null,
    description: null,
    reveals: false,
    reference: null,
    visibleTo: null,
    writableBy: null,
    generated: null,
    automatic: null,
    source: null,
    ...more,
  }
}

/** The key, the declared columns, and the automatic ones. */
function fillFields(
  declared: AnyEntity,
  entity: Mutable<EntityInfo>,
  byName: ReadonlyMap<string, EntityInfo>,
  problems: ProblemList,
): void {
  if (declared.view) return
  const fields: FieldInfo[] = []
  if (declared.options.key === undefined) {
    fields.push(
      newField(entity, "id", uuidKind, {
        automatic: "id",
        defaulted: true,
        immutable: true,
        classification: "internal",
      }),
    )
  }
  for (const [name, value] of Object.entries(declared.readFields())) {
    if (value instanceof Many) continue
    const where = `${entity.name}.${name}`
    if (!(value instanceof Field)) {
      problems.add("UC107", where)
      continue
    }
    checkFieldName(name, where, problems)
    fields.push(declaredField(entity, name, value, where, problems))
  }
  if (declared.options.tracked !== false) {
    const automatic = { readonly: true, defaulted: true }
    fields.push(
      newField(entity, "createdAt", instantKind, { ...automatic, automatic: "createdAt" }),
      newField(entity, "updatedAt", instantKind, { ...automatic, automatic: "updatedAt" }),
      newField(entity, "version", integerKind({}), { ...automatic, automatic: "version" }),
    )
  }
  setFields(entity, fields, problems)
  entity.key = namedFields(entity, [declared.options.key ?? "id"].flat(), "key", problems)
  void byName
}

function setFields(entity: Mutable<EntityInfo>, fields: readonly FieldInfo[], problems: ProblemList): void {
  const columns = new Set<string>()
  for (const one of fields) {
    if (columns.has(one.column)) problems.add("UC103", `${entity.name}.${one.name}`)
    columns.add(one.column)
  }
  entity.fields = fields
  entity.fieldByName = new Map(fields.map((one) => [one.name, one]))
}

function checkFieldName(name: string, where: string, problems: ProblemList): void {
  if (!/^[a-z][A-Za-z0-9]{0,50}$/.test(name)) {
    problems.add("UC106", where, {
      rule: "a field's name is letters and digits, starts with a small letter, at most 51 of them",
    })
  }
  if (reservedNames.has(name)) problems.add("UC104", where, { use: "rules", suggestion: `${name}Value` })
  if (grammarWords.has(name))
    problems.add("UC104", where, { use: "the query grammar", suggestion: `${name}Value` })
}

function declaredField(
  entity: EntityInfo,
  name: string,
  field: Field<unknown, string, unknown>,
  where: string,
  problems: ProblemList,
): FieldInfo {
  const said = field.options
  const suggested = suggestClassification(name)
  if (said.classification === undefined && suggested !== null)
    problems.add("UC105", where, { classification: suggested })
  if (said.defaultValue !== undefined) {
    try {
      field.kind.parse(said.defaultValue)
    } catch (cause) {
      problems.add("UC109", where, { why: cause instanceof BadValue ? cause.message : "is refused" })
    }
  }
  if (said.onDelete === "set null" && !said.optional) problems.add("UC112", where)
  const scope = { row: captureRow("row"), me: baseMe }
  const capture = (rule: ((scope: never) => Condition) | undefined): Node | null =>
    rule ? toNode(rule(scope as never)) : null
  const { encrypted } = said
  const findable = encrypted?.findable ?? false
  return newField(entity, name, encrypted ? encryptedKind(field.kind, findable) : field.kind, {
    encrypted: encrypted ? { kind: field.kind, findable } : null,
    optional: said.optional ?? false,
    unique: said.unique ?? false,
    defaulted: said.defaulted ?? false,
    defaultValue: said.defaultValue,
    defaultsTo: defaultMoment(said.defaultNode, field.kind, where, problems),
    readonly: said.readonly ?? false,
    immutable: said.immutable ?? false,
    classification: said.classification ?? "internal",
    description: said.description ?? null,
    reveals: said.reveals ?? false,
    visibleTo: capture(said.visibleTo),
    writableBy: capture(said.writableBy) ?? capture(said.visibleTo),
    generated: said.generated ? said.generated(scope) : null,
  })
}

/** A default that is no value is `now` for an instant and `today` for a date. */
function defaultMoment(
  node: Node | undefined,
  kind: FieldKind,
  where: string,
  problems: ProblemList,
): "now" | "today" | null {
  if (node === undefined) return null
  if (node.kind === "now" && kind.sqlType === "timestamptz") return "now"
  if (node.kind === "today" && kind.sqlType === "date") return "today"
  problems.add("UC109", where, { why: "must be a value, now for an instant or today for a date" })
  return null
}

/** To-one relations from reference fields, to-many from `many(…)`. */
function fillReferences(
  declared: AnyEntity,
  entity: Mutable<EntityInfo>,
  byName: ReadonlyMap<string, EntityInfo>,
  problems: ProblemList,
): void {
  const relations = new Map<string, RelationInfo>()
  for (const [name, value] of Object.entries(declared.readFields())) {
    const where = `${entity.name}.${name}`
    if (value instanceof Many) {
      checkFieldName(name, where, problems)
      const target = value.target()
      const to = byName.get(target?.name)
      const via = to?.fieldByName.get(value.via)
      if (!to) problems.add("UC102", where, { target: String(target?.name ?? "an entity that is undefined") })
      else if (!via) problems.add("UC111", where, { target: to.name, via: value.via, entity: entity.name })
      else if (targetName(target.readFields()[value.via]) !== entity.name) {
        problems.add("UC111", where, { target: to.name, via: value.via, entity: entity.name })
      } else relations.set(name, { name, many: true, from: entity, to, field: via })
    } else if (value instanceof Field && value.options.target) {
      const target = targetName(value) ?? "an entity that is undefined"
      const to = byName.get(target)
      const field = entity.fieldByName.get(name) as Mutable<FieldInfo> | undefined
      if (!to && !laterEntities.has(target)) problems.add("UC102", where, { target })
      if (to && field) {
        field.reference = { entity: to, onDelete: value.options.onDelete ?? "restrict" }
        relations.set(name, { name, many: false, from: entity, to, field })
      }
    }
  }
  entity.relations = relations
}

/** A reference has the kind of the key it refers to, which may be a reference itself. */
function resolveReferenceKinds(entity: EntityInfo, problems: ProblemList): void {
  for (const field of entity.fields as Mutable<FieldInfo>[]) {
    const seen = new Set<FieldInfo>()
    let at: FieldInfo = field
    while (at.reference && !seen.has(at)) {
      seen.add(at)
      const [key, second] = at.reference.entity.key
      if (second || !key)
        problems.add("UC110", `${entity.name}.${field.name}`, { target: at.reference.entity.name })
      if (!key) break
      at = key
    }
    if (field.reference) field.kind = { ...at.kind, identity: false }
  }
}

function fillView(
  declared: AnyEntity,
  entity: Mutable<EntityInfo>,
  byName: ReadonlyMap<string, EntityInfo>,
  problems: ProblemList,
): void {
  if (!declared.view) return
  const from = byName.get(declared.view.from()?.name)
  if (!from) {
    problems.add("UC102", entity.name, { target: String(declared.view.from()?.name) })
    return
  }
  const fields = Object.entries(declared.view.fields()).map(([name, source]) => {
    checkFieldName(name, `${entity.name}.${name}`, problems)
    const origin = originOf(source, from)
    if (origin?.encrypted)
      problems.add("UC145", `${entity.name}.${name}`, {
        why: `shows ${origin.entity.name}.${origin.name}, which is read on its own row alone`,
      })
    return newField(entity, name, origin?.kind ?? kindOfNode(source, from), {
      optional: origin?.optional ?? true,
      readonly: true,
      classification: origin?.classification ?? "internal",
      description: origin?.description ?? null,
      visibleTo: source.kind === "field" && source.path.length === 1 ? (origin?.visibleTo ?? null) : null,
      reference: source.kind === "field" && source.path.length === 1 ? (origin?.reference ?? null) : null,
      source,
    })
  })
  setFields(entity, fields, problems)
  entity.key = namedFields(entity, [declared.options.key ?? "id"].flat(), "key", problems)
  entity.view = { from, where: declared.view.where() }
  entity.audit = from.audit
  entity.relations = new Map(
    fields
      .filter((one) => one.reference)
      .map((one) => [
        one.name,
        { name: one.name, many: false, from: entity, to: one.reference!.entity, field: one },
      ]),
  )
}

/** The field at the end of a path from an entity, or null. */
function originOf(node: Node, from: EntityInfo): FieldInfo | null {
  if (node.kind !== "field") return null
  let at = from
  for (const step of node.path.slice(0, -1)) {
    const next = at.relations.get(step)
    if (!next || next.many) return null
    at = next.to
  }
  return at.fieldByName.get(node.path.at(-1) ?? "") ?? null
}

function kindOfNode(node: Node, from: EntityInfo): FieldKind {
  const origin = originOf(node, from)
  if (origin) return origin.kind
  if (node.kind === "field") {
    const range = originOf({ ...node, path: node.path.slice(0, -1) }, from)?.kind
    if (range?.element && range.operators.has("range")) return range.element
  }
  if (node.kind === "call" && (node.name === "add" || node.name === "subtract" || node.name === "multiply")) {
    return (
      node.of.map((one) => kindOfNode(one, from)).find((kind) => kind.sqlType !== "text") ??
      bigintKind("bigint")
    )
  }
  if (node.kind === "value" && typeof node.value === "number") return bigintKind("bigint")
  if (node.kind === "now" || node.kind === "shift") return instantKind
  return node.kind === "call" || node.kind === "value" ? textKind("text", {}) : booleanKind
}

function namedFields(
  entity: EntityInfo,
  names: readonly string[],
  option: string,
  problems: ProblemList,
): FieldInfo[] {
  return names.flatMap((name) => {
    const found = entity.fieldByName.get(name)
    if (!found) problems.add("UC108", entity.name, { field: String(name), entity: entity.name, option })
    return found ? [found] : []
  })
}

function fillConstraints(declared: AnyEntity, entity: Mutable<EntityInfo>, problems: ProblemList): void {
  const said = declared.options
  const scope = { row: captureRow("row"), me: baseMe }
  entity.unique = [
    ...entity.fields.filter((one) => one.unique && !entity.key.includes(one)).map((one) => [one]),
    ...(said.unique ?? []).map((names) => namedFields(entity, names, "unique", problems)),
  ]
  entity.indexes = (said.indexes ?? []).map((names) => namedFields(entity, names, "indexes", problems))
  entity.checks = Object.entries(said.check ?? {}).map(([name, rule]) => ({
    name,
    condition: toNode(rule(scope)),
  }))
  entity.exclude = (said.exclude ?? []).flatMap((one): ExcludeInfo[] => {
    const [overlapping] = namedFields(entity, [one.overlapping], "exclude", problems)
    const same = namedFields(entity, one.same, "exclude", problems)
    return overlapping ? [{ same, overlapping, where: one.where ? toNode(one.where(scope)) : null }] : []
  })
}

function fillAccess(declared: AnyEntity, entity: Mutable<EntityInfo>, problems: ProblemList): void {
  if (declared.view) return
  const rules = declared.readAccess()
  if (rules === null) problems.add("UC101", entity.name)
  else entity.access = readRules(rules)
}

function readRules(rules: AccessRules): EntityAccess {
  const node = (condition: Condition | undefined): Node | null => (condition ? toNode(condition) : null)
  const update =
    rules.update instanceof Condition ? { from: rules.update, to: rules.update } : (rules.update ?? {})
  return {
    read: node(rules.read),
    create: node(rules.create),
    updateFrom: node(update.from ?? update.to),
    updateTo: node(update.to ?? update.from),
    updateStep: node("step" in update ? update.step : undefined),
    delete: node(rules.delete),
  }
}
