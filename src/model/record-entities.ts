/**
 * The record as entities: what was done, for those whose task it is to look, and what was done with their own data, for everyone.
 * They are read like any other entity and written by nobody; what stands behind them is `audit.entry` and `audit.pending`.
 */
import { anyOf, baseMe, nobody, signedIn } from "./capture.ts"
import { type AnyEntity, type Entity, entity } from "./entity.ts"
import type { Condition } from "./expression.ts"
import { Field } from "./field.ts"
import { bigint } from "./fields/bigint.ts"
import { boolean } from "./fields/boolean.ts"
import { instant } from "./fields/instant.ts"
import { type Json, json } from "./fields/json.ts"
import { list } from "./fields/list.ts"
import { text } from "./fields/text.ts"
import { uuid } from "./fields/uuid.ts"

type Kept<T, K extends string = never> = Field<T, "readonly" | K>
type Texts = readonly string[]
type Untracked = { readonly key: readonly ["at", "id"]; readonly tracked: false }

/** Who may read the record, by their roles. */
export interface RecordReaders {
  /** Entries without the values of personal fields. */
  readonly readers?: readonly string[]
  /** Beside that, the values of personal fields, as far as they are not erased. */
  readonly personalReaders?: readonly string[]
}

/** What was done: the entries that are sealed, and those that wait. */
export type AuditEntryEntity = Entity<
  "AuditEntry",
  {
    readonly at: Kept<string>
    readonly id: Kept<string>
    readonly position: Kept<string, "optional">
    readonly sealedAt: Kept<string, "optional">
    readonly kind: Kept<string>
    readonly actor: Kept<string>
    readonly onBehalf: Kept<string, "optional">
    readonly roles: Kept<Texts>
    readonly assurance: Kept<string, "optional">
    readonly credential: Kept<string, "optional">
    readonly door: Kept<string>
    readonly request: Kept<string, "optional">
    readonly address: Kept<string, "optional">
    readonly purpose: Kept<string, "optional">
    readonly entity: Kept<string, "optional">
    readonly rows: Kept<Texts, "optional">
    readonly subjects: Kept<Texts, "optional">
    readonly fields: Kept<Texts, "optional">
    readonly question: Kept<Json, "optional">
    readonly result: Kept<string>
    readonly detail: Kept<Json, "optional">
    readonly personal: Kept<Json, "optional" | "restricted">
  },
  Untracked
>

/** What was done with the caller's own data. */
export type AccessToMeEntity = Entity<
  "AccessToMe",
  {
    readonly at: Kept<string>
    readonly id: Kept<string>
    readonly who: Kept<string, "optional">
    readonly own: Kept<boolean>
    readonly roles: Kept<Texts>
    readonly kind: Kept<string>
    readonly entity: Kept<string, "optional">
    readonly fields: Kept<Texts>
    readonly purpose: Kept<string, "optional">
    readonly door: Kept<string>
    readonly emergency: Kept<boolean>
    readonly result: Kept<string>
  },
  Untracked & { readonly collection: "accessesToMe" }
>

/** Which of them an entity is. */
export type RecordSource = "entries" | "accesses"

const sources = new WeakMap<AnyEntity, RecordSource>()

/** What of the record an entity shows, or null. */
export function recordOf(declared: AnyEntity): RecordSource | null {
  return sources.get(declared) ?? null
}

/**
 * What was done, for the roles that are named. `audit: { readers }` in the definition adds it by itself; named in the model,
 * clients know its type.
 *
 * @example
 * auditEntryEntity({ readers: ["auditor"] }).name // "AuditEntry"
 */
