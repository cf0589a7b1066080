/**
 * The register of consents: what people agree to, in which words, since when and until when. A row is granted once and
 * withdrawn once, and says no more than that; the database keeps it so (GDPR Art. 7, TR-03161-3 Purp_2 to Purp_5).
 */
import { anyone, baseMe, nobody } from "./capture.ts"
import { type AnyEntity, type Entity, entity } from "./entity.ts"
import type { Condition } from "./expression.ts"
import { Field, type KeyOf } from "./field.ts"
import { boolean } from "./fields/boolean.ts"
import { choice } from "./fields/choice.ts"
import { instant } from "./fields/instant.ts"
import { integer } from "./fields/integer.ts"
import { ref } from "./fields/reference.ts"
import { text } from "./fields/text.ts"

/** On what processing rests: GDPR Art. 6(1), and of special categories Art. 9(2). Only of the first two people are asked. */
export const legalBases = [
  "consent",
  "explicit-consent",
  "contract",
  "legal-obligation",
  "vital-interests",
  "public-task",
  "legitimate-interests",
  "health-care",
  "public-health",
  "research-law",
] as const
/** A legal basis. */
export type LegalBasis = (typeof legalBases)[number]

/** A purpose for which data is processed, as people are told of it. */
export interface Purpose {
  /** What people read before they agree. Another text is another version. */
  readonly text: string
  readonly version: number
  readonly basis: LegalBasis
  /** What follows from withdrawing; told beforehand. Required where the basis is consent. */
  readonly withdrawal?: string
  /** The oldest version whose consents still hold; by default only those to the current one do. */
  readonly since?: number
  /** The text's language, such as `de`; `en` unless given. */
  readonly language?: string
}

type Kept<T, K extends string = never> = Field<T, "readonly" | K>
type Asked<P> = {
  [K in keyof P]: P[K] extends { basis: "consent" | "explicit-consent" } ? K : never
}[keyof P]
type Untracked = { readonly tracked: false }

interface ConsentFields<Person, P> {
  readonly person: Field<KeyOf<Person>, "immutable", Person>
  readonly purpose: Field<Asked<P> & string, "immutable">
  readonly version: Field<number, "immutable">
  readonly status: Field<"granted" | "withdrawn", "default">
  readonly reason: Field<string, "optional" | "immutable">
  readonly withdrawalReason: Field<string, "optional">
  readonly textHash: Kept<string>
  readonly grantedAt: Kept<string>
  readonly grantedBy: Kept<string>
  readonly withdrawnAt: Kept<string, "optional">
  readonly withdrawnBy: Kept<string, "optional">
}

/** What everyone can read of the purposes, all their versions. */
export type PurposeEntity<Name extends string = "ConsentPurpose"> = Entity<
  Name,
  {
    readonly name: Kept<string>
    readonly version: Kept<number>
    readonly text: Kept<string>
    readonly textHash: Kept<string>
    readonly basis: Kept<LegalBasis>
    readonly withdrawal: Kept<string, "optional">
    readonly language: Kept<string>
    readonly current: Kept<boolean>
  },
  { readonly key: readonly ["name", "version"]; readonly tracked: false }
>

/** A register of consents, and the entity that tells its purposes. */
export type ConsentEntity<Person, P, Name extends string = "Consent"> = Entity<
  Name,
  ConsentFields<Person, P>,
  Untracked
> & { readonly purposes: PurposeEntity<`${Name}Purpose`> }

/** What an entity was declared with, where it is a register. */
export interface Register {
  readonly person: AnyEntity
  readonly purposes: Readonly<Record<string, Purpose>>
  readonly told: AnyEntity
}

const registers = new WeakMap<AnyEntity, Register>()

/** The register that an entity is, or undefined. */
export function registerOf(declared: AnyEntity): Register | undefined {
  return registers.get(declared)
}

