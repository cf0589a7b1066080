/** Random models: chains, self references, circles of optional references, join entities, natural keys and views. */

import { ModelError } from "../../src/model/model-error.ts"
import { declareModel } from "./declare-model.ts"
import type {
  EntityDescription,
  FieldDescription,
  KindDescription,
  ManyDescription,
  ModelDescription,
  ViewDescription,
} from "./description.ts"
import type { Random } from "./random.ts"
import { addAccess } from "./random-access.ts"
import { addPersons } from "./random-persons.ts"
import { ValuePool } from "./random-value.ts"
import { entityOf, isEncrypted, type ModelShape, shapeOf } from "./shape.ts"
import { accountEntity } from "./subjects.ts"

const names: readonly string[] = [
  "Member",
  "Alpha",
  "Bravo",
  "Charlie",
  "DeltaUnit",
  "Echo",
  "Foxtrot",
  "Golf",
  "HTTPLog",
  "India",
  "Juliett",
  "Kilo",
  "Lima",
]
/** Words that SQL, JavaScript and the query grammar use for themselves, where a name that is not quoted would break. */
const fieldNames: readonly string[] = [
  "title",
  "user",
  "group",
  "end",
  "desc",
  "aB",
  "table",
  "n1",
  "value",
  "when",
  "state",
  "level",
  "isOpen",
  "note",
  "amount",
  "inner",
  "left",
  "asc",
  "all",
  "any",
  "null",
  "true",
  "hasOwn",
  "length",
  "name",
  "key",
  "at",
  "until",
  "orders",
  "andy",
  "nothing",
  "countOf",
]
const kinds: readonly (readonly [number, KindDescription])[] = [
  [5, { type: "text" }],
  [2, { type: "text", max: 40 }],
  [1.5, { type: "text", caseInsensitive: true }],
  [3, { type: "choice", words: ["open", "Open", "done", "it's", "\\"] }],
  [3, { type: "integer" }],
  [1, { type: "integer", min: 0, max: 10 }],
  [1.5, { type: "bigint" }],
  [1.5, { type: "decimal", precision: 8, scale: 2 }],
  [2.5, { type: "boolean" }],
  [1.5, { type: "date" }],
  [2, { type: "instant" }],
  [3, { type: "uuid" }],
  [0.7, { type: "time" }],
  [0.5, { type: "list" }],
  [0.9, { type: "json" }],
  [0.5, { type: "range", of: "integer" }],
  [0.4, { type: "range", of: "date" }],
]

/** A model of at least ten entities. It builds, or the model's own checks are wrong: whoever builds it will see. */
export function randomModel(random: Random): ModelDescription {
  return acceptReveals(bareModel(random, new ValuePool(random.branch("values"))))
}

/** Accepts every uniqueness that the build refuses because it tells of hidden rows; the others stay as they are. */
function acceptReveals(model: ModelDescription): ModelDescription {
  try {
    declareModel(model)
    return model
  } catch (cause) {
    if (!(cause instanceof ModelError)) return model
    const told = new Set(cause.problems.filter((one) => one.code === "UC113").map((one) => one.where))
    return {
      ...model,
      entities: model.entities.map((entity) => ({
        ...entity,
        reveals: entity.unique.some((names) => told.has(`${entity.name}.${names.join("+")}`)),
        fields: entity.fields.map((field) =>
          told.has(`${entity.name}.${field.name}`) ? { ...field, reveals: true } : field,
        ),
      })),
    }
  }
}

function bareModel(random: Random, pool: ValuePool): ModelDescription {
  const entities: EntityDescription[] = []
  const count = random.between(10, names.length)
  const privacy = random.branch("privacy")
  const hasPersons = privacy.chance(1 / 3)
  const first = hasPersons && privacy.chance(0.5) ? accountEntity : names[0]
  for (const [at, name] of [first as string, ...names.slice(1, count)].entries())
    entities.push(randomEntity(random.branch(`entity ${at}`), entities, at, name))
  const bareLinked = addLoops(random.branch("loops"), entities).map((one, _, all) => ({
    ...one,
    many: randomMany(random, one.name, all),
    ...(random.branch(`recorded ${one.name}`).chance(0.5) ? { recorded: true } : {}),
  }))
  const linked = hasPersons ? addPersons(privacy, bareLinked) : bareLinked
  const views = randomViews(random.branch("views"), shapeOf({ facts: [], entities: linked, views: [] }))
  const bare: ModelDescription = { facts: [], entities: linked, views }
  return addAccess(random.branch("access"), bare, pool)
}

