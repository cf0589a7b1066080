/**
 * The names of a model in GraphQL. They are made from the whole model, never from what a caller knows: so a name is the
 * same for everyone, and none tells of what is hidden.
 */
import type { EntityInfo, FieldInfo, Model } from "../model/model.ts"

/** What the types of an entity are called, after its name. */
export const typeSuffixes = [
  "Connection",
  "Edge",
  "Filter",
  "ManyFilter",
  "OrderBy",
  "Aggregate",
  "SumAggregate",
  "AvgAggregate",
  "MinAggregate",
  "MaxAggregate",
  "InsertInput",
  "UpdateInput",
  "InsertResponse",
  "UpdateResponse",
  "DeleteResponse",
] as const

export type TypeSuffix = (typeof typeSuffixes)[number]

const scalars = ["Int", "Float", "String", "Boolean", "ID", "UUID", "Date", "Datetime", "Time"]
const moreScalars = ["BigInt", "BigFloat", "JSON", "Cursor", "Opaque"]
const own = ["Query", "Mutation", "Subscription", "Node", "PageInfo", "OrderByDirection", "FilterIs"]

/** Types that every schema has, or could have. */
const reservedTypes: readonly string[] = [
  ...own,
  ...[...scalars, ...moreScalars].flatMap((name) => [name, `${name}Filter`, `${name}ListFilter`]),
]

export interface Names {
  typeOf(entity: EntityInfo, suffix?: TypeSuffix): string
  /** The enum of a choice. */
  enumOf(field: FieldInfo): string
  valueOf(field: FieldInfo): string
  /** Names of types that the model has, or could have. */
  readonly taken: ReadonlySet<string>
}

/** No name of a model has an underscore: one at the end tells two apart. */
function claim(wanted: string, taken: Set<string>): string {
  let name = wanted
  while (taken.has(name)) name += "_"
  taken.add(name)
  return name
}

/** With the names of what is asked of it. */
function claimEnum(wanted: string, taken: Set<string>): string {
  let name = wanted
  while (["", "Filter", "ListFilter"].some((suffix) => taken.has(name + suffix))) name += "_"
  for (const suffix of ["", "Filter", "ListFilter"]) taken.add(name + suffix)
  return name
}

/** Names for a whole model. */
export function createNames(model: Model): Names {
  const taken = new Set(reservedTypes)
  const types = new Map<string, string>()
  for (const { name } of model.entities) types.set(`${name} `, claim(name, taken))
  for (const { name } of model.entities)
    for (const suffix of typeSuffixes) types.set(`${name} ${suffix}`, claim(name + suffix, taken))
  const values = new Map<FieldInfo, string>()
  const enums = new Map<FieldInfo, string>()
  for (const entity of model.entities) {
    const names = new Set(["nodeId", ...entity.fields.map((one) => one.name), ...entity.relations.keys()])
    for (const field of entity.fields) {
      const isTaken = field.name === "nodeId" || field.reference !== null
      const wanted = field.reference ? `${field.name}Id` : field.name
      values.set(field, isTaken ? claim(wanted, names) : field.name)
      if (Array.isArray(field.kind.schema()["enum"]))
        enums.set(field, claimEnum(`${entity.name}${capital(field.name)}Choice`, taken))
    }
  }
  const known = (name: string | undefined): string => {
    if (name === undefined) throw new Error("GraphQL has no name for a part of the model")
    return name
  }
  return {
    typeOf: (entity, suffix) => known(types.get(`${entity.name} ${suffix ?? ""}`)),
    enumOf: (field) => known(enums.get(field)),
    valueOf: (field) => known(values.get(field)),
    taken,
  }
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}
