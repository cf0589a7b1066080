/** A described model as generators look at it: every field with the kind of its value, every relation in both directions. */
import { toPlural } from "../../src/model/model.ts"
import type {
  EntityDescription,
  FieldDescription,
  KindDescription,
  ModelDescription,
  ViewDescription,
} from "./description.ts"

export interface FieldShape {
  readonly name: string
  /** Of a reference the kind of the key that it holds. */
  readonly kind: KindDescription
  readonly target: string | null
  readonly optional: boolean
  readonly isKey: boolean
  /** The database fills it, and callers can't. */
  readonly readonly: boolean
  /** As declared; null for automatic fields and fields of views. */
  readonly said: FieldDescription | null
}

export interface RelationShape {
  readonly name: string
  readonly many: boolean
  readonly to: string
  /** The reference: of this entity when one, of the other when many. */
  readonly via: string
  /** The join entity in between, which leads from here by `via` and on by `far`. */
  readonly join?: { readonly entity: string; readonly far: string }
}

export interface EntityShape {
  readonly name: string
  readonly collection: string
  readonly key: readonly string[]
  readonly fields: readonly FieldShape[]
  readonly relations: readonly RelationShape[]
  /** The same and others as a collection and what tells it apart: `alphas!owner`. */
  readonly hinted: readonly RelationShape[]
  /** Null for views. */
  readonly said: EntityDescription | null
  readonly view: ViewDescription | null
}

export type ModelShape = ReadonlyMap<string, EntityShape>

const automatic: readonly (readonly [string, KindDescription])[] = [
  ["createdAt", { type: "instant" }],
  ["updatedAt", { type: "instant" }],
  ["version", { type: "integer" }],
]

export function shapeOf(model: ModelDescription): ModelShape {
  const byName = new Map(model.entities.map((one) => [one.name, one]))
  const shapes = new Map<string, EntityShape>()
  for (const one of model.entities) shapes.set(one.name, entityShape(one, byName))
  for (const one of model.views) shapes.set(one.name, viewShape(one, shapes))
  for (const one of shapes.values()) shapes.set(one.name, { ...one, hinted: hintedRelations(one, shapes) })
  return shapes
}

export function fieldOf(entity: EntityShape, name: string): FieldShape {
  const found = entity.fields.find((one) => one.name === name)
  if (!found) throw new Error(`${entity.name} has no field ${name}`)
  return found
}

export function entityOf(shapes: ModelShape, name: string): EntityShape {
  const found = shapes.get(name)
  if (!found) throw new Error(`there is no entity ${name}`)
  return found
}

export function isEncrypted({ said }: FieldShape): boolean {
  return said?.encrypted === true
}

function entityShape(said: EntityDescription, byName: ReadonlyMap<string, EntityDescription>): EntityShape {
  const key = said.key ?? ["id"]
  const plain = { target: null, optional: false, said: null }
  const fields: FieldShape[] = said.key
    ? []
    : [{ ...plain, name: "id", kind: { type: "uuid" }, isKey: true, readonly: false }]
  for (const field of said.fields) {
    fields.push({
      name: field.name,
      kind: resolveKind(field.kind, byName),
      target: field.kind.type === "ref" ? field.kind.target : null,
      optional: field.optional ?? false,
      isKey: key.includes(field.name),
      readonly: field.kept ?? false,
      said: field,
    })
  }
  if (said.tracked)
    for (const [name, kind] of automatic) fields.push({ ...plain, name, kind, isKey: false, readonly: true })
  const ones = fields.flatMap(({ name, target }) =>
    target === null ? [] : [{ name, many: false, to: target, via: name }],
  )
  const manys = said.many.map(({ name, target, via }) => ({ name, many: true, to: target, via }))
  return {
    name: said.name,
    collection: said.collection ?? toPlural(said.name),
    key,
    fields,
    relations: [...ones, ...manys],
    hinted: [],
    said,
    view: null,
  }
}

function resolveKind(kind: KindDescription, byName: ReadonlyMap<string, EntityDescription>): KindDescription {
  if (kind.type !== "ref") return kind
  const target = byName.get(kind.target)
  const key = target?.fields.find((one) => one.name === target.key?.[0])
  return key ? resolveKind(key.kind, byName) : { type: "uuid" }
}

function viewShape(said: ViewDescription, shapes: ModelShape): EntityShape {
  const fields = said.fields.map(({ name, path }): FieldShape => {
    const end = path
      .slice(0, -1)
      .reduce((at, step) => entityOf(shapes, fieldOf(at, step).target ?? ""), entityOf(shapes, said.from))
    const source = fieldOf(end, path.at(-1) ?? "")
    const target = path.length === 1 ? source.target : null
    const optional = source.optional || path.length > 1
    return { name, kind: source.kind, target, optional, isKey: name === said.key, readonly: true, said: null }
  })
  const relations = fields.flatMap(({ name, target }) =>
    target === null ? [] : [{ name, many: false, to: target, via: name }],
  )
  return {
    name: said.name,
    collection: toPlural(said.name),
    key: [said.key],
    fields,
    relations,
    hinted: [],
    said: null,
    view: said,
  }
}

/** Kinds that rules and filters may compare with one another. */
export function familyOf(kind: KindDescription): string {
  switch (kind.type) {
    case "text":
      return kind.caseInsensitive ? "nocase" : "text"
    case "choice":
      return "text"
    case "integer":
    case "bigint":
    case "decimal":
      return "number"
    case "instant":
    case "date":
      return "moment"
    default:
      return kind.type
  }
}

/** Every relation that a collection's name and a hint tell from all others. */
function hintedRelations(from: EntityShape, shapes: ModelShape): readonly RelationShape[] {
  const references = (a: EntityShape, b: EntityShape): readonly string[] =>
    a.fields.filter((field) => field.target === b.name).map((field) => field.name)
  return [...shapes.values()].flatMap((to) => {
    const direct = [
      ...references(from, to).map((via) => ({ hints: [via], many: false, via })),
      ...references(to, from).map((via) => ({ hints: [via], many: true, via })),
    ]
    const through = [...shapes.values()]
      .filter((join) => join !== from && join !== to && !join.view)
      .flatMap((join) => {
        const ends = (of: EntityShape): readonly string[] =>
          references(join, of).filter((name) => join.key.includes(name))
        return ends(from).flatMap((via) =>
          ends(to)
            .filter((far) => far !== via)
            .map((far) => ({
              hints: [join.collection, via],
              many: true,
              via,
              join: { entity: join.name, far },
            })),
        )
      })
    const all = [...direct, ...through]
    return all.flatMap(({ hints, ...relation }) =>
      hints
        .filter((hint) => all.filter((one) => one.hints.includes(hint)).length === 1)
        .map((hint) => ({ ...relation, name: `${to.collection}!${hint}`, to: to.name })),
    )
  })
}
