/** The schemas of an entity: its rows as answers give them, and what creates and changes one. */
import type { Knowledge } from "../engine/knowledge.ts"
import { type JsonSchema, orNull } from "../model/json-schema.ts"
import type { EntityInfo, FieldInfo } from "../model/model.ts"
import { type Policies, policyOf } from "../policy/policies.ts"
import { nounOf } from "../policy/sentence-words.ts"
import { holds, type JsonRow } from "../policy/to-predicate.ts"
import { exampleValue } from "./example-value.ts"
import { isNullable } from "./nullable.ts"
import { fieldSentences } from "./told-rules.ts"

export interface EntitySchemas {
  readonly row: JsonSchema
  /** Null where no row can be created, or changed. */
  readonly insert: JsonSchema | null
  readonly update: JsonSchema | null
}

const rowNote =
  "No field is required, and more may be there: `select` leaves fields out, gives them other names, and embeds related rows."

/** Fields that the reader does not know are not in them. */
export function entitySchemas(policies: Policies, entity: EntityInfo, known: Knowledge): EntitySchemas {
  const fields = entity.fields.filter((field) => !known.hidden.has(field))
  const settable = fields.filter((field) => !field.readonly && !known.unsettable.has(field))
  const changeable = settable.filter((field) => !field.immutable)
  const example = exampleRow(policies, entity)
  const rowOf = (some: readonly FieldInfo[], nullable: (field: FieldInfo) => boolean): JsonSchema => ({
    type: "object",
    properties: Object.fromEntries(
      some.map((field) => [field.name, fieldSchema(policies, field, known, nullable(field))]),
    ),
  })
  const exampleOf = (some: readonly FieldInfo[]): JsonSchema => {
    const row = example && Object.fromEntries(some.flatMap((field) => entryOf(example, field)))
    return row ? { examples: [row] } : {}
  }
  const title = nounOf(entity)
  const required = settable.filter((field) => !field.optional && !field.defaulted).map((field) => field.name)
  return {
    row: {
      title: `${title}, as it is read`,
      description: [entity.description, rowNote].filter(Boolean).join(" "),
      ...rowOf(fields, isNullable),
      additionalProperties: true,
      ...exampleOf(fields),
    },
    insert: known.may(entity, "create")
      ? {
          title: `${title}, as it is created`,
          ...rowOf(settable, (field) => field.optional),
          ...(required.length === 0 ? {} : { required }),
          additionalProperties: false,
          ...exampleOf(settable.filter((field) => !field.defaulted || entity.key.includes(field))),
        }
      : null,
    update: known.may(entity, "update")
      ? {
          title: `changes of one ${title}`,
          description: "The fields to change; the others stay as they are.",
          ...rowOf(changeable, (field) => field.optional),
          additionalProperties: false,
          ...exampleOf(changeable.slice(0, 2)),
        }
      : null,
  }
}

function fieldSchema(policies: Policies, field: FieldInfo, known: Knowledge, nullable: boolean): JsonSchema {
  const { description, examples: _, ...schema } = field.kind.schema()
  const { reference, defaultsTo, defaultValue } = field
  const target = reference && known.may(reference.entity, "read") ? reference.entity : null
  const said = [
    field.description,
    description,
    target && `Refers to \`${target.collection}\`.`,
    field.entity.key.includes(field) && "Part of the key.",
    field.generated && "Made by the database from other fields.",
    field.immutable && !field.readonly && "Never changed once it is set.",
    defaultsTo && `By default ${defaultsTo === "now" ? "the moment" : "the day"} of its creation.`,
    ...fieldSentences(policies, field, known),
  ].filter((text) => typeof text === "string")
  return {
    ...(nullable ? orNull(schema) : schema),
    ...(said.length === 0 ? {} : { description: said.join(" ") }),
    ...(defaultValue === undefined ? {} : { default: defaultValue }),
    ...(field.readonly ? { readOnly: true } : {}),
  }
}

/** A row that its field kinds and its checks accept; null where none is found. */
function exampleRow(policies: Policies, entity: EntityInfo): JsonRow | null {
  const row = Object.fromEntries(
    entity.fields.flatMap((field, at) => {
      const value = field.defaultValue ?? exampleValue(field, at)
      return value === undefined ? (field.optional ? [[field.name, null]] : []) : [[field.name, value]]
    }),
  )
  const isWhole = entity.fields.every((field) => Object.hasOwn(row, field.name))
  const world = {
    caller: { id: null, roles: [], claims: {} },
    now: new Date(0).toISOString(),
    rowsOf: () => [],
  }
  const fits = policyOf(policies, entity).checks.every(({ rule }) => holds(rule, { row }, world))
  return isWhole && fits ? row : null
}

function entryOf(row: JsonRow, field: FieldInfo): readonly (readonly [string, unknown])[] {
  return [[field.name, row[field.name]]]
}