export function auditEntryEntity({
  readers = [],
  personalReaders = [],
}: RecordReaders = {}): AuditEntryEntity {
  const AuditEntry = entity("AuditEntry", {
    description: "What was done: who, when, from where, with whose data, and with which result.",
    fields: {
      at: kept(instant()).describe("The database's clock."),
      id: kept(uuid()),
      position: kept(bigint().optional()).describe("Where it is sealed; null while it waits."),
      sealedAt: kept(instant().optional()),
      kind: kept(text()).describe("create, update, delete, read, denied, export, event, alert and others."),
      actor: kept(text())
        .personal()
        .describe("`user:<id>`, `anonymous`, `database:<role>`, `system:<part>`."),
      onBehalf: kept(text().optional()).personal().describe("As whom the actor acted."),
      roles: kept(list(text())),
      assurance: kept(text().optional()),
      credential: kept(text().optional())
        .personal()
        .describe("`session:<id>`, `key:<id>`, `token:<issuer>`."),
      door: kept(text()),
      request: kept(text().optional()),
      address: kept(text().optional()).personal(),
      purpose: kept(text().optional()),
      entity: kept(text().optional()),
      rows: kept(list(text()).optional()).personal().describe("The keys of the rows."),
      subjects: kept(list(text()).optional()).personal().describe("Whose data it is: `Patient:<key>`."),
      fields: kept(list(text()).optional()).describe(
        "What was asked for or sent; a field that was hidden from the caller in a row came back empty, and stands here, too.",
      ),
      question: kept(json().optional()).personal(),
      result: kept(text()),
      detail: kept(json().optional()).personal(),
      personal: kept(json().optional())
        .special()
        .visibleTo(() => anyRole(personalReaders))
        .describe("Values of personal fields, before and after."),
    },
    ...shape,
  })
  AuditEntry.access(() => ({ read: anyRole([...readers, ...personalReaders]) }))
  sources.set(AuditEntry, "entries")
  return AuditEntry as unknown as AuditEntryEntity
}

/**
 * Who saw and changed the caller's own data, when, which fields, and what for. It shows neither what was asked nor whose data stood
 * on the same page. `audit: { accessesToMe: true }` in the definition adds it by itself.
 *
 * @example
 * accessToMeEntity().name // "AccessToMe"
 */
export function accessToMeEntity(): AccessToMeEntity {
  const AccessToMe = entity("AccessToMe", {
    collection: "accessesToMe",
    description: "Who saw or changed your own data, when, which fields of it, and what for.",
    fields: {
      at: kept(instant()),
      id: kept(uuid()),
      who: kept(text().optional()).personal().describe("Their name, where you may see it."),
      own: kept(boolean()).describe("It was you."),
      roles: kept(list(text())).describe("The roles in which they did it."),
      kind: kept(text()),
      entity: kept(text().optional()),
      fields: kept(list(text())),
      purpose: kept(text().optional()),
      door: kept(text()),
      emergency: kept(boolean()).describe("An emergency override allowed it."),
      result: kept(text()),
    },
    ...shape,
  })
  AccessToMe.access(() => ({ read: signedIn }))
  sources.set(AccessToMe, "accesses")
  return AccessToMe as unknown as AccessToMeEntity
}

/** Reading the record is on record. That its fields are personal is said; whose they are hangs on each entry. */
const shape = {
  key: ["at", "id"] as const,
  tracked: false as const,
  subject: false as const,
  audit: { reads: true },
}

/** A model with what its definition says of reading the record, as far as it does not have it. */
export function withRecord(
  model: readonly AnyEntity[],
  { readers, personalReaders, accessesToMe }: RecordReaders & { readonly accessesToMe?: boolean } = {},
): readonly AnyEntity[] {
  const has = (source: RecordSource): boolean => model.some((one) => recordOf(one) === source)
  const isRead = (readers?.length ?? 0) + (personalReaders?.length ?? 0) > 0
  return [
    ...model,
    ...(isRead && !has("entries")
      ? [auditEntryEntity({ readers: readers ?? [], personalReaders: personalReaders ?? [] })]
      : []),
    ...(accessesToMe && !has("accesses") ? [accessToMeEntity()] : []),
  ]
}

function anyRole(roles: readonly string[]): Condition {
  return roles.length === 0 ? nobody : anyOf(...roles.map((one) => baseMe.has(one)))
}

/** A field that the database alone sets. */
function kept(field: Field<any, any, any>): Field<any, any, any> {
  return new Field(field.kind, { ...field.options, readonly: true, defaulted: true })
}
