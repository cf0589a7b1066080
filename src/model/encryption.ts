/** Encrypted fields: what they store in place of their values, and which fields can be encrypted at all. */
import type { EntityInfo, FieldInfo } from "./model.ts"
import type { ProblemList } from "./model-error.ts"
import { equalityOnly, type FieldKind } from "./value.ts"

/** What the author said: with `findable` equal values can be searched for, by a keyed index. */
export interface EncryptedOptions {
  readonly findable?: boolean
}

/** Of an encrypted field: the kind of what is encrypted, and whether it can be searched. */
export interface EncryptionInfo {
  readonly kind: FieldKind
  readonly findable: boolean
}

/** Bytes of a blind index, and where they stand in an encrypted value (from 1, as PostgreSQL counts). */
export const indexBytes = 16
const indexStart = 4

/** What a column of encrypted values holds: their first byte says the version of their form. */
export function encryptedKind(kind: FieldKind, findable: boolean): FieldKind {
  const { name, parse, parseText, compare } = kind
  return {
    name,
    sqlType: "bytea",
    operators: findable ? equalityOnly : new Set(),
    parse,
    parseText,
    ...(compare ? { compare } : {}),
    checks: (column) => [`octet_length(${column}) > 48 and get_byte(${column}, 0) = 1`],
    schema: () => kind.schema(),
    typescript: () => kind.typescript(),
  }
}

/** The column by which equal values are found: the database takes it out of the encrypted value. */
export function indexColumn({ column }: Pick<FieldInfo, "column">): string {
  return `${column}$index`
}

/** What that column is generated from; `column` is quoted. */
export function indexSource(column: string): string {
  return `substring(${column} from ${indexStart} for ${indexBytes})`
}

/** The kind of a field's values as the API has them. */
export function plainKind({ kind, encrypted }: FieldInfo): FieldKind {
  return encrypted?.kind ?? kind
}

/** The reference by which a row is tied to its person; null where the row is the person. */
export function linkOf({ subject }: EntityInfo): FieldInfo | null {
  return subject?.path[0] ?? null
}

/** Fields of an entity that are encrypted. */
export function encryptedFields({ fields }: EntityInfo): readonly FieldInfo[] {
  return fields.filter((one) => one.encrypted)
}

const plainTypes = /^(text|boolean|smallint|integer|bigint|date|uuid|jsonb|numeric(\(.*\))?)(\[\])?$/

/** Refuses, with what to do, every encrypted field that could not be kept as it promises. */
export function checkEncrypted(entities: readonly EntityInfo[], problems: ProblemList): void {
  for (const entity of entities) {
    for (const field of entity.fields) {
      if (!field.encrypted) continue
      for (const why of problemsOf(field)) problems.add("UC145", `${entity.name}.${field.name}`, { why })
      const low = field.encrypted.findable ? whyTooFew(field.encrypted.kind) : null
      if (low !== null) problems.add("UC146", `${entity.name}.${field.name}`, { why: low })
    }
  }
}

function problemsOf(field: FieldInfo): readonly string[] {
  const { entity, encrypted } = field
  const { subject } = entity
  const people = subject ? [subject.person, entity] : [entity]
  const held = (lists: readonly (readonly FieldInfo[])[]): boolean => lists.some((one) => one.includes(field))
  const path = subject?.path ?? []
  const loose = path.filter((one) => !one.immutable)
  const hidden = path.filter((one) => one.visibleTo)
  const is: readonly (readonly [boolean, string])[] = [
    [!subject, "belongs to nobody: the entity has no subject, and so there is no person whose key it has"],
    [
      people.some((one) => one.key[0]?.automatic !== "id"),
      "needs the key `id` that every entity has by itself, here and at its person",
    ],
    [loose.length > 0, `could move to another person: ${loose.map(nameOf).join(", ")} must be .immutable()`],
    [hidden.length > 0, `is read together with ${hidden.map(nameOf).join(", ")}, which not everyone may see`],
    [field.unique && !encrypted!.findable, "is unique, and only what is findable can be compared"],
    [
      held(entity.unique) && !encrypted!.findable,
      "stands in a unique constraint, and only what is findable can be compared",
    ],
    [
      field.reference !== null || field.generated !== null || field.readonly,
      "is a reference, generated or made by the database, which must know its value",
    ],
    [field.defaulted, "has a default, which the database would store as it is"],
    [held([entity.key]), "is a key"],
    [held(entity.indexes), "stands in an index; what is findable has one by itself"],
    [held(entity.exclude.map((one) => [...one.same, one.overlapping])), "stands in an exclusion"],
    [!plainTypes.test(encrypted!.kind.sqlType), `is ${encrypted!.kind.name}, whose JSON the database makes`],
  ]
  return is.flatMap(([met, why]) => (met ? [why] : []))
}

function nameOf(field: FieldInfo): string {
  return `${field.entity.name}.${field.name}`
}

/** Why equal values would tell too much; null where there are many different ones. */
function whyTooFew({ sqlType, schema }: FieldKind): string | null {
  const { enum: words, maxLength } = schema()
  if (sqlType === "boolean" || Array.isArray(words) || sqlType === "smallint" || sqlType === "integer")
    return "it has few different values: whoever counts equal ones in the database could tell which is which"
  if (sqlType === "date")
    return "there are few days: whoever counts equal ones in the database could tell which is which"
  if (typeof maxLength === "number" && maxLength < 4)
    return "so short a text has few different values: whoever counts equal ones could tell which is which"
  if (/^(text|uuid|bigint|numeric(\(.*\))?)$/.test(sqlType)) return null
  return "only texts, uuids and large numbers have one way to be written, by which equal values are known"
}