function randomEntity(
  random: Random,
  before: readonly EntityDescription[],
  at: number,
  name: string,
): EntityDescription {
  const fields: FieldDescription[] = []
  const taken = new Set<string>(["id", "createdAt", "updatedAt", "version"])
  const newName = (wished: string): string => {
    let found = wished
    for (let more = 2; taken.has(found); more++) found = `${wished}${more}`
    taken.add(found)
    return found
  }
  const targets = before.filter((one) => (one.key?.length ?? 1) === 1)
  const isJoin = at > 2 && random.chance(0.25)
  const isNatural = at > 0 && !isJoin && random.chance(0.2)
  let key: readonly string[] | undefined
  if (isJoin) {
    const ends = [random.pick(targets), random.pick(targets)]
    key = ends.map((end) => newName(lowerFirst(end.name)))
    for (const [index, end] of ends.entries()) {
      fields.push({
        name: key[index] as string,
        kind: { type: "ref", target: end.name },
        onDelete: random.pick(["cascade", "restrict"]),
      })
    }
  } else if (isNatural) {
    const kind = random.pick<KindDescription>([
      { type: "text", max: 40 },
      { type: "integer" },
      { type: "ref", target: random.pick(targets).name },
    ])
    key = [newName(kind.type === "ref" ? lowerFirst(kind.target) : "code")]
    fields.push({ name: key[0] as string, kind })
  }
  const chain = targets.at(-1)
  for (const target of [
    ...(chain && random.chance(0.5) ? [chain] : []),
    ...random.some(targets, 0.8 / Math.max(1, targets.length)),
  ]) {
    fields.push(randomReference(random, newName(lowerFirst(target.name)), target.name, random.chance(0.4)))
  }
  for (let more = random.between(2, 5); more > 0; more--)
    fields.push(randomField(random, newName(random.pick(fieldNames))))
  const tracked = random.chance(0.2)
  return {
    name,
    tracked,
    fields: random.chance(0.8) ? fields : random.shuffle(fields),
    many: [],
    reveals: false,
    access: {},
    unique: randomUnique(random, fields),
    ...(key === undefined ? {} : { key }),
    ...(random.chance(0.15) ? { collection: `${lowerFirst(name)}_list` } : {}),
  }
}

function randomReference(random: Random, name: string, target: string, optional: boolean): FieldDescription {
  const onDelete = random.pick([
    "restrict",
    "restrict",
    "cascade",
    ...(optional ? (["set null"] as const) : []),
  ] as const)
  return {
    name,
    kind: { type: "ref", target },
    ...(optional ? { optional } : {}),
    ...(onDelete === "restrict" ? {} : { onDelete }),
  }
}

function randomField(random: Random, name: string): FieldDescription {
  const kind = random.weighted<KindDescription>(kinds.map(([weight, one]) => [weight, () => one])) ?? {
    type: "text",
  }
  const isSmall =
    kind.type === "boolean" ||
    kind.type === "json" ||
    kind.type === "list" ||
    kind.type === "range" ||
    kind.type === "choice"
  return {
    name,
    kind,
    ...(random.chance(0.4) ? { optional: true } : {}),
    ...(!isSmall && random.chance(0.05) ? { unique: true } : {}),
    ...(random.chance(0.06) ? { immutable: true } : {}),
    ...(kind.type === "boolean" && random.chance(0.4) ? { default: random.chance(0.5) } : {}),
    ...(kind.type === "integer" && random.chance(0.2) ? { default: 7 } : {}),
  }
}

function randomUnique(random: Random, fields: readonly FieldDescription[]): readonly (readonly string[])[] {
  const able = fields.filter(({ kind }) => !["json", "list", "range", "boolean"].includes(kind.type))
  return able.length > 2 && random.chance(0.12)
    ? [
        random
          .shuffle(able)
          .slice(0, 2)
          .map((one) => one.name),
      ]
    : []
}

/** References to the entity itself, and optional ones to later entities, which close circles. */
function addLoops(random: Random, entities: readonly EntityDescription[]): readonly EntityDescription[] {
  return entities.map((one, at) => {
    if ((one.key?.length ?? 1) > 1) return one
    const later = entities.slice(at + 1).filter((other) => (other.key?.length ?? 1) === 1)
    const added = [
      ...(random.chance(0.3) ? [randomReference(random, "parent", one.name, true)] : []),
      ...(later.length > 0 && random.chance(0.12)
        ? [randomReference(random, "later", random.pick(later).name, true)]
        : []),
    ]
    return { ...one, fields: [...one.fields, ...added] }
  })
}

function randomMany(
  random: Random,
  name: string,
  all: readonly EntityDescription[],
): readonly ManyDescription[] {
  const ways = all.flatMap((other) =>
    other.fields.flatMap((field) =>
      field.kind.type === "ref" && field.kind.target === name
        ? [{ target: other.name, via: field.name }]
        : [],
    ),
  )
  const own = new Set(all.find((one) => one.name === name)?.fields.map((field) => field.name))
  return random
    .some(ways, 0.85)
    .map(({ target, via }) => ({
      name: `${lowerFirst(target)}By${via.charAt(0).toUpperCase()}${via.slice(1)}`,
      target,
      via,
    }))
    .filter((one) => !own.has(one.name))
}

function randomViews(random: Random, shapes: ModelShape): readonly ViewDescription[] {
  const sources = [...shapes.values()].filter((one) => one.key.length === 1)
  return random.some(["Mike", "November"], 0.5).map((name): ViewDescription => {
    const source = random.pick(sources)
    const own = source.fields.filter((field) => !isEncrypted(field) && (field.isKey || random.chance(0.6)))
    const steps = source.relations.filter((relation) => !relation.many)
    const through = random.some(steps, 0.6).flatMap((relation) => {
      const field = random.pick(entityOf(shapes, relation.to).fields.filter((one) => !isEncrypted(one)))
      return [{ name: `${relation.name}0${field.name}`, path: [relation.name, field.name] }]
    })
    const key = source.key[0] as string
    return {
      name,
      from: source.name,
      key,
      fields: [...own.map((field) => ({ name: field.name, path: [field.name] })), ...through],
    }
  })
}

export function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}
