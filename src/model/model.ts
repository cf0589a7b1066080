/** The built model: every name resolved, every default filled in. All other rooms read this, never the author's objects. */
import type { Classification } from "./classification.ts"
import type { EncryptionInfo } from "./encryption.ts"
import type { Node } from "./expression.ts"
import type { OnDelete } from "./field.ts"
import type { RecordSource } from "./record-entities.ts"
import type { FieldKind } from "./value.ts"

export interface Model {
  readonly entities: readonly EntityInfo[]
  readonly byName: ReadonlyMap<string, EntityInfo>
  readonly byCollection: ReadonlyMap<string, EntityInfo>
}

export interface FieldInfo {
  readonly entity: EntityInfo
  readonly name: string
  readonly column: string
  readonly kind: FieldKind
  readonly optional: boolean
  readonly unique: boolean
  readonly defaulted: boolean
  /** The default as the author gave it; `undefined` where the database makes one. */
  readonly defaultValue: unknown
  /** What the default is when it is not a value: the moment or the day of the row's creation. */
  readonly defaultsTo: "now" | "today" | null
  readonly readonly: boolean
  readonly immutable: boolean
  readonly classification: Classification
  /** Where values are stored encrypted; `kind` is then that of what is stored. */
  readonly encrypted: EncryptionInfo | null
  readonly description: string | null
  readonly reveals: boolean
  readonly reference: { readonly entity: EntityInfo; readonly onDelete: OnDelete } | null
  readonly visibleTo: Node | null
  readonly writableBy: Node | null
  readonly generated: Node | null
  /** The fields every entity has by itself. */
  readonly automatic: "id" | "createdAt" | "updatedAt" | "version" | null
  /** What a view's field reads. */
  readonly source: Node | null
}

/** A way from one entity to another. `field` is the reference; it belongs to `from` when one, to `to` when many. */
export interface RelationInfo {
  readonly name: string
  readonly many: boolean
  readonly from: EntityInfo
  readonly to: EntityInfo
  readonly field: FieldInfo
}

export interface ExcludeInfo {
  readonly same: readonly FieldInfo[]
  readonly overlapping: FieldInfo
  readonly where: Node | null
}

/** Whose personal data the rows of an entity are. */
export interface SubjectInfo {
  /** The entity whose rows are the persons. */
  readonly person: EntityInfo
  /** References that lead from a row to its person, none of them ever null; empty where the row is the person. */
  readonly path: readonly FieldInfo[]
  /** Of a person, the field that says which account is theirs; null where persons have none. */
  readonly account: FieldInfo | null
}

/** A purpose for which data is processed. */
export interface PurposeInfo {
  readonly name: string
  readonly version: number
  /** The oldest version whose consents still hold. */
  readonly since: number
  readonly text: string
  /** SHA-256 of the text, in hex. */
  readonly textHash: string
  readonly basis: string
  /** Whether it may be done by consent alone, and so can be consented to. */
  readonly isByConsent: boolean
  /** What follows from withdrawing. */
  readonly withdrawal: string | null
  readonly language: string
}

/** What a register of consents is about. */
export interface ConsentInfo {
  /** The register itself. */
  readonly entity: EntityInfo
  /** Its reference to the person who consents. */
  readonly person: FieldInfo
  readonly purposes: ReadonlyMap<string, PurposeInfo>
  /** The entity that tells everyone the purposes; null where the model leaves it out. */
  readonly told: EntityInfo | null
}

/** A kind of emergency override. */
export interface OverrideKindInfo {
  readonly name: string
  /** Roles of those who may open one. */
  readonly who: readonly string[]
  readonly minutes: number
  /** The role that reviews. */
  readonly review: string
  readonly twoFactor: boolean
  /** Addresses that are told. */
  readonly notify: readonly string[]
}

/** What a register of overrides is about. */
export interface OverrideInfo {
  /** The register itself. */
  readonly entity: EntityInfo
  /** Its reference to the person for whose data the glass is broken. */
  readonly person: FieldInfo
  readonly kinds: ReadonlyMap<string, OverrideKindInfo>
}