/**
 * The register of the consents that persons of an entity give. `Consent.purposes` tells everyone what they can agree to. Until the
 * model says more in `.access(…)`, people read, grant and withdraw their own; whoever records for others says why.
 *
 * @example
 * consentEntity(userEntity(), { news: { text: "We may write to you.", version: 1, basis: "consent", withdrawal: "We stop." } }).name // "Consent"
 */
export function consentEntity<
  Person extends AnyEntity,
  const P extends Readonly<Record<string, Purpose>>,
  const Name extends string = "Consent",
>(person: Person, purposes: P, options: { readonly name?: Name } = {}): ConsentEntity<Person, P, Name> {
  const name: string = options.name ?? "Consent"
  const asked = Object.keys(purposes).filter((one) => isByConsent(purposes[one]?.basis))
  const Consent = entity(name, {
    description: "Who agrees to what: each entry is granted once and withdrawn once.",
    fields: {
      person: ref(person).immutable().onDelete("cascade"),
      // A register without anything to agree to does not build, which is told there.
      purpose: choice(...([...asked, "nothing"].slice(0, asked.length || 1) as [string]))
        .personal()
        .immutable(),
      version: integer({ min: 1 }).immutable().describe("The version that the person was shown."),
      status: choice("granted", "withdrawn").personal().default("granted"),
      reason: text({ max: 200 })
        .personal()
        .optional()
        .immutable()
        .describe("How it was given to who recorded it."),
      withdrawalReason: text({ max: 200 })
        .personal()
        .optional()
        .describe("How it was withdrawn to who recorded it."),
      textHash: keptField(text()).describe("SHA-256 of the text that the person agreed to, in hex."),
      grantedAt: keptField(instant()),
      grantedBy: keptField(text()).personal(),
      withdrawnAt: keptField(instant().optional()),
      withdrawnBy: keptField(text().optional()).personal(),
    },
    tracked: false,
    subject: "person",
    indexes: [["person", "purpose"]],
  })
  Consent.access(({ row }) => {
    const own = isOwn(person, row)
    return { read: own, create: own, update: own }
  })
  const told = purposeEntity(`${name}Purpose`)
  registers.set(Consent, { person, purposes, told })
  return Object.assign(Consent, { purposes: told }) as unknown as ConsentEntity<Person, P, Name>
}

function purposeEntity(name: string): AnyEntity {
  const Told = entity(name, {
    description: "What people can agree to and what else their data is used for, in all versions.",
    fields: {
      name: keptField(text({ max: 60 })).public(),
      version: keptField(integer({ min: 1 })).public(),
      text: keptField(text()).public(),
      textHash: keptField(text()).public(),
      basis: keptField(choice(...legalBases)).public(),
      withdrawal: keptField(text().optional()).public().describe("What follows from withdrawing."),
      language: keptField(text({ max: 35 })).public(),
      current: keptField(boolean()).public(),
    },
    key: ["name", "version"],
    tracked: false,
  })
  Told.access(() => ({ read: anyone }))
  return Told
}

/** A field that the database alone sets. */
export function keptField(field: Field<any, any, any>): Field<any, any, any> {
  return new Field(field.kind, { ...field.options, readonly: true, defaulted: true })
}

/** Whether the caller has the account of the person of a row in a register. */
export function isOwn(person: AnyEntity, row: any): Condition {
  const { subject, key = "id" } = person.options
  if (typeof subject !== "string") return nobody
  if (subject !== key) return row.person[subject].is(baseMe.id)
  return person.name === "User" ? row.person.is(baseMe.id) : nobody
}

/** Whether people are asked. */
export function isByConsent(basis: unknown): boolean {
  return basis === "consent" || basis === "explicit-consent"
}

/** A model with what tells the purposes of its registers, as far as it does not have it: people are told before they agree. */
export function withPurposes(model: readonly AnyEntity[]): readonly AnyEntity[] {
  const told = model.flatMap((one) => registers.get(one)?.told ?? [])
  return [...model, ...told.filter((one) => !model.includes(one))]
}