/** What a register of privacy requests is about. */
export interface RequestInfo {
  /** The register itself. */
  readonly entity: EntityInfo
  /** Its reference to the person whose data it is about. */
  readonly person: FieldInfo
  /** The person's field with their account; null where persons have none. */
  readonly account: FieldInfo | null
  /** The role of those who decide. */
  readonly officer: string
  /** What needs no decision where people ask for themselves. */
  readonly atOnce: readonly string[]
  /** What people can ask to have corrected: personal fields that nothing hides, and that are not encrypted. */
  readonly correctable: readonly FieldInfo[]
  /** How recently one must have signed in for an export or an erasure. */
  readonly signedInMinutes: number
}

/** How long rows are kept, and what then becomes of them. */
export interface RetainInfo {
  /** ISO 8601: `P10Y`. */
  readonly period: string
  readonly after: FieldInfo
  readonly end: "delete" | "anonymise"
  /** What anonymising writes, by field. */
  readonly neutral: ReadonlyMap<FieldInfo, unknown>
}

/** What becomes of a row when its person is erased. */
export interface EraseInfo {
  readonly end: "delete" | "anonymise"
  /** What anonymising writes, by field; null where there is a field for which no value says nothing. */
  readonly neutral: ReadonlyMap<FieldInfo, unknown> | null
}

/** What of an entity is on record beside its writes. */
export interface AuditInfo {
  readonly reads: boolean
  /** Whether a request must say what for. */
  readonly purpose: boolean
}

export interface EntityInfo {
  readonly name: string
  readonly collection: string
  readonly table: string
  readonly description: string | null
  readonly fields: readonly FieldInfo[]
  readonly fieldByName: ReadonlyMap<string, FieldInfo>
  readonly key: readonly FieldInfo[]
  /** To-one by field name, to-many by the name of `many(…)`. */
  readonly relations: ReadonlyMap<string, RelationInfo>
  readonly unique: readonly (readonly FieldInfo[])[]
  readonly checks: readonly { readonly name: string; readonly condition: Node }[]
  readonly exclude: readonly ExcludeInfo[]
  readonly indexes: readonly (readonly FieldInfo[])[]
  readonly reveals: boolean
  /** Null where the rows are about nobody. */
  readonly subject: SubjectInfo | null
  /** Null where rows are kept for as long as nobody deletes them. */
  readonly retain: RetainInfo | null
  /** Null where the rows are about nobody. */
  readonly erase: EraseInfo | null
  /** Where it is a register of consents. */
  readonly consent: ConsentInfo | null
  /** Where it is a register of emergency overrides. */
  readonly override: OverrideInfo | null
  /** Where it is a register of privacy requests. */
  readonly request: RequestInfo | null
  readonly audit: AuditInfo
  /** What of the record it shows; null for what has a table of its own. */
  readonly record: RecordSource | null
  readonly access: EntityAccess
  readonly view: { readonly from: EntityInfo; readonly where: Node | null } | null
}

/** Null denies. */
export interface EntityAccess {
  readonly read: Node | null
  readonly create: Node | null
  readonly updateFrom: Node | null
  readonly updateTo: Node | null
  readonly updateStep: Node | null
  readonly delete: Node | null
}

/** `insuranceNumber` → `insurance_number`. */
export function toSnake(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase()
}

/** `ClinicalNote` → `clinicalNotes`, `Practice` → `practices`, `Diary` → `diaries`. */
export function toPlural(name: string): string {
  const first = name.charAt(0).toLowerCase() + name.slice(1)
  if (/[^aeiou]y$/.test(first)) return `${first.slice(0, -1)}ies`
  return /(s|x|z|ch|sh)$/.test(first) ? `${first}es` : `${first}s`
}

/** What {@link toPlural} makes of a name, for the compiler. */
export type PluralOf<Name extends string> = WithPlural<Uncapitalize<Name>>

type Vowel = "a" | "e" | "i" | "o" | "u"
type WithPlural<Name extends string> = Name extends `${infer Stem}y`
  ? Stem extends "" | `${string}${Vowel}`
    ? `${Name}s`
    : `${Stem}ies`
  : Name extends `${string}${"s" | "x" | "z" | "ch" | "sh"}`
    ? `${Name}es`
    : `${Name}s`
